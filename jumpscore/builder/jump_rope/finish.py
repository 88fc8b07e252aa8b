"""Finishing: what a lens and apps add to the rendered scene: dark corners, another size, bars."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.draw import Image
from jumpscore.builder.jump_rope.specs import Border, ClipSpec

_BLUR_SIDE = 40  # pixels of the shorter side of the picture that becomes blurred bars
_DIM = 0.72  # brightness of blurred bars


class Pictures(Protocol):
    """The pictures of a clip in order, or in any other."""

    def frame(self, index: int) -> Image:
        """Frame ``index``: uint8 [H, W, 3] RGB, as displayed."""
        ...


def scene(spec: ClipSpec) -> ClipSpec:
    """The clip as the camera sees it: without bars, in the camera's size."""
    capture = spec.capture
    if capture is None:
        return spec
    width, height = _inside(spec)
    scale = capture.compression.first_scale
    return replace(spec, width=2 * round(width * scale / 2), height=2 * round(height * scale / 2))


class Finished:
    """Pictures of a filmed clip.

    Args:
        pictures: The scene, in the size of `scene`.
        spec: The clip.
    """

    def __init__(self, pictures: Pictures, spec: ClipSpec) -> None:
        assert spec.capture is not None
        self._pictures, self._spec = pictures, spec
        self._border = spec.capture.border
        shot = scene(spec)
        self._dark = None
        if spec.capture.vignette > 0:
            self._dark = _vignette((shot.width, shot.height), spec.capture.vignette)

    def frame(self, index: int) -> Image:
        """Frame ``index`` of the finished clip, uint8 [H, W, 3] RGB."""
        return self.delivered(self.shot(index))

    def shot(self, index: int) -> Image:
        """What the camera encodes: the scene with dark corners, in the camera's size."""
        image = self._pictures.frame(index)
        if self._dark is None:
            return image
        return np.asarray(cv2.multiply(image, self._dark, scale=1 / 255), dtype=np.uint8)

    def delivered(self, shot: Image) -> Image:
        """What an app makes of a picture of the camera: its own size and bars."""
        width, height = _inside(self._spec)
        if shot.shape[:2] != (height, width):
            shot = np.asarray(
                cv2.resize(shot, (width, height), interpolation=cv2.INTER_LINEAR), dtype=np.uint8
            )
        if self._border is None:
            return shot
        return _with_bars(shot, self._border, (self._spec.width, self._spec.height))


def _inside(spec: ClipSpec) -> tuple[int, int]:
    """Width and height of the picture within the bars."""
    assert spec.capture is not None
    border = spec.capture.border
    return (border.width, border.height) if border else (spec.width, spec.height)


def _vignette(size: tuple[int, int], strength: float) -> NDArray[np.uint8]:
    """Share of light 0..255 that arrives at each pixel, [H, W, 3]; all of it in the middle."""
    width, height = size
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    light = 1.0 - strength * np.clip((x * x + y * y) / 2.0, 0.0, 1.0) ** 1.3
    return np.repeat(np.rint(255 * light).astype(np.uint8)[..., None], 3, axis=2)


def _with_bars(image: Image, border: Border, size: tuple[int, int]) -> Image:
    """The picture in the middle of a frame with bars."""
    width, height = size
    if border.kind == "black":
        frame: Image = np.zeros((height, width, 3), np.uint8)
    else:
        frame = _blurred(image, size)
    x, y = (width - image.shape[1]) // 2, (height - image.shape[0]) // 2
    frame[y : y + image.shape[0], x : x + image.shape[1]] = image
    return frame


def _blurred(image: Image, size: tuple[int, int]) -> Image:
    """The middle of a picture, enlarged until it fills the frame, dim and without detail."""
    width, height = size
    scale = _BLUR_SIDE / min(size)
    small = (max(2, round(width * scale)), max(2, round(height * scale)))
    fill = max(width / image.shape[1], height / image.shape[0])
    w, h = round(width / fill), round(height / fill)
    x, y = (image.shape[1] - w) // 2, (image.shape[0] - h) // 2
    middle = cv2.resize(image[y : y + h, x : x + w], small, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(cv2.convertScaleAbs(middle, alpha=_DIM), (0, 0), 2.0)
    return np.asarray(cv2.resize(soft, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)

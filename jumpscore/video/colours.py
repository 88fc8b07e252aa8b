"""Convert stored frames to upright RGB or grey arrays; all pixels come from here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, cast

import cv2
import numpy as np
import numpy.typing as npt

from jumpscore.video.probe import VideoInfo

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


PIXELS = "2"
"""Version of the conversion, part of fingerprints and cache keys. Inputs that version 1 prepared
under PyAV 17 or later have wrong colours if the video has full range."""
Scaling = Literal["bicubic", "area"]
"""How pixels are scaled: ``"area"`` averages, in half the time if the picture shrinks a lot."""
LIMITED, FULL = 1, 2
"""FFmpeg's constants for the colour ranges 16..235 and 0..255."""
PLANAR = ("yuv4", "yuva4", "yuvj4")
FULL_NAMES = {f"yuv{kind}p": f"yuvj{kind}p" for kind in (420, 422, 440, 444)}
"""8-bit formats that have a second name for full range; older releases rely on the name."""
EIGHT_BIT_FULL = (*FULL_NAMES, *FULL_NAMES.values(), "gray", "rgb24", "gbrp", "bgr0", "rgba")
FROM_LIMITED = np.clip(np.rint((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
"""Lookup table for luma from limited to full range."""
BT601 = 5
"""FFmpeg's constant for the scaler's default matrix."""


class Converter:
    """Converts decoded frames to upright arrays of one size.

    Colour takes two steps: FFmpeg scales to planar YUV with colour at every pixel, and `to_rgb`
    converts each pixel on its own. The result is as close to a scaled-down RGB frame (the way of
    image processors) as FFmpeg's direct conversion, in half the time. Because the second step works
    pixel by pixel, blocks may be cut out, stored and moved before it.

    FFmpeg's treatment of a frame's range, matrix, fields and chroma location changed between
    releases (with PyAV 17). All four are therefore set here, so that every supported release gives
    the same pixels.
    """

    def __init__(
        self, info: VideoInfo, size: tuple[int, int] | None = None, scaling: Scaling = "bicubic"
    ) -> None:
        from av.video.reformatter import VideoReformatter

        self._interpolation = scaling.upper()
        width, height = size or (info.width, info.height)
        self._orientation = info.orientation
        # Scaling comes before rotation, so the scaler needs the size of the stored frame.
        self._size = (height, width) if self._orientation.swaps_sides else (width, height)
        self._reformat: Any = VideoReformatter().reformat

    def grey(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """Return luma, uint8 [H, W]."""
        plain = _without_fields(frame)
        if _is_full(frame) and frame.format.name not in EIGHT_BIT_FULL:
            # Older releases mistake more than 8 bits for limited range if the target is full range.
            scaled = self._scaled(plain, "yuv444p", LIMITED, source=frame)
            luma: Any = cv2.LUT(_rows(scaled.planes[0])[:, : scaled.width], FROM_LIMITED)
        else:
            luma = self._scaled(plain, "gray", FULL, source=frame).to_ndarray()
        return np.ascontiguousarray(self._orientation.applied(luma))

    def rgb(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """Return RGB, uint8 [H, W, 3]."""
        return to_rgb(self.yuv(frame))

    def yuv(
        self, frame: VideoFrame, out: npt.NDArray[np.uint8] | None = None
    ) -> npt.NDArray[np.uint8]:
        """Return YUV of limited range, uint8 [H, W, 3], for `to_rgb`.

        Args:
            frame: The stored frame.
            out: Array to write to instead of a new one.
        """
        scaled = self._scaled(_without_siting(frame), "yuv444p", LIMITED, source=frame)
        planes: list[Any] = [_rows(plane)[:, : scaled.width] for plane in scaled.planes]
        upright = self._orientation.is_upright
        merged: Any = cv2.merge(planes, out if upright else None)
        if upright:
            return cast("npt.NDArray[np.uint8]", merged)
        if out is None:
            return np.ascontiguousarray(self._orientation.applied(merged))
        np.copyto(out, self._orientation.applied(merged))
        return out

    def stored(self, frame: VideoFrame) -> VideoFrame:
        """Return a frame for an encoder: yuv420p of limited range, scaled but not upright."""
        scaled: VideoFrame = self._scaled(_without_siting(frame), "yuv420p", LIMITED, source=frame)
        return scaled

    def _scaled(
        self, frame: VideoFrame, pixel_format: str, colour_range: int, *, source: VideoFrame
    ) -> Any:
        width, height = self._size
        return self._reformat(
            frame,
            width=width,
            height=height,
            format=pixel_format,
            interpolation=self._interpolation,
            src_colorspace=BT601,
            dst_colorspace=BT601,
            src_color_range=FULL if _is_full(source) else None,
            dst_color_range=colour_range,
        )


def _is_full(frame: VideoFrame) -> bool:
    return frame.color_range == FULL or frame.format.name.startswith("yuvj")


def _without_siting(frame: VideoFrame) -> VideoFrame:
    """Return the frame without its chroma location, if it has one."""
    # Packed formats such as yuyv422 have none.
    if frame.format.name.startswith(PLANAR) and len(frame.planes) >= 3:
        return _plain(frame)
    return _without_fields(frame)


def _without_fields(frame: VideoFrame) -> VideoFrame:
    """Return the frame without its interlaced flag, if it has one."""
    return _plain(frame) if frame.interlaced_frame else frame


def _plain(frame: VideoFrame) -> VideoFrame:
    """Return a copy of the pixels without any properties."""
    from av.video.frame import VideoFrame

    name = frame.format.name
    if name in FULL_NAMES and _is_full(frame):
        name = FULL_NAMES[name]
    plain = VideoFrame(frame.width, frame.height, name)
    for source, target in zip(frame.planes, plain.planes, strict=True):
        rows, room = _rows(source), _rows(target)
        wide = min(source.line_size, target.line_size)
        room[:, :wide] = rows[: len(room), :wide]
    return plain


def _rows(plane: Any) -> npt.NDArray[np.uint8]:
    """Return a view of a plane's bytes as rows."""
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)


def _yuv_to_rgb() -> npt.NDArray[np.float64]:
    """Return ITU-R BT.601's matrix [3, 4] from 8-bit YUV of limited range to RGB, offsets last."""
    red, blue = 0.299, 0.114  # weights in luma
    green = 1 - red - blue
    luma, colour = 255 / 219, 255 / 224
    of_u = [0.0, -2 * (1 - blue) * blue / green * colour, 2 * (1 - blue) * colour]
    of_v = [2 * (1 - red) * colour, -2 * (1 - red) * red / green * colour, 0.0]
    matrix = np.array([[luma] * 3, of_u, of_v]).T
    return np.column_stack([matrix, -matrix @ [16.0, 128.0, 128.0]])


YUV_TO_RGB = _yuv_to_rgb()
"""BT.601, whatever matrix a file names: PyAV, decord and OpenCV do the same, so this is what models
were trained on."""


def to_rgb(
    picture: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8] | None = None
) -> npt.NDArray[np.uint8]:
    """Convert YUV, uint8 [H, W, 3], to RGB pixel by pixel; ``out`` may be the picture itself."""
    converted: Any = cv2.transform(picture, YUV_TO_RGB, out)
    return cast("npt.NDArray[np.uint8]", converted)

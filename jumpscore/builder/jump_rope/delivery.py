"""Delivery: from pictures to a file, encoded once or by a camera and then by an app."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np

from jumpscore.builder.jump_rope.draw import Image
from jumpscore.builder.jump_rope.encode import FrameClock, VideoWriter
from jumpscore.builder.jump_rope.finish import Finished, Pictures, scene
from jumpscore.builder.jump_rope.specs import ClipSpec, Compression


def write_frames(path: Path, spec: ClipSpec, clock: FrameClock, pictures: Pictures) -> None:
    """Writes the pictures of a clip as its file."""
    _encode(path, spec, clock, (pictures.frame(i) for i in range(len(clock.ticks))))


def write_delivered(path: Path, spec: ClipSpec, clock: FrameClock, pictures: Finished) -> None:
    """Writes a filmed clip as it arrives: with the compression of its specification."""
    assert spec.capture is not None
    way, count = spec.capture.compression, len(clock.ticks)
    if way.first_crf is None:
        _encode(path, spec, clock, (pictures.frame(i) for i in range(count)), way)
        return
    shot = scene(spec)
    with tempfile.TemporaryDirectory() as scratch:
        camera = Path(scratch) / "camera.mp4"
        # The quick preset resembles the encoders of phones, which have no time either.
        options = {"crf": str(way.first_crf), "preset": "ultrafast"}
        with VideoWriter(camera, (shot.width, shot.height), "h264", clock, options=options) as file:
            for index in range(count):
                file.write(pictures.shot(index))
        _encode(path, spec, clock, map(pictures.delivered, _decoded(camera)), way)


def _encode(
    path: Path,
    spec: ClipSpec,
    clock: FrameClock,
    images: Iterable[Image],
    way: Compression | None = None,
) -> None:
    size, options = (spec.width, spec.height), _options(way)
    with VideoWriter(path, size, spec.codec, clock, spec.rotation, options=options) as writer:
        for image in images:
            writer.write(image)


def _options(way: Compression | None) -> dict[str, str]:
    """Encoder options of a way of compression."""
    if way is None:
        return {}
    if way.kbps is None:
        return {"crf": str(way.crf)}
    rate = way.kbps
    return {"crf": "", "b": f"{rate}k", "maxrate": f"{2 * rate}k", "bufsize": f"{4 * rate}k"}


def _decoded(path: Path) -> Iterator[Image]:
    """The pictures of a file, converted without libswscale, whose results vary with the CPU."""
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            planes = frame.to_ndarray(format="yuv420p")
            yield np.asarray(cv2.cvtColor(planes, cv2.COLOR_YUV2RGB_I420), dtype=np.uint8)

"""Frames through decord, in a child process with a time limit.

decord can hang on damaged files, so it runs in a process of its own: ``python -m`` this module
reads a request from standard input and writes raw frames to standard output. Only the pixels come
from decord; times come from the packets, as with every backend.

decord counts frames that an edit list skips, and in a transport stream it returns wrong frames.
Everything is therefore checked: the number of frames and their times against the file's index, and
every picture against PyAV's at a small size.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import UsageError, VideoError
from jumpscore.video.child import Child, ChildError
from jumpscore.video.colours import Converter
from jumpscore.video.probe import VideoInfo
from jumpscore.video.stored_frames import stored_frames

CLOCK_SLACK = 2e-3
"""Tolerance of times in seconds."""
PATIENCE = 60.0
"""Time limit for one frame in seconds; a seek in 1440p takes well under one."""
SMALL = 96
"""Longer side of the pictures that are compared, in pixels."""
MOST_DIFFERENT = 6.0
"""Largest mean difference between equal frames in grey levels; YUV to RGB conversions differ."""
NOT_NEARER = 0.25
"""Tolerance in grey levels if a neighbouring frame is more similar, because of rounding."""


def decode_decord(
    info: VideoInfo, indices: list[int], *, size: tuple[int, int] | None, grey: bool
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the pixels of the requested frames; see ``jumpscore.video.decode.decode``.

    Raises:
        UsageError: decord is not installed.
        VideoError: decord fails on the file, exceeds the time limit, or returns wrong frames.
    """
    if find_spec("decord") is None:
        raise UsageError("backend 'decord' is not installed; install decord, or use backend 'pyav'")
    if info.window is not None:
        moved = [index + info.window.first for index in indices]
        return decode_decord(info.window.whole, moved, size=size, grey=grey)
    if info.clock.by_order or info.clock.leading:
        raise VideoError(
            f"{info.path}: decord does not support files with repaired time stamps "
            f"({'; '.join(info.note_lines)}); use backend 'pyav'"
        )
    pictures = _receive(info, indices, size=size or (info.width, info.height), grey=grey)
    return _checked(info, indices, pictures)


def _checked(
    info: VideoInfo, indices: list[int], pictures: Iterator[npt.NDArray[np.uint8]]
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the pictures after checking that each resembles PyAV's frame of the same index most.

    Raises:
        VideoError: A picture resembles a neighbouring frame or none.
    """
    scale = SMALL / max(info.width, info.height)
    size = (max(8, round(info.width * scale)), max(8, round(info.height * scale)))
    around = sorted({other for index in indices for other in _neighbours(info, index)})
    converter = Converter(info, size)
    stored = stored_frames(info, around)
    small: dict[int, npt.NDArray[np.uint8]] = {}
    for index, picture in zip(indices, pictures, strict=True):
        neighbours = _neighbours(info, index)
        for other in [other for other in neighbours if other not in small]:
            small[other] = converter.grey(next(stored)[1])
        small = {other: small[other] for other in small if other >= index - 1}
        off = {other: _difference(picture, small[other]) for other in neighbours}
        if off[index] > min(MOST_DIFFERENT, min(off.values()) + NOT_NEARER):
            raise VideoError(
                f"{info.path}: decord returned a wrong frame for frame {index} at "
                f"{info.times[index]:.2f} s; use backend 'pyav'"
            )
        yield picture


def _neighbours(info: VideoInfo, index: int) -> range:
    return range(max(0, index - 1), min(info.frames, index + 2))


def _difference(picture: npt.NDArray[np.uint8], small: npt.NDArray[np.uint8]) -> float:
    """Return the mean difference in grey levels, at the size of the small picture."""
    import cv2

    grey: Any = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) if picture.ndim == 3 else picture
    shrunk = cv2.resize(grey, small.shape[::-1], interpolation=cv2.INTER_AREA)
    return float(np.abs(shrunk.astype(np.int16) - small).mean())


def _check_times(info: VideoInfo, times: npt.NDArray[np.float64]) -> None:
    """Check that decord has the same frames at the same times, relative to the first.

    Raises:
        VideoError: The frames or their times differ.
    """
    if len(times) != info.frames:
        raise VideoError(
            f"{info.path}: decord reads {len(times)} frames, but the video has {info.frames}; use "
            "backend 'pyav'"
        )
    off = np.abs((times - times[0]) - (info.times - info.times[0]))
    # decord stores times in 32 bits.
    if not float(off.max()) <= CLOCK_SLACK + 1e-6 * info.duration:
        worst = int(np.argmax(off))
        raise VideoError(
            f"{info.path}: decord reads frame {worst} at {times[worst] - times[0]:.3f} s, but its "
            f"time is {info.times[worst] - info.times[0]:.3f} s; use backend 'pyav'"
        )


def _receive(
    info: VideoInfo, indices: list[int], *, size: tuple[int, int], grey: bool
) -> Iterator[npt.NDArray[np.uint8]]:
    shape = (size[1], size[0]) if grey else (size[1], size[0], 3)
    order = {"path": str(info.path), "indices": indices, "size": size, "grey": grey}
    command = [sys.executable, "-m", "jumpscore.video.decord_backend"]
    what = "the times of the frames"
    try:
        with Child(command, order=order, patience=PATIENCE) as child:
            count = int.from_bytes(child.exactly(8), "little")
            _check_times(info, np.frombuffer(child.exactly(8 * count), dtype="<f8"))
            for index in indices:
                what = f"frame {index} at {info.times[index]:.2f} s"
                raw = child.exactly(math.prod(shape))
                yield np.frombuffer(raw, dtype=np.uint8).reshape(shape)
    except ChildError as error:
        raise VideoError(
            f"{info.path}: decord did not return {what} ({error}); use backend 'pyav'"
        ) from None


def _serve(order: dict[str, Any], out: IO[bytes]) -> None:
    import cv2
    import decord

    reader = decord.VideoReader(order["path"])
    times = reader.get_frame_timestamp(list(range(len(reader))))[:, 0].astype("<f8")
    out.write(len(times).to_bytes(8, "little") + times.tobytes())
    out.flush()
    width, height = order["size"]
    for index in order["indices"]:
        pixels = reader[index].asnumpy()
        if pixels.shape[:2] != (height, width):
            pixels = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC)
        if order["grey"]:
            pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        out.write(np.ascontiguousarray(pixels).tobytes())
        out.flush()


if __name__ == "__main__":
    _serve(json.loads(sys.stdin.buffer.read()), sys.stdout.buffer)

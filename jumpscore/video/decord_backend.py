"""Frames through decord, in a child process that may not outlive its time.

decord can hang on damaged files, so it never runs in this process: ``python -m`` this module reads
the order from standard input and writes raw frames to standard output. Times come from the packets,
as with every backend; decord only delivers pixels.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import UsageError, VideoError
from jumpscore.video.probe import VideoInfo

PATIENCE = 60.0
"""Longest wait for one frame in seconds; a seek in 1440p takes well under one."""


def decode_decord(
    info: VideoInfo, wanted: list[int], *, size: tuple[int, int] | None, grey: bool
) -> Iterator[npt.NDArray[np.uint8]]:
    """Yield the pixels of the wanted frames; see ``jumpscore.video.decode.decode``.

    Raises:
        UsageError: decord is not installed.
        VideoError: decord fails on the file or does not answer in time.
    """
    if find_spec("decord") is None:
        raise UsageError("backend 'decord' is not installed here; use 'pyav' or install decord")
    return _receive(info, wanted, size=size or (info.width, info.height), grey=grey)


def _receive(
    info: VideoInfo, wanted: list[int], *, size: tuple[int, int], grey: bool
) -> Iterator[npt.NDArray[np.uint8]]:
    shape = (size[1], size[0]) if grey else (size[1], size[0], 3)
    order = {"path": str(info.path), "indices": wanted, "size": size, "grey": grey}
    child = subprocess.Popen(
        [sys.executable, "-m", "jumpscore.video.decord_backend"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stderr is not None
    try:
        child.stdin.write(json.dumps(order).encode())
        child.stdin.close()
        for index in wanted:
            raw = _read_or_kill(child, child.stdout, int(np.prod(shape)))
            if len(raw) < np.prod(shape):
                lines = child.stderr.read().decode(errors="replace").strip().splitlines()
                raise VideoError(
                    f"{info.path}: decord did not deliver frame {index} at "
                    f"{info.times[index]:.2f} s ({lines[-1] if lines else 'no answer in time'}); "
                    "use backend 'pyav'"
                )
            yield np.frombuffer(raw, dtype=np.uint8).reshape(shape)
    finally:
        child.kill()
        child.stdout.close()
        child.stderr.close()
        child.wait()


def _read_or_kill(child: subprocess.Popen[bytes], pipe: IO[bytes], size: int) -> bytes:
    """Read ``size`` bytes; a child that stays silent too long is killed, which ends the read."""
    watchdog = threading.Timer(PATIENCE, child.kill)
    watchdog.start()
    try:
        return pipe.read(size)
    finally:
        watchdog.cancel()


def _serve(order: dict[str, Any], out: IO[bytes]) -> None:
    import cv2
    import decord

    reader = decord.VideoReader(order["path"])
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

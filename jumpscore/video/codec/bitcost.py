"""True bits per block, from the third-party package codec-video-prep.

That package carries a patched FFmpeg which notes what every block cost. It pins an old numpy, so it
lives in an environment of its own, and it can abort, hang or hand out a wrong frame, so it runs in
a child process (``bitcost_child.py``) whose every answer is checked against the container.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import UsageError, VideoError
from jumpscore.video.containers import open_video
from jumpscore.video.probe import VideoInfo

VARIABLE = "JUMPSCORE_BITCOST_PYTHON"
"""Environment variable that names the Python of the environment with codec-video-prep."""
CODECS = ("h264", "hevc", "vp9")
"""Codecs whose blocks are counted; on AV1 the package delivers nothing or aborts."""
CELL = 4
"""Side in pixels of what one number of a map stands for."""
MOST_PADDING = 16
"""Cells by which a grid may exceed the picture: coded blocks are up to 64 pixels wide."""
PATIENCE = 60.0
"""Seconds that the child may be silent, besides the time to decode up to the next map."""
PATIENCE_PER_MEGAPIXEL = 0.02
"""Seconds more for each million pixels to decode; 0.002 were measured (1080p H.264, one core)."""
CALL_BYTES = 512 * 2**20
"""Memory for the maps of one call; the package returns them all at once."""
LONGEST_LINE = 1024
"""Bytes of a line from the child."""

HEADER_BITS = 8192
"""Bits of a packet that may lie outside all blocks: x264's settings alone take 5,500."""
STEADY_HEADER_BITS = 512
"""The same where there is no key frame: 80 to 450 were measured, slices and parameters included."""
ROUNDING_BITS = 64
"""Bits by which counts may be off: floats, and HEVC's last block, which got -8 to -26 bits."""
TELLING_BITS = 1024
"""Bits from which two equal maps are no accident; two frames that cost nothing are alike."""
FEWEST_TO_JUDGE = 8
"""Frames from which on the sequence as a whole is judged."""

_HOW = (
    "install it in an environment of its own (python3 -m venv ENV && ENV/bin/pip install "
    f"codec-video-prep==0.2.5; export {VARIABLE}=ENV/bin/python); it states no licence and is "
    "therefore not bundled; backend 'pyav' works without it"
)


def bitcost_version() -> str:
    """Return the version of codec-video-prep in use, for the record of a run.

    Raises:
        UsageError: The package is not installed, or the environment variable names no Python.
    """
    return _version_in(_interpreter())


def bitcost_maps(info: VideoInfo, indices: Sequence[int]) -> Iterator[npt.NDArray[np.float64]]:
    """Yield what every block of the wanted frames cost, in order.

    The package decodes from the start of the file: its way of seeking counts frames by the average
    rate, which names wrong frames where the rate varies.

    Args:
        info: The file; H.264, HEVC or VP9.
        indices: Increasing frame indices.

    Yields:
        Bits, float64 [ceil(height / 4), ceil(width / 4)], of the stored (not rotated) picture
        ``info.coded_size``, one number for 4x4 pixels. What the codec coded beyond the picture's
        edges is cut off; where a side is no multiple of 4 the last row or column reaches up to 3
        pixels beyond the edge.

    Raises:
        UsageError: The package is missing, the codec is another, or the indices do not fit.
        VideoError: The package fails on the file, does not answer in time, leaves a frame out or
            delivers what does not agree with the container.
    """
    if info.codec not in CODECS:
        raise UsageError(
            f"{info.path}: backend 'bitcost' knows {', '.join(CODECS)}, this is {info.codec}; "
            "use backend 'pyav'"
        )
    wanted = [int(index) for index in indices]
    inside = all(0 <= index < info.frames for index in wanted)
    if not inside or any(later <= earlier for earlier, later in pairwise(wanted)):
        raise UsageError(
            f"{info.path}: frames {wanted[:8]} were asked for; indices must increase and lie "
            f"within 0..{info.frames - 1}"
        )
    python = _interpreter()
    _version_in(python)
    return _stream(info, wanted, python) if wanted else iter(())


def _interpreter() -> str:
    named = os.environ.get(VARIABLE)
    if named:
        found = shutil.which(named)
        if found is None:
            raise UsageError(f"{VARIABLE} is {named!r}, which is no program; name a Python: {_HOW}")
        return found
    if find_spec("codec_video_prep") is None:
        raise UsageError(
            f"backend 'bitcost' needs codec-video-prep, which is not installed here: {_HOW}"
        )
    return sys.executable


@cache
def _version_in(python: str) -> str:
    try:
        with _Child(python, "--version", order={}, patience=PATIENCE) as child:
            line = child.line().decode("ascii", errors="replace").strip()
            child.finish()
        if not re.fullmatch(r"\d[\w.+!-]{0,40}", line):
            raise _ChildError(f"it stated the version {line[:60]!r}")
    except _ChildError as error:
        raise UsageError(f"no codec-video-prep in the Python {python} ({error}): {_HOW}") from None
    return line


def _stream(info: VideoInfo, wanted: list[int], python: str) -> Iterator[npt.NDArray[np.float64]]:
    order = {"path": str(info.path.absolute()), "calls": _calls(info, wanted)}
    megapixels = info.coded_size[0] * info.coded_size[1] / 1e6 * (wanted[-1] + 1)
    patience = PATIENCE + PATIENCE_PER_MEGAPIXEL * megapixels
    ledger = _Ledger(info)
    index = wanted[0]
    try:
        with _Child(python, order=order, patience=patience) as child:
            for index in wanted:
                grid = _receive(child, info, index)
                ledger.enter(index, grid)
                if index == wanted[-1]:
                    # Before the last map: a caller who has it need not ask again.
                    child.finish()
                    ledger.close()
                rows, cols = _cells(info)
                yield np.maximum(grid[:rows, :cols].astype(np.float64), 0.0)
    except _ChildError as error:
        raise VideoError(
            f"{info.path}: codec-video-prep failed at frame {index} "
            f"({info.times[index]:.2f} s): {error}; use backend 'pyav'"
        ) from None


def _cells(info: VideoInfo) -> tuple[int, int]:
    """Return (rows, columns) of the grid that covers the picture."""
    return -(-info.coded_size[1] // CELL), -(-info.coded_size[0] // CELL)


def _calls(info: VideoInfo, wanted: list[int]) -> list[dict[str, list[int]]]:
    """Split the wanted frames into calls whose maps fit into memory.

    Of H.264 the package counts only near the frames asked for, but takes their numbers for places
    in decoding order: with B-frames, 10 of 33 frames came without a map. So the frame whose number
    equals that place is asked for too; then none was missing in 25 clips with up to 16 B-frames in
    a row, and every map equalled that of a whole decode.
    """
    place = _decoding_places(info) if info.codec == "h264" else np.arange(info.frames)
    rows, cols = _cells(info)
    most = max(16, CALL_BYTES // (rows * cols * 5))
    calls: list[dict[str, list[int]]] = []
    ask: set[int] = set()
    send: list[int] = []
    for index in wanted:
        if len(ask) + 2 > most:
            calls.append({"ask": sorted(ask), "send": send})
            ask, send = set(), []
        ask |= {index, int(place[index])}
        send.append(index)
    return [*calls, {"ask": sorted(ask), "send": send}]


def _decoding_places(info: VideoInfo) -> npt.NDArray[np.int64]:
    """Return the place of every frame, in order of presentation, in the order of decoding."""
    import av

    stamps: list[int] = []
    # An error is the end of a cut-off file, which `info` knows of.
    with open_video(info.path, info.track) as opened, contextlib.suppress(av.FFmpegError):
        for packet in opened[0].demux(opened[1]):
            if packet.pts is not None and packet.size and not packet.is_discard:
                stamps.append(packet.pts)
    places = np.unique(stamps, return_index=True)[1].astype(np.int64)
    if len(places) != info.frames:
        raise VideoError(
            f"{info.path}: holds {len(places)} frames, {info.frames} a moment ago; is it written?"
        )
    return places


def _receive(child: _Child, info: VideoInfo, index: int) -> npt.NDArray[np.float32]:
    """Return the next map, float32 [rows, columns] as coded, if it is the one asked for."""
    line = child.line()
    try:
        head = json.loads(line)
        frame, width, height, rows, cols = (
            int(head[key]) for key in ("frame", "width", "height", "rows", "cols")
        )
        codec = head["codec"]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise _ChildError(f"it wrote {line[:60]!r} where a map was due") from None
    if frame != index:
        raise _ChildError(f"it delivered frame {frame} instead")
    if (width, height) != info.coded_size or codec != info.codec:
        raise _ChildError(
            f"it read {width}x{height} {str(codec)[:20]}, the file holds "
            f"{info.coded_size[0]}x{info.coded_size[1]} {info.codec}"
        )
    if rows == 0 or cols == 0:
        raise _ChildError("it delivered no bits for this frame")
    least = _cells(info)
    if not all(0 <= n - m <= MOST_PADDING for n, m in zip((rows, cols), least, strict=True)):
        raise _ChildError(f"its map has {rows}x{cols} cells, {least[0]}x{least[1]} are due")
    grid = np.frombuffer(child.exactly(rows * cols * 4), dtype="<f4").reshape(rows, cols)
    if not (np.isfinite(grid).all() and grid[grid < 0].sum() >= -ROUNDING_BITS):
        raise _ChildError("its map holds numbers that are no bits")
    return grid


class _Ledger:
    """Compares what frames cost by their maps with what they cost in the container.

    Measured on 35 clips (H.264 of 0 to 16 B-frames, CAVLC, slices, interlaced, 10 bits; HEVC; VP9):
    a map never sums up to more than its packet and misses it by 80 to 450 bits, 6,000 where the
    encoder writes its settings. Packets are larger where VP9 packs a hidden frame with a shown one
    (9% of frames; 5% of the packet are left) or H.264 is filled up to a constant rate. So more bits
    than the packet's are refused for any frame: of draws of 32 maps shifted by one to three frames
    97 to 100% broke that, of 4 maps 82 to 99% (32 to 55% of an all-intra clip). Fewer bits are
    refused only where most frames lack most of theirs.
    """

    def __init__(self, info: VideoInfo) -> None:
        self._info = info
        self._key = np.isin(info.times, info.keyframe_times)
        self._seen: dict[bytes, int] = {}
        self._frames = 0
        self._short = 0

    def enter(self, index: int, grid: npt.NDArray[np.float32]) -> None:
        """Take note of a map; refuse one that cannot belong to the frame."""
        bits, total = int(self._info.bits[index]), float(grid.sum(dtype=np.float64))
        if total > bits + ROUNDING_BITS:
            raise _ChildError(
                f"its map sums up to {total:.0f} bits, the frame has {bits}: the map is another's"
            )
        if total == 0 and bits > HEADER_BITS:
            raise _ChildError(f"its map is empty, the frame has {bits} bits")
        self._frames += 1
        self._short += total < bits / 2 - HEADER_BITS
        if total < TELLING_BITS:
            return
        twin = self._seen.setdefault(hashlib.blake2b(grid.tobytes()).digest(), index)
        apart = abs(bits - int(self._info.bits[twin]))
        either_key = self._key[index] or self._key[twin]
        if apart > (HEADER_BITS if either_key else STEADY_HEADER_BITS):
            raise _ChildError(
                f"its map is that of frame {twin}, but the two cost {bits} and "
                f"{self._info.bits[twin]} bits"
            )

    def close(self) -> None:
        """Refuse a sequence in which most maps lack most of their frames' bits."""
        if self._frames >= FEWEST_TO_JUDGE and 2 * self._short > self._frames:
            raise _ChildError(
                f"{self._short} of {self._frames} maps hold less than half of their frames' bits: "
                "they are other frames' maps, or the file is filled up to a constant rate"
            )


class _ChildError(Exception):
    """What the child did wrong, in words."""


class _Child:
    """The other environment's Python at work; killed and reaped whatever happens."""

    def __init__(
        self, python: str, *arguments: str, order: dict[str, Any], patience: float
    ) -> None:
        self._command = [python, "-I", str(Path(__file__).with_name("bitcost_child.py"))]
        self._command += arguments
        self._order = json.dumps(order).encode()
        self._patience = patience
        self._buffer = bytearray()

    def __enter__(self) -> _Child:
        # Files, not pipes: neither side can wait for the other to read.
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        try:
            with tempfile.TemporaryFile() as order:
                order.write(self._order)
                order.seek(0)
                self._process = subprocess.Popen(
                    self._command,
                    stdin=order,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    start_new_session=True,  # so that its own children die with it
                )
        except OSError as error:
            self._errors.close()
            raise _ChildError(f"it cannot be started: {error.strerror}") from None
        assert self._process.stdout is not None
        self._pipe = self._process.stdout
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._pipe, selectors.EVENT_READ)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            # Not yet reaped, so the number still belongs to it and to its group.
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
        self._ready.close()
        self._pipe.close()
        self._errors.close()

    def line(self) -> bytes:
        """Return the next line, or what is there of one that is too long."""
        while (end := self._buffer.find(b"\n")) < 0 and len(self._buffer) <= LONGEST_LINE:
            self._more()
        return self._take(end + 1 or LONGEST_LINE)

    def exactly(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        while len(self._buffer) < size:
            self._more()
        return self._take(size)

    def finish(self) -> None:
        """Wait for the end; refuse one with more output or an exit code."""
        if self._buffer or self._read():
            raise _ChildError("it wrote more than was asked for")
        if self._wait() != 0:
            raise _ChildError(self._ending())

    def _more(self) -> None:
        if not self._read():
            raise _ChildError(self._ending())

    def _read(self) -> bool:
        """Read what there is, waiting for it; ``False`` at the end of the output."""
        if not self._ready.select(self._patience):
            raise _ChildError(f"no answer in {self._patience:.0f} s{self._last_words()}")
        chunk = os.read(self._pipe.fileno(), 1 << 16)
        self._buffer += chunk
        return bool(chunk)

    def _take(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _wait(self) -> int:
        try:
            return self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            raise _ChildError("it closed its output and did not end") from None

    def _ending(self) -> str:
        code = self._wait()
        if code < 0:
            what = f"it crashed ({signal.strsignal(-code) or -code})"
        else:
            what = (
                f"it ended with exit code {code}" if code else "it ended before all was delivered"
            )
        return what + self._last_words()

    def _last_words(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 4096))
        lines = self._errors.read(4096).decode(errors="replace").strip().splitlines()
        words = "".join(letter for letter in lines[-1] if letter.isprintable()) if lines else ""
        return f" ({words[-200:]})" if words else ""

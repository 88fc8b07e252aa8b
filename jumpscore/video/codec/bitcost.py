"""True bits per block, from the third-party package codec-video-prep.

That package contains a patched FFmpeg that records the cost of every block. It pins an old numpy,
so it needs an environment of its own. It can abort, hang or return a wrong frame, so it runs in a
child process (``bitcost_child.py``), and its output is checked against the container.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from jumpscore.errors import UsageError, VideoError
from jumpscore.video.child import Child, ChildError
from jumpscore.video.codec.packages import OtherPackage
from jumpscore.video.containers import open_video
from jumpscore.video.probe import VideoInfo

VARIABLE = "JUMPSCORE_BITCOST_PYTHON"
"""Environment variable that names the Python of the environment with codec-video-prep."""
CODECS = ("h264", "hevc", "vp9")
"""Supported codecs; for AV1 the package returns nothing or aborts."""
CELL = 4
"""Side in pixels of a cell, the area of one number of a map."""
MOST_PADDING = 16
"""Largest padding of a map in cells: coded blocks are up to 64 pixels wide."""
PATIENCE = 60.0
"""Time limit for output of the child in seconds, plus the time to decode up to the next map."""
PATIENCE_PER_MEGAPIXEL = 0.02
"""Additional seconds per million pixels to decode; measured: 0.002 (1080p H.264, one core)."""
CALL_BYTES = 512 * 2**20
"""Memory limit for the maps of one call, which the package returns all at once."""

HEADER_BITS = 8192
"""Bits of a packet that may be outside all blocks: x264's settings alone take 5,500."""
STEADY_HEADER_BITS = 512
"""The same without a key frame; measured: 80 to 450, including slices and parameters."""
ROUNDING_BITS = 64
"""Tolerance in bits, for rounding and for HEVC's last block, which got -8 to -26 bits."""
TELLING_BITS = 1024
"""Bits from which on two equal maps are not an accident; maps of nearly empty frames are alike."""
FEWEST_TO_JUDGE = 8
"""Smallest number of frames for a check of the sequence as a whole."""

PACKAGE = OtherPackage(
    "codec-video-prep", "0.2.5", "codec_video_prep", "bitcost", VARIABLE, "bitcost_child.py"
)


def bitcost_version() -> str:
    """Return the version of codec-video-prep, for the record of a run.

    Raises:
        UsageError: The package is not installed, or the environment variable is not a Python.
    """
    return PACKAGE.version()


def bitcost_maps(info: VideoInfo, indices: Sequence[int]) -> Iterator[npt.NDArray[np.float64]]:
    """Yield the bits of every block of the requested frames, in order.

    The package decodes from the start of the file, because it seeks by the average rate, which
    finds wrong frames if the rate varies.

    Args:
        info: The file; H.264, HEVC or VP9.
        indices: Increasing frame indices.

    Yields:
        Bits, float64 [ceil(height / 4), ceil(width / 4)], of the stored (not rotated) picture
        ``info.coded_size``, one number for 4x4 pixels. Padding beyond the picture's edges is
        removed; if a side is not a multiple of 4, the last row or column covers up to 3 pixels
        more.

    Raises:
        UsageError: The package is missing, or the codec or an index is invalid.
        VideoError: The package fails on the file, exceeds the time limit, skips a frame or
            contradicts the container.
    """
    if info.window is not None:
        return bitcost_maps(info.window.whole, [i + info.window.first for i in indices])
    if info.codec not in CODECS:
        raise UsageError(
            f"{info.path}: backend 'bitcost' does not support {info.codec}, only "
            f"{', '.join(CODECS)}; use backend 'pyav'"
        )
    frames = [int(index) for index in indices]
    inside = all(0 <= index < info.frames for index in frames)
    if not inside or any(later <= earlier for earlier, later in pairwise(frames)):
        raise UsageError(
            f"{info.path}: invalid frames {frames[:8]}; indices must increase and lie within "
            f"0..{info.frames - 1}"
        )
    command = PACKAGE.command()
    return _stream(info, frames, command) if frames else iter(())


def _stream(
    info: VideoInfo, frames: list[int], command: list[str]
) -> Iterator[npt.NDArray[np.float64]]:
    order = {"path": str(info.path.absolute()), "calls": _calls(info, frames)}
    megapixels = info.coded_size[0] * info.coded_size[1] / 1e6 * (frames[-1] + 1)
    patience = PATIENCE + PATIENCE_PER_MEGAPIXEL * megapixels
    ledger = _Ledger(info)
    index = frames[0]
    try:
        with Child(command, order=order, patience=patience) as child:
            for index in frames:
                grid = _receive(child, info, index)
                ledger.enter(index, grid)
                if index == frames[-1]:
                    # Checked before the last map, because the caller may stop after it.
                    child.finish()
                    ledger.close()
                rows, cols = _cells(info)
                yield np.maximum(grid[:rows, :cols].astype(np.float64), 0.0)
    except ChildError as error:
        raise VideoError(
            f"{info.path}: codec-video-prep failed at frame {index} "
            f"({info.times[index]:.2f} s): {error}; use backend 'pyav'"
        ) from None


def _cells(info: VideoInfo) -> tuple[int, int]:
    """Return (rows, columns) of the grid that covers the picture."""
    return -(-info.coded_size[1] // CELL), -(-info.coded_size[0] // CELL)


def _calls(info: VideoInfo, frames: list[int]) -> list[dict[str, list[int]]]:
    """Split the requested frames into calls whose maps fit into memory.

    For H.264 the package counts bits only near the requested frames, but it mistakes their indices
    for positions in decoding order: with B-frames, 10 of 33 frames had no map. The frame whose
    index equals that position is therefore requested too. Then no map was missing in 25 clips with
    up to 16 B-frames in a row, and every map was equal to that of a complete decode.
    """
    place = _decoding_places(info) if info.codec == "h264" else np.arange(info.frames)
    rows, cols = _cells(info)
    most = max(16, CALL_BYTES // (rows * cols * 5))
    calls: list[dict[str, list[int]]] = []
    ask: set[int] = set()
    send: list[int] = []
    for index in frames:
        if len(ask) + 2 > most:
            calls.append({"ask": sorted(ask), "send": send})
            ask, send = set(), []
        ask |= {index, int(place[index])}
        send.append(index)
    return [*calls, {"ask": sorted(ask), "send": send}]


def _decoding_places(info: VideoInfo) -> npt.NDArray[np.int64]:
    """Return the position in decoding order of every frame, in order of presentation."""
    import av

    stamps: list[int] = []
    # An error means the end of a truncated file, which `info` has noted.
    with open_video(info.path, info.track) as opened, contextlib.suppress(av.FFmpegError):
        for packet in opened[0].demux(opened[1]):
            if packet.pts is not None and packet.size and not packet.is_discard:
                stamps.append(packet.pts)
    places = np.unique(stamps, return_index=True)[1].astype(np.int64)
    if len(places) != info.frames:
        raise VideoError(
            f"{info.path}: contains {len(places)} frames now instead of {info.frames}; wait until "
            "the file is complete"
        )
    return places


def _receive(child: Child, info: VideoInfo, index: int) -> npt.NDArray[np.float32]:
    """Return the next map, float32 [rows, columns] as coded, after checking it."""
    line = child.line()
    try:
        head = json.loads(line)
        frame, width, height, rows, cols = (
            int(head[key]) for key in ("frame", "width", "height", "rows", "cols")
        )
        codec = head["codec"]
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise ChildError(f"it wrote {line[:60]!r} instead of a map") from None
    if frame != index:
        raise ChildError(f"it returned frame {frame} instead")
    if (width, height) != info.coded_size or codec != info.codec:
        raise ChildError(
            f"it read {width}x{height} {str(codec)[:20]} instead of "
            f"{info.coded_size[0]}x{info.coded_size[1]} {info.codec}"
        )
    if rows == 0 or cols == 0:
        raise ChildError("it returned no bits for this frame")
    least = _cells(info)
    if not all(0 <= n - m <= MOST_PADDING for n, m in zip((rows, cols), least, strict=True)):
        raise ChildError(f"its map has {rows}x{cols} cells instead of {least[0]}x{least[1]}")
    grid = np.frombuffer(child.exactly(rows * cols * 4), dtype="<f4").reshape(rows, cols)
    if not (np.isfinite(grid).all() and grid[grid < 0].sum() >= -ROUNDING_BITS):
        raise ChildError("its map contains invalid numbers")
    return grid


class _Ledger:
    """Compares the bits of maps with those of the container's packets.

    Measured on 35 clips (H.264 with 0 to 16 B-frames, CAVLC, slices, interlaced, 10 bits; HEVC;
    VP9): the sum of a map is never above its packet and 80 to 450 bits below it, or 6,000 if the
    encoder writes its settings. Packets are larger if VP9 combines a hidden frame with a shown one
    (9% of frames; the map has 5% of the packet) or if H.264 is padded to a constant rate. A map
    with more bits than its packet is therefore always rejected: that detected maps shifted by one
    to three frames in 97 to 100% of samples of 32 maps and in 82 to 99% of samples of 4 maps (32 to
    55% of an all-intra clip). Maps with fewer bits are rejected only if most maps lack most of
    their bits.
    """

    def __init__(self, info: VideoInfo) -> None:
        self._info = info
        self._key = np.isin(info.times, info.keyframe_times)
        self._seen: dict[bytes, int] = {}
        self._frames = 0
        self._short = 0

    def enter(self, index: int, grid: npt.NDArray[np.float32]) -> None:
        """Record a map; reject one that cannot belong to the frame."""
        bits, total = int(self._info.bits[index]), float(grid.sum(dtype=np.float64))
        if total > bits + ROUNDING_BITS:
            raise ChildError(
                f"its map has {total:.0f} bits, but the frame has {bits}: it is another frame's map"
            )
        if total == 0 and bits > HEADER_BITS:
            raise ChildError(f"its map is empty, but the frame has {bits} bits")
        self._frames += 1
        self._short += total < bits / 2 - HEADER_BITS
        if total < TELLING_BITS:
            return
        twin = self._seen.setdefault(hashlib.blake2b(grid.tobytes()).digest(), index)
        apart = abs(bits - int(self._info.bits[twin]))
        either_key = self._key[index] or self._key[twin]
        if apart > (HEADER_BITS if either_key else STEADY_HEADER_BITS):
            raise ChildError(
                f"its map is that of frame {twin}, but the two frames have {bits} and "
                f"{self._info.bits[twin]} bits"
            )

    def close(self) -> None:
        """Reject a sequence in which most maps lack most of their frames' bits."""
        if self._frames >= FEWEST_TO_JUDGE and 2 * self._short > self._frames:
            raise ChildError(
                f"{self._short} of {self._frames} maps have less than half of their frames' bits: "
                "they belong to other frames, or the file is padded to a constant rate"
            )

"""Where the backends of canvases choose differently, on the clips of ``mini``.

    python -m tests.benchmarks.codec_choices [--canvases 16] [--max-pixels 153664]

For each backend that is installed, against ``pyav``: the share of its blocks that ``pyav`` shows
too (the same 28 pixels of the same frame), how many frames it shows, the mean distance of such a
frame to the nearest one that ``pyav`` shows, and the visual tokens. With codec-video-prep, also the
share of the codec's bits per block that is shown, of all frames and of the frames after the first.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from jumpscore.errors import UsageError, VideoError
from jumpscore.harness.factory import make_task
from jumpscore.video import VisualInput, codec_canvases, probe
from jumpscore.video.codec import bitcost, lmms_video_utils
from jumpscore.video.codec.bitcost import CELL, bitcost_maps
from jumpscore.video.codec.lmms_video_utils import lmms_canvases
from jumpscore.video.probe import VideoInfo

Maker = Callable[[VideoInfo], VisualInput]


def makers(canvases: int, max_pixels: int) -> Iterator[tuple[str, Maker]]:
    """Yield the backends that are installed, ``pyav`` first."""

    def ours(info: VideoInfo, backend: str) -> VisualInput:
        options = {"canvases": canvases, "max_pixels": max_pixels, "backend": backend}
        return codec_canvases(info.path, info=info, **options)

    yield "pyav", partial(ours, backend="pyav")
    made = {
        "bitcost": partial(ours, backend="bitcost"),
        "lmms_video_utils": partial(lmms_canvases, canvases=canvases, max_pixels=max_pixels),
    }
    for module in (bitcost, lmms_video_utils):
        try:
            module.PACKAGE.version()
            yield module.PACKAGE.backend, made[module.PACKAGE.backend]
        except UsageError as error:
            print(f"left out: {error}")


def chosen(visual: VisualInput) -> set[tuple[int, ...]]:
    """Return the (frame, row, column) of all blocks that are shown."""
    return {tuple(block) for block in visual.blocks.reshape(-1, 3).tolist() if block[0] >= 0}


def bits_of_blocks(info: VideoInfo, rows: int, columns: int) -> npt.NDArray[np.float64]:
    """Return the codec's bits per block of every frame, [frames, rows, columns]."""
    width, height = info.coded_size
    bits = np.zeros((info.frames, rows, columns))
    for frame, cells in enumerate(bitcost_maps(info, range(info.frames))):
        row = (np.arange(cells.shape[0]) * CELL * rows // height).clip(max=rows - 1)
        column = (np.arange(cells.shape[1]) * CELL * columns // width).clip(max=columns - 1)
        np.add.at(bits[frame], (row[:, None], column[None, :]), cells)
    return bits


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--canvases", type=int, default=16)
    parser.add_argument("--max-pixels", type=int, default=153_664)
    arguments = parser.parse_args()
    backends = dict(makers(arguments.canvases, arguments.max_pixels))
    rows: dict[str, list[list[float]]] = {name: [] for name in backends}
    for sample in make_task("jumpscore", {"data": "mini"}).load():
        info = probe(sample.question.media[0].path)
        try:
            shown = {name: make(info) for name, make in backends.items()}
        except VideoError as error:
            print(f"left out: {error}")
            continue
        ours = shown["pyav"]
        if len({(one.width, one.height) for one in shown.values()}) > 1:
            print(f"left out: {info.path}: the canvases of the backends have different sizes")
            continue
        bits = None
        if "bitcost" in backends:
            bits = bits_of_blocks(info, *ours.blocks.shape[1:3])
        for name, visual in shown.items():
            blocks, seen = chosen(visual), np.array(visual.frame_indices)
            gaps = np.abs(info.times[seen][:, None] - info.times[list(ours.frame_indices)])
            covered = [np.nan, np.nan]
            if bits is not None:
                place = tuple(np.array(sorted(blocks)).T)
                later = place[0] > 0
                covered = [
                    bits[place].sum() / bits.sum(),
                    bits[tuple(axis[later] for axis in place)].sum() / bits[1:].sum(),
                ]
            common = len(blocks & chosen(ours)) / len(blocks)
            rows[name].append(
                [common, len(seen), float(gaps.min(1).mean()), visual.visual_tokens, *covered]
            )
    names = ("backend", "in common", "frames", "s to ours", "tokens", "bits", "bits after frame 0")
    print(f"| {' | '.join(names)} |")
    print("|---|---|---|---|---|---|---|")
    for name, values in rows.items():
        common, frames, gap, tokens, every, later = np.mean(values, axis=0)
        print(
            f"| `{name}` | {common:.0%} | {frames:.0f} | {gap:.3f} | {tokens:,.0f} | {every:.0%} | "
            f"{later:.0%} |"
        )


if __name__ == "__main__":
    main()

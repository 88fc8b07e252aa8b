"""J and F over trackeval: same masks, same process, same values.

The prediction is the truth moved by 7 pixels and a frame later. Both start from run-length masks in
memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import numpy as np

from evaluators.tracking import j_and_f_of_rles
from tests.benchmarks.row import Bound, Row, Setting, Skipped
from tests.benchmarks.timing import cpu_seconds
from tests.tracking_support import (
    encoded,
    sav_masks,
    trackeval_j_and_f,
    trackeval_per_frame,
    trackeval_sequence,
)

SIZES = ((854, 480), (1920, 1080))
FRAMES, FILLING_FRAMES = 40, 10
REPEATS = 3
REAL, NOISE = Bound(ratio=1 / 20), Bound(ratio=1 / 3)


def rows(setting: Setting) -> Iterator[Row | Skipped]:
    """Measure two real objects, blocks and noise, in both sizes."""
    if find_spec("trackeval") is None:
        yield Skipped("trackeval", "not installed; `make test` installs it")
        return
    for width, height in SIZES[:1] if setting.quick else SIZES:
        large = height == 1080
        for name in ("1", "0"):
            masks = _resized(sav_masks(name, frames=slice(0, FRAMES)), width, height)
            yield _row(f"SA-V object {name}", masks, REAL if large else Bound())
        yield _row("blocks everywhere", _blocks(width, height), Bound())
        yield _row("noise everywhere", _noise(width, height), NOISE if large else Bound())


def _row(name: str, truth: np.ndarray, bound: Bound) -> Row:
    prediction = np.roll(truth, (1, 7), axis=(0, 2))
    frames, height, width = truth.shape
    rles = encoded(truth), encoded(prediction)
    scores = j_and_f_of_rles(*rles, height=height, width=width)
    j, f = trackeval_per_frame(truth, prediction)
    assert max(np.abs(scores.j - j).max(), np.abs(scores.f - f).max()) < 1e-12
    ours, theirs = [], []
    for _ in range(REPEATS):
        ours.append(cpu_seconds(lambda: j_and_f_of_rles(*rles, height=height, width=width)))
        # trackeval modifies its input.
        data = trackeval_sequence([rles[0]], [rles[1]])
        theirs.append(cpu_seconds(lambda data=data: trackeval_j_and_f(data)))
    return Row(
        f"J and F, {name}", f"{width}x{height}, {frames} frames", "CPU ms/frame",
        1000 * min(ours) / frames, "trackeval 1.3.0", 1000 * min(theirs) / frames, bound=bound,
        excluded="reading files",
    )  # fmt: skip


def _resized(masks: np.ndarray, width: int, height: int) -> np.ndarray:
    import cv2

    size = (width, height)
    return np.stack([cv2.resize(m, size, interpolation=cv2.INTER_NEAREST) for m in masks])


def _blocks(width: int, height: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    coarse = generator.random((FILLING_FRAMES, height // 40, width // 40)) < 0.5
    return _resized(coarse.astype(np.uint8), width, height)


def _noise(width: int, height: int) -> np.ndarray:
    generator = np.random.default_rng(0)
    return (generator.random((FILLING_FRAMES, height, width)) < 0.5).astype(np.uint8)

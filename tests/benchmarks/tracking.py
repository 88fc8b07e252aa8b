"""J and F compared with trackeval: same masks, same process, same values."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from evaluators.tracking import j_and_f, j_and_f_of_rles
from tests.tracking_support import (
    encoded,
    sav_masks,
    trackeval_j_and_f,
    trackeval_per_frame,
    trackeval_sequence,
)

SIZES = ((854, 480), (1920, 1080))
FRAMES = 100
FILLING_FRAMES = 20
REPETITIONS = 3


def main() -> None:
    try:
        import trackeval  # noqa: F401
    except ModuleNotFoundError:
        print("no ratio: trackeval is not installed; `make test` installs it")
        return
    print("truth: the masks; prediction: the same moved by 7 pixels and a frame later")
    print("both start from run-length masks in memory; reading files is excluded")
    for width, height in SIZES:
        for name in ("1", "0"):
            masks = _resized(sav_masks(name, frames=slice(0, FRAMES)), width, height)
            _compare(f"SA-V object {name}", masks)
        _compare("frame-filling blocks", _blocks(width, height))
        _compare("frame-filling noise", _noise(width, height))


def _compare(name: str, truth: np.ndarray) -> None:
    prediction = np.roll(truth, (1, 7), axis=(0, 2))
    frames, height, width = truth.shape
    rles = encoded(truth), encoded(prediction)
    ours, theirs, arrays = [], [], []
    for _ in range(REPETITIONS):
        ours.append(_seconds(lambda: j_and_f_of_rles(*rles, height=height, width=width)))
        # trackeval modifies its input.
        data = trackeval_sequence([rles[0]], [rles[1]])
        theirs.append(_seconds(lambda data=data: trackeval_j_and_f(data)))
        arrays.append(_seconds(lambda: j_and_f(truth, prediction)))
    scores = j_and_f_of_rles(*rles, height=height, width=width)
    j, f = trackeval_per_frame(truth, prediction)
    worst = max(np.abs(scores.j - j).max(), np.abs(scores.f - f).max())
    ratios = sorted(their / our for their, our in zip(theirs, ours, strict=True))
    print(
        f"{width}x{height}, {frames} frames, {name} ({truth.mean():.1%} of the frame): "
        f"ours {_per_frame(ours, frames)}, from arrays {_per_frame(arrays, frames)}, "
        f"trackeval {_per_frame(theirs, frames)}; "
        f"ratio {ratios[0]:.1f} to {ratios[-1]:.1f}; largest difference {worst:.0e}"
    )


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


def _per_frame(seconds: list[float], frames: int) -> str:
    return f"{1000 * statistics.median(seconds) / frames:.2f} ms/frame"


def _seconds(work: Callable[[], Any]) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before

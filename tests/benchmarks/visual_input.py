"""Canvases and uniform frames: CPU time over that of decoding alone, and peak memory.

Every measurement has its own process, so that peaks are separate. The processes of one size take
turns, and medians are printed.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from jumpscore.builder.jump_rope import load_profile, render_clip, sample_clips
from tests.benchmarks.visual_input_child import JOBS, PICTURES

SIZES = ((640, 360), (1280, 720), (1920, 1080))
SECONDS = 60
ROUNDS = 5


def main() -> None:
    print(
        f"input: one rendered clip of {SECONDS} s at 25 frames/s, H.264, per size; medians of "
        f"{ROUNDS} processes in turn; seconds exclude imports, memory includes them"
    )
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            clip = _clip(Path(folder), size)
            measurements = {
                name: [] for name in JOBS if size == (1920, 1080) or name in ("decoding", "ours")
            }
            for _ in range(ROUNDS):
                for name, rounds in measurements.items():
                    rounds.append(_measured(name, clip))
            _show(size, measurements)


def _show(size: tuple[int, int], measurements: dict[str, list[dict[str, float]]]) -> None:
    def median(name: str, what: str) -> float:
        return statistics.median(entry[what] for entry in measurements[name])

    decoding, ours = median("decoding", "cpu"), median("ours", "cpu")
    print(
        f"{size[0]}x{size[1]}: {PICTURES} canvases {ours:.2f} s CPU, decoding every frame on one "
        f"thread {decoding:.2f} s: ratio {ours / decoding:.2f}; peak {median('ours', 'mb'):.0f} MB"
    )
    if "frames" not in measurements:
        return
    cpu, wall, memory = (median("frames", what) for what in ("cpu", "wall", "mb"))
    for name in ("decord", "decord scaled"):
        their_cpu, their_wall, theirs = (median(name, what) for what in ("cpu", "wall", "mb"))
        print(
            f"  {PICTURES} uniform frames {cpu:.2f} s CPU, {wall:.2f} s wall, {memory:.0f} MB; "
            f"{name} {their_cpu:.2f} s, {their_wall:.2f} s, {theirs:.0f} MB: ratios "
            f"{cpu / their_cpu:.2f}, {wall / their_wall:.2f}, {memory / theirs:.2f}"
        )


def _clip(folder: Path, size: tuple[int, int]) -> Path:
    profile = load_profile(
        "mini",
        [
            "clips=1",
            f"durations=[{{low: {SECONDS}, high: {SECONDS}, weight: 1}}]",
            f"resolutions=[{{width: {size[0]}, height: {size[1]}, weight: 1}}]",
            "fps=[{fps: 25, weight: 1}]",
            "h265_share=0",
        ],
    )
    [spec] = sample_clips(profile, seed=1)
    return render_clip(spec, folder / f"{size[1]}.mp4").path


def _measured(name: str, clip: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.visual_input_child", name, str(clip)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])

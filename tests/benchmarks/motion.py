"""``motion`` on one core: CPU time over plain decoding of every frame, with one thread.

Plain decoding converts and scales nothing: no program that looks at every frame can be faster.
``python -m tests.benchmarks.motion FILE...`` measures videos of your own.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from jumpscore.builder.jump_rope import load_profile, render_clip, sample_clips
from jumpscore.records import Media, Question
from jumpscore.video import probe
from jumpscore.video.stored_frames import stored_frames
from model_wrappers.motion import Motion

SIZES = ((640, 360), (1280, 720), (1920, 1080))
SECONDS = 12
FACTORS = "shake pan bystanders second_jumper occlusion light_change double_unders misses pauses"


def main(files: list[str] | None = None) -> None:
    import cv2

    cv2.setNumThreads(1)
    if files:
        for file in files:
            measure(file, Path(file))
        return
    print(f"input: rendered clips of {SECONDS} s at 25 frames/s, H.264; CPU seconds, best of 3")
    with tempfile.TemporaryDirectory() as folder:
        for noise in (False, True):
            for width, height in SIZES:
                path = Path(folder) / "clip.mp4"
                render(path, width, height, noise=noise)
                measure(f"{width}x{height} {'noisy' if noise else 'still'}", path)


def render(path: Path, width: int, height: int, *, noise: bool) -> None:
    """Render a clip without camera motion; with sensor noise in every pixel if ``noise``."""
    off = [f"shares.{name}=0" for name in (*FACTORS.split(), "vfr", "rotation")]
    profile = load_profile(
        "mini",
        [
            "clips=1",
            f"durations=[{{low: {SECONDS}, high: {SECONDS}, weight: 1}}]",
            f"resolutions=[{{width: {width}, height: {height}, weight: 1}}]",
            "fps=[{fps: 25, weight: 1}]",
            "h265_share=0",
            "clean_share=0",
            f"shares.noise={int(noise)}",
            *off,
        ],
    )
    [spec] = sample_clips(profile, seed=1)
    render_clip(spec, path)


def measure(label: str, path: Path) -> None:
    """Print the cost of one video."""
    info = probe(path)
    question = Question("a", (Media(path),), "List the start timestamps")
    wrapper = Motion()
    wrapper.generate([wrapper.prepare(question, None)])  # imports

    def decode() -> None:
        for _ in stored_frames(info, list(range(info.frames)), threads=1):
            pass

    alone = min(_cpu_seconds(decode) for _ in range(3))
    ours = min(
        _cpu_seconds(lambda: wrapper.generate([wrapper.prepare(question, None)])) for _ in range(3)
    )
    print(
        f"{label}: {ours:.2f} s, {info.duration / ours:.1f} times real time; "
        f"plain decoding {alone:.2f} s; ratio {ours / alone:.2f}"
    )


def _cpu_seconds(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before


if __name__ == "__main__":
    main(sys.argv[1:])

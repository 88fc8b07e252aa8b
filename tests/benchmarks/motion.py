"""``motion`` on one core: video time over CPU time, compared with decoding alone."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from jumpscore.builder.jump_rope import load_profile, render_clip, sample_clips
from jumpscore.records import Media, Question
from jumpscore.video import decode
from model_wrappers.motion import Motion

SIZES = ((640, 360), (1280, 720), (1920, 1080))
SECONDS = 12


def main() -> None:
    import cv2

    cv2.setNumThreads(1)
    print(f"input: one rendered clip of {SECONDS} s at 25 frames/s, H.264, per size; CPU seconds")
    for width, height in SIZES:
        profile = load_profile(
            "mini",
            [
                "clips=1",
                f"durations=[{{low: {SECONDS}, high: {SECONDS}, weight: 1}}]",
                f"resolutions=[{{width: {width}, height: {height}, weight: 1}}]",
                "fps=[{fps: 25, weight: 1}]",
                "h265_share=0",
            ],
        )
        [spec] = sample_clips(profile, seed=1)
        with tempfile.TemporaryDirectory() as folder:
            clip = render_clip(spec, Path(folder) / "clip.mp4")
            alone = _cpu_seconds(lambda path=clip.path: [0 for _ in decode(path, threads=1)])
            question = Question("a", (Media(clip.path),), "List the start timestamps")
            wrapper = Motion()
            ours = _cpu_seconds(lambda q=question, w=wrapper: w.generate([w.prepare(q, None)]))
        print(
            f"{width}x{height}: {ours:.2f} s, {clip.duration / ours:.1f} times real time; "
            f"decoding to full-size RGB alone {alone:.2f} s; ratio {ours / alone:.2f}"
        )


def _cpu_seconds(work) -> float:
    before = time.process_time()
    work()
    return time.process_time() - before

"""``motion`` prepared by one thread, two threads and two processes, in turn in one run."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import numpy as np

from jumpscore.builder.jump_rope import load_profile, render_clip, sample_clips
from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.harness.engines import processes
from jumpscore.harness.engines.local import LocalEngine
from jumpscore.harness.input import InputPlan
from jumpscore.records import Media, Question
from model_wrappers.motion import Motion

CLIPS, QUESTIONS, SECONDS = 4, 16, 8
ROUNDS = 5


class _Threads(Motion):
    prepares_in_processes = False


class _Discard:
    def append(self, responses) -> None:
        pass


def main() -> None:
    processes.PAYS_FROM = 0.0  # from the third question on, which the ratio includes
    with tempfile.TemporaryDirectory() as folder:
        questions = _questions(Path(folder))
        walls = np.array([_round(questions) for _ in range(ROUNDS)])
    one, threads, others = np.median(walls, axis=0)
    ratios = np.median(walls[:, :1] / walls, axis=0)
    print(
        f"{QUESTIONS} questions about {CLIPS} rendered clips of {SECONDS} s, 640x360; "
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; medians of {ROUNDS} in turn\n"
        f"1 thread {one:.1f} s, 2 threads {threads:.1f} s, 2 processes {others:.1f} s: "
        f"{ratios[1]:.2f} and {ratios[2]:.2f} times as fast as 1 thread"
    )


def _questions(folder: Path) -> list[Question]:
    profile = load_profile(
        "mini",
        [
            f"clips={CLIPS}",
            f"durations=[{{low: {SECONDS}, high: {SECONDS}, weight: 1}}]",
            "resolutions=[{width: 640, height: 360, weight: 1}]",
            "fps=[{fps: 25, weight: 1}]",
            "h265_share=0",
        ],
    )
    specs = sample_clips(profile, seed=1)
    clips = [render_clip(spec, folder / f"{n}.mp4") for n, spec in enumerate(specs)]
    return [
        Question(f"q{n}", (Media(clips[n % CLIPS].path),), "List the start timestamps")
        for n in range(QUESTIONS)
    ]


def _round(questions: list[Question]) -> list[float]:
    """Return the seconds with one thread, two threads and two processes; answers must be equal."""
    walls, answers = [], []
    for model, workers in ((_Threads(), 1), (_Threads(), 2), (Motion(), 2)):
        plan = InputPlan.resolve(model, InputConfig())
        engine = LocalEngine(model, plan, RunSettings(workers=workers))
        before = time.perf_counter()
        _, responses = engine.ask(questions, _Discard())
        walls.append(time.perf_counter() - before)
        answers.append({name: response.text for name, response in responses.items()})
    assert answers[0] == answers[1] == answers[2]
    return walls

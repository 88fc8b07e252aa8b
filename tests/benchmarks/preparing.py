"""Questions prepared by two workers over one: seconds by the clock, in turn in one process.

``motion`` is prepared by processes, ``jumpscore-tiny`` by whatever its wrapper asks for. Nothing is
generated for the latter.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from unittest import mock

from jumpscore.builder.jump_rope import load_profile, render_clip, sample_clips
from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.harness.engines import processes
from jumpscore.harness.engines.local import LocalEngine
from jumpscore.harness.input import InputPlan
from jumpscore.records import Media, Question, Response
from model_wrappers.base import ModelWrapper
from model_wrappers.llava_onevision2.wrapper import LlavaOnevision2, LlavaOnevision2Options
from model_wrappers.motion import Motion
from tests.benchmarks.row import Bound, Row, Setting, Skipped
from tests.benchmarks.timing import alternating, wall_seconds

CLIPS, QUESTIONS, SECONDS = 2, 12, 8


class _Threads(Motion):
    prepares_in_processes = False


class _Tiny(LlavaOnevision2):
    def generate(self, requests):
        return [Response(request.question.id, "not generated") for request in requests]


class _Discard:
    def append(self, responses) -> None:
        pass


def rows(setting: Setting) -> Iterator[Row | Skipped]:
    """Measure both wrappers; processes pay from the first question on, so they always start."""
    if len(os.sched_getaffinity(0)) < 2:
        yield Skipped("2 workers", "this machine has one core")
        return
    tiny = _Tiny(LlavaOnevision2Options(checkpoint="jumpscore-tiny"))
    tiny.open()
    models = {"motion": (_Threads(), Motion()), "jumpscore-tiny": (tiny, tiny)}
    with tempfile.TemporaryDirectory() as folder, mock.patch.object(processes, "PAYS_FROM", 0.0):
        questions = _questions(Path(folder), QUESTIONS // 3 if setting.quick else QUESTIONS)
        for name, (alone, others) in models.items():
            answers: list[dict[str, str]] = []
            jobs = {
                "one": partial(_prepare, alone, questions, 1, answers),
                "two": partial(_prepare, others, questions, 2, answers),
            }
            seconds = alternating(jobs, repeats=1 if setting.quick else 3, clock=wall_seconds)
            assert all(answer == answers[0] for answer in answers)
            yield Row(
                f"{name}, prepared by 2 workers",
                f"{len(questions)} questions about {CLIPS} clips of {SECONDS} s, 640x360",
                "s", seconds["two"], "1 worker", seconds["one"], bound=Bound(ratio=1 / 1.7),
            )  # fmt: skip


def _prepare(
    model: ModelWrapper, questions: list[Question], workers: int, answers: list[dict[str, str]]
) -> None:
    """Ask all questions, and append the texts of the answers."""
    plan = InputPlan.resolve(model, InputConfig())
    engine = LocalEngine(model, plan, RunSettings(workers=workers))
    _, responses = engine.ask(questions, _Discard())
    answers.append({name: response.text for name, response in responses.items()})


def _questions(folder: Path, count: int) -> list[Question]:
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
        for n in range(count)
    ]

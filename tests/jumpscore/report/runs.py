"""Runs made by hand: a report needs a stored run, not a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jumpscore.harness import evaluate
from jumpscore.records import (
    STATUSES,
    Estimate,
    Metric,
    ParseSummary,
    Response,
    RunResult,
    SampleScore,
    TimelineView,
)  # fmt: skip
from jumpscore.runs import StoredRun
from tests.support import bare_record

HOSTILE = (
    "<script>window.hacked=1</script><img src=x onerror='window.hacked=1'>",
    "</details></article></script><!-- ]]> \"' onmouseover=window.hacked=1 x='",
    "javascript:window.hacked=1\u202egnp.exe\x00\x1b[31m\ud800",
)


def oracle_run(data: Path, folder: Path, task: str = "jumpscore", **more: Any) -> StoredRun:
    """A real run with a few errors, on real videos."""
    model = "oracle" if task == "jumpscore" else "content_free"
    options = {"jitter": 0.05, "misses": 0.3, "insertions": 0.3} if model == "oracle" else {}
    settings = {"folder": folder, "expose_truth": model == "oracle", **more}
    return evaluate(
        model, task, model_options=options, task_options={"data": str(data)}, run=settings
    )


def made_up_run(
    folder: Path, scores: Sequence[SampleScore], texts: Mapping[str, str] | None = None, **more: Any
) -> StoredRun:
    """A run that was never carried out, whose data set does not exist."""
    counts = dict.fromkeys(STATUSES, 0)
    for score in scores:
        counts[score.status] += 1
    metrics = more.pop("metrics", None) or {
        "map_reference": none(),
        "f1": Estimate(0.5, 0.1, 0.3, 0.7, 3),
        "x<y": none(),
    }
    result = RunResult(
        task="jumpscore",
        task_version="1",
        model="made up",
        data="nowhere",
        synthetic=False,
        metrics=metrics,
        described=tuple(Metric(name, f"what {name} is") for name in metrics),
        headline=tuple(metrics)[:2],
        counts=counts,
        total=len(scores),
        unscored=counts["error"],
    )
    responses = {name: Response(name, text) for name, text in (texts or {}).items()}
    folder.mkdir(parents=True, exist_ok=True)
    return StoredRun(folder, bare_record(), responses, tuple(scores), replace(result, **more), {})


def none() -> Estimate:
    """The estimate of a metric that no sample defines."""
    return Estimate(None, None, None, None, 0)


def timed(
    name: str, f1: float, truth: Sequence[float], answers: Sequence[float], **more: Any
) -> SampleScore:
    """A score with a timeline; equal places are paired."""
    pairs = tuple((i, answers.index(time)) for i, time in enumerate(truth) if time in answers)
    parse = ParseSummary(more.pop("parser", "list"), tuple(more.pop("rejected", ())))
    view = TimelineView(tuple(truth), tuple(answers), pairs, more.pop("duration", 10.0))
    values = {"f1": f1, "map_reference": 1 - f1, "count_error": float(len(answers) - len(truth))}
    return SampleScore(name, "ok", values, parse=parse, view=view, **more)

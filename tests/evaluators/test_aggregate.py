"""Aggregation is pure: equal scores give equal aggregates, and the task stays as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from evaluators.base import Aggregate, Task
from evaluators.jumpscore import JumpScore, JumpScoreCount, JumpScoreOptions
from evaluators.spatial.rows import RULES
from evaluators.spatial.task import Spatial, SpatialOptions
from evaluators.temporal.task import TimeLens
from evaluators.traces.rows import TraceRow
from evaluators.traces.task import RULE_METRICS, Traces, TracesOptions
from evaluators.tracking.task import Tracking, TrackingOptions
from jumpscore.data.layout import Manifest, write_rows
from jumpscore.records import SampleScore
from tests.evaluators.spatial.made import row, write_set


def spatial(folder: Path) -> Task:
    return Spatial(SpatialOptions(data=str(write_set(folder, [row(rule) for rule in RULES]))))


def traces(folder: Path) -> Task:
    rows = [
        TraceRow(id=rule, image="a.png", prompt="?", trace=[], rule=rule) for rule in RULE_METRICS
    ]
    write_rows(folder, rows, Manifest("drawn", synthetic=True))
    return Traces(TracesOptions(data=str(folder)))


TASKS = {
    "jumpscore": lambda folder: JumpScore(JumpScoreOptions(protocol="v1")),
    "jumpscore_count": lambda folder: JumpScoreCount(),
    "spatial": spatial,
    "timelens": lambda folder: TimeLens(),
    "traces": traces,
    "tracking": lambda folder: Tracking(TrackingOptions(data="none", segmenter="given")),
}


def scores(task: Task, values: tuple[float, ...]) -> list[SampleScore]:
    """Return one sample per value, which is that of every metric; and one that has no score."""
    names = {name for metric in task.metrics for name in metric.over or (metric.name,)}
    scored = [
        SampleScore(str(place), "ok", dict.fromkeys(names, value), cluster=str(place // 2))
        for place, value in enumerate(values)
    ]
    return [*scored, SampleScore("unscored", "error")]


@pytest.mark.parametrize("name", TASKS)
def test_aggregate_is_pure(name, tmp_path):
    task = TASKS[name](tmp_path)
    one, other = scores(task, (0.1, 0.4, 0.9)), scores(task, (1.0,))
    before = (task.version, task.metrics, task.headline, task.caveats())
    first: Aggregate = task.aggregate(one, seed=3)
    assert list(first.estimates) == [metric.name for metric in first.metrics]
    assert first.caveats == task.caveats()
    last = task.aggregate(other, seed=3)
    assert last != first
    assert task.aggregate(one, seed=3) == first
    assert task.aggregate(other, seed=3) == last
    assert (task.version, task.metrics, task.headline, task.caveats()) == before

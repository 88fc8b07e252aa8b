"""Which runs an ablation is made of, and what it refuses before any of them starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from evaluators.base import PER_SAMPLE, Task
from jumpscore.errors import UsageError, nearest_names
from jumpscore.harness.config import InputConfig, RunConfig, RunSettings, validated
from jumpscore.harness.controls import ControlKind, control_of
from jumpscore.harness.input import InputPlan
from jumpscore.records import Metric, Sample
from jumpscore.video.budgets import Matching
from model_wrappers.base import ModelWrapper

RUNS = "runs"
"""Folder of the runs, in the folder of the ablation."""
ARMS = ("frames", "codec")
CONTROLS: tuple[ControlKind, ...] = ("pixels", "selection")

_BOTH = "both arms are run, input=frames and input=codec; leave it out"
_MATCHED = "the arms are matched by tokens; leave it out"
_BESIDE = f"{_MATCHED}, or show a run of frames beside them: --reference"
SET_HERE: Mapping[str, str] = {
    "input.tokens": "--tokens sets the budgets",
    "input.matching": "--matching sets what budgets count",
    "input.kind": _BOTH,
    "input.count": f"{_BESIDE} input.count=...",
    "input.fps": f"{_BESIDE} input.fps=...",
    "input.folder": _MATCHED,
    "run.control": "--controls or --no-controls says whether the controls are run",
    "run.folder": "--out sets where the runs are kept",
    "run.name": "--out sets where the runs are kept; each has a name by its budget and input",
    "run.repeats": "every run is carried out once; leave it out",
}
"""Settings of a single run that an ablation makes itself, and what sets them instead."""


@dataclass(frozen=True, slots=True)
class AblationPlan:
    """The question of an ablation.

    Attributes:
        tokens: Token budgets.
        matchings: Which tokens the budgets count: ``visual``, ``total``, ``as_published``.
        metric: Name of the metric to report, by default the first of the task's headline.
        controls: Whether to run the controls; they need two videos.
        references: ``{"fps": ...}`` or ``{"count": ...}`` of further runs of frames that are
            matched to no budget.
    """

    tokens: Sequence[int]
    matchings: Sequence[str] = ("visual",)
    metric: str | None = None
    controls: bool = True
    references: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run that is to be carried out.

    Attributes:
        name: Of its folder.
        input: Fields of ``InputConfig`` that are its own.
        control: As in ``RunSettings``.
    """

    name: str
    input: Mapping[str, Any]
    control: ControlKind = "none"


@dataclass(frozen=True, slots=True)
class PlannedBudget:
    """The runs of one budget.

    Attributes:
        matching: Which tokens the budget counts.
        tokens: The budget.
        runs: ``frames``, ``codec``, and with controls ``pixels`` and ``selection``.
    """

    matching: Matching
    tokens: int
    runs: Mapping[str, PlannedRun]


def refuse_what_is_set_here(given: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse settings of a single run that an ablation makes itself.

    Raises:
        UsageError: With what sets them instead.
    """
    usual = {"input": InputConfig(), "run": RunSettings()}
    for key, instead in SET_HERE.items():
        group, _, name = key.partition(".")
        value = given[group].get(name)
        if value is not None and str(value) != str(getattr(usual[group], name)):
            raise UsageError(f"{key}={value} means nothing in an ablation: {instead}")


def planned_budgets(plan: AblationPlan) -> list[PlannedBudget]:
    """Return all matched runs: by matching, then by budget.

    Raises:
        UsageError: There is no budget, one is not positive, or a matching is unknown.
    """
    tokens, matchings = plan.tokens, plan.matchings
    if not tokens or not matchings:
        raise UsageError(
            f"an ablation needs a budget and a matching, got tokens={list(tokens)} and "
            f"matchings={list(matchings)}; write --tokens 72,144 --matching visual"
        )
    if min(tokens) < 1:
        raise UsageError(f"--tokens: budgets must be positive (got {min(tokens)})")
    pairs = []
    for matching in matchings:
        if matching not in get_args(Matching):
            near = nearest_names(matching, get_args(Matching)) or "."
            known = ", ".join(get_args(Matching))
            raise UsageError(f"unknown matching {matching!r}{near} Known: {known}.")
        with_controls = plan.controls and matching == matchings[0]
        pairs += [_planned_budget(matching, number, with_controls) for number in sorted(tokens)]
    return pairs


def _planned_budget(matching: Any, tokens: int, with_controls: bool) -> PlannedBudget:
    amount = {"tokens": tokens, "matching": matching}
    name = f"{matching}-{tokens}"
    runs = {kind: PlannedRun(f"{name}-{kind}", {"kind": kind} | amount) for kind in ARMS}
    if with_controls:
        shown = runs["codec"].input
        runs |= {kind: PlannedRun(f"{name}-codec-{kind}", shown, kind) for kind in CONTROLS}
    return PlannedBudget(matching, tokens, runs)


def planned_reference(amount: Mapping[str, Any]) -> PlannedRun:
    """Return a run of frames that is matched to nothing.

    Raises:
        UsageError: It is no number of frames.
    """
    if len(amount) != 1 or not set(amount) <= {"fps", "count"}:
        raise UsageError(
            f"a reference is a number of frames, not {dict(amount)}; write --reference "
            "input.fps=12.5 or --reference input.count=64"
        )
    [(name, value)] = amount.items()
    return PlannedRun(f"reference-{name}-{value}", {"kind": "frames", name: value})


def refuse_twice(names: Iterable[str]) -> None:
    """Refuse two runs of one name.

    Raises:
        UsageError: There are.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UsageError(f"the run {name} is asked for twice; give every budget once")
        seen.add(name)


def chosen_metric(task: Task[Any], name: str | None) -> Metric:
    """Return the metric that is shown, by default the first of the headline.

    Where that is no mean over samples, its values per sample stand for it: arms are compared by
    video.

    Raises:
        UsageError: The task has no such metric, or it says nothing about how good a model is.
    """
    known = {metric.name: metric for metric in task.metrics if metric.better}
    wanted = task.headline[0] if name is None else name
    if name is None and wanted + PER_SAMPLE in known:
        wanted += PER_SAMPLE
    if wanted not in known:
        near = nearest_names(wanted, known) or "."
        raise UsageError(
            f"task {task.name!r} has no metric {wanted!r} to compare by{near} "
            f"Known: {', '.join(known)}."
        )
    return known[wanted]


def refuse_one_sided(wrapper: ModelWrapper) -> None:
    """Refuse a model that takes only one of the two inputs.

    Raises:
        UsageError: It does.
    """
    missing = [kind for kind in ARMS if kind not in wrapper.inputs]
    if missing:
        raise UsageError(
            f"model {wrapper.name!r} takes {', '.join(wrapper.inputs)}; an ablation compares "
            f"frames with codec, and there is no {' and no '.join(missing)}: 'jumpscore models' "
            "lists what each model takes"
        )


def without_video(samples: Sequence[Sample[Any]]) -> str | None:
    """Return what a reader must know about questions without a video: both arms are one there.

    Raises:
        UsageError: No question shows a video.
    """
    # Some tasks say only when a question's turn comes what it shows.
    shown = [sample.question.media for sample in samples if sample.question.media]
    bare = sum(all(media.kind != "video" for media in question) for question in shown)
    if shown and bare == len(shown):
        raise UsageError(
            "no question shows a video: pictures are no frames and no canvases, so both arms would "
            "be the same; an ablation needs a data set of videos"
        )
    if not bare:
        return None
    return f"{bare} of {len(shown)} questions show no video, and the same pictures in both arms"


def check_controls(samples: Sequence[Sample[Any]], settings: RunSettings) -> None:
    """Learn that there can be no controls before anything runs, not hours later.

    Raises:
        UsageError: The data set has no two videos.
    """
    try:
        control_of(CONTROLS[0], "codec", samples, seed=settings.seed)
    except UsageError as error:
        raise UsageError(f"{error}; leave the controls out with --no-controls") from None


def config_of(wrapper: ModelWrapper, shared: RunConfig, one: PlannedRun, out: Path) -> RunConfig:
    """Return the configuration of one run, checked against the inputs of the model.

    Raises:
        UsageError: Options of the input contradict each other.
    """
    shown = shared.input.model_dump(exclude_none=True) | dict(one.input)
    settings = {"folder": out / RUNS, "name": one.name, "control": one.control}
    config = RunConfig(
        model=shared.model,
        task=shared.task,
        input=validated(InputConfig, shown, where="input."),
        run=validated(RunSettings, shared.run.model_dump() | settings, where="run."),
    )
    InputPlan.resolve(wrapper, config.input)
    return config

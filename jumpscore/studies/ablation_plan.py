"""The runs of an ablation, and the checks before any of them starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from evaluators.base import PER_SAMPLE, Task
from jumpscore.conf.settings import validated
from jumpscore.errors import UsageError, nearest_names, unknown_name
from jumpscore.harness.config import InputConfig, RunConfig, RunSettings
from jumpscore.harness.controls import ControlKind, control_of
from jumpscore.harness.input import InputPlan
from jumpscore.records import Metric, Sample
from jumpscore.video.budgets import Matching
from model_wrappers.base import ModelWrapper

RUNS = "runs"
"""Folder of the runs, in the folder of the ablation."""
ARMS: Final = ("frames", "codec")
BACKENDS = ("pyav", "bitcost", "lmms_video_utils")
"""Makers of canvases, the default one first."""
CONTROLS: tuple[ControlKind, ...] = ("pixels", "selection")

_BOTH = "both arms are run, input=frames and input=codec; leave it out"
_MATCHED = "the arms are matched by tokens; leave it out"
_REFERENCE = f"{_MATCHED}, or add a run of frames for reference: --reference"
SET_HERE: Mapping[str, str] = {
    "input.tokens": "--tokens sets the budgets",
    "input.matching": "--matching sets which tokens the budgets count",
    "input.kind": _BOTH,
    "input.count": f"{_REFERENCE} input.count=...",
    "input.fps": f"{_REFERENCE} input.fps=...",
    "input.folder": _MATCHED,
    "input.backend": "--backends sets the makers of canvases",
    "run.control": "use --controls or --no-controls",
    "run.folder": "--out sets the folder of the runs",
    "run.name": "--out sets the folder of the runs; each is named after its budget and input",
    "run.repeats": "every run is carried out once; leave it out",
}
"""Settings of a single run that the ablation controls, and what to use instead."""


@dataclass(frozen=True, slots=True)
class AblationPlan:
    """The question of an ablation.

    Attributes:
        tokens: Token budgets.
        matchings: Which tokens the budgets count: ``visual``, ``total``, ``as_published``.
        metric: Name of the metric to report, by default the first of the task's headline.
        controls: Whether to run the controls; they need two videos.
        backends: Makers of canvases (``input.backend``); each is an arm. The first one is compared
            with frames and has the controls, the others are compared with it.
        references: ``{"fps": ...}`` or ``{"count": ...}`` of further runs of frames that are
            matched to no budget.
    """

    tokens: Sequence[int]
    matchings: Sequence[str] = ("visual",)
    metric: str | None = None
    controls: bool = True
    backends: Sequence[str] = ("pyav",)
    references: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """A run of the ablation.

    Attributes:
        name: Name of its folder.
        input: Fields of ``InputConfig`` that differ from the shared ones.
        control: Control of the run.
    """

    name: str
    input: Mapping[str, Any]
    control: ControlKind = "none"


@dataclass(frozen=True, slots=True)
class PlannedBudget:
    """The runs of one budget.

    Attributes:
        matching: Which tokens the budget counts.
        tokens: Token budget.
        runs: ``frames``, ``codec``, with controls ``pixels`` and ``selection``, and those of
            further backends by their names.
    """

    matching: Matching
    tokens: int
    runs: Mapping[str, PlannedRun]


def refuse_what_is_set_here(values: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse settings of a single run that the ablation controls.

    Raises:
        UsageError: Such a setting differs from its default; the message names the alternative.
    """
    defaults = {"input": InputConfig(), "run": RunSettings()}
    for key, instead in SET_HERE.items():
        group, _, name = key.partition(".")
        value = values[group].get(name)
        if value is not None and str(value) != str(getattr(defaults[group], name)):
            raise UsageError(f"{key}={value} cannot be set in an ablation: {instead}")


def planned_budgets(plan: AblationPlan) -> list[PlannedBudget]:
    """Return all matched runs: by matching, then by budget.

    Raises:
        UsageError: There is no budget, one is not positive, or a matching or backend is unknown.
    """
    tokens, matchings = plan.tokens, plan.matchings
    if not tokens or not matchings:
        raise UsageError(
            f"an ablation needs a budget and a matching, got tokens={list(tokens)} and "
            f"matchings={list(matchings)}; write --tokens 72,144 --matching visual"
        )
    if min(tokens) < 1:
        raise UsageError(f"--tokens: budgets must be positive (got {min(tokens)})")
    for number in tokens:
        if tokens.count(number) > 1:
            words = ",".join(map(str, tokens))
            raise UsageError(f"--tokens {words}: {number} is given twice; list every budget once")
    for backend in plan.backends:
        if backend not in BACKENDS:
            raise UsageError(unknown_name("backend", backend, BACKENDS))
    if not plan.backends or len(set(plan.backends)) < len(plan.backends):
        raise UsageError(
            f"--backends {','.join(plan.backends)}: list at least one, each once; known: "
            f"{', '.join(BACKENDS)}"
        )
    pairs = []
    for matching in matchings:
        if matching not in get_args(Matching):
            raise UsageError(unknown_name("matching", matching, get_args(Matching)))
        with_controls = plan.controls and matching == matchings[0]
        pairs += [
            _planned_budget(matching, number, plan.backends, with_controls)
            for number in sorted(tokens)
        ]
    return pairs


def _planned_budget(
    matching: Any, tokens: int, backends: Sequence[str], with_controls: bool
) -> PlannedBudget:
    amount: dict[str, Any] = {"tokens": tokens, "matching": matching}
    first, *others = backends
    if first != BACKENDS[0]:
        amount["backend"] = first
    name = f"{matching}-{tokens}"
    runs = {kind: PlannedRun(f"{name}-{kind}", {"kind": kind} | amount) for kind in ARMS}
    runs |= {
        backend: PlannedRun(
            f"{name}-codec-{backend}", {"kind": "codec"} | amount | {"backend": backend}
        )
        for backend in others
    }
    if with_controls:
        canvases = runs["codec"].input
        runs |= {kind: PlannedRun(f"{name}-codec-{kind}", canvases, kind) for kind in CONTROLS}
    return PlannedBudget(matching, tokens, runs)


def planned_reference(amount: Mapping[str, Any]) -> PlannedRun:
    """Return a run of frames that is matched to no budget.

    Raises:
        UsageError: The amount is not a number of frames.
    """
    if len(amount) != 1 or not set(amount) <= {"fps", "count"}:
        raise UsageError(
            f"a reference is a number of frames, not {dict(amount)}; write --reference "
            "input.fps=12.5 or --reference input.count=64"
        )
    [(name, value)] = amount.items()
    return PlannedRun(f"reference-{name}-{value}", {"kind": "frames", name: value})


def refuse_twice(names: Iterable[str]) -> None:
    """Refuse two runs with the same name.

    Raises:
        UsageError: A name occurs twice.
    """
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise UsageError(f"run {name} is planned twice; list every budget once")
        seen.add(name)


def chosen_metric(task: Task[Any], name: str | None) -> Metric:
    """Return the metric to report, by default the first of the headline.

    Arms are compared by video, so a metric that is not a mean over samples is replaced by its
    values per sample.

    Raises:
        UsageError: The task has no such metric, or the metric does not measure quality.
    """
    known = {metric.name: metric for metric in task.metrics if metric.better}
    chosen = task.headline[0] if name is None else name
    if name is None and chosen + PER_SAMPLE in known:
        chosen += PER_SAMPLE
    if chosen not in known:
        nearest = nearest_names(chosen, known) or "."
        raise UsageError(
            f"task {task.name!r} has no metric {chosen!r} to compare by{nearest} "
            f"Known: {', '.join(known)}."
        )
    return known[chosen]


def refuse_one_sided(wrapper: ModelWrapper) -> None:
    """Refuse a model that takes only one of the two inputs.

    Raises:
        UsageError: The model does not take frames, or does not take canvases.
    """
    missing = [kind for kind in ARMS if kind not in wrapper.inputs]
    if missing:
        raise UsageError(
            f"model {wrapper.name!r} takes only input={' or '.join(wrapper.inputs)}; an ablation "
            "needs a model that takes frames and codec canvases"
        )


def without_video(samples: Sequence[Sample[Any]]) -> str | None:
    """Return a caveat if some questions have no video: both arms are equal for them.

    Raises:
        UsageError: No question has a video.
    """
    # Some tasks add media only when a question is asked.
    known = [sample.question.media for sample in samples if sample.question.media]
    without = sum(all(media.kind != "video" for media in question) for question in known)
    if known and without == len(known):
        raise UsageError(
            "no question has a video: images are the same in both arms; an ablation needs a data "
            "set of videos"
        )
    if not without:
        return None
    return f"{without} of {len(known)} questions have no video; their images are equal in both arms"


def check_controls(samples: Sequence[Sample[Any]], settings: RunSettings) -> None:
    """Check that controls are possible before anything runs.

    Raises:
        UsageError: The data set does not have two different videos.
    """
    try:
        control_of(CONTROLS[0], "codec", samples, seed=settings.seed)
    except UsageError as error:
        raise UsageError(f"{error}; leave the controls out with --no-controls") from None


def config_of(wrapper: ModelWrapper, shared: RunConfig, one: PlannedRun, out: Path) -> RunConfig:
    """Return the configuration of one run, checked against the inputs of the model.

    Raises:
        UsageError: Options of the input contradict each other, or the backend is not installed.
    """
    fields = shared.input.model_dump(exclude_none=True) | dict(one.input)
    settings = {"folder": out / RUNS, "name": one.name, "control": one.control}
    config = RunConfig(
        model=shared.model,
        task=shared.task,
        input=validated(InputConfig, fields, where="input."),
        run=validated(RunSettings, shared.run.model_dump() | settings, where="run."),
    )
    plan = InputPlan.resolve(wrapper, config.input)
    if plan.kind == "codec":
        plan.require_backend()
    return config

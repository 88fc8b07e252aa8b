"""Ablation of the visual input: frames and codec canvases under the same token budgets.

Every number is one ordinary run in a folder of its own, so the same call again resumes, and any of
them can be shown, scored anew or compared by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from evaluators.base import Task
from jumpscore.errors import DataError
from jumpscore.harness.ask import RunInterrupted
from jumpscore.harness.config import RunConfig, RunSettings, validated
from jumpscore.harness.costs import MeanTokens, mean_tokens
from jumpscore.harness.evaluate import carry_out, configured, tell_nothing_asked
from jumpscore.harness.floors import floor_of
from jumpscore.harness.score import unscored_caveat
from jumpscore.jsonio import write_json
from jumpscore.records import Estimate, Metric, Progress
from jumpscore.runs.reader import StoredRun
from jumpscore.scoring import Comparison
from jumpscore.studies.ablation_plan import (
    ARMS,
    PlannedBudget,
    PlannedRun,
    check_controls,
    chosen_metric,
    config_of,
    planned_budgets,
    planned_reference,
    refuse_one_sided,
    refuse_twice,
    refuse_what_is_set_here,
    without_video,
)
from jumpscore.studies.compare import compare_runs
from jumpscore.video.budgets import Matching
from model_wrappers.base import ModelWrapper

ABLATION = "ablation.json"
OnRun = Callable[[str], AbstractContextManager[Progress]]
"""Called with a run's name before it starts; gives the progress of that run."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one run came to.

    Attributes:
        run: Name of its folder in ``runs``.
        score: Of the ablation's metric, over the samples with a score.
        floor: What an answer earns on those samples that never looks, where the task says it.
        tokens: That an answer really took, on average.
        total: Samples.
        unscored: Samples without a score, by our failure; a budget too small for a video, say.
        problem: Why the first of them has none.
    """

    run: str
    score: Estimate
    floor: float | None
    tokens: MeanTokens
    total: int
    unscored: int = 0
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """Both arms under one budget.

    Attributes:
        matching: Which tokens the budget counts.
        tokens: The budget.
        frames: The arm of uniform frames.
        codec: The arm of codec canvases.
        difference: Canvases minus frames, paired by video; ``None`` where the arms have no scored
            sample in common.
        pixels: The arm of canvases with another clip's pixels, blocks and stamps, where it was run.
        selection: The arm of canvases with its own blocks and stamps but another clip's pixels.
        seen: Canvases minus their selection control, paired by video: what the right pixels earn;
            ``None`` where that control was not run or no sample has a score in both.
        leak: The selection control minus the pixel control, paired by video: what the choice of
            blocks and times gives away; ``None`` likewise.
    """

    matching: Matching
    tokens: int
    frames: Outcome
    codec: Outcome
    difference: Comparison | None
    pixels: Outcome | None = None
    selection: Outcome | None = None
    seen: Comparison | None = None
    leak: Comparison | None = None

    @property
    def floor(self) -> float | None:
        """The floor over the samples of the arm that has more of them."""
        return min(self.frames, self.codec, key=lambda arm: arm.unscored).floor

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Of all its runs, in the order in which they are carried out."""
        found = (self.frames, self.codec, self.pixels, self.selection)
        return tuple(outcome for outcome in found if outcome is not None)


@dataclass(frozen=True, slots=True)
class Ablation:
    """Frames and canvases under every budget; all that is needed to draw it.

    Attributes:
        task: Task name.
        model: Model name.
        data: Data-set name.
        metric: That is shown.
        shown: Input kind -> what else the ``input`` of all its runs says, such as ``max_pixels``.
        budgets: By matching, then by budget, as they were asked for.
        references: Runs of frames that are matched to nothing.
        caveats: What a reader must know about every number.
    """

    task: str
    model: str
    data: str
    metric: Metric
    shown: Mapping[str, Mapping[str, Any]]
    budgets: tuple[Budget, ...]
    references: tuple[Outcome, ...] = ()
    caveats: tuple[str, ...] = ()

    @property
    def matchings(self) -> tuple[Matching, ...]:
        """What budgets count, in the order in which it was asked for."""
        return tuple(dict.fromkeys(budget.matching for budget in self.budgets))

    def matched(self, matching: Matching) -> tuple[Budget, ...]:
        """Return the budgets that count one sort of tokens."""
        return tuple(budget for budget in self.budgets if budget.matching == matching)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Of all runs."""
        return (*(one for budget in self.budgets for one in budget.outcomes), *self.references)

    @property
    def unscored(self) -> int:
        """Samples without a score, over all runs."""
        return sum(outcome.unscored for outcome in self.outcomes)


def ablate(
    model: str | ModelWrapper,
    task: str | Task[Any],
    *,
    tokens: Sequence[int],
    out: str | Path,
    matchings: Sequence[str] = ("visual",),
    metric: str | None = None,
    controls: bool = True,
    references: Sequence[Mapping[str, Any]] = (),
    model_options: Mapping[str, Any] | None = None,
    task_options: Mapping[str, Any] | None = None,
    input: Mapping[str, Any] | None = None,
    run: Mapping[str, Any] | None = None,
    on_run: OnRun | None = None,
) -> Ablation:
    """Run frames and canvases under every budget, with controls, and write ``ablation.json``.

    The model is opened once. The same call again resumes; more budgets add runs. For every matching
    and budget there are two runs, frames and canvases; controls are runs of the canvases under the
    budgets of the first matching only, for each of them costs as much as an arm.

    Args:
        model: Name of a model that takes frames and canvases, or its wrapper.
        task: Name of a task, or a task.
        tokens: The budgets.
        out: Folder of the ablation.
        matchings: Which tokens the budgets count: ``visual``, ``total``, ``as_published``.
        metric: Name of the metric that is shown, by default the first of the task's headline.
        controls: Whether to run the controls; they need two videos.
        references: ``{"fps": ...}`` or ``{"count": ...}`` of runs of frames that are matched to
            nothing: what the model does with all the frames, say.
        model_options: Options of the named model.
        task_options: Options of the named task.
        input: Fields of ``InputConfig`` that all runs share.
        run: Fields of ``RunSettings`` that all runs share.
        on_run: Called with the name of every run before it starts.

    Raises:
        UsageError: A name, a key or a value is wrong; the model takes only one of the inputs; or
            a run of the same name in ``out`` is another one.
        DataError: The data set cannot be read.
        RunInterrupted: Ctrl-C; the next call goes on with the run that was interrupted.
    """
    refuse_what_is_set_here({"input": input or {}, "run": run or {}})
    pairs = planned_budgets(tokens, matchings, controls=controls)
    beside = [planned_reference(amount) for amount in references]
    planned = [*(one for pair in pairs for one in pair.runs.values()), *beside]
    refuse_twice([one.name for one in planned])
    settings = validated(RunSettings, run or {}, where="run.")
    out = Path(out)
    with configured(model, task, model_options, task_options, input=input, settings=settings) as (
        wrapper,
        job,
        config,
    ):
        chosen = chosen_metric(job, metric)
        refuse_one_sided(wrapper)
        samples = job.load()
        caveat = without_video(samples)
        if controls:
            check_controls(samples, settings)
        configs = [config_of(wrapper, config, one, out) for one in planned]
        runs = _carry_out_each(wrapper, job, configs, on_run)
    tell_nothing_asked(out, runs)
    found = {one.name: stored for one, stored in zip(planned, runs, strict=True)}
    ablation = _summary(pairs, beside, found, chosen, caveat, seed=settings.seed)
    write_json(out / ABLATION, asdict(ablation))
    return ablation


def read_ablation(folder: str | Path) -> Ablation:
    """Read what ``ablate`` wrote.

    Raises:
        DataError: The folder holds no finished ablation, or its file is damaged.
    """
    file = Path(folder) / ABLATION
    if not file.is_file():
        raise DataError(
            f"{folder}: is no finished ablation (it has no {ABLATION}); start the same "
            "'jumpscore ablate' again to finish it"
        )
    try:
        return TypeAdapter(Ablation).validate_json(file.read_bytes())
    except (OSError, ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(
            f"{file}: is damaged ({reason}); the same 'jumpscore ablate' writes it anew"
        ) from error


def _carry_out_each(
    wrapper: ModelWrapper, task: Task[Any], configs: Sequence[RunConfig], on_run: OnRun | None
) -> list[StoredRun]:
    """Return the runs, carried out one after another with one opened model."""
    # What evaluate() does, but for opening: a checkpoint is loaded once, and only if asked.
    open_once = cache(wrapper.open)
    runs: list[StoredRun] = []
    for place, config in enumerate(configs):
        progress = nullcontext() if on_run is None else on_run(str(config.run.name))
        try:
            with progress as advance:
                runs.append(
                    carry_out(wrapper, task, config, on_progress=advance, open_model=open_once)
                )
        except RunInterrupted as kept:
            answered = place * kept.total + kept.answered
            raise RunInterrupted(answered, len(configs) * kept.total) from None
    return runs


def _summary(
    pairs: Sequence[PlannedBudget],
    beside: Sequence[PlannedRun],
    found: Mapping[str, StoredRun],
    metric: Metric,
    caveat: str | None,
    *,
    seed: int,
) -> Ablation:
    """Return what finished runs come to."""
    arms = [found[pair.runs[kind].name] for pair in pairs for kind in ARMS]
    first = arms[0].result
    caveats = {
        said: None
        for run in arms
        for said in run.result.caveats
        # Said beside every number that it is about.
        if said != unscored_caveat(run.result.unscored, run.result.total)
    } | ({caveat: None} if caveat else {})
    return Ablation(
        task=first.task,
        model=first.model,
        data=first.data,
        metric=metric,
        shown={kind: _shown(arms[place :: len(ARMS)]) for place, kind in enumerate(ARMS)},
        budgets=tuple(_budget(pair, found, metric, seed=seed) for pair in pairs),
        references=tuple(_outcome(found[one.name], metric) for one in beside),
        caveats=tuple(caveats),
    )


def _shown(runs: Sequence[StoredRun]) -> dict[str, Any]:
    """Return what the inputs of all these runs say alike, beside kind and budget."""
    first, *others = (run.record.identity.input.model_dump() for run in runs)
    return {
        name: value
        for name, value in first.items()
        if value is not None
        and name not in ("kind", "tokens", "matching")
        and all(other.get(name) == value for other in others)
    }


def _budget(
    pair: PlannedBudget, found: Mapping[str, StoredRun], metric: Metric, *, seed: int
) -> Budget:
    runs = {kind: found[one.name] for kind, one in pair.runs.items()}

    def minus(one: str, other: str) -> Comparison | None:
        if not {one, other} <= runs.keys() or not _both_scored(runs[one], runs[other]):
            return None
        return compare_runs(runs[one], runs[other], seed=seed)[metric.name]

    return Budget(
        pair.matching,
        pair.tokens,
        difference=minus("codec", "frames"),
        seen=minus("codec", "selection"),
        leak=minus("selection", "pixels"),
        **{kind: _outcome(run, metric) for kind, run in runs.items()},
    )


def _both_scored(a: StoredRun, b: StoredRun) -> set[str]:
    """Return the ids that both runs have scored."""
    one, other = ({s.id for s in run.scores if s.status != "error"} for run in (a, b))
    return one & other


def _outcome(run: StoredRun, metric: Metric) -> Outcome:
    floor = floor_of(run.result, metric.name)
    failed = [score.message for score in run.scores if score.status == "error"]
    return Outcome(
        run=run.folder.name,
        score=run.result.metrics[metric.name],
        floor=None if floor is None else floor.mean,
        tokens=mean_tokens(run.responses.values()),
        total=run.result.total,
        unscored=run.result.unscored,
        problem=failed[0] if failed else None,
    )

"""Ablation of the visual input: frames and codec canvases under the same token budgets.

Every number is one ordinary run in its own folder, so an ablation can be resumed, and each of its
runs can be inspected, scored again or compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError

from jumpscore.errors import DataError, UsageError
from jumpscore.harness.blind_baseline import blind_baseline
from jumpscore.harness.costs import MeanTokens, mean_tokens
from jumpscore.harness.score import shared_caveats
from jumpscore.harness.session import Session, warn_if_nothing_asked
from jumpscore.jsonio import write_json
from jumpscore.records import Estimate, Metric
from jumpscore.runs.lines import adapter
from jumpscore.runs.reader import StoredRun
from jumpscore.scoring import Comparison
from jumpscore.scoring.trainings import OverTrainings
from jumpscore.studies.ablation_plan import (
    ARMS,
    BACKENDS,
    AblationPlan,
    PlannedBudget,
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

ABLATION = "ablation.json"
TRAININGS = "trainings"
"""Folder of the ablations of each training, if there are several."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of one run.

    Attributes:
        run: Name of its folder in ``runs``.
        score: Score in the ablation's metric, over the scored samples.
        blind_baseline: Score of the task's blind baseline on those samples, if the task has one.
        tokens: Mean tokens of a response, as measured.
        total: Number of samples.
        unscored: Samples without a score, by our failure (too small a budget for a video).
        problem: Error message of the first unscored sample.
        over_trainings: What the score over several trainings consists of; a sample is then unscored
            if any of them has no score for it.
    """

    run: str
    score: Estimate
    blind_baseline: Annotated[float | None, Field(alias="floor")]
    tokens: MeanTokens
    total: int
    unscored: int = 0
    problem: str | None = None
    over_trainings: OverTrainings | None = None


@dataclass(frozen=True, slots=True)
class OtherCanvases:
    """An arm of canvases that another backend made.

    Attributes:
        backend: Its name.
        outcome: Its result.
        difference: These canvases minus those of the first backend, paired by video; ``None`` if
            they have no scored sample in common.
    """

    backend: str
    outcome: Outcome
    difference: Comparison | None


@dataclass(frozen=True, slots=True)
class Budget:
    """Both arms under one budget.

    Attributes:
        matching: Which tokens the budget counts.
        tokens: Token budget.
        frames: Arm of uniform frames.
        codec: Arm of codec canvases, of the first backend.
        difference: Canvases minus frames, paired by video; ``None`` if the arms have no scored
            sample in common.
        pixels: Control: canvases with the pixels, blocks and stamps of another clip.
        selection: Control: canvases with their own blocks and stamps but another clip's pixels.
        seen: Canvases minus the selection control, paired by video: the gain from the right pixels;
            ``None`` without that control or a sample scored in both.
        leak: Selection control minus pixel control, paired by video: the gain from the choice of
            blocks and times; ``None`` likewise.
        over_trainings: What ``difference`` over several trainings consists of.
        others: Arms of canvases of further backends.
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
    over_trainings: OverTrainings | None = None
    others: tuple[OtherCanvases, ...] = ()

    @property
    def blind_baseline(self) -> float | None:
        """The blind baseline over the samples of the arm with more scored samples."""
        return min(self.frames, self.codec, key=lambda arm: arm.unscored).blind_baseline

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Outcomes of all runs, in the order in which they are carried out."""
        others = (other.outcome for other in self.others)
        outcomes = (self.frames, self.codec, *others, self.pixels, self.selection)
        return tuple(outcome for outcome in outcomes if outcome is not None)


@dataclass(frozen=True, slots=True)
class Ablation:
    """Frames and canvases under every budget: all numbers of the table and the curve.

    Attributes:
        task: Task name.
        model: Model name.
        data: Data-set name.
        metric: Reported metric.
        shown: Input kind -> other fields that the ``input`` of all its runs shares, such as
            ``max_pixels``.
        budgets: Results by matching, then by budget, in the order of the plan.
        references: Runs of frames that are matched to no budget.
        caveats: Caveats of every number.
        trainings: Names of the trainings, if there are several.
        backends: Makers of the canvases; the first one made those of ``codec`` and the controls.
    """

    task: str
    model: str
    data: str
    metric: Metric
    shown: Mapping[str, Mapping[str, Any]]
    budgets: tuple[Budget, ...]
    references: tuple[Outcome, ...] = ()
    caveats: tuple[str, ...] = ()
    trainings: tuple[str, ...] = ()
    backends: tuple[str, ...] = BACKENDS[:1]

    @property
    def matchings(self) -> tuple[Matching, ...]:
        """Which tokens the budgets count, in the order of the plan."""
        return tuple(dict.fromkeys(budget.matching for budget in self.budgets))

    def matched(self, matching: Matching) -> tuple[Budget, ...]:
        """Return the budgets of one matching."""
        return tuple(budget for budget in self.budgets if budget.matching == matching)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """Outcomes of all runs."""
        return (*(one for budget in self.budgets for one in budget.outcomes), *self.references)

    @property
    def unscored(self) -> int:
        """Samples without a score, over all runs."""
        return sum(outcome.unscored for outcome in self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``ablation.json``; the blind baseline is stored as ``floor``."""
        content: dict[str, Any] = adapter(Ablation).dump_python(self, mode="json", by_alias=True)
        return content


def ablate(session: Session, plan: AblationPlan, out: str | Path) -> Ablation:
    """Run frames and canvases under every budget, with controls, and write ``ablation.json``.

    Rerun it to resume; more budgets add runs. Every matching and budget has two runs, frames and
    canvases. Controls are runs of the canvases under the budgets of the first matching only,
    because each of them costs as much as an arm.

    Args:
        session: A model that takes frames and canvases, a task, and the ``input`` and ``run``
            settings that all runs share.
        plan: Budgets, controls and references.
        out: Folder of the ablation.

    Raises:
        UsageError: The plan is invalid, the model takes only one of the inputs, or ``out`` contains
            a different run under the same name.
        DataError: The data set cannot be read.
        RunInterrupted: Ctrl-C; the next call resumes the run that was interrupted.
    """
    shared = session.config
    refuse_what_is_set_here(shared.model_dump(include={"input", "run"}))
    pairs = planned_budgets(plan)
    references = [planned_reference(amount) for amount in plan.references]
    planned = [*(one for pair in pairs for one in pair.runs.values()), *references]
    refuse_twice([one.name for one in planned])
    out = Path(out)
    if (out / TRAININGS).exists():
        raise UsageError(f"{out} contains an ablation of several trainings; choose another --out")
    metric = chosen_metric(session.task, plan.metric)
    refuse_one_sided(session.wrapper)
    samples = session.task.load()
    caveat = without_video(samples)
    if plan.controls:
        check_controls(samples, shared.run)
    configs = [config_of(session.wrapper, shared, one, out) for one in planned]
    runs = list(session.carry_out(configs))
    warn_if_nothing_asked(out, runs)
    by_name = {one.name: stored for one, stored in zip(planned, runs, strict=True)}
    arms = [by_name[pair.runs[kind].name] for pair in pairs for kind in ARMS]
    first = arms[0].result
    ablation = Ablation(
        task=first.task,
        model=first.model,
        data=first.data,
        metric=metric,
        shown={kind: _shown(arms[place :: len(ARMS)]) for place, kind in enumerate(ARMS)},
        budgets=tuple(_budget(pair, by_name, metric, seed=shared.run.seed) for pair in pairs),
        references=tuple(_outcome(by_name[one.name], metric) for one in references),
        # Unscored samples are counted next to each number.
        caveats=(*shared_caveats(run.result for run in arms), *([caveat] if caveat else [])),
        backends=tuple(plan.backends),
    )
    write_json(out / ABLATION, ablation.to_json())
    return ablation


def read_ablation(folder: str | Path) -> Ablation:
    """Read what ``ablate`` wrote.

    Raises:
        DataError: The folder contains no finished ablation, or its file is damaged.
    """
    file = Path(folder) / ABLATION
    if not file.is_file():
        raise DataError(
            f"{folder}: not a finished ablation ({ABLATION} is missing); rerun the same "
            "'jumpscore ablate' command to finish it"
        )
    try:
        ablation: Ablation = adapter(Ablation).validate_json(file.read_bytes())
        return ablation
    except (OSError, ValidationError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(
            f"{file}: is damaged ({reason}); rerun the same 'jumpscore ablate' command to write it"
        ) from error


def _shown(runs: Sequence[StoredRun]) -> dict[str, Any]:
    """Return the fields of ``input`` that all runs share, apart from kind and budget."""
    first, *others = (run.record.identity.input.model_dump() for run in runs)
    return {
        name: value
        for name, value in first.items()
        if value is not None
        and name not in ("kind", "tokens", "matching")
        and all(other.get(name) == value for other in others)
    }


def _budget(
    pair: PlannedBudget, by_name: Mapping[str, StoredRun], metric: Metric, *, seed: int
) -> Budget:
    runs = {kind: by_name[one.name] for kind, one in pair.runs.items()}
    outcomes: dict[str, Any] = {kind: _outcome(run, metric) for kind, run in runs.items()}
    others = [name for name in pair.runs if name in BACKENDS]

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
        others=tuple(
            OtherCanvases(name, outcomes.pop(name), minus(name, "codec")) for name in others
        ),
        **outcomes,
    )


def _both_scored(a: StoredRun, b: StoredRun) -> set[str]:
    """Return the ids of the samples that both runs have scored."""
    one, other = ({s.id for s in run.scores if s.status != "error"} for run in (a, b))
    return one & other


def _outcome(run: StoredRun, metric: Metric) -> Outcome:
    baseline = blind_baseline(run.result, metric.name)
    failed = [score.message for score in run.scores if score.status == "error"]
    return Outcome(
        run=run.folder.name,
        score=run.result.metrics[metric.name],
        blind_baseline=None if baseline is None else baseline.mean,
        tokens=mean_tokens(run.responses.values()),
        total=run.result.total,
        unscored=run.result.unscored,
        problem=failed[0] if failed else None,
    )

"""Ablation of several trainings of one recipe: one ablation per training, and all of them together.

The result of one training may be chance: another seed of the same recipe gives other weights. Each
training has an ordinary ablation in a folder of its own. Together their scores and differences are
estimated over clips and trainings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any, TypeVar

from jumpscore.errors import UsageError
from jumpscore.harness.averages import clusters_by_name, mean_ratios
from jumpscore.harness.costs import mean_tokens
from jumpscore.harness.session import Session
from jumpscore.jsonio import write_json
from jumpscore.records import Estimate, Metric
from jumpscore.runs.folders import name_of
from jumpscore.runs.identity import model_identity
from jumpscore.runs.reader import StoredRun, read_run
from jumpscore.scoring import Comparison, Ratio
from jumpscore.scoring.trainings import OverTrainings, compare_trainings, estimate_trainings
from jumpscore.studies.ablation import ABLATION, TRAININGS, Ablation, Budget, Outcome, ablate
from jumpscore.studies.ablation_plan import ARMS, RUNS, AblationPlan

Opened = Callable[[], AbstractContextManager[Session]]
"""Opens a session with the weights of one training."""
Interval = TypeVar("Interval", Estimate, Comparison)
Runs = Sequence[StoredRun]
"""The same run of every training."""
_OTHER_RECIPE = (
    "{} and {} differ in {}, so they are not trainings of one recipe; set input.* for all of them"
)


def ablate_trainings(
    sessions: Mapping[str, Opened], plan: AblationPlan, out: str | Path
) -> Ablation:
    """Carry out the ablation of every training, and write ``ablation.json`` over all of them.

    Rerun it to resume; more trainings add their own ablations.

    Args:
        sessions: Name of a training -> opens a session with its weights. All sessions have the same
            task and the same settings.
        plan: Budgets, controls and references, the same for every training.
        out: Folder of the ablation; that of a training is ``trainings/NAME`` in it.

    Raises:
        UsageError: There are fewer than two trainings, two of them are the same weights, their runs
            differ in more than the weights, or a plan or folder is invalid as in ``ablate``.
        DataError: The data set cannot be read.
        RunInterrupted: Ctrl-C; the next call resumes the run that was interrupted.
    """
    if len(sessions) < 2:
        raise UsageError(
            f"an interval over trainings needs at least two, got {', '.join(sessions) or 'none'}; "
            "add a checkpoint, or set it as model.checkpoint=..."
        )
    out = Path(out)
    if (out / RUNS).exists():
        raise UsageError(f"{out} contains an ablation of one training; choose another --out")
    _check_weights_and_inputs(sessions)
    single = {}
    for name, opened in sessions.items():
        with opened() as session:
            model = session.wrapper.name
            single[name] = ablate(session, plan, out / TRAININGS / name)
    ablation = replace(_combined(single, out), model=f"{model}, {len(single)} trainings")
    write_json(out / ABLATION, ablation.to_json())
    return ablation


def training_names(checkpoints: Sequence[str]) -> list[str]:
    """Return a folder name for each checkpoint: as much of the end of its path as is distinct.

    >>> training_names(["runs/seed0/best", "runs/seed1/best"])
    ['seed0-best', 'seed1-best']

    Raises:
        UsageError: A checkpoint is listed twice.
    """
    paths = [PurePath(one).parts for one in checkpoints]
    depths = [1] * len(paths)
    while True:
        names = [
            re.sub(r"^\.+", "_", name_of(parts[-depth:]))
            for parts, depth in zip(paths, depths, strict=True)
        ]
        uses = Counter(name.casefold() for name in names)
        unclear = [k for k, name in enumerate(names) if uses[name.casefold()] > 1]
        if not unclear:
            return names
        if all(depths[k] >= len(paths[k]) for k in unclear):
            raise UsageError(
                f"--checkpoints {','.join(checkpoints)}: a checkpoint is listed twice; list each "
                "once"
            )
        for k in unclear:  # the others keep their folders if a training is added
            depths[k] += 1


def _check_weights_and_inputs(sessions: Mapping[str, Opened]) -> None:
    """Check that all weights differ, and that nothing else does, before anything is asked.

    Raises:
        UsageError: Two names have the same weights, which would count as two trainings that agree,
            or one checkpoint is meant for other inputs.
    """
    identities: dict[str, dict[str, Any]] = {}
    inputs: dict[str, list[dict[str, Any]]] = {}
    for name, opened in sessions.items():
        with opened() as session:
            identity = model_identity(session.wrapper)
            inputs[name] = [dict(session.wrapper.default_input(kind)) for kind in ARMS]
        first = next(iter(inputs))
        if inputs[name] != inputs[first]:
            raise UsageError(_OTHER_RECIPE.format(first, name, "input"))
        options = identity.get("options") or {}
        identity["options"] = {key: options[key] for key in options if key != "checkpoint"}
        for other, known in identities.items():
            if known == identity:
                raise UsageError(
                    f"{other} and {name} are the same weights, so they are one training; list "
                    "checkpoints of trainings with different seeds"
                )
        identities[name] = identity


def _combined(single: Mapping[str, Ablation], out: Path) -> Ablation:
    """Return the ablation over all trainings from those of each one."""
    first, *others = single.values()
    metric = first.metric

    def runs_of(outcomes: Sequence[Outcome]) -> Runs:
        folders = [out / TRAININGS / name / RUNS for name in single]
        runs = [read_run(f / one.run) for f, one in zip(folders, outcomes, strict=True)]
        _refuse_other_differences(runs)
        return runs

    budgets = []
    for place, budget in enumerate(first.budgets):
        same = [budget, *(other.budgets[place] for other in others)]
        kinds = ("frames", "codec", "pixels", "selection")
        runs = {
            kind: runs_of([getattr(one, kind) for one in same])
            for kind in kinds
            if getattr(budget, kind) is not None
        }
        runs |= {
            other.backend: runs_of([one.others[number].outcome for one in same])
            for number, other in enumerate(budget.others)
        }
        budgets.append(_budget(budget, runs, metric))
    references = [
        _outcome(one, runs_of([one, *(other.references[place] for other in others)]), metric)
        for place, one in enumerate(first.references)
    ]
    return replace(
        first,
        budgets=tuple(budgets),
        references=tuple(references),
        caveats=tuple(dict.fromkeys(c for one in single.values() for c in one.caveats)),
        trainings=tuple(single),
    )


def _refuse_other_differences(runs: Runs) -> None:
    """Refuse runs that differ in more than the weights."""
    first = runs[0].record.identity.model_dump(exclude={"model"})
    for run in runs[1:]:
        other = run.record.identity.model_dump(exclude={"model"})
        differing = [name for name, value in first.items() if other[name] != value]
        if differing:
            folders = runs[0].folder, run.folder
            raise UsageError(_OTHER_RECIPE.format(*folders, ", ".join(differing)))


def _budget(budget: Budget, runs: Mapping[str, Runs], metric: Metric) -> Budget:
    def minus(one: str, other: str) -> tuple[Comparison | None, OverTrainings | None]:
        if not {one, other} <= runs.keys():
            return None, None
        (a, b), clusters = _ratios([runs[one], runs[other]], metric)
        if not a or len(a[0].numerator) == 0:
            return None, None
        comparison, over = compare_trainings(a, b, clusters=clusters)
        return _bounded(comparison, metric, -1.0), over

    difference, over = minus("codec", "frames")
    backends = [other.backend for other in budget.others]
    outcomes: dict[str, Any] = {
        kind: _outcome(getattr(budget, kind), same, metric)
        for kind, same in runs.items()
        if kind not in backends
    }
    others = tuple(
        replace(
            other,
            outcome=_outcome(other.outcome, runs[other.backend], metric),
            difference=minus(other.backend, "codec")[0],
        )
        for other in budget.others
    )
    return replace(
        budget,
        difference=difference,
        over_trainings=over,
        seen=minus("codec", "selection")[0],
        leak=minus("selection", "pixels")[0],
        others=others,
        **outcomes,
    )


def _outcome(first: Outcome, runs: Runs, metric: Metric) -> Outcome:
    [ratios], clusters = _ratios([runs], metric)
    entries = len(ratios[0].numerator)
    score, over = estimate_trainings(ratios, clusters=clusters)
    failed = [s.message for run in runs for s in run.scores if s.status == "error"]
    return replace(
        first,
        score=_bounded(score, metric, 0.0),
        tokens=mean_tokens(response for run in runs for response in run.responses.values()),
        unscored=first.total - entries,
        problem=failed[0] if failed else None,
        over_trainings=over,
    )


def _ratios(arms: Sequence[Runs], metric: Metric) -> tuple[list[list[Ratio]], list[str] | None]:
    """Return the metric per arm and training over the samples that every run scored."""
    columns = [[run.columns for run in runs] for runs in arms]
    flat = [one for several in columns for one in several]
    scored = [set(one.scored().ids) for one in flat]
    names = [name for name in flat[0].scored().ids if all(name in ids for ids in scored)]
    ratios = [
        [mean_ratios([metric], [one], names)[metric.name] for one in several] for several in columns
    ]
    return ratios, clusters_by_name(flat[:1], names)


def _bounded(estimate: Interval, metric: Metric, lowest: float) -> Interval:
    """Return an interval without impossible values: Student's t knows no bounds of a share."""
    if metric.unit != "percent" or estimate.ci_low is None or estimate.ci_high is None:
        return estimate
    return replace(
        estimate, ci_low=max(lowest, estimate.ci_low), ci_high=min(1.0, estimate.ci_high)
    )

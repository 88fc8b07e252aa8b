"""Runs on disk that were never carried out, as a recipe would store them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jumpscore.harness import InputConfig
from jumpscore.records import STATUSES, Estimate, Metric, RunResult
from jumpscore.runs.record import RunRecord
from jumpscore.studies.reproduction.matching import RunSummary
from jumpscore.studies.reproduction.recipes import Cell, Recipe, cells

OV2 = "LLaVA-OneVision-2-8B"


def cell_of(benchmark: str, model: str = OV2, table: Any = "1a") -> Cell:
    return next(c for c in cells(table, [model]) if c.published.benchmark == benchmark)


def summary_of(
    recipe: Recipe,
    estimate: Estimate | None,
    *,
    unscored: int = 0,
    synthetic: bool = False,
    data: str | None = None,
    task: dict[str, Any] | None = None,
    model: dict[str, Any] | None = None,
    input: dict[str, Any] | None = None,
    **identity: Any,
) -> RunSummary:
    """Return a run of a recipe; ``None`` for the estimate is an unfinished one."""
    data = data or recipe.route.data
    named = {"benchmark": data} if recipe.route.task == "lmms" else {"data": f"/data/{data}"}
    visual = InputConfig(**(dict(recipe.input) if input is None else input))
    record = RunRecord(
        identity={
            "model": {"model": "made up"},
            "task": {"name": recipe.route.task, "version": "1", "protocol": "v2"},
            "data": {"name": data, "checksum": "00"},
            "input": visual.model_dump(mode="json"),
            **identity,
        },
        config={
            "model": model or {"name": recipe.model.wrapper, "checkpoint": recipe.checkpoint},
            "task": task or {"name": recipe.route.task, **named},
        },
        data={"name": data, "checksum": "00", "synthetic": synthetic, "source": data},
        extras={"unknown_ids": [], "needs_truth": False, "title": recipe.model.title},
    )
    return RunSummary(Path("runs") / recipe.name, record, result_of(recipe, estimate, unscored))


def result_of(recipe: Recipe, estimate: Estimate | None, unscored: int = 0) -> RunResult | None:
    if estimate is None:
        return None
    name = recipe.route.metric
    unit = "number" if recipe.route.task == "lmms" else "percent"
    return RunResult(
        task=recipe.route.task,
        task_version="1",
        model="made up",
        data=recipe.route.data,
        synthetic=False,
        metrics={name: estimate},
        described=(Metric(name, name, unit),),
        headline=(name,),
        counts=dict.fromkeys(STATUSES, 0),
        total=estimate.n,
        unscored=unscored,
    )

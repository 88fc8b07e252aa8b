"""Which stored runs carry out a recipe, which nearly do, and what differs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError
from jumpscore.harness.config import AMOUNTS
from jumpscore.records import RunResult
from jumpscore.runs.reader import (
    RESULT,
    RUN,
    holds_repeats,
    read_record,
    read_result,
    repeat_folders,
)
from jumpscore.runs.record import RunRecord
from jumpscore.studies.reproduction.recipes import OWN_RECIPE, Recipe, codec_recipe_of
from jumpscore.studies.reproduction.routes import LMMS

logger = logging.getLogger(__name__)
STORED_ANSWERS = "stored answers: their input was not recorded"
_CHECKPOINTS = ("checkpoint", "served_model")
_SIZES = ("min_pixels", "max_pixels", "decimals")


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run without its responses and scores.

    Attributes:
        folder: Folder of the run.
        record: Content of ``run.json``.
        result: Content of ``result.json``; ``None`` if the run is not finished.
    """

    folder: Path
    record: RunRecord
    result: RunResult | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A run that could be that of a recipe.

    Attributes:
        run: The run.
        differences: What differs from the recipe, each in a few words.
        other_data: Whether it is about a generated data set instead of the benchmark.
        notes: What could not be compared.
    """

    run: RunSummary
    differences: tuple[str, ...] = ()
    other_data: bool = False
    notes: tuple[str, ...] = ()


def read_runs(folder: Path) -> list[RunSummary]:
    """Return the runs in a folder, by name; damaged ones are logged and left out."""
    runs = []
    for path in _run_folders(folder):
        try:
            finished = (path / RESULT).exists()
            result = read_result(path) if finished else None
            runs.append(RunSummary(path, read_record(path), result))
        except DataError as error:
            logger.warning("left out: %s", error)
    return runs


def candidates(recipe: Recipe, runs: Sequence[RunSummary]) -> list[Candidate]:
    """Return the runs of a recipe's task and model, those with the fewest differences first."""
    compared = (_candidate(recipe, run) for run in runs)
    # Stable: of equal runs, the first by name.
    return sorted(
        (candidate for candidate in compared if candidate is not None),
        key=lambda c: (len(c.differences), c.run.result is None, _unscored(c.run)),
    )


def _unscored(run: RunSummary) -> int:
    return 0 if run.result is None else run.result.unscored


def _run_folders(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (path / RUN).is_file():
            yield path
        elif path.is_dir() and holds_repeats(path):
            yield from repeat_folders(path)


def _candidate(recipe: Recipe, run: RunSummary) -> Candidate | None:
    """Return a run as a candidate, or ``None`` if its task, data or model are others."""
    identity = run.record.identity
    if identity.task.name != recipe.route.task:
        return None
    model = _model_difference(recipe, run.record)
    if model is None:
        return None
    other_data = not _is_data(recipe, run.record)
    if other_data and not run.record.data.synthetic:
        return None  # another benchmark
    differences = [*model]
    if other_data:
        differences.append(f"data: {identity.data.name}, not {recipe.route.data}")
    from_file = run.record.config.model.name == "replay"
    if recipe.route.video and not from_file:
        differences += _input_differences(recipe, run.record)
    chosen = identity.selection.model_dump(exclude_none=True)
    differences += [f"run.{key}: {value}" for key, value in chosen.items()]
    windows = identity.input.model_dump().get("window")
    if windows is not None:  # no published number was measured in windows
        differences.append(f"input.window: {windows}")
    if identity.control != "none":
        differences.append(f"run.control: {identity.control}")
    if identity.expose_truth:
        differences.append("the model could see the truth")
    if not other_data and run.result is not None and recipe.route.metric not in run.result.metrics:
        differences.append(f"no metric {recipe.route.metric}")
    return Candidate(run, tuple(differences), other_data, (STORED_ANSWERS,) if from_file else ())


def _is_data(recipe: Recipe, record: RunRecord) -> bool:
    """Whether a run asked the benchmark's data set, by name or by folder."""
    if record.data.synthetic:
        return False
    options = record.config.task.options
    if recipe.route.task == LMMS:
        return options.get("benchmark") == recipe.route.data
    names = {Path(str(options.get("data"))).name, record.identity.data.name}
    return recipe.route.data in names


def _model_difference(recipe: Recipe, record: RunRecord) -> list[str] | None:
    """Return how the model differs, as a list of at most one; ``None`` if it is another one.

    The checkpoint decides, whichever backend ran it. A copy on disk counts as the checkpoint if its
    folder has that name.
    """
    model = record.config.model
    if model.name == "replay":
        return [] if record.extras.title == recipe.model.title else None
    used = next((str(model.options[key]) for key in _CHECKPOINTS if model.options.get(key)), "")
    if used == recipe.checkpoint or Path(used).name == Path(recipe.model.checkpoint).name:
        return []
    if model.name == recipe.model.wrapper:
        return [f"model.{recipe.model.key}: {used}, not {recipe.checkpoint}"]
    return None


def _input_differences(recipe: Recipe, record: RunRecord) -> list[str]:
    """Return the fields of the input that differ from the recipe's."""
    used: Mapping[str, Any] = record.identity.input.model_dump()
    expected = recipe.input
    if used["kind"] != expected["kind"]:
        return [f"input: {used['kind']}, not {expected['kind']}"]
    # A recipe without a count is that of a miniature, which sets its own.
    amounts = AMOUNTS if "count" in expected else ()
    sizes = [key for key in _SIZES if key in expected]
    differing = [
        f"input.{key}: {used.get(key)}, not {expected.get(key)}"
        for key in (*amounts, *sizes)
        if used.get(key) != expected.get(key)
    ]
    recipe_used = codec_recipe_of(record)
    if recipe_used not in (None, OWN_RECIPE):
        differing.append(f"canvases: {recipe_used}")
    return differing

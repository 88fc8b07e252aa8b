"""What the run of a recipe costs before it starts: visual tokens, GPU hours, disk."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jumpscore.harness.costs import used_tokens
from jumpscore.runs.reader import read_responses, read_timing
from jumpscore.studies.reproduction.matching import RunSummary, candidates
from jumpscore.studies.reproduction.recipes import Recipe
from jumpscore.video import PLAIN_GRID, TokenGrid
from model_wrappers.families import FAMILIES

FRAME = (1280, 720)
"""Size in pixels of the video that estimates assume."""
BYTES_PER_PIXEL = 3
CACHE_BYTES = 20 * 10**9
"""Size limit of the cache of canvases."""
GRIDS: dict[str, TokenGrid] = {family.name: family.grid for family in FAMILIES}


@dataclass(frozen=True, slots=True)
class PlannedRun:
    """The run of a recipe before it starts; ``None`` stands for unknown.

    Attributes:
        recipe: The recipe.
        command: The command, in one line.
        tokens: Visual tokens of all questions, if every video has 1280x720 pixels and enough
            frames.
        gpu_hours: ``tokens`` over the rate.
        disk: Upper limit of the bytes of cached canvases. Weights and data sets are not included.
    """

    recipe: Recipe
    command: str
    tokens: int | None
    gpu_hours: float | None
    disk: int | None

    def to_json(self) -> dict[str, Any]:
        """Return the planned run as JSON values."""
        return {
            "command": self.command,
            "settings": self.recipe.source,
            "visual_tokens": self.tokens,
            "gpu_hours": self.gpu_hours,
            "disk_bytes": self.disk,
            "needs": self.recipe.model.need,
            "obstacle": self.recipe.route.obstacle,
            "note": self.recipe.route.note,
        }


def plan_run(recipe: Recipe, rate: float | None) -> PlannedRun:
    """Return the command of a recipe and what it costs.

    Args:
        recipe: The recipe.
        rate: Visual tokens per second; ``None`` if unknown.
    """
    command = shlex.join(["jumpscore", "run", *recipe.words])
    tokens = visual_tokens(recipe)
    hours = None if tokens is None or not rate else tokens / rate / 3600
    return PlannedRun(recipe, command, tokens, hours, _disk(recipe))


def visual_tokens(recipe: Recipe) -> int | None:
    """Return the visual tokens of all questions; ``None`` if a number is unknown."""
    count, questions = recipe.input.get("count"), recipe.route.questions
    if count is None or questions is None:
        return None
    # Canvases are packed on the grid of LLaVA-OneVision-2.
    grid = GRIDS.get(recipe.model.wrapper, PLAIN_GRID)
    width, height = _size(recipe, grid)
    per_picture = (width // grid.side) * (height // grid.side)
    return int(questions * -(-count // grid.frames) * per_picture)


def measured_rate(recipe: Recipe, runs: Sequence[RunSummary]) -> float | None:
    """Return the visual tokens per second of a finished run of the recipe's model and task."""
    for candidate in candidates(recipe, runs):
        run = candidate.run
        if run.result is None:
            continue
        timing, responses = read_timing(run.folder), read_responses(run.folder)
        seconds, samples = timing.get("wall_seconds"), timing.get("samples")
        tokens = used_tokens(responses.values()).visual
        if not isinstance(seconds, int | float) or not isinstance(samples, int):
            continue
        if tokens and samples > 0 and seconds > 0:
            # The time of a resumed run is that of the samples that were asked last.
            return float(tokens / len(responses) * samples / seconds)
    return None


def _size(recipe: Recipe, grid: TokenGrid) -> tuple[int, int]:
    low, high = recipe.input.get("min_pixels"), recipe.input.get("max_pixels")
    return grid.fitted(*FRAME, min_pixels=low, max_pixels=high)


def _disk(recipe: Recipe) -> int | None:
    if recipe.input["kind"] != "codec":
        return 0
    count, questions = recipe.input.get("count"), recipe.route.questions
    if count is None or questions is None:
        return None
    width, height = _size(recipe, PLAIN_GRID)
    return int(min(questions * count * width * height * BYTES_PER_PIXEL, CACHE_BYTES))

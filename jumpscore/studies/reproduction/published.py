"""The numbers of LLaVA-OneVision-2 (arXiv 2605.25979) as its authors publish them.

The files are in ``leaderboards/``, whose README names the sources. Values are percent.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal, get_args

from jumpscore.errors import UsageError, nearest_names

Table = Literal["1a", "1b", "1c", "1d"]
TABLES: tuple[Table, ...] = get_args(Table)
AVERAGE = "Average"
"""Name of the row with the mean of a table."""


@dataclass(frozen=True, slots=True)
class PublishedValue:
    """One value of a table.

    Attributes:
        table: ``1a`` (video), ``1b`` (spatial), ``1c`` (image) or ``1d`` (tracking).
        category: What the table measures, in a word.
        benchmark: Row of the table; ``Average`` for the mean of all rows.
        metric: ``mAP``, ``mIoU``, ``J&F``, ``F1_point``, ``success_3d``, ``mean``, or ``score`` if
            the table does not name one.
        model: Column of the table.
        value: Published value in percent, with one decimal.
    """

    table: Table
    category: str
    benchmark: str
    metric: str
    model: str
    value: float


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of figure 5: accuracy over the number of frames or canvases.

    Attributes:
        benchmark: Benchmark.
        input: ``frame`` (uniform frames) or ``codec`` (canvases).
        budget_frames: Number of pictures.
        value: Published value in percent.
    """

    benchmark: str
    input: Literal["frame", "codec"]
    budget_frames: int
    value: float


@dataclass(frozen=True, slots=True)
class Setting:
    """One published command of the reproduction guide, for LLaVA-OneVision-2-8B.

    Attributes:
        benchmark: Benchmark; VideoMME has a command for each length of video.
        lmms_eval_task: Task in the authors' branch of lmms-eval.
        input: ``frames`` or ``codec`` canvases.
        pictures: Number of frames; for canvases, the largest number of frames they are made from.
        min_pixels: Smallest area of a picture.
        max_pixels: Largest area of a picture.
        decimals: Decimals of time stamps.
        interleaved_subtitles: Whether subtitles stand between the frames.
        score: Published score of the command in percent.
        score_note: Metric of the score.
    """

    benchmark: str
    lmms_eval_task: str
    input: Literal["frames", "codec"]
    pictures: int
    min_pixels: int
    max_pixels: int
    decimals: int
    interleaved_subtitles: bool
    score: float
    score_note: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One headline number of the abstract.

    Attributes:
        name: Short name.
        value: Published value.
        unit: Unit of the value.
        derivation: How the number follows from the tables, in words.
    """

    name: str
    value: float
    unit: str
    derivation: str


@cache
def paper_values() -> tuple[PublishedValue, ...]:
    """Return every value of tables 1a to 1d, with the published means (``Average``)."""
    return tuple(
        PublishedValue(
            table=row["table"],  # type: ignore[arg-type]
            category=row["category"],
            benchmark=row["benchmark"],
            metric=row["metric"],
            model=row["model"],
            value=float(row["value"]),
        )
        for row in _rows("paper_tables.csv")
    )


@cache
def curve_points() -> tuple[CurvePoint, ...]:
    """Return every point of figure 5."""
    return tuple(
        CurvePoint(
            benchmark=row["benchmark"],
            input=row["input"],  # type: ignore[arg-type]
            budget_frames=int(row["budget_frames"]),
            value=float(row["value"]),
        )
        for row in _rows("token_budget_curves.csv")
    )


@cache
def settings() -> tuple[Setting, ...]:
    """Return every command of the reproduction guide."""
    return tuple(
        Setting(
            benchmark=row["benchmark"],
            lmms_eval_task=row["lmms_eval_task"],
            input=row["input"],  # type: ignore[arg-type]
            pictures=int(row["frames_or_canvases"]),
            min_pixels=int(row["min_pixels"]),
            max_pixels=int(row["max_pixels"]),
            decimals=int(row["timestamp_decimals"]),
            interleaved_subtitles=row["interleaved_subtitles"] == "yes",
            score=float(row["score"]),
            score_note=row["score_note"],
        )
        for row in _rows("repro_settings.csv")
    )


@cache
def claims() -> tuple[Claim, ...]:
    """Return the headline numbers of the abstract."""
    return tuple(
        Claim(row["claim"], float(row["value"]), row["unit"], row["derivation"])
        for row in _rows("headline_claims.csv")
    )


def models() -> tuple[str, ...]:
    """Return the models of the tables, in the order of the paper."""
    return tuple(dict.fromkeys(value.model for value in paper_values()))


def table_values(table: Table) -> tuple[PublishedValue, ...]:
    """Return the values of one table without its means.

    >>> len(table_values("1d"))
    48
    """
    rows = (value for value in paper_values() if value.table == table)
    return tuple(value for value in rows if value.benchmark != AVERAGE)


def published_mean(table: Table, model: str) -> float:
    """Return the mean that a table publishes for a model.

    >>> published_mean("1a", "LLaVA-OneVision-2-8B")
    62.5
    """
    return next(
        value.value
        for value in paper_values()
        if (value.table, value.model, value.benchmark) == (table, model, AVERAGE)
    )


def check_model(name: str) -> str:
    """Return a model of the tables.

    Raises:
        UsageError: The tables do not contain it.
    """
    if name in models():
        return name
    nearest = nearest_names(name, models()) or "."
    raise UsageError(f"--model {name}: not in the paper{nearest} Known: {', '.join(models())}.")


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("jumpscore.leaderboards").joinpath(name).read_text(encoding="utf-8")
    return csv.DictReader(text.splitlines())

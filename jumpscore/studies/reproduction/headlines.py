"""The headline numbers of the abstract, derived from the tables and from measured runs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from jumpscore.studies.reproduction.published import (
    TABLES,
    Claim,
    PublishedValue,
    Table,
    claims,
    curve_points,
    table_values,
)
from jumpscore.studies.reproduction.table import COMPARED, ROUNDING, Row

OURS, QWEN = "LLaVA-OneVision-2-8B", "Qwen3-VL-8B"
Values = Mapping[tuple[Table, str, str, str], float]
"""(table, benchmark, metric, model) -> value in percent."""
GROUNDING = ("TimeLens-QVHighlights", "TimeLens-Charades-STA", "TimeLens-ActivityNet")
GROUNDING_BUDGETS = range(4, 65)


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a headline number follows from values.

    Attributes:
        how: In words.
        compute: Returns the number; raises ``KeyError`` if a value is missing. ``None`` if it
            follows from the curves of figure 5 and not from cells.
    """

    how: str
    compute: Callable[[Values], float] | None = None


@dataclass(frozen=True, slots=True)
class CheckedClaim:
    """A headline number and what follows from the published values.

    Attributes:
        claim: The number as published.
        how: The derivation in words.
        derived: The same number from the published values, unrounded.
        verdict: Whether ``derived`` equals the claim after rounding.
        measured: The same from runs of this package; ``None`` unless all its cells were measured.
        note: A note for readers, or empty.
    """

    claim: Claim
    how: str
    derived: float
    verdict: Literal["follows", "does not follow"]
    measured: float | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the claim as JSON values."""
        return {
            "claim": self.claim.name,
            "published": self.claim.value,
            "unit": self.claim.unit,
            "how": self.how,
            "derived": self.derived,
            "verdict": self.verdict,
            "measured": self.measured,
            "note": self.note,
        }


def check_claims(rows: Sequence[Row] = ()) -> list[CheckedClaim]:
    """Return every headline number with its derivation.

    Args:
        rows: Measured cells of any tables; only those on the published data count.
    """
    measured = {
        _key(row.cell.published): row.measured
        for row in rows
        if row.measured is not None and row.verdict in COMPARED
    }
    published = {_key(value): value.value for table in TABLES for value in table_values(table)}
    return [_checked(claim, published, measured) for claim in claims()]


def curve_gain(benchmarks: Sequence[str], budgets: range) -> float:
    """Return the mean of canvases minus frames in figure 5, in points.

    Args:
        benchmarks: Benchmarks of the curves.
        budgets: Budgets that count, in pictures.
    """
    values = {(p.benchmark, p.budget_frames, p.input): p.value for p in curve_points()}
    gains = [
        values[benchmark, budget, "codec"] - value
        for (benchmark, budget, kind), value in values.items()
        if kind == "frame" and benchmark in benchmarks and budget in budgets
    ]
    return math.fsum(gains) / len(gains)


def _checked(claim: Claim, published: Values, measured: Values) -> CheckedClaim:
    derivation = DERIVATIONS[claim.name]
    if derivation.compute is None:
        derived, ours = curve_gain(["JumpScore"], range(4, 129)), None
        note = (
            f"{curve_gain(GROUNDING, GROUNDING_BUDGETS):+.2f} is the mean over budgets 4 to 64 of "
            "three other benchmarks, TimeLens-QVHighlights, -Charades-STA and -ActivityNet"
        )
    else:
        derived, note = derivation.compute(published), ""
        try:
            ours = derivation.compute(measured)
        except KeyError:
            ours = None
    # Rows are rounded, and so is the claim; the mean of rounded rows is at most as far off.
    follows = abs(derived - claim.value) <= ROUNDING + 1e-9
    verdict: Literal["follows", "does not follow"] = "follows" if follows else "does not follow"
    return CheckedClaim(claim, derivation.how, derived, verdict, ours, note)


def _key(value: PublishedValue) -> tuple[Table, str, str, str]:
    return value.table, value.benchmark, value.metric, value.model


def _jumpscore(model: str) -> Callable[[Values], float]:
    return lambda values: values["1a", "JumpScore", "mAP", model]


def _mean_margin(table: Table, metric: str | None = None) -> Callable[[Values], float]:
    """Return the function of the mean difference over the rows of a table."""

    def margin(values: Values) -> float:
        rows = [
            value
            for value in table_values(table)
            if value.model == OURS and metric in (None, value.metric)
        ]
        gaps = [
            values[table, row.benchmark, row.metric, OURS]
            - values[table, row.benchmark, row.metric, QWEN]
            for row in rows
        ]
        return math.fsum(gaps) / len(gaps)

    return margin


DERIVATIONS: dict[str, Derivation] = {
    "jumpscore_ov2": Derivation(f"table 1a, JumpScore, {OURS}", _jumpscore(OURS)),
    "jumpscore_qwen3vl": Derivation(f"table 1a, JumpScore, {QWEN}", _jumpscore(QWEN)),
    "jumpscore_margin": Derivation(
        "difference of the two", lambda v: _jumpscore(OURS)(v) - _jumpscore(QWEN)(v)
    ),
    "codec_vs_frame_temporal_grounding": Derivation(
        "figure 5, JumpScore ('on the same benchmark'): canvases - frames, mean over budgets 4 to "
        "128"
    ),
    "video_margin": Derivation(
        f"mean of {OURS} - {QWEN} over the 18 rows of table 1a", _mean_margin("1a")
    ),
    "spatial_margin": Derivation("the same over the 11 rows of table 1b", _mean_margin("1b")),
    "tracking_margin": Derivation(
        "the same over the 4 rows with J&F of table 1d", _mean_margin("1d", "J&F")
    ),
}
"""Claim -> how it follows, from the words of the abstract."""

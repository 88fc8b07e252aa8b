"""What a benchmark returns: rows of figures, and the reasons for rows that could not be measured.

A ratio is ours over the alternative, so smaller is better everywhere.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

EXPONENT = "exponent"
"""Unit of rows about growth: cost grows with the size to the power of ``ours``."""
LARGEST_EXPONENT = 1.1


@dataclass(frozen=True, slots=True)
class Bound:
    """Largest values that the project aims at.

    Attributes:
        ours: In the row's unit; a time depends on the machine, so missing it is only printed.
        ratio: Ours over the alternative.
        memory: Peak memory in MB.
    """

    ours: float | None = None
    ratio: float | None = None
    memory: float | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement.

    Attributes:
        name: What was measured.
        size: Size of the input.
        unit: Unit of ``ours`` and ``alternative``, such as "CPU s" or ``EXPONENT``.
        ours: Cost of this package.
        against: The alternative in words; empty without one.
        alternative: Its cost in the same run.
        memory: Peak memory (resident) of a new process that does only this, in MB.
        bound: Bounds, if any.
        excluded: What the figures leave out.
    """

    name: str
    size: str
    unit: str
    ours: float
    against: str = ""
    alternative: float | None = None
    memory: float | None = None
    bound: Bound = field(default_factory=Bound)
    excluded: str = ""

    @property
    def key(self) -> str:
        """Name and size, which identify the row within its benchmark."""
        return f"{self.name}, {self.size}" if self.size else self.name

    @property
    def ratio(self) -> float | None:
        """Ours over the alternative."""
        return None if self.alternative is None else self.ours / self.alternative

    def comparable(self) -> dict[str, float]:
        """Return what is compared with committed figures; absolute times are not."""
        values = {"ratio": self.ratio, "memory": self.memory}
        if self.unit == EXPONENT:
            values[EXPONENT] = self.ours
        return {name: value for name, value in values.items() if value is not None}

    def missed(self) -> list[str]:
        """Return the bounds that the row misses, in words.

        >>> Row("decode", "", "s", 3.0, "a", 2.0, bound=Bound(ours=4, ratio=1.2)).missed()
        ['ratio 1.5 > 1.2']
        """
        return [
            f"{name} {short(value)} > {short(limit)}"
            for name, limit in asdict(self.bound).items()
            if limit is not None and (value := getattr(self, name)) is not None and value > limit
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the fields that are not None, and the ratio."""
        record = {name: value for name, value in asdict(self).items() if value is not None}
        record["bound"] = {k: v for k, v in asdict(self.bound).items() if v is not None}
        return record if self.ratio is None else record | {"ratio": self.ratio}

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Row:
        """Return the row that ``to_json`` wrote."""
        fields = {name: value for name, value in record.items() if name != "ratio"}
        return cls(**fields | {"bound": Bound(**record["bound"])})


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that could not be measured here.

    Attributes:
        name: What.
        reason: Why, and what is needed.
    """

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Setting:
    """Options of all benchmarks.

    Attributes:
        quick: Smaller inputs and fewer repeats.
        peers: Folder with environments of other packages, made on first use; None leaves them out.
    """

    quick: bool = False
    peers: Path | None = None


def short(value: float) -> str:
    """Return a number with three significant digits and without an exponent.

    >>> [short(value) for value in (0.01234, 1.5, 1234.5, 0)]
    ['0.0123', '1.5', '1234', '0']
    """
    if value == 0 or abs(value) >= 1000:
        return f"{value:.0f}"
    return f"{float(f'{value:.3g}'):.10f}".rstrip("0").rstrip(".")

"""Figures in a JSON file: reading, writing, and comparing new ones with committed ones."""

from __future__ import annotations

import json
import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tests.benchmarks.row import EXPONENT, LARGEST_EXPONENT, Row, Skipped, short

COMMITTED = Path(__file__).with_name("figures.json")
TOLERANCE = 0.2
"""Largest increase of a ratio, an exponent or a peak of memory, as a share."""
PACKAGES = ("numpy", "scipy", "av", "opencv-python-headless", "pyarrow", "pandas", "torch")


@dataclass(frozen=True, slots=True)
class Figures:
    """The rows of a call.

    Attributes:
        machine: Description of the machine.
        rows: Benchmark -> rows.
        skipped: Benchmark -> what was not measured.
    """

    machine: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, Sequence[Row]] = field(default_factory=dict)
    skipped: Mapping[str, Sequence[Skipped]] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write a JSON file."""
        record = {
            "machine": dict(self.machine),
            "rows": {k: [row.to_json() for row in rows] for k, rows in self.rows.items()},
            "skipped": {
                name: {entry.name: entry.reason for entry in entries}
                for name, entries in self.skipped.items()
                if entries
            },
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Figures:
        """Read a file that ``write`` wrote."""
        record = json.loads(path.read_text(encoding="utf-8"))
        return cls(
            record["machine"],
            {k: [Row.from_json(row) for row in rows] for k, rows in record["rows"].items()},
            {
                name: [Skipped(*item) for item in entries.items()]
                for name, entries in record["skipped"].items()
            },
        )


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason to fail.

    Attributes:
        row: Benchmark and key of the row.
        problem: What is wrong, with numbers.
    """

    row: str
    problem: str


def findings(committed: Figures, new: Figures, *, quick: bool = False) -> list[Finding]:
    """Return every regression of the new figures, and every row that has stopped being measured.

    A ratio, an exponent or a peak of memory may be at most ``TOLERANCE`` above the committed one,
    and no exponent may be above ``LARGEST_EXPONENT``. Absolute times are not compared. Only
    benchmarks of the new figures count; a quick call and a benchmark that skipped something need
    not have every row.
    """
    problems = []
    for benchmark, rows in new.rows.items():
        before = {row.key: row for row in committed.rows.get(benchmark, ())}
        for row in rows:
            name = f"{benchmark}: {row.key}"
            problems += [Finding(name, text) for text in _regressions(before.get(row.key), row)]
        if not quick and not new.skipped.get(benchmark):
            missing = before.keys() - {row.key for row in rows}
            problems += [Finding(f"{benchmark}: {key}", "no longer measured") for key in missing]
    return problems


def _regressions(before: Row | None, row: Row) -> Iterable[str]:
    if row.unit == EXPONENT and row.ours > LARGEST_EXPONENT:
        yield f"exponent {short(row.ours)} is above {LARGEST_EXPONENT}"
    old = {} if before is None else before.comparable()
    for name, value in row.comparable().items():
        if name in old and value > (1 + TOLERANCE) * old[name]:
            yield f"{name} {short(value)}, committed {short(old[name])}: {value / old[name]:.0%}"


def merged(committed: Figures, new: Figures) -> Figures:
    """Return the committed figures with the new rows in their place.

    Rows that a benchmark no longer measures are dropped, unless it skipped something.
    """
    rows = dict(committed.rows)
    for benchmark, measured in new.rows.items():
        keys = {row.key for row in measured}
        old = rows.get(benchmark, ()) if new.skipped.get(benchmark) else ()
        rows[benchmark] = [*measured, *(row for row in old if row.key not in keys)]
    return Figures(new.machine, rows, {**committed.skipped, **new.skipped})


def this_machine() -> dict[str, Any]:
    """Return what the figures depend on: processor, cores, memory, load and releases."""
    info, memory = Path("/proc/cpuinfo"), Path("/proc/meminfo")
    model = re.search(r"model name\s*:\s*(.*)", info.read_text()) if info.exists() else None
    total = re.search(r"MemTotal:\s*(\d+)", memory.read_text()) if memory.exists() else None
    return {
        "date": date.today().isoformat(),
        "processor": model[1] if model else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(int(total[1]) / 2**20) if total else None,
        "load": round(os.getloadavg()[0], 1),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None

"""Run the benchmarks with the given names, or all; compare with the committed figures.

``python -m tests.benchmarks --accept build/benchmarks.json`` makes the figures of a call the
committed ones.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from time import perf_counter

from rich.console import Console

from tests.benchmarks.figures import COMMITTED, Figures, findings, merged, this_machine
from tests.benchmarks.page import write_page
from tests.benchmarks.row import Bound, Row, Setting, Skipped, short
from tests.benchmarks.table import print_figures, print_findings

BENCHMARKS = (
    "reference_map",
    "dense_answers",
    "start_up",
    "replay_run",
    "load",
    "reproduce",
    "visual_input",
    "many_canvases",
    "cores",
    "motion",
    "preparing",
    "miniature",
    "small_greedy",
    "tracking",
    "tracespatial",
    "growth",
    "vision_tower",
    "comparison_page",
    "long_pages",
    "leaderboard",
    "annotation_server",
    "frames_to_server",
    "served_requests",
    "engine_requests",
)
"""Modules of this package with a function ``rows``, in the order in which they run."""


FAILED = "the benchmark failed"


def rows_of(name: str) -> Callable[[Setting], Iterator[Row | Skipped]]:
    """Return the function of a benchmark."""
    return import_module(f"tests.benchmarks.{name}").rows


def measured(
    names: Sequence[str], setting: Setting, console: Console, *, json: Path | None = None
) -> Figures:
    """Run benchmarks in turn and return their figures; prints a line per row.

    The figures are also written to ``json`` after each benchmark, so that none are lost.
    """
    rows: dict[str, list[Row]] = {}
    skipped: dict[str, list[Skipped]] = {}
    machine = this_machine()
    for name in names:
        console.rule(name, align="left")
        rows[name], skipped[name] = [], []
        before = perf_counter()
        for entry in _entries(name, setting, console):
            if isinstance(entry, Row):
                # Bounds are those of the full input.
                entry = replace(entry, bound=Bound()) if setting.quick else entry
                rows[name].append(entry)
                console.print(_line(entry), highlight=False, markup=False, soft_wrap=True)
            else:
                skipped[name].append(entry)
                console.print(f"skipped {entry.name}: {entry.reason}", highlight=False)
        console.print(f"({perf_counter() - before:.0f} s)", style="dim", highlight=False)
        figures = Figures(machine, rows, skipped)
        if json is not None:
            figures.write(json)
    return figures


def _entries(name: str, setting: Setting, console: Console) -> Iterator[Row | Skipped]:
    """Yield the rows of a benchmark; if it fails, the others still run."""
    try:
        yield from rows_of(name)(setting)
    except Exception:
        console.print_exception()
        yield Skipped(FAILED, "its traceback is above")


def _line(row: Row) -> str:
    parts = [f"{row.key}: {short(row.ours)} {row.unit}"]
    if row.alternative is not None and row.ratio is not None:
        parts.append(f"{row.against} {short(row.alternative)}, ratio {short(row.ratio)}")
    if row.memory is not None:
        parts.append(f"{row.memory:.0f} MB")
    parts += [f"bound missed: {text}" for text in row.missed()]
    return "; ".join(parts)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; return 1 if something got worse."""
    options = _parser().parse_args(words)
    if options.accept is not None:
        figures = merged(_committed(), Figures.read(options.accept))
        figures.write(COMMITTED)
        write_page(figures)
        return 0
    unknown = set(options.names) - set(BENCHMARKS)
    if unknown:
        sys.exit(f"unknown benchmark {min(unknown)!r}; known: {', '.join(BENCHMARKS)}")
    console = Console()
    setting = Setting(options.quick, options.peers)
    new = measured(options.names or BENCHMARKS, setting, console, json=options.json)
    committed = _committed()
    console.width = max(console.width, 140)
    print_figures(console, committed, new)
    problems = findings(committed, new, quick=options.quick)
    print_findings(console, problems)
    failed = [n for n, every in new.skipped.items() if any(e.name == FAILED for e in every)]
    return 1 if problems or failed else 0


def _committed() -> Figures:
    return Figures.read(COMMITTED) if COMMITTED.exists() else Figures()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures")
    parser.add_argument("--quick", action="store_true", help="smaller inputs, fewer repeats")
    parser.add_argument(
        "--peers", type=Path, metavar="DIR", help="environments of other packages, made if missing"
    )
    parser.add_argument(
        "--accept", type=Path, metavar="FILE", help="commit the figures that --json wrote"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())

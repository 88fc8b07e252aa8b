"""``jumpscore data verify``."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from jumpscore.builder.project import Project
from jumpscore.builder.verify import (
    TITLES,
    Finding,
    PairAgreement,
    Severity,
    Verification,
    VideoAgreement,
    verify_project,
    verify_set,
)
from jumpscore.builder.verify.agreement import TOLERANCES
from jumpscore.cli.console import output, print_json, progress
from jumpscore.cli.options import Json
from jumpscore.records import Estimate
from jumpscore.report.text import DASH, MINUS, number, plural

MOST_SHOWN = 5
"""Findings of one kind, and videos with the least agreement, that are printed; --json lists all."""
STYLES: dict[Severity, str] = {"error": "red", "warning": "yellow", "note": "dim"}


def verify_marks(
    folder: Annotated[Path, typer.Argument(help="A project or a data set.")],
    as_json: Json = False,
) -> bool:
    """Compare annotators and check marks; return whether an error was found.

    Exit code 1 means that something has to be corrected.
    """
    if (folder / "project.json").is_file():
        project = Project.open(folder)
        with progress("verifying") as advance:
            verification = verify_project(project, on_progress=advance)
        findings = verification.findings
        if as_json:
            print_json(_as_json(verification))
        else:
            _print_project(verification, folder)
    else:
        with progress("verifying") as advance:
            findings = verify_set(folder, on_progress=advance)
        if as_json:
            print_json({"findings": [asdict(finding) for finding in findings]})
        else:
            _print_findings(findings, {})
    return any(finding.severity == "error" for finding in findings)


def _print_project(verification: Verification, folder: Path) -> None:
    names = {state.video.id: state.video.name for state in verification.videos}
    if verification.agreement:
        output().print(_agreement_table(verification.agreement))
        for line in _offsets(verification.agreement):
            output().print(line, style="yellow", soft_wrap=True)
        output().print(_videos_table(verification.agreement, names))
    _print_findings(verification.findings, names)
    decisions = Counter(state.final.how for state in verification.videos if state.final.how)
    words = ", ".join(f"{count} {how}" for how, count in sorted(decisions.items()))
    output().print(
        f"final: {decisions.total()} of {plural(len(names), 'video')}{words and f' ({words})'}"
    )
    output().print(f"next: {_next(verification, folder)}", style="bold", soft_wrap=True)


def _agreement_table(pairs: Sequence[PairAgreement]) -> Table:
    table = _table("Agreement, F1 in % (mean over videos, 95% interval)", "pair (videos)")
    for pair in pairs:
        cells = [_percent(estimate) for estimate in pair.f1]
        cells += [_milliseconds(pair.bias.mean, signed=True), _milliseconds(pair.spread.mean)]
        table.add_row(f"{', '.join(pair.annotators)} ({len(pair.videos)})", *cells)
    return table


def _videos_table(pairs: Sequence[PairAgreement], names: Mapping[str, str]) -> Table:
    rows = [(pair, video) for pair in pairs for video in pair.videos]
    rows.sort(key=lambda row: (row[1].f1[1], names[row[1].video]))
    title = "Agreement per video, F1 in %"
    if len(rows) > MOST_SHOWN:
        title += f" (the lowest {MOST_SHOWN} of {len(rows)})"
    table = _table(title, "video", *["pair"] * (len(pairs) > 1), "marks")
    for pair, video in rows[:MOST_SHOWN]:
        who = [", ".join(pair.annotators)] * (len(pairs) > 1)
        table.add_row(names[video.video], *who, ", ".join(map(str, video.marks)), *_cells(video))
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column, overflow="fold")
    for column in (*(f"F1@{tolerance:g}" for tolerance in TOLERANCES), "bias", "spread"):
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _cells(video: VideoAgreement) -> list[str]:
    return [
        *(number(f1, "percent") for f1 in video.f1),
        _milliseconds(video.bias, signed=True),
        _milliseconds(video.spread),
    ]


def _percent(estimate: Estimate) -> str:
    text = number(estimate.mean, "percent")
    if estimate.ci_low is None:
        return text
    return f"{text}\n[{number(estimate.ci_low, 'percent')}, {number(estimate.ci_high, 'percent')}]"


def _milliseconds(value: float | None, *, signed: bool = False) -> str:
    if value is None:
        return DASH
    rounded = round(1000 * value)
    return f"{rounded:{'+' if signed and rounded else ''}d} ms".replace("-", MINUS)


def _offsets(pairs: Sequence[PairAgreement]) -> Iterator[str]:
    """Yield a sentence for every systematic offset."""
    for pair in pairs:
        if pair.offset:
            first, second = pair.annotators
            direction = "later" if pair.offset > 0 else "earlier"
            frames = plural(abs(pair.offset), "frame")
            yield f"{second} marks {frames} {direction} than {first}: agree on the moment to mark"


def _print_findings(findings: Sequence[Finding], names: Mapping[str, str]) -> None:
    if not findings:
        output().print("no findings", style="green")
        return
    for kind, title in TITLES.items():
        rows = [finding for finding in findings if finding.kind == kind]
        if not rows:
            continue
        output().print(f"{title}: {len(rows)}", style=STYLES[rows[0].severity])
        table = Table.grid(padding=(0, 2), pad_edge=True)
        for row in rows[:MOST_SHOWN]:
            table.add_row("", names.get(row.video, row.video), row.annotator, row.message)
        if len(rows) > MOST_SHOWN:
            table.add_row("", f"and {len(rows) - MOST_SHOWN} more", "", "--json lists all")
        output().print(table)
    counts = Counter(finding.severity for finding in findings)
    output().print(", ".join(plural(counts[name], name) for name in STYLES if counts[name]))


def _next(verification: Verification, folder: Path) -> str:
    """Return the command that continues the work."""
    path = shlex.quote(str(folder))
    if any(finding.severity == "error" for finding in verification.findings):
        return f"correct the errors, then jumpscore data verify {path}"
    disputed = sum(bool(state.final.disagreements) for state in verification.videos)
    open_ones = sum(state.final.how is None for state in verification.videos)
    if open_ones > disputed:
        waiting = plural(open_ones - disputed, "unfinished video")
        return f"{waiting}: jumpscore data annotate {path} --annotator NAME"
    if disputed:
        count = sum(len(state.final.disagreements) for state in verification.videos)
        questions = f"{plural(count, 'disagreement')} in {plural(disputed, 'video')}"
        return f"{questions}: jumpscore data annotate {path} --annotator NAME --adjudicate"
    return f"jumpscore data freeze {path}"


def _as_json(verification: Verification) -> dict[str, Any]:
    """Return the verification with the plain facts of each video."""
    videos = [
        {"id": state.video.id, "name": state.video.name} | asdict(state.final)
        for state in verification.videos
    ]
    pairs = [asdict(pair) | {"offset": pair.offset} for pair in verification.agreement]
    findings = [asdict(finding) for finding in verification.findings]
    return {"videos": videos, "agreement": pairs, "findings": findings}

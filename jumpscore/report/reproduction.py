"""Tables of the paper next to what was measured here, on the terminal and on a page."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from jumpscore.report.page import page, write_page
from jumpscore.report.text import DASH, MINUS, escaped, plural, shortened
from jumpscore.studies.reproduction.headlines import CheckedClaim
from jumpscore.studies.reproduction.recipes import CODEC_RECIPES
from jumpscore.studies.reproduction.table import VERDICTS, Reproduction, Row, Verdict

REPORT = "report.html"
TITLES = {"1a": "video", "1b": "spatial", "1c": "image", "1d": "tracking"}
STYLES: dict[Verdict, str] = {
    "reproduced": "green",
    "differs": "red",
    "incomplete": "yellow",
    "nearest task": "yellow",
    "other data": "cyan",
}
PAGE_STYLES: dict[Verdict, str] = {
    "reproduced": "st-ok",
    "differs": "st-error",
    "incomplete": "st-partial",
    "nearest task": "st-partial",
    "other data": "st-refused",
}
COLUMNS = ("published", "measured", "difference", "95% interval")


def reproduction_table(reproduction: Reproduction) -> RenderableType:
    """Return the table of a reproduction, with the notes and near misses of measured rows."""
    table = RichTable(
        title=_title(reproduction), title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
    )
    several = len({row.cell.published.model for row in reproduction.rows}) > 1
    table.add_column("benchmark")
    if several:
        table.add_column("model", no_wrap=True)
    for name in COLUMNS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("settings", no_wrap=True)
    for row in reproduction.rows:
        value = row.cell.published
        verdict = Text(row.verdict, STYLES.get(row.verdict, "dim"))
        model = [value.model] if several else []
        table.add_row(_name(row), *model, *_numbers(row), verdict, row.cell.recipe.source)
    return Group(table, _remarks(reproduction), _legend(reproduction))


def claims_table(claims: Sequence[CheckedClaim]) -> RenderableType:
    """Return the headline numbers with their derivations."""
    table = RichTable(
        title="Headline numbers of the abstract", title_justify="left", box=box.SIMPLE_HEAD,
        pad_edge=False,
    )  # fmt: skip
    for name in ("claim", "published", "derived", "measured"):
        table.add_column(name, justify="left" if name == "claim" else "right")
    table.add_column("verdict", no_wrap=True)
    table.add_column("derivation")
    for checked in claims:
        follows = checked.verdict == "follows"
        words = checked.how + (f". {checked.note}" if checked.note else "")
        table.add_row(
            checked.claim.name,
            f"{checked.claim.value:.1f}",
            f"{checked.derived:.2f}",
            _number(checked.measured),
            Text(checked.verdict, "green" if follows else "red"),
            words,
        )
    return table


def write_reproduction_page(reproduction: Reproduction, path: Path) -> Path:
    """Write a reproduction as a page whose numbers link to their runs; return its path.

    Raises:
        UsageError: The page cannot be written.
    """
    rows = "".join(_page_row(row, path) for row in reproduction.rows)
    heads = "".join(f'<th scope="col" class="num">{name}</th>' for name in COLUMNS)
    table = (
        '<div class="wide" tabindex="0" role="region" aria-label="Results">'
        '<table class="metrics cells"><thead><tr><th scope="col">Benchmark</th>'
        f'{heads}<th scope="col">Verdict</th>'
        f'<th scope="col">Settings and notes</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )
    body = (
        '<main><header class="top"><p class="kicker">Reproduction of arXiv 2605.25979</p>'
        f"<h1>{escaped(_title(reproduction))}</h1>"
        f'<p class="sub">{escaped(_summary(reproduction))}</p></header>'
        f'<section class="panel first">{table}</section>'
        f'<section class="panel"><h2>Verdicts</h2>{_definitions(VERDICTS)}</section>'
        f'<section class="panel"><h2>Recipes of canvases</h2>{_definitions(CODEC_RECIPES)}'
        "</section></main>"
    )
    return write_page(path, page(_title(reproduction), body))


def write_claims_page(claims: Sequence[CheckedClaim], path: Path) -> Path:
    """Write the headline numbers as a page; return its path.

    Raises:
        UsageError: The page cannot be written.
    """
    rows = "".join(
        f'<tr><th scope="row">{escaped(c.claim.name)}</th>'
        f'<td class="num">{c.claim.value:.1f}</td><td class="num">{c.derived:.2f}</td>'
        f'<td class="num">{_number(c.measured)}</td>'
        f"<td>{_pill(c.verdict, 'st-ok' if c.verdict == 'follows' else 'st-error')}</td>"
        f'<td class="dim">{escaped(c.how)}{f"<br>{escaped(c.note)}" if c.note else ""}</td></tr>'
        for c in claims
    )
    heads = "".join(
        f'<th scope="col" class="num">{name}</th>' for name in ("published", "derived", "measured")
    )
    title = "Headline numbers of the abstract"
    body = (
        '<main><header class="top"><p class="kicker">Reproduction of arXiv 2605.25979</p>'
        f"<h1>{title}</h1></header>"
        '<section class="panel first"><div class="wide" tabindex="0" role="region" '
        'aria-label="Headline numbers"><table class="metrics cells"><thead><tr>'
        f'<th scope="col">Claim</th>{heads}<th scope="col">Verdict</th>'
        f'<th scope="col">Derivation</th></tr></thead><tbody>{rows}</tbody></table></div>'
        "</section></main>"
    )
    return write_page(path, page(title, body))


def _title(reproduction: Reproduction) -> str:
    return f"Table {reproduction.table}: {TITLES[reproduction.table]}"


def _summary(reproduction: Reproduction) -> str:
    counts = Counter(row.verdict for row in reproduction.rows)
    words = ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if counts[verdict])
    return f"{plural(len(reproduction.rows), 'cell')}: {words}"


def _name(row: Row) -> str:
    value = row.cell.published
    return value.benchmark if value.metric == "score" else f"{value.benchmark}, {value.metric}"


def _numbers(row: Row) -> tuple[str, str, str, str]:
    gap = row.difference
    interval = DASH if row.low is None else f"[{row.low:.1f}, {row.high:.1f}]"
    return (
        f"{row.cell.published.value:.1f}",
        _number(row.measured),
        DASH if gap is None else f"{gap:+z.1f}".replace("-", MINUS),
        interval,
    )


def _number(value: float | None) -> str:
    return DASH if value is None else f"{value:.1f}"


def _remarks(reproduction: Reproduction) -> Text:
    """Return the run, notes and near misses of every row that has any run."""
    text = Text()
    for row in reproduction.rows:
        if row.run is None and not row.near:
            continue
        text.append(f"{_name(row)}, {row.cell.published.model}", "bold")
        if row.run is not None:
            text.append(f"  {row.run}")
        text.append("\n")
        for note in row.notes:
            text.append(f"  note: {note}\n", "yellow")
        for candidate in row.near:
            if candidate.run.folder != row.run:
                differing = "; ".join(candidate.differences)
                text.append(f"  near miss: {candidate.run.folder}: {differing}\n", "dim")
    return text


def _legend(reproduction: Reproduction) -> Text:
    text = Text(_summary(reproduction) + "\n")
    used = {row.verdict for row in reproduction.rows}
    for verdict, meaning in VERDICTS.items():
        if verdict in used:
            text.append(f"{verdict}: ", "bold").append(f"{meaning}\n", "dim")
    return text


def _page_row(row: Row, path: Path) -> str:
    value, recipe = row.cell.published, row.cell.recipe
    published, measured, gap, interval = _numbers(row)
    if row.run is not None:
        measured = f'<a href="{escaped(_link(row.run, path))}">{measured}</a>'
    notes = list(row.notes)
    if recipe.score is not None and abs(recipe.score - value.value) >= 0.1:
        notes.append(f"the guide publishes {recipe.score} for this command")
    notes += [
        f"near miss {c.run.folder.name}: {'; '.join(c.differences)}"
        for c in row.near
        if c.run.folder != row.run
    ]
    return (
        f'<tr><th scope="row">{escaped(_name(row))}<small>{escaped(value.model)}</small></th>'
        f'<td class="num">{published}</td><td class="num">{measured}</td>'
        f'<td class="num">{gap}</td><td class="num dim">{interval}</td>'
        f"<td>{_pill(row.verdict, PAGE_STYLES.get(row.verdict, 'st-empty'))}</td>"
        f'<td class="dim">{_notes(recipe.source, notes)}</td></tr>'
    )


def _notes(source: str, notes: Sequence[str]) -> str:
    """Return the source of the settings, with the notes folded away."""
    if not notes:
        return f"{source} settings"
    items = "".join(f"<li>{shortened(note, 300)}</li>" for note in notes)
    summary = f"{source} settings, {plural(len(notes), 'note')}"
    return f"<details><summary>{summary}</summary><ul>{items}</ul></details>"


def _pill(text: str, style: str) -> str:
    return f'<span class="pill {style}">{escaped(text)}</span>'


def _link(run: Path, path: Path) -> str:
    """Return the address of a run's page, or of its folder, relative to a page."""
    target = run / REPORT if (run / REPORT).is_file() else run
    return Path(os.path.relpath(target, path.parent)).as_posix()


def _definitions(rows: object) -> str:
    assert isinstance(rows, dict)
    items = "".join(
        f"<div><dt>{escaped(name)}</dt><dd>{escaped(text)}</dd></div>"
        for name, text in rows.items()
    )
    return f'<dl class="reading">{items}</dl>'

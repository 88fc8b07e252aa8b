"""Read times in tables: Markdown, CSV, tabs or wide spaces, with a column named or numbered."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from jumpscore.answers.keys import key_role, key_scale
from jumpscore.answers.times.lists import PAIR_KEYS, is_numbered
from jumpscore.answers.times.reading import Reading
from jumpscore.answers.times.roles import assign_roles
from jumpscore.answers.tokens import TIMES, VALUES, Token
from jumpscore.answers.vocabulary import TOTALS, words

WIDE = 2
"""Fewest spaces between two columns of a table without rules."""
_MEANS = frozenset(words("average avg mean median 平均 平均值"))
Cell = list[Token]
Cut = Callable[[list[Token], str], list[Cell]]
Ends = Callable[[Token], bool]


@dataclass(slots=True)
class Table:
    """The cells of a table's first line and of its other lines, and lines outside the table."""

    header: list[Cell]
    rows: list[list[Cell]]
    rest: list[list[Token]]


def read_table(lines: Sequence[list[Token]], text: str) -> Reading | None:
    """Return the times of the table in the lines, or ``None`` if there is no table.

    Args:
        lines: Tokens of every line that is not blank.
        text: The original text, which still has its tabs.
    """
    for cut in possible_cuts(lines):
        table = find_table(lines, text, cut)
        if table is None:
            continue
        reading = (
            _read_headed(table, text) or _read_turned(table, text) or _read_numbered(table, text)
        )
        if reading is not None:
            for line in table.rest:
                for one in assign_roles(line):
                    if one.role not in ("index", "end"):
                        reading.reject(one.token.low, one.token.high)
            return reading
    return None


def find_table(lines: Sequence[list[Token]], text: str, cut: Cut) -> Table | None:
    """Return the first stretch of lines with the same number of cells, two or more."""
    header: list[Cell] = []
    rows: list[list[Cell]] = []
    rest: list[list[Token]] = []
    for line in lines:
        if _is_rule(line):
            continue
        cells = cut(line, text)
        if not header:
            if len(cells) > 1:
                header = cells
            else:
                rest.append(line)
        elif len(cells) > 1 and len(cells) <= len(header) + 1:
            rows.append(cells)
        else:
            rest.append(line)
    return Table(header, rows, rest) if rows else None


def _is_rule(line: list[Token]) -> bool:
    """Whether a line is a rule between rows: |---|:--:|."""
    return all(
        token.kind in ("pipe", "dash") or token.text in (":", "+", "=", "_") for token in line
    )


def _pipes(line: list[Token], text: str) -> list[Cell]:
    if not any(token.kind == "pipe" for token in line):
        return []
    cells = _split(line, lambda token: token.kind == "pipe")
    if all(token.kind == "mark" for token in cells[0]):
        cells = cells[1:]
    return cells[:-1] if len(cells) > 1 and not cells[-1] else cells


def _commas(line: list[Token], text: str) -> list[Cell]:
    mark = ";" if any(token.text == ";" for token in line) else ","
    cells = _split(line, lambda token: token.text == mark)
    # The comma of (0.28, 0.50) parts no cells.
    kinds = [[token.kind for token in cell] for cell in cells]
    opened = any(cell.count("open") != cell.count("close") for cell in kinds)
    return [line] if opened else cells


def _gaps(line: list[Token], text: str) -> list[Cell]:
    cells: list[Cell] = [line[:1]]
    for before, token in pairwise(line):
        wide = token.low - before.high >= WIDE
        if wide or text[before.high : token.low] == "\t":
            cells.append([])
        cells[-1].append(token)
    return cells


def _split(line: list[Token], ends: Ends) -> list[Cell]:
    cells: list[Cell] = [[]]
    for token in line:
        if ends(token):
            cells.append([])
        else:
            cells[-1].append(token)
    return cells


_CUTS: dict[str, Cut] = {"pipe": _pipes, "comma": _commas, "": _gaps}
"""Kind of the separator between cells -> function that splits a line; blanks are not tokens."""


def possible_cuts(lines: Iterable[Iterable[Token]]) -> list[Cut]:
    """Return the functions for the separators that occur in the lines."""
    kinds = {"", *(token.kind for line in lines for token in line)}
    return [cut for kind, cut in _CUTS.items() if kind in kinds]


def cell_name(cell: Cell) -> str:
    """Return the text of a cell, which may name its column."""
    return " ".join(token.text for token in cell)


def _read_headed(table: Table, text: str) -> Reading | None:
    """Read the column whose header names a start or, failing that, a time."""
    if any(token.kind in VALUES for cell in table.header for token in cell):
        return None
    names = [cell_name(cell) for cell in table.header]
    for role in ("start", "time"):
        for column, name in enumerate(names):
            if key_role(name) == role:
                return _read_column(table.rows, column, text, key_scale(name))
    for column, name in enumerate(names):
        if any(stem in name for stem in PAIR_KEYS):
            return _read_column(table.rows, column, text, key_scale(name))
    for column in range(1, len(names)):
        if all(column < len(row) and _is_stretch(row[column]) for row in table.rows):
            return _read_column(table.rows, column, text, key_scale(names[column]))
    return None


def _is_stretch(cell: Cell) -> bool:
    """Whether a cell is a start and an end: ``0.28 - 0.50``."""
    roles = [one.role for one in assign_roles(cell)]
    return len(roles) == 2 and roles[0] in ("time", "bare") and roles[1] == "end"


def _read_numbered(table: Table, text: str) -> Reading | None:
    """Read the column after row numbers or labels of a table without a header."""
    rows = [table.header, *table.rows]
    column = _numbered_column(rows)
    return None if column is None else _read_column(rows, column, text, 1.0)


def _read_column(rows: list[list[Cell]], column: int, text: str, scale: float) -> Reading | None:
    reading = Reading(text)
    for row in rows:
        filled = column < len(row) and not any(  # not "| Total | 3 |"
            token.text in TOTALS or token.text in _MEANS for token in row[0]
        )
        token, unit = cell_time(row[column]) if filled else (None, 1.0)
        if token is None:
            cells = [token for cell in row for token in cell]
            if cells:
                reading.reject(cells[0].low, cells[-1].high)
        else:
            reading.add(token, unit if unit != 1.0 else scale)
    return reading if reading.times else None


def _numbered_column(rows: list[list[Cell]]) -> int | None:
    """Return the column after a column of row numbers, or the only column of times."""
    values = [[token for cell in row for token in cell if token.kind in TIMES] for row in rows]
    if is_numbered(values):
        return 1
    width = min(len(row) for row in rows)
    filled = [
        column
        for column in range(width)
        if all(cell_time(row[column])[0] is not None for row in rows)
    ]
    worded = all(all(one.role == "index" for one in assign_roles(row[0])) for row in rows)
    return filled[0] if filled and worded and len(rows) > 1 else None


def _read_turned(table: Table, text: str) -> Reading | None:
    """Read a transposed table: the row whose first cell names a start or a time."""
    rows = [table.header, *table.rows]
    for role in ("start", "time"):
        for row in rows:
            if key_role(cell_name(row[0])) != role or len(row) < 2:
                continue
            if any(token.kind in VALUES for token in row[0]):
                continue  # Jump times: 0.28, 0.76
            scale = key_scale(cell_name(row[0]))
            reading = Reading(text)
            for cell in row[1:]:
                token, unit = cell_time(cell)
                if token is not None:
                    reading.add(token, unit if unit != 1.0 else scale)
                elif cell:
                    reading.reject(cell[0].low, cell[-1].high)
            if reading.times:
                return reading
    return None


def cell_time(cell: Cell) -> tuple[Token | None, float]:
    """Return the one time of a cell and the scale of its unit, or ``None``."""
    times = [one for one in assign_roles(cell) if one.role in ("time", "bare")]
    return (times[0].token, times[0].scale) if len(times) == 1 else (None, 1.0)

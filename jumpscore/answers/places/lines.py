"""Read numbers without brackets: one row per line, tables, comma-separated values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from jumpscore.answers.places.axes import axis_of
from jumpscore.answers.places.groups import Entry, Group, decimal_commas
from jumpscore.answers.tokens import Token

LONGEST_LABEL = 8
"""Most tokens in a label before the numbers of a line: ``End of waypoint 12:``."""
_AXES = {2: ("x", "y"), 3: ("x", "y", "d"), 4: ("x1", "y1", "x2", "y2")}
_BULLETS = frozenset("-*•+#")
LABEL = "label"
"""Name of a table column that contains words."""
_QUIET = frozenset("\"'`*.$")


def read_lines(tokens: list[Token], sizes: tuple[int, ...]) -> list[Group]:
    """Return one group per line with numbers; none unless all lines have the same count.

    Lines without numbers are prose or the header of a table, whose column names are used.

    Args:
        tokens: Tokens of the answer.
        sizes: How many numbers a group may have: 2 for points, 4 for boxes.

    >>> from jumpscore.answers.tokens import tokenize
    >>> [group.values for group in read_lines(tokenize("1. 533, 310\\n2. 5 6"), (2,))]
    [(533.0, 310.0), (5.0, 6.0)]
    >>> [g.values for g in read_lines(tokenize("|n|x|y|\\n|--|--|--|\\n|1|5|6|"), (2,))]
    [(5.0, 6.0)]
    """
    groups = _read(list(_lines(tokens, ("newline",))), sizes)
    for separator in (";", ",", "->", "→"):  # "533, 310; 20, 40" and "533 310, 20 40"
        groups = groups or _read(list(_lines(tokens, ("newline", separator))), sizes)
    return groups


def _read(lines: list[list[Token]], sizes: tuple[int, ...]) -> list[Group]:
    rows: list[list[Entry]] = []
    columns: list[str] = []
    for line in lines:
        if not any(token.kind in ("number", "frames") for token in line):
            columns = columns or _header(line)
            continue
        row = _table_row(line, columns) if line[0].kind == "pipe" else _row(line)
        if row is None:
            return []
        rows.append(row)
    columns = [name for name in columns if name != LABEL]
    values = [decimal_commas(row) or [entry.value for entry in row] for row in rows]
    places = _columns(values, columns, sizes)
    if places is None:
        return []
    return [
        Group(
            tuple(row[column] for column in places), "line", entries[0].token.low,
            entries[-1].token.high, outer=(entries[0].token.low, entries[-1].token.high),
        )
        for row, entries in zip(values, rows, strict=True)
    ]  # fmt: skip


def read_only(tokens: list[Token], size: int) -> Group | None:
    """Return the group of the only numbers in a text, if there are ``size``, separated by commas.

    >>> from jumpscore.answers.tokens import tokenize
    >>> read_only(tokenize("It is at 533, 310 I think."), 2).values
    (533.0, 310.0)
    """
    places = [place for place, token in enumerate(tokens) if token.value is not None]
    if len(places) != size or any(token.kind == "label" for token in tokens):
        return None
    between = pairwise(places)
    if any(b - a != 2 or tokens[a + 1].text != "," for a, b in between):
        return None
    numbers = [tokens[place] for place in places]
    if any(token.kind not in ("number", "frames") for token in numbers):
        return None
    values = tuple(token.value or 0.0 for token in numbers)
    low, high = numbers[0].low, numbers[-1].high
    return Group(values, "line", low, high, outer=(low, high))


def _lines(tokens: list[Token], ends: tuple[str, ...]) -> Iterator[list[Token]]:
    line: list[Token] = []
    for token in tokens:
        if token.kind in ends or token.text in ends:
            yield line
            line = []
        else:
            line.append(token)
    yield line


def _header(line: list[Token]) -> list[str]:
    """Return the column names of a header, ``""`` for other columns; nothing for prose."""
    cells: list[list[str]] = [[]]
    for token in line:
        if token.kind in ("pipe", "comma"):
            cells.append([])
        elif token.kind in ("word", "key"):
            cells[-1].append(token.text)
    if len(cells) == 1:
        cells = [[word] for word in cells[0]]
    if line and line[0].kind == "pipe":
        cells = cells[1 : None if line[-1].kind != "pipe" else -1]
    names = [axis_of(cell[0]) or "" if cell else "" for cell in cells]
    return names if {"x", "y"} <= set(names) or {"x1", "y2"} <= set(names) else []


def _table_row(line: list[Token], columns: list[str]) -> list[Entry] | None:
    """Return the numbers of a table row; a column with words in a cell becomes a label."""
    cells: list[list[Token]] = [[]]
    for token in line[1:]:
        if token.kind == "pipe":
            cells.append([])
        elif token.text not in _QUIET:
            cells[-1].append(token)
    row: list[Entry] = []
    for place, cell in enumerate(cells):
        numbers = [token for token in cell if token.kind == "number"]
        if len(numbers) == len(cell) == 1:
            row.append(Entry("", numbers[0], "|" if row else ""))
        elif len(numbers) == len(cell) and numbers:
            return _row(line)
        elif place < len(columns):
            columns[place] = LABEL
    return row or None


def _row(line: list[Token]) -> list[Entry] | None:
    """Return the numbers of a line, or ``None`` if the line contains anything else."""
    entries: list[Entry] = []
    separator = ""
    place = _lead(line)
    for token in line[place:]:
        if token.kind == "number":
            entries.append(Entry("", token, separator))
            separator = ""
        elif token.kind in ("comma", "pipe"):
            separator += token.text
        elif token.kind == "mark" and token.text in _QUIET:
            continue
        elif entries and token.kind in ("open", "dash", "mark"):
            break  # a comment: no number may follow
        else:
            return None
    last = entries[-1].token.low if entries else -1
    if entries and any(token.low > last and token.value is not None for token in line[place:]):
        return None
    return entries or None


def _lead(line: list[Token]) -> int:
    """Return the place of the first number of a line, after its bullet, number and label."""
    place = 0
    while place < len(line) and line[place].text in _BULLETS:
        place += 1
    start = place
    while start < len(line) and line[start].text in "([":
        start += 1
    numbered = (
        start + 1 < len(line)
        and line[start].kind == "number"
        and line[start + 1].text in (".", ")", "]")
        and line[start + 1].low == line[start].high
        and line[start].text.isdecimal()
    )
    if numbered:
        place = start + 2
    for behind in range(place, min(place + LONGEST_LABEL, len(line))):
        token = line[behind]
        if token.kind == "key" or token.text == ":":
            return behind + 1
        if token.kind not in ("word", "number", "mark", "dash"):
            break
    return place


def _columns(rows: list[list[float]], names: list[str], sizes: tuple[int, ...]) -> list[int] | None:
    """Return the columns to read, or ``None`` if they are not clear."""
    widths = {len(row) for row in rows}
    if len(widths) != 1:
        return None
    [width] = widths
    for size in sorted(sizes, reverse=True):
        axes = _AXES[size]
        if len(names) == width and set(axes) <= set(names):
            return [names.index(axis) for axis in axes]
    counted = [row[0] for row in rows] in (_count(rows, 0), _count(rows, 1))
    if width - 1 in sizes and counted and len(rows) > 1:
        return list(range(1, width))
    return list(range(width)) if width in sizes else None


def _count(rows: list[list[float]], first: int) -> list[float]:
    return [float(first + place) for place in range(len(rows))]

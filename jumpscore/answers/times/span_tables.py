"""Read the one span of a table that has a column of starts and one of ends."""

from __future__ import annotations

from collections.abc import Sequence

from jumpscore.answers.keys import key_role, key_scale
from jumpscore.answers.times.lines import split_lines
from jumpscore.answers.times.tables import cell_name, cell_time, find_table, possible_cuts
from jumpscore.answers.tokens import VALUES, Token

_LASTING = ("duration", "length", "last", "时长", "時長", "持续")


def read_span_row(tokens: Sequence[Token], text: str) -> tuple[Token, Token, float] | None:
    """Return (start, end, seconds per unit) of a table with one row, else ``None``.

    >>> from jumpscore.answers.tokens import tokenize
    >>> text = "start,end,score\\n3.2,5.1,0.9"
    >>> [token.value for token in read_span_row(tokenize(text), text)[:2]]
    [3.2, 5.1]
    """
    if not any(token.kind == "newline" for token in tokens):
        return None
    lines = split_lines(tokens)
    for cut in possible_cuts(lines):
        table = find_table(lines, text, cut)
        if table is None or len(table.rows) != 1 or _has_values(table.rest):
            continue
        if _has_values(table.header):
            continue
        row, names = table.rows[0], [cell_name(cell) for cell in table.header]
        roles = [key_role(name) for name in names]
        if len(row) != len(roles) or roles.count("start") != 1 or "end" not in roles:
            continue
        # Durations have the same role as ends.
        lasting = [any(stem in name for stem in _LASTING) for name in names]
        ends = [n for n, role in enumerate(roles) if role == "end" and not lasting[n]]
        start = roles.index("start")
        first = cell_time(row[start])[0]
        second = cell_time(row[ends[0]])[0] if len(ends) == 1 else None
        if first is not None and second is not None:
            scale = key_scale(names[start]) if first.kind == "number" else 1.0
            return first, second, scale
    return None


def _has_values(cells: Sequence[Sequence[Token]]) -> bool:
    return any(token.kind in VALUES for cell in cells for token in cell)

"""Read times in lists, tuples and objects: one value per event, the start of each pair."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jumpscore.answers.keys import Role, key_role, key_scale
from jumpscore.answers.times.brackets import Element, Node, Part, elements, flatten, plain
from jumpscore.answers.times.reading import Reading
from jumpscore.answers.times.roles import assign_roles
from jumpscore.answers.tokens import TIMES, VALUES, Token, is_whole
from jumpscore.answers.vocabulary import AT, HEDGES, SECONDS_PER, TO

DEEPEST = 12
"""Most nested brackets that are read."""
_QUIET = frozenset("\"'`*_#.<>$\\()")
PAIR_KEYS = ("interval", "segment", "range", "window", "span", "bounds", "pair", "区间", "时间段")
"""Stems of keys and headings of spans of time."""
_PAIR_OF_TIMES = re.compile(r"(?:t|ts|time|timestamp)[_ ]?(?P<number>\d)")


def read_node(node: Node, text: str, *, paired: bool = False, depth: int = 0) -> Reading:
    """Return the times of a node; everything else is rejected.

    Args:
        node: A bracket and its content.
        text: The original text.
        paired: Whether two plain values are the start and the end of one event.
        depth: Number of brackets around it.
    """
    reading = Reading(text)
    if depth > DEEPEST:
        reading.reject(node.low, node.high)
        return reading
    items = list(elements(node))
    if any(item.key is not None for item in items) and node.bracket != "[":
        return _read_object(node, items, text, paired=paired, depth=depth)
    if paired and len(items) == 2 and plain(node):
        token, scale = _scalar(items[0].parts)
        if token is not None:
            reading.add(token, scale)
            return reading
    only = _only_node(items)
    if only is not None and not (_is_pair(only) and node.bracket == "["):
        return read_node(only, text, depth=depth + 1)
    if len(items) > 1 and all(_row_of(item) for item in items):
        return _read_rows([_row_of(item) for item in items], text)  # type: ignore[misc]
    for item in items:
        _read_element(item, reading, depth)
    return reading


def _only_node(items: list[Element]) -> Node | None:
    """Return the only content of a bracket if that is a list or an object."""
    if len(items) != 1 or items[0].key is not None:
        return None
    node = next((part for part in items[0].parts if isinstance(part, Node)), None)
    tokens = [part for part in items[0].parts if isinstance(part, Token)]
    return node if all(token.text in _QUIET for token in tokens) else None


def _is_pair(node: Node) -> bool:
    if node.bracket == "{" or not plain(node):
        return False
    items = list(elements(node))
    return len(items) == 2 and all(_scalar(item.parts)[0] is not None for item in items)


def _row_of(item: Element) -> Node | None:
    """Return an element that is a plain list or tuple, else ``None``."""
    if item.key is None and len(item.parts) == 1 and isinstance(item.parts[0], Node):
        node = item.parts[0]
        return node if node.bracket != "{" and plain(node) else None
    return None


def _read_rows(rows: list[Node], text: str) -> Reading:
    """Read a list of lists: the start of each, after the index if the first column is one."""
    reading = Reading(text)
    cells = [[_scalar(item.parts) for item in elements(row)] for row in rows]
    columns = [[token for token, _ in row if token is not None] for row in cells]
    skip = 1 if is_numbered(columns) else 0
    for row, values in zip(rows, cells, strict=True):
        tokens = [(token, scale) for token, scale in values if token is not None]
        if len(tokens) > skip:
            reading.add(*tokens[skip])
        else:
            reading.reject(row.low, row.high)
    return reading


def is_numbered(rows: Sequence[Sequence[Token]]) -> bool:
    """Whether the first value of every row is only the row's number.

    Rows are numbered from 0 or 1, and the second values either all have decimals or one of them is
    smaller than the first value, so that the two are not a start and an end.
    """
    if len(rows) < 2 or any(len(row) < 2 or not is_whole(row[0]) for row in rows):
        return False
    firsts = [row[0].value for row in rows]
    if firsts not in [[float(k + start) for k in range(len(rows))] for start in (0, 1)]:
        return False
    seconds = [row[1] for row in rows]
    if any((b.value or 0.0) < (a or 0.0) for a, b in zip(firsts, seconds, strict=True)):
        return True
    if any(len(row) > 2 for row in rows):
        return True
    return not any(is_whole(token) for token in seconds)


def _read_element(item: Element, reading: Reading, depth: int) -> None:
    """Read one element of a list."""
    first = item.parts[0]
    if len(item.parts) == 1 and isinstance(first, Token) and item.key is None:
        if first.kind in TIMES:
            reading.add(first)
        else:
            reading.reject(item.low, item.high)
        return
    nodes = [part for part in item.parts if isinstance(part, Node)]
    if len(nodes) == 1 and len(item.parts) == 1:
        inner = read_node(nodes[0], reading.text, paired=True, depth=depth + 1)
        if (len(inner.times) == 1 and inner.rejected_count == 0) or (
            inner.times and nodes[0].bracket == "{"
        ):
            reading.extend(inner)
        else:
            _read_first(nodes[0], reading)
        return
    if any(node.bracket != "(" for node in nodes):
        reading.reject(item.low, item.high)
        return
    tokens = list(flatten(item.parts))
    row = _row(tokens)
    if row:
        for value in row:
            reading.add(value)
        return
    role = key_role(item.key) if item.key is not None else "time"
    token, scale = _scalar(item.parts)
    if token is None or role in ("end", "other"):
        reading.reject(item.low, item.high)
    else:
        reading.add(token, scale)


def _read_first(node: Node, reading: Reading) -> None:
    """Read the first time of a nested list, which is a start."""
    for item in elements(node):
        token, scale = _scalar(item.parts)
        if token is not None:
            reading.add(token, scale)
            return
    reading.reject(node.low, node.high)


def _row(tokens: list[Token]) -> list[Token]:
    """Return the values of a row without commas (``0.5 1.0 1.5``), or an empty list."""
    values = [token for token in tokens if token.kind in TIMES]
    if len(values) < 2 or any(token.signed for token in values):
        return []
    quiet = all(token.kind in TIMES or token.text in "\"'`" for token in tokens)
    return values if quiet else []


def _scalar(parts: list[Part]) -> tuple[Token | None, float]:
    """Return the one time of an element, or the start of a range, and its scale."""
    if any(isinstance(part, Node) and part.bracket != "(" for part in parts):
        return None, 1.0
    tokens = list(flatten(parts))
    values = [token for token in tokens if token.kind in VALUES]
    if not values:
        return None, 1.0
    quiet = all(
        token.kind in VALUES
        or token.kind == "dash"
        or token.text in _QUIET
        or token.text in HEDGES
        or token.text in AT
        or token.text in TO
        for token in tokens
    )
    if quiet and len(values) == 1:
        ellipsis = any(token.text in ("...", "…", "..") for token in tokens)
        return (None if ellipsis or values[0].kind not in TIMES else values[0]), 1.0
    roles = [one for one in assign_roles(tokens) if one.role in ("time", "bare")]
    if len(roles) == 1 and (quiet or roles[0].role == "time" or len(values) > 1):
        return roles[0].token, roles[0].scale
    return None, 1.0


def _read_object(
    node: Node, items: list[Element], text: str, *, paired: bool, depth: int
) -> Reading:
    """Read an object: its start or time, or one event per key, or the lists in it."""
    reading = Reading(text)
    clock = _clock_parts(items)
    if clock is not None:
        reading.add(clock)
        return reading
    keyed = [(_role(item, items), item) for item in items if item.key is not None]
    fields = _choose(keyed, paired=paired)
    if not fields:
        fields = [item for role, item in keyed if role == "unknown" and _nodes(item)]
    if not fields and len(items) == 1 and len(keyed) == 1 and keyed[0][0] in ("unknown", "index"):
        token, _ = _scalar(keyed[0][1].parts)
        fields = [keyed[0][1]] if token is not None and not is_whole(token) else []
    for item in fields:
        _read_field(item, reading, paired=paired or len(fields) > 1, depth=depth)
    if not fields and keyed:
        reading.reject(node.low, node.high)
    return reading


def _role(item: Element, items: list[Element]) -> Role:
    key = item.key or ""
    if key in ("second", "2nd") and any(other.key in ("first", "1st") for other in items):
        return "index"
    return key_role(key)


def _choose(keyed: list[tuple[Role, Element]], *, paired: bool) -> list[Element]:
    """Return the fields of an object that contain its times."""
    for best in ("start", "time"):
        fields = [item for role, item in keyed if role == best and _has_values(item)]
        numbered = len(fields) > 1 and all(any(map(str.isdigit, item.key or "")) for item in fields)
        if numbered and not _is_start_and_end(fields, paired=paired):
            return fields
        if fields:
            return fields[:1]  # several fields with one role contain the same time
    index = _without_totals([item for role, item in keyed if role == "index"])
    mapped = [
        item
        for item in index
        if _nodes(item) or (_has_values(item) and (len(index) > 1 or _numbered_key(item)))
    ]
    return mapped if len(mapped) == len(index) else [item for item in index if _nodes(item)]


def _is_start_and_end(fields: list[Element], *, paired: bool) -> bool:
    """Whether the fields are ``t0`` and ``t1`` of one event, or ``t1`` and ``t2`` in a list."""
    matches = [_PAIR_OF_TIMES.fullmatch(item.key or "") for item in fields]
    numbers = "".join(match["number"] for match in matches if match is not None)
    if len(fields) != 2 or numbers not in ("01", "12"):
        return False
    return paired or [item.key for item in fields] == ["t0", "t1"]


def _without_totals(items: list[Element]) -> list[Element]:
    """Leave out ``"jumps": 3`` next to lists or numbered keys, since it is a total."""
    events = [item for item in items if _nodes(item) or _numbered_key(item)]
    totals = [
        item
        for item in items
        if item not in events and (token := _scalar(item.parts)[0]) and is_whole(token)
    ]
    return [item for item in items if item not in totals] if events else items


def _numbered_key(item: Element) -> bool:
    return any(map(str.isdigit, item.key or "")) or (item.key or "").startswith("first")


def _clock_parts(items: list[Element]) -> Token | None:
    """Return the one time of ``{"minute": 1, "second": 2.5}``, whose keys are units."""
    parts = [
        (SECONDS_PER[item.key], token)
        for item in items
        if item.key in SECONDS_PER and (token := _scalar(item.parts)[0]) is not None
    ]
    scales = {scale for scale, _ in parts}
    if len(scales) < 2 or len(scales) < len(parts):
        return None
    if any(token.kind != "number" for _, token in parts):
        return None
    seconds = sum(round((token.value or 0.0) * scale * 1e9) for scale, token in parts) / 1e9
    tokens = [token for _, token in parts]
    return tokens[0]._replace(kind="measure", high=tokens[-1].high, value=seconds, scale=1.0)


def _nodes(item: Element) -> list[Node]:
    return [part for part in item.parts if isinstance(part, Node) and part.bracket != "("] or [
        part for part in item.parts if isinstance(part, Node) and len(item.parts) == 1
    ]


def _has_values(item: Element) -> bool:
    return bool(_nodes(item)) or _scalar(item.parts)[0] is not None


def _read_field(item: Element, reading: Reading, *, paired: bool, depth: int) -> None:
    """Read the value of a field: a time, a pair, a list or an object."""
    key = item.key or ""
    nodes = _nodes(item)
    if not nodes:
        token, scale = _scalar(item.parts)
        if token is None:
            reading.reject(item.low, item.high)
        else:
            reading.add(token, scale if scale != 1.0 else key_scale(key))
        return
    pair = (paired and not key.endswith("s")) or any(stem in key for stem in PAIR_KEYS)
    inner = read_node(nodes[0], reading.text, paired=pair, depth=depth + 1)
    factor = key_scale(key)
    if factor != 1.0:
        inner.times = [time / round(1 / factor) for time in inner.times]
    reading.extend(inner)

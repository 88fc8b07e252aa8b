"""Tracks written as JSON: objects with a time, an object id and a point."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

TIME_KEYS = ("time", "t", "timestamp", "time_s", "seconds", "second", "sec")
ID_KEYS = ("id", "object_id", "obj_id", "track_id", "object")
POINT_KEYS = ("point_2d", "point", "coordinates", "coords", "position", "xy")
DEEPEST = 12
"""Brackets that may be open at once in JSON that is read."""


class Entry(NamedTuple):
    """One point as it is written: all parts are text."""

    time: str
    name: str
    x: str
    y: str


def json_entries(text: str) -> list[Entry] | None:
    """Return the points of an answer that is one JSON value, or ``None`` if it is not.

    Read are ``[{"time": 0.5, "id": 0, "point_2d": [1, 2]}]``, the same with ``x`` and ``y`` or with
    a list of ``points`` per time, and ``{"0.5": {"0": [1, 2]}}``. An object without an id is
    object 0.

    >>> json_entries('{"0.5": {"1": [3, 4]}}')
    [Entry(time='0.5', name='1', x='3', y='4')]
    """
    start = min((text.find(mark) for mark in "[{" if mark in text), default=-1)
    end = max(text.rfind("]"), text.rfind("}"))
    if start < 0 or _depth(text) > DEEPEST:
        return None
    try:
        value = json.loads(text[start : end + 1], parse_float=str, parse_int=str)
    except ValueError:
        return None
    return list(_entries(value, None, 0))


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in text:
        depth += (character in "[{") - (character in "]}")
        deepest = max(deepest, depth)
    return deepest


def _entries(value: Any, time: str | None, level: int) -> Iterator[Entry]:
    if level > DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _entries(item, time, level + 1)
    elif isinstance(value, dict):
        yield from _of_object(value, time, level)


def _of_object(value: dict[str, Any], time: str | None, level: int) -> Iterator[Entry]:
    own = _first(value, TIME_KEYS)
    time = str(own) if isinstance(own, str) else time
    point = _point(value)
    if point is not None and time is not None:
        name = _first(value, ID_KEYS)
        yield Entry(time, name if isinstance(name, str) else "0", *point)
        return
    for key, inside in value.items():
        if time is not None and _is_pair(inside):
            yield Entry(time, key, *inside)
        elif _is_number(key) and time is None and _is_pair(inside):
            yield Entry(key, "0", *inside)
        elif _is_number(key) and time is None:
            yield from _entries(inside, key, level + 1)
        elif isinstance(inside, list | dict):
            yield from _entries(inside, time, level + 1)


def _point(value: dict[str, Any]) -> tuple[str, str] | None:
    point = _first(value, POINT_KEYS)
    if _is_pair(point):
        return point[0], point[1]
    x, y = value.get("x"), value.get("y")
    return (x, y) if isinstance(x, str) and isinstance(y, str) else None


def _first(value: dict[str, Any], keys: tuple[str, ...]) -> Any:
    return next((value[key] for key in keys if key in value), None)


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(v, str) for v in value)


def _is_number(key: str) -> bool:
    whole, _, part = key.partition(".")
    return whole.isdecimal() and (part == "" or part.isdecimal())

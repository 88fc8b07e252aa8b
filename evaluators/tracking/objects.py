"""Tracks written as JSON: objects with a time, an object id and a point."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

TIME_KEYS = ("time", "t", "timestamp", "time_s", "seconds", "second", "sec")
ID_KEYS = ("id", "object_id", "obj_id", "track_id", "object")
POINT_KEYS = ("point_2d", "point", "coordinates", "coords", "position", "xy")
DEEPEST = 12
"""Maximum nesting of brackets."""
_PYTHON = re.compile(
    r"'(?P<single>(?:[^'\\\n]|\\.)*+)'|\"(?:[^\"\\\n]|\\.)*+\"|[()]|\b(?:None|True|False)\b"
    r"|(?<=[{,\s])(?P<key>\d{1,9}+(?:\.\d{1,30}+)?)\s?:"
)
_BRACKET = re.compile(r"[\[\]{}]|\"(?:[^\"\\\n]|\\.)*+\"")
_AS_JSON = {"(": "[", ")": "]", "None": "null", "True": "true", "False": "false"}
_NEXT_LINE = re.compile(r"\}[^\S\n]*+,?[^\S\n]*+\n\s*+\{")
_NESTING = re.compile(r"[\[\]{}]")
_SECONDS = re.compile(r"(?P<time>\d{1,9}(?:\.\d{1,30})?)\s?s(?:ec(?:onds?)?)?")


class _Context(NamedTuple):
    """Facts from the enclosing objects: a time, an id, and the last numeric key."""

    time: str | None = None
    name: str | None = None
    key: str | None = None


class PointEntry(NamedTuple):
    """One point as written: all parts are text."""

    time: str
    name: str
    x: str
    y: str


def json_entries(text: str) -> list[PointEntry] | None:
    """Return the points of an answer that is one JSON value, or ``None`` if it is not.

    Supported are ``[{"time": 0.5, "id": 0, "point_2d": [1, 2]}]``, the same with ``x`` and ``y`` or
    with a list of ``points`` per time, and ``{"0.5": {"0": [1, 2]}}``. An object without an id is
    object 0.

    >>> json_entries('{"0.5": {"1": [3, 4]}}')
    [PointEntry(time='0.5', name='1', x='3', y='4')]
    """
    start = min((text.find(mark) for mark in "[{" if mark in text), default=-1)
    end = max(text.rfind("]"), text.rfind("}"))
    if start < 0 or _depth(text) > DEEPEST:
        return None
    value = _value(text[start : end + 1])
    if value is None:  # the prose around it may contain brackets
        value = _value(_objects_only(text))
    return None if value is None else list(_entries(value, _Context(), 0))


def _objects_only(text: str) -> str:
    """Return the text from the first to the last outermost bracket that contains an object.

    >>> _objects_only('Dog [0]: [{"id": 0}] (it runs [left])')
    '[{"id": 0}]'
    """
    spans: list[tuple[int, int]] = []
    depth = start = 0
    for mark in _BRACKET.finditer(text):
        if mark[0][0] == '"':
            continue
        if mark[0] in "[{":
            start = start if depth else mark.start()
            depth += 1
        elif depth:
            depth -= 1
            if not depth and "{" in text[start : mark.end()]:
                spans.append((start, mark.end()))
    return text[spans[0][0] : spans[-1][1]] if spans else ""


def _value(text: str) -> Any:
    """Return the value of JSON, of one JSON object per line, or of a Python literal."""
    for rewrite in (str, _one_per_line, _as_json):
        written = rewrite(text)
        try:
            if _depth(written) <= DEEPEST:
                return json.loads(written, parse_float=str, parse_int=str)
        except ValueError:
            continue
    return None


def _one_per_line(text: str) -> str:
    return f"[{_NEXT_LINE.sub('}, {', text)}]"


def _as_json(text: str) -> str:
    """Return a Python literal as JSON; JSON is unchanged, except for tuples.

    >>> _as_json("{'id': 0, 'point': (1, 2), 0.5: None}")
    '{"id": 0, "point": [1, 2], "0.5": null}'
    """
    return _PYTHON.sub(_json_part, text)


def _json_part(part: re.Match[str]) -> str:
    if part["single"] is not None:
        return json.dumps(part["single"].replace("\\'", "'"), ensure_ascii=False)
    if part["key"] is not None:
        return f'"{part["key"]}":'
    return _AS_JSON.get(part[0], part[0])


def _depth(text: str) -> int:
    depth = deepest = 0
    for mark in _NESTING.findall(text):
        depth += 1 if mark in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _entries(value: Any, place: _Context, level: int) -> Iterator[PointEntry]:
    if level > DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _entries(item, place, level + 1)
    elif isinstance(value, dict):
        yield from _of_object(value, place, level)


def _of_object(value: dict[str, Any], place: _Context, level: int) -> Iterator[PointEntry]:
    own, name = _first(value, TIME_KEYS), _first(value, ID_KEYS)
    place = _Context(
        _seconds(own) if isinstance(own, str) else place.time,
        name if isinstance(name, str) else place.name,
        place.key,
    )
    time = place.time if place.time is not None else place.key
    point = _point(value)
    if point is not None and time is not None:
        # {"1": [{"time": 0.5, "x": 3, "y": 4}]}: with a time of its own the key is the id
        outer = place.key if place.time is not None else None
        yield PointEntry(time, place.name or outer or "0", *point)
        return
    # {"1": {"0.0": [3, 4], "0.5": [5, 6]}}: the times are inside
    swapped = place.time is None and place.key is not None and "." not in place.key
    swapped = swapped and any("." in key for key in value)
    for key, inside in value.items():
        if time is not None and _is_pair(inside):
            yield PointEntry(key, time, *inside) if swapped else PointEntry(time, key, *inside)
        elif _is_number(key) and time is None and _is_pair(inside):
            yield PointEntry(key, place.name or "0", *inside)
        elif isinstance(inside, list | dict):
            around = place
            if _is_number(key):
                around = place._replace(key=key) if time is None else place._replace(name=key)
            yield from _entries(inside, around, level + 1)


def _seconds(time: str) -> str:
    """Return a time without its unit.

    >>> _seconds("0.5 s"), _seconds("0.5"), _seconds("5 frames")
    ('0.5', '0.5', '5 frames')
    """
    written = _SECONDS.fullmatch(time.strip())
    return written["time"] if written else time


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

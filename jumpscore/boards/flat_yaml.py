"""Read the smallest YAML that a submission needs: one mapping of keys to plain text.

Files come from strangers. Nesting, anchors, aliases and tags are refused before anything is built
from them, so that no document can grow, recurse or create an object.
"""

from __future__ import annotations

from itertools import islice

import yaml

LARGEST = 16 << 10
"""Size limit of a file in bytes."""
UNSET = ("", "~", "null")
"""Plain values that leave a key unset."""


def parse_flat_yaml(content: bytes) -> dict[str, str]:
    r"""Return the keys and values of a document; unset keys are left out.

    Values are text: ``version: 1.0`` is ``"1.0"``, and ``no`` is not a boolean.

    Raises:
        ValueError: The document is not such a mapping; the message has the line.

    >>> parse_flat_yaml(b"model: My Model 3.0\nrecipe:\n")
    {'model': 'My Model 3.0'}
    """
    if len(content) > LARGEST:
        raise ValueError(f"has {len(content):,} bytes, more than the limit of {LARGEST:,}")
    try:
        text = content.decode("utf-8-sig")
        scalars = _scalars(text)
    except yaml.YAMLError as error:
        raise ValueError(f"is not valid YAML ({' '.join(str(error).split())[:200]})") from None
    values: dict[str, str] = {}
    for key, value in zip(scalars[::2], scalars[1::2], strict=True):
        if key.value in values:
            raise ValueError(f"line {_line(key)}: the key {key.value[:60]!r} occurs twice")
        values[key.value] = "" if value.style is None and value.value in UNSET else value.value
    return {key: value for key, value in values.items() if value}


def _scalars(text: str) -> list[yaml.ScalarEvent]:
    """Return keys and values in turn; stop at the first event that is not plain text."""
    events = yaml.parse(text, Loader=yaml.SafeLoader)
    start = list(islice(events, 3))
    if len(start) < 3 or not isinstance(start[2], yaml.MappingStartEvent):
        raise ValueError("is not a mapping; write one 'key: value' per line")
    _check_plain(start[2])
    scalars = []
    for event in events:
        if isinstance(event, yaml.MappingEndEvent):
            break
        _check_plain(event)
        if not isinstance(event, yaml.ScalarEvent):
            raise ValueError(f"line {_line(event)}: nested values are not allowed; write text")
        scalars.append(event)
    rest = list(islice(events, 3))
    if not all(isinstance(event, yaml.DocumentEndEvent | yaml.StreamEndEvent) for event in rest):
        raise ValueError("contains several documents; keep one")
    return scalars


def _check_plain(event: yaml.Event) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        raise ValueError(f"line {_line(event)}: anchors and aliases are not allowed; write text")
    if tag := getattr(event, "tag", None):
        raise ValueError(f"line {_line(event)}: the tag {tag[:60]!r} is not allowed")


def _line(event: yaml.Event) -> int:
    mark = event.start_mark
    return 0 if mark is None else mark.line + 1

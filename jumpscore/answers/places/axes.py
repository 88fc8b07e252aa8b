"""The names of axes: keys of x, y, the sides of a box, its size, and depth."""

from __future__ import annotations

import re

from jumpscore.answers.places.groups import Entry, Form, Group
from jumpscore.answers.vocabulary import words

_ALIASES = {
    **dict.fromkeys(words("x1 xmin x_min min_x left x_left xleft x_start x_tl l"), "x1"),
    **dict.fromkeys(words("y1 ymin y_min min_y top y_top ytop upper y_start y_tl t"), "y1"),
    **dict.fromkeys(words("x2 xmax x_max max_x right x_right xright x_end x_br r"), "x2"),
    **dict.fromkeys(words("y2 ymax y_max max_y bottom y_bottom ybottom lower y_end y_br b"), "y2"),
    **dict.fromkeys(words("w width"), "w"),
    **dict.fromkeys(words("h height"), "h"),
    **dict.fromkeys(words("cx center_x x_center xc centre_x x_centre"), "cx"),
    **dict.fromkeys(words("cy center_y y_center yc centre_y y_centre"), "cy"),
    **dict.fromkeys(words("d z depth depth_m distance depth_meters depth_in_meters 深度"), "d"),
    **dict.fromkeys(words("x xcoord x_coord x_coordinate coord_x x_pos x_position pos_x"), "x"),
    **dict.fromkeys(words("y ycoord y_coord y_coordinate coord_y y_pos y_position pos_y"), "y"),
}
AXIS_WORDS = frozenset(("x", "y"))
"""Words that name an axis even without ``:`` or ``=`` after them."""
_INDEXED = re.compile(r"([xy])_?(\d{1,4})")
_NOT_A_WORD = re.compile(r"[^\w]+")
BOX = ("x1", "y1", "x2", "y2")
_AREA = {"x": ("x", "y"), "x1": ("x1", "y1"), "cx": ("cx", "cy")}


def axis_of(key: str) -> str | None:
    """Return the axis that a key names, or ``None``.

    >>> [axis_of(key) for key in ("x", "x_min", "Top", "y 7", "depth", "label")]
    ['x', 'x1', 'y1', 'y7', 'd', None]
    """
    name = _NOT_A_WORD.sub("_", key.lower()).strip("_")
    if name in _ALIASES:
        return _ALIASES[name]
    indexed = _INDEXED.fullmatch(name)
    return indexed[1] + str(int(indexed[2])) if indexed else None


def named_groups(entries: list[Entry], form: Form, *, gap: int | None = None) -> list[Group]:
    """Return the points and boxes of keyed numbers; a repeated axis starts a new one.

    Args:
        entries: Numbers with their keys.
        form: Form of the groups.
        gap: Most characters between two numbers of one group; any if ``None``.
    """
    groups: list[Group] = []
    axes: dict[str, Entry] = {}
    last = None
    for entry in entries:
        axis = axis_of(entry.key) if entry.key else None
        if axis is None:
            continue
        far = gap is not None and last is not None and entry.token.low - last.token.high > gap
        if axis in axes or far:
            groups += _groups(axes, form)
            axes = {}
        axes[axis] = entry
        last = entry
    return groups + _groups(axes, form)


def _groups(axes: dict[str, Entry], form: Form) -> list[Group]:
    """Return the box or the points of one set of axes; nothing if axes are missing."""
    for x, (_, y) in _AREA.items():
        if {x, y, "w", "h"} <= axes.keys() and "x2" not in axes:
            left, top, wide, high = (axes[name].value for name in (x, y, "w", "h"))
            if x == "cx":
                left, top = left - wide / 2, top - high / 2
            corners = (left, top, left + wide, top + high)
            return [_group(corners, BOX, axes, (x, y, "w", "h"), form)]
    if {"x", "y"} <= axes.keys():
        return [_group((axes["x"].value, axes["y"].value), ("x", "y"), axes, ("x", "y"), form)]
    numbers = [int(name[1:]) for name in axes if name[0] == "x" and name[1:].isdecimal()]
    pairs = [(f"x{number}", f"y{number}") for number in sorted(numbers) if f"y{number}" in axes]
    if len(pairs) == 2 and len(pairs) == len(numbers):
        names = (*pairs[0], *pairs[1])
        return [_group(tuple(axes[name].value for name in names), BOX, axes, names, form)]
    return [_group((axes[x].value, axes[y].value), ("x", "y"), axes, (x, y), form)
            for x, y in pairs]  # fmt: skip


def _group(
    values: tuple[float, ...],
    names: tuple[str, ...],
    axes: dict[str, Entry],
    used: tuple[str, ...],
    form: Form,
) -> Group:
    depth = axes.get("d")
    spread = [axes[name].token for name in used] + ([depth.token] if depth else [])
    low, high = min(token.low for token in spread), max(token.high for token in spread)
    return Group(
        values, form, low, high, names,
        depth=depth.value if depth else None, outer=(low, high),
    )  # fmt: skip

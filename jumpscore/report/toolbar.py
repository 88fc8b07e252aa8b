"""The controls above a list of samples: order, filters and zoom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from jumpscore.records import STATUSES, Status
from jumpscore.report.text import escaped


@dataclass(frozen=True, slots=True)
class Order:
    """One way to order the samples.

    Attributes:
        title: Name in the menu.
        value: ``n`` for the attribute ``data-sn`` of the samples; ``id``.
        rising: Whether it begins with the lowest value.
    """

    title: str
    value: str
    rising: bool


@dataclass(frozen=True, slots=True)
class Range:
    """A filter of samples by a number.

    Attributes:
        title: Label.
        name: Samples have the number as the attribute ``data-name``.
        unit: Unit after the limits.
    """

    title: str
    name: str
    unit: str


def toolbar(
    orders: Sequence[Order],
    statuses: Mapping[Status, int],
    *,
    ranges: Sequence[Range] = (),
    zoom: bool = False,
    paged: bool = False,
) -> str:
    """Return the controls, hidden without the script: the page is complete without it.

    Args:
        orders: Ways to order the samples, the default first.
        statuses: Status -> number of samples.
        ranges: Filters by a number.
        zoom: Whether the samples are timelines, which can be enlarged.
        paged: Whether the list has pages.
    """
    options = "".join(
        f'<option value="{order.value}" data-rising="{int(order.rising)}">{escaped(order.title)}'
        "</option>"
        for order in [*orders, Order("id", "id", rising=True)]
    )
    listed = "".join(
        f'<option value="{name}">{name} ({statuses[name]:,})</option>'
        for name in STATUSES
        if statuses.get(name)
    )
    zooms = "".join(
        f'<button type="button" data-zoom="{factor}" aria-pressed="{str(factor == 1).lower()}">'
        f"{factor}×</button>"
        for factor in (1, 2, 4)
    )
    zooming = f'<span class="zoom" role="group" aria-label="Zoom">{zooms}</span>' if zoom else ""
    return (
        '<form class="toolbar" hidden><label>Sort <select name="sort">'
        f'{options}</select></label><button type="button" name="turn"></button>'
        f'<label>Status <select name="status"><option value="">all</option>{listed}</select>'
        '</label><label class="search"><span>Search</span><input type="search" name="search" '
        'placeholder="id" autocomplete="off" spellcheck="false"></label>'
        f'{"".join(map(_range, ranges))}{zooming}<output name="shown"></output>'
        f"{_PAGER if paged else ''}</form>"
    )


_PAGER = (
    '<span class="pager" role="group" aria-label="Pages">'
    '<button type="button" data-step="-1" aria-label="Previous page">←</button>'
    '<output name="page"></output>'
    '<button type="button" data-step="1" aria-label="Next page">→</button></span>'
)


def _range(one: Range) -> str:
    limits = " to ".join(
        f'<input type="number" min="0" step="any" name="{one.name}-{bound}" '
        f'data-of="{one.name}" data-bound="{bound}" aria-label="{words} {one.title.lower()}, '
        f'{one.unit}">'
        for bound, words in (("min", "Smallest"), ("max", "Largest"))
    )
    return f'<span class="range">{escaped(one.title)} {limits} {escaped(one.unit)}</span>'

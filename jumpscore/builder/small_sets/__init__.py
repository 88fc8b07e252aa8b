"""A small rendered data set per family of tasks, so that every task runs end to end offline.

Each is a function of a folder and a seed; equal seeds give equal sets. JumpScore's own set ``mini``
is different: its annotations are frozen and shipped with the package.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

Render = Callable[..., Any]
"""``render(out, *, seed)`` writes rows, files and manifest (``synthetic=True``) into ``out``."""


@dataclass(frozen=True, slots=True)
class Mini:
    """A rendered set.

    Attributes:
        render: ``"module:function"``, a ``Render``.
        version: Incremented whenever the rendering changes; part of the cache folder's name.
    """

    render: str
    version: int


MINIS: dict[str, Mini] = {
    "mini_timelens": Mini("jumpscore.builder.small_sets.timelens:render", version=1),
    "mini_spatial": Mini("jumpscore.builder.small_sets.spatial:render", version=1),
    "mini_tracking": Mini("jumpscore.builder.small_sets.tracking:render", version=1),
    "mini_traces": Mini("jumpscore.builder.small_sets.traces:render", version=1),
    "mini_lmms": Mini("jumpscore.builder.small_sets.lmms:render", version=1),
}


def render_mini(name: str, out: Path, *, seed: int = 0) -> None:
    """Render a set into a new folder."""
    module, _, function = MINIS[name].render.partition(":")
    render: Render = getattr(import_module(module), function)
    render(out, seed=seed)

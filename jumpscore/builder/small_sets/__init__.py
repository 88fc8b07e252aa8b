"""A small rendered data set per family of tasks, so that every task runs end to end offline.

Each module renders one row of ``jumpscore.data.catalogue.RENDERED`` as a function of a folder and a
seed. JumpScore's own small set is ``mini``, whose annotations ship with the package.
"""

from __future__ import annotations

from pathlib import Path

from jumpscore.data.catalogue import RENDERED


def render_mini(name: str, out: Path, *, seed: int = 0) -> None:
    """Render a set into a new folder."""
    [row] = (row for row in RENDERED if row.name == name)
    row.render_into(out, seed=seed)

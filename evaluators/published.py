"""The published data sets of every family, in one table."""

from __future__ import annotations

from importlib import import_module

from jumpscore.data.published import PublishedSet

TABLES = (
    "evaluators.temporal.published",
    "evaluators.spatial.published",
    "evaluators.tracking.published",
    "evaluators.traces.published",
)
"""Modules with the families' ``SETS``."""


def published_sets() -> dict[str, PublishedSet]:
    """Return all published sets by name, JumpScore's own aside, in the order of the families."""
    sets = [found for table in TABLES for found in import_module(table).SETS]
    return {found.name: found for found in sets}

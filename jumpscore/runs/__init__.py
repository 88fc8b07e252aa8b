"""A run on disk: its record, responses, scores and result."""

from jumpscore.runs.reader import StoredRun, holds_repeats, read_run

__all__ = ["StoredRun", "holds_repeats", "read_run"]

"""A run on disk: its record, responses, scores and result."""

from jumpscore.runs.reader import StoredRun, holds_repeats, read_run
from jumpscore.runs.record import RunRecord
from jumpscore.runs.writer import RunStore

__all__ = ["RunRecord", "RunStore", "StoredRun", "holds_repeats", "read_run"]

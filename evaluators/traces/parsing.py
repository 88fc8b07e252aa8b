"""Read the way-points of one trace; the grammar is in ``jumpscore.answers.traces``."""

from __future__ import annotations

from jumpscore.answers.traces import Form, ParsedTrace, TraceStatus, parse_trace

__all__ = ["Form", "ParsedTrace", "TraceStatus", "parse_trace"]

"""Read the way-points of one trace; the grammar is in ``jumpscore.answers.places.traces``."""

from __future__ import annotations

from jumpscore.answers.places.traces import Form, ParsedTrace, TraceStatus, parse_trace

__all__ = ["Form", "ParsedTrace", "TraceStatus", "parse_trace"]

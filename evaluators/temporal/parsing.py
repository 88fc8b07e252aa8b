"""Read the one span of time that an answer states, strictly or as the public scorers do.

Three policies, because the published numbers come from parsers with faults:

``strict``              units and decimals as written; two different spans are ``ambiguous``;
``reference_lmms``      as lmms-eval's TimeLens task;
``reference_official``  as TimeLens' own script, which rounds the span to whole seconds.

Both references read ``10.2s - 15.7s`` as (10, 15), since they do not read a decimal that touches
its unit as a number. Answers are hostile: every pass is linear in the text.
"""

from __future__ import annotations

from typing import get_args

from evaluators.temporal.reference import parse_reference
from evaluators.temporal.spans import ParsedSpan, Policy, Span, SpanStatus
from jumpscore.answers.times.spans import read_spans
from jumpscore.records import FinishReason


def parse_span(
    text: str, *, policy: Policy = "strict", finish_reason: FinishReason | None = None
) -> ParsedSpan:
    """Read the span (seconds) that an answer states.

    Args:
        text: The whole answer.
        policy: See the module's text.
        finish_reason: ``"length"`` if the model was stopped at its token limit; the references
            ignore it.

    Raises:
        ValueError: The policy is unknown.

    >>> parse_span("The event happens in 10.2s - 15.7s").span
    Span(start=10.2, end=15.7)
    >>> parse_span("The event happens in 10.2s - 15.7s", policy="reference_lmms").span
    Span(start=10.0, end=15.0)
    >>> parse_span("It is 3 - 4 or 6 - 9 seconds").status
    'ambiguous'
    """
    if policy not in get_args(Policy):
        raise ValueError(f"policy {policy!r} is not one of {', '.join(get_args(Policy))}")
    if policy != "strict":
        return parse_reference(text, policy)
    cut = finish_reason == "length"
    reading = read_spans(text, cut=cut)
    if len(reading.chosen) != 1:
        status: SpanStatus = "partial" if cut else "ambiguous" if reading.chosen else "unparseable"
        return ParsedSpan(status, count=len(reading.spans))
    span = Span(*reading.chosen[0])
    status = "partial" if cut else "ok" if span.start <= span.end else "inverted"
    return ParsedSpan(status, span, len(reading.spans))

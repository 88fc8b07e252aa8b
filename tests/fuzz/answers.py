"""Targets: every parser of the answers of models, strict ones and those of public scorers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from evaluators.spatial import parse_box, parse_choice, parse_number, parse_points, parse_word
from evaluators.spatial.roborefer import roborefer_accuracy
from evaluators.temporal import parse_span
from evaluators.traces import parse_trace
from evaluators.traces.literals import LiteralError, read_literal
from evaluators.traces.references import (
    TRACESPATIAL_JSON,
    TRACESPATIAL_TEXT,
    VABENCH,
    VABENCH_REASONING,
    TraceReading,
)
from evaluators.traces.sharerobot import SHAREROBOT
from evaluators.tracking import parse_tracks
from evaluators.tracking.given import read_given
from evaluators.tracking.reference import parse_tracks_reference
from jumpscore.answers import answer_window
from jumpscore.records import FinishReason
from jumpscore.scoring import ReferenceCrashError, parse_count, parse_reference, parse_times
from tests.answers_table import rows
from tests.differential.cases import CASES, MASK, Case
from tests.fuzz.target import Read, Target

OPTIONS = {"A": "chair", "B": "two tables", "C": "yes", "D": "left of the 3rd door"}
MASKS = b'{"masks": [null, {"size": [4, 4], "counts": "04:1"}]}', b'{"masks": {"a": [null, null]}}'
SIZE = {"width": 640, "height": 480, "fps": 6.0}
TRACE_READERS = {
    "tracespatial-text": TRACESPATIAL_TEXT,
    "tracespatial-json": TRACESPATIAL_JSON,
    "vabench": VABENCH,
    "vabench-reasoning": VABENCH_REASONING,
    "sharerobot": SHAREROBOT,
}
Parse = Callable[[str, FinishReason], object]
STRICT: dict[str, Parse] = {
    "times": lambda text, reason: parse_times(text, finish_reason=reason),
    "count": lambda text, reason: parse_count(text, finish_reason=reason),
    "span": lambda text, reason: parse_span(text, finish_reason=reason),
    "number": lambda text, reason: parse_number(text, finish_reason=reason),
    "points": lambda text, reason: parse_points(text, convention="pixel", finish_reason=reason),
    "box": lambda text, reason: parse_box(text, convention="unit", finish_reason=reason),
    "trace": lambda text, reason: parse_trace(text, finish_reason=reason),
    "tracks": lambda text, reason: parse_tracks(text, **SIZE, finish_reason=reason),
    "choice": lambda text, reason: parse_choice(text, OPTIONS),
    "word": lambda text, reason: parse_word(text, OPTIONS),
    "window": lambda text, reason: answer_window(text),
    "reference-times": lambda text, reason: parse_reference(text),
    "reference-span-lmms": lambda text, reason: parse_span(text, policy="reference_lmms"),
    "reference-span-official": lambda text, reason: parse_span(text, policy="reference_official"),
    "reference-number-lmms": lambda text, reason: parse_number(text, policy="reference_lmms"),
    "reference-number-official": lambda text, reason: parse_number(
        text, policy="reference_official"
    ),
    "reference-tracks": lambda text, reason: parse_tracks_reference(text, **SIZE),
}


def text_of(content: bytes) -> str:
    """Return bytes as a text; invalid ones become halves of surrogate pairs, as in JSON."""
    return content.decode("utf-8", "surrogateescape")


def targets() -> Iterator[Target]:
    """Yield the targets."""
    for name, parse in STRICT.items():
        kind = name.removeprefix("reference-").partition("-")[0]
        yield Target(f"answer-{name}", partial(_answers, kind), _opened(parse), _crashes(name))
    for case in CASES:
        name, seeds = case.name.replace(" ", "-"), partial(_answers, case.kind)
        yield Target(f"reader-{name}", seeds, _public(case), (ReferenceCrashError,))
    for name, reader in TRACE_READERS.items():
        yield Target(
            f"reader-{name}",
            partial(_answers, "trace"),
            _opened(
                lambda text, reason, reader=reader: reader.read(TraceReading(text, (640, 480)))
            ),
            (ReferenceCrashError,),
        )
    yield Target(
        "reader-roborefer",
        partial(_answers, "points"),
        _opened(lambda text, reason: roborefer_accuracy(text, MASK)),
        (ReferenceCrashError,),
    )
    literal_errors = (LiteralError, ArithmeticError)
    yield Target(
        "answer-literal", partial(_answers, "trace"), lambda folder: _literal, literal_errors
    )
    yield Target("answer-masks", lambda: MASKS, lambda folder: _masks, allowed=())


def _crashes(name: str) -> tuple[type[Exception], ...]:
    """Return what a parser may raise: those of public scorers, where these crash."""
    return (ReferenceCrashError,) if name.startswith("reference-") else ()


def _opened(parse: Parse) -> Callable[[Path], Read]:
    def read(content: bytes) -> object:
        return parse(text_of(content), "length" if len(content) % 2 else "stop")

    return lambda folder: read


def _public(case: Case) -> Callable[[Path], Read]:
    def read(content: bytes) -> object:
        result: Any = case.ours(case.reader, text_of(content))
        return result

    return lambda folder: read


def _literal(content: bytes) -> object:
    return repr(read_literal(text_of(content), arithmetic=len(content) % 2 == 0))[:100]


def _masks(content: bytes) -> object:
    return read_given(text_of(content), height=4, width=4, frames=2)


def _answers(kind: str) -> list[bytes]:
    """Return the answers in the table of a parser, and a few of all others."""
    texts = [row["text"] for parser, row in rows() if parser.startswith(kind)]
    texts += [row["text"] for _, row in rows()[::25]]
    return [text.encode("utf-8", "surrogatepass") for text in texts]

"""The real lmms-eval next to our readers, on texts as models write them.

``JUMPSCORE_DIFFERENTIAL_TEXTS`` sets how many texts each reader is compared on.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest

from evaluators.spatial import lmms_boxes, lmms_choices
from evaluators.temporal import temporal_iou
from evaluators.temporal.reference import READER as SPANS
from jumpscore.scoring import ReferenceCrashError, parse_reference, reference_map
from jumpscore.scoring.reasoning_tags import TAGS, scored_text
from tests.differential.cases import CASES, LETTERS, QUESTION, Case, variants
from tests.differential.grammar import KINDS, texts
from tests.differential.places import BOX, IMAGE
from tests.differential.public import exact_match, lmms_eval

TEXTS = int(os.environ.get("JUMPSCORE_DIFFERENTIAL_TEXTS", 20_000))
SEED = 16
WITHIN = 1000
"""Texts within which a reader that lacks a rule must be noticed."""
CRASH = "crash"

by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@cache
def drawn(kind: str, count: int) -> list[str]:
    return list(texts(kind, SEED, count))


def called(function: Callable[..., Any], *arguments: Any) -> Any:
    """What is compared: repr, since NaN equals nothing; errors of theirs are all one."""
    try:
        return repr(function(*arguments))
    except Exception:
        return CRASH


def read(case: Case, text: str) -> Any:
    try:
        return repr(case.ours(case.reader, text))
    except ReferenceCrashError:
        return CRASH


@by_name
def test_reader_equals_lmms_eval(case):
    theirs = case.theirs()
    different = [
        text for text in drawn(case.kind, TEXTS) if called(theirs, text) != read(case, text)
    ]
    assert different[:5] == []


def without_a_rule() -> Iterator[Any]:
    for case in CASES:
        for name, reader in variants(case.reader):
            yield pytest.param(case, reader, id=f"{case.name} without {name}")


@cache
def right_values(name: str) -> list[str]:
    [case] = [case for case in CASES if case.name == name]
    theirs = case.theirs()
    return [called(theirs, text) for text in drawn(case.kind, WITHIN)]


@pytest.mark.parametrize(("case", "reader"), list(without_a_rule()))
def test_reader_without_a_rule_is_noticed(case, reader):
    values = zip(drawn(case.kind, WITHIN), right_values(case.name), strict=True)
    assert any(called(case.ours, reader, text) != value for text, value in values)


@pytest.mark.parametrize("unit", lmms_boxes.UNITS, ids=lambda unit: unit.__name__)
def test_box_unit_left_out_is_noticed(unit):
    units = [other for other in lmms_boxes.UNITS if other is not unit]
    values = zip(drawn("box", WITHIN), right_values("refcoco"), strict=True)
    assert any(
        called(lambda text: lmms_boxes.reference_box_iou(text, BOX, size=IMAGE, units=units), text)
        != value
        for text, value in values
    )


@pytest.mark.parametrize("kind", KINDS)
def test_scored_text_equals_lmms_eval(kind):
    strip = lmms_eval("api.reasoning").strip_reasoning_tags
    pairs = [list(pair) for pair in TAGS]
    for text in drawn(kind, max(TEXTS // 4, 1)):
        assert scored_text(text) == strip(text, pairs)


@pytest.mark.parametrize("name", ["sat", "metavqa", "crpe"])
def test_verdict_equals_exact_match(name):
    [case] = [case for case in CASES if case.name == name]
    for text in drawn("choice", WITHIN):
        answered = case.reader.read(text, QUESTION)
        for letter in LETTERS:
            result = exact_match()(
                [answered.strip()], [letter], ignore_case=True, ignore_punctuation=True
            )
            assert lmms_choices.is_same_word(answered, letter) == bool(result["exact_match"])


def test_map_of_answers_equals_lmms_eval():
    task = lmms_eval("tasks.jumpscore.utils")
    truth = [0.28, 4.44, 5.0, 9.56, 10.16, 20.0, 33.88]
    document = {"id": "a", "answer": str(truth)}
    for text in drawn("times", WITHIN):
        try:
            answered = parse_reference(text)
        except ReferenceCrashError:
            continue
        result = task.jumpscore_process_results(document, [text])["jumpscore_map"]["map"]
        assert reference_map(answered, truth) == result


def test_iou_of_spans_equals_lmms_eval():
    iou = lmms_eval("tasks.timelens.utils").iou
    for text in drawn("span", WITHIN):
        for span in SPANS.read(text) or []:
            assert temporal_iou(span, (4.0, 31.5)) == iou(span, (4.0, 31.5))

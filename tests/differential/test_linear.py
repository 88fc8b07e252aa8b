"""Readers take linear time on hostile texts, on which the public code may hang."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from jumpscore.scoring import ReferenceCrashError
from tests.differential.cases import CASES

PIECES = (
    *("[", "(", "{", "<", " ", "\n", "1", "1.", "1 ", "1,", "-", ":", "`", "**", ".", "00:"),
    *("```json [", "```json\n", "```\n[1,\n", "[1, ", "(1, ", "{'x': 1, ", '{"x": 1 ', '"y": 1 '),
    *("<answer>", "<think>", "</think>", "<thought>", '<point x="1" y="1" '),
    *("answer ", "answer is ", "so ", "Therefore", "\\boxed{A.", "(Choice ", "**A. ", "Answer: "),
    *("position is 1 ", "x: 1 ", "1 to ", "1 - ", "1s ", "one ", "A ", "``", "{A", "\tA\n"),
)
LENGTH = 60_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_reader_is_linear(case):
    for piece in PIECES:
        text = piece * (LENGTH // len(piece))
        start = time.process_time()
        with suppress(ReferenceCrashError):
            case.ours(case.reader, text)
        assert time.process_time() - start < 1.5, piece

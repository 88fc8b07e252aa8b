"""Readers take linear time on hostile texts, on which the public code may hang."""

from __future__ import annotations

from contextlib import suppress

import pytest

from jumpscore.scoring import ReferenceCrashError
from tests.differential.cases import CASES
from tests.support import assert_linear, repeated

PIECES = (
    *("[", "(", "{", "<", " ", "\n", "1", "1.", "1 ", "1,", "-", ":", "`", "**", ".", "00:"),
    *("```json [", "```json\n", "```\n[1,\n", "[1, ", "(1, ", "{'x': 1, ", '{"x": 1 ', '"y": 1 '),
    *("<answer>", "<think>", "</think>", "<thought>", '<point x="1" y="1" '),
    *("answer ", "answer is ", "so ", "Therefore", "\\boxed{A.", "(Choice ", "**A. ", "Answer: "),
    *("position is 1 ", "x: 1 ", "1 to ", "1 - ", "1s ", "one ", "A ", "``", "{A", "\tA\n"),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_reader_is_linear(case):
    def read(text):
        with suppress(ReferenceCrashError):
            case.ours(case.reader, text)

    for piece in PIECES:
        assert_linear(read, repeated(piece))

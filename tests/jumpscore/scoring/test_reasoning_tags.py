from __future__ import annotations

import pytest

from jumpscore.scoring.reasoning_tags import scored_text
from tests.support import assert_linear, repeated


@pytest.mark.parametrize(
    ("text", "scored"),
    [
        ("<think>They jump at 1.2s.</think>[0.5, 1.0]", "[0.5, 1.0]"),
        ("<analysis>a</analysis>\n B ", "B"),
        ("<think>a</think>b<think>c</think>d", "bd"),
        ("thinking</think>\n4 - 9", "4 - 9"),
        ("a</think>b</think>c", "c"),
        ("<think>[0.5]", "<think>[0.5]"),
        ("</think><think>a", "</think><think>a"),
        ("<THINK>a</THINK>b", "<THINK>a</THINK>b"),
        ("<thinking>a</thinking>b", "<thinking>a</thinking>b"),
        ("<th<think>a</think>ink>b</think>c", "c"),
        ("", ""),
    ],
)
def test_scored_text_by_hand(text, scored):
    assert scored_text(text) == scored
    assert scored_text(text, "none") == text.strip()


@pytest.mark.parametrize(
    "text_of",
    [
        repeated("<think></think>"),
        repeated("<think>"),
        lambda size: "<th" * (size // 15) + "<think></think>" + "ink></think>" * (size // 15),
    ],
    ids=["pairs", "open", "seams"],
)
def test_scored_text_is_linear(text_of):
    assert_linear(scored_text, text_of, length=640_000)

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.answers import prepare, tokenize
from jumpscore.answers.characters import normalise


@given(st.text(max_size=200))
def test_normalise_preserves_length(text):
    assert len(normalise(text)) == len(text)


@given(
    st.text(
        "<>/|[](){}`\\&;:=.,-~0123456789thinkboxedanswersimend \n\t｜０９。，【】（）−–→\u200b秒",
        max_size=120,
    )
)
def test_prepare_preserves_length_and_offsets(text):
    answer = prepare(text)
    assert len(answer.text) == len(text)
    normal = normalise(text)
    for token in tokenize(answer.text):
        assert 0 <= token.low < token.high <= len(text)
        if token.kind == "number" and "&" not in text:
            assert answer.text[token.low : token.high] == normal[token.low : token.high]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("０.２８，０.７６", "0.28,0.76"),
        ("（−0.35）", "(-0.35)"),
        ("3.2～5.1 秒。", "3.2~5.1 秒."),
        ("٠٫٢٨، ०.७६", "0.28, 0.76"),
        ("3.2 – 5.1 — 7 ‑ 8", "3.2 - 5.1 - 7 - 8"),
        ("1️⃣ ② ➜ 【3】", "1 ) • → [3]"),
        ("a\tb\r\nc\u00a0d\u200ee", "a b\n\nc d e"),
        ("“3”×4", '"3"x4'),
    ],
)
def test_normalise_typographic_characters(text, normal):
    assert normalise(text) == normal

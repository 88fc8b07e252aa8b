"""The shortcut for plain lists and lines agrees with the reading of tokens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from jumpscore.answers.times.plain import read_plain
from jumpscore.scoring import parse_times

LABELS = st.sampled_from(["", "- ", "* ", "Jump {}: ", "- rep {}: ", "Hop {}: ", "{}. ", "{}) "])
TIMES = st.decimals(0, 9999, places=2, allow_nan=False).map("{:.2f}".format)
UNITS = st.sampled_from(["", "s", " s", " sec", " seconds"])
LINES = st.tuples(LABELS, st.integers(0, 9999), TIMES, UNITS).map(
    lambda line: line[0].format(line[1]) + line[2] + line[3]
)


@given(st.lists(LINES, min_size=1, max_size=6))
def test_read_plain_agrees_with_tokens(lines):
    text = "\n".join(lines)
    plain = read_plain(text, text, cut=False)
    assert plain is not None
    reading, form = plain
    by_tokens = parse_times(text + "\n*")  # a bullet, with which no shortcut applies
    assert read_plain(by_tokens.text, by_tokens.text, cut=False) is None
    assert (reading.times, form) == (list(by_tokens.times), by_tokens.parser)
    assert reading.spans == list(by_tokens.spans)


def test_read_plain_leaves_cut_lines_to_tokens():
    text = "Jump 1: 0.28 s\nJump 2: 0.7"
    assert read_plain(text, text, cut=True) is None
    assert parse_times(text, finish_reason="length").times == (0.28,)

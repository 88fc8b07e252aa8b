from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.scoring import parse_count, parse_times
from jumpscore.scoring.parsing import answer_window
from tests.support import assert_linear, repeated

TIME = st.floats(0, 9999, allow_nan=False).map(lambda value: round(value, 2))

READ = [
    ("[0.28, 4.44, 5.00]", "list", (0.28, 4.44, 5.0)),
    ('```json\n["0.28s", "4.44"]\n```', "list", (0.28, 4.44)),
    ("I think [1.0] then [0.5, 1.5, 2.5]", "list", (0.5, 1.5, 2.5)),
    ("In this 30s clip: [0.5, 1.0]", "list", (0.5, 1.0)),
    ("[0.5, 1.5,]", "list", (0.5, 1.5)),
    ("[[0.5, 0.7], [1.0, 1.2]]", "list", (0.5, 1.0)),
    ("[0.5, [1.5]]", "list", (0.5, 1.5)),
    ("[0.5 1.0 1.5]", "list", (0.5, 1.0, 1.5)),
    ("['0.5', '1.0']", "list", (0.5, 1.0)),
    ('[{"jump": 1, "start": 0.5, "end": 0.7}, {"start_time": "00:01.2"}]', "list", (0.5, 1.2)),
    ("[00:12, 1:02.5, 1:00:00]", "list", (12.0, 62.5, 3600.0)),
    ("[-0.5, 1e0]", "list", (-0.5, 1.0)),
    ("[Note: jumps at [0.5, 1.0]", "list", (0.5, 1.0)),
    ("<think>maybe [0.1]</think> [0.5]", "list", (0.5,)),
    ("reasoning without a start [0.1]</think>\n[0.5]", "list", (0.5,)),
    ("0.28s, 4.44s, 5.00 s", "lines", (0.28, 4.44, 5.0)),
    ("1. 0.5\n2. 1.0", "lines", (0.5, 1.0)),
    ("1) 0.5\n2) 1.0\n", "lines", (0.5, 1.0)),
    ("Jumps:\n- 0.5s\n- 1.0s", "lines", (0.5, 1.0)),
    ("Jump 1: 0.5s\nJump 2: 1.0s", "lines", (0.5, 1.0)),
    ("0.5 - 0.7\n1.0 - 1.2", "lines", (0.5, 1.0)),
    ("**0.5**, **1.0**", "lines", (0.5, 1.0)),
    ("[00:01.2] jump\n[00:02.4] jump", "lines", (1.2, 2.4)),
    ("00:12", "lines", (12.0,)),
    ("0.5", "lines", (0.5,)),
    (
        "There are 3 jumps, at 1.2 seconds, 2.4 seconds and 3.6 seconds.",
        "units",
        (1.2, 2.4, 3.6),
    ),
    ("In this 30s clip they start at 0.5s and 1.0 s", "units", (0.5, 1.0)),
    ("from 0.5 to 0.7 seconds and 1.0 - 1.2s", "units", (0.5, 1.0)),
    ("at 00:01, 00:02.5 and 01:03", "units", (1.0, 2.5, 63.0)),
    ("They start at 1.2, 2.4, and 3.6 seconds.", "units", (1.2, 2.4, 3.6)),
    ("0.5s\n1.0s\nTotal: 2 jumps in 30 s", "units", (0.5, 1.0)),
    ("0-10 s: [1.2, 3.4]\n10-20 s: [11.2, 12.5]", "list", (1.2, 3.4, 11.2, 12.5)),
    ("[0.5, 1.0] as in reference [1]", "list", (0.5, 1.0)),
    ('[{"time_end": 0.7, "start": 0.5}]', "list", (0.5,)),
    # without a unit, but 3 is a count by its word and the others are all times
    ("There are 3 jumps at 0.5, 1.5 and 2.5", "prose", (0.5, 1.5, 2.5)),
]


@pytest.mark.parametrize(("text", "parser", "times"), READ, ids=[case[0][:30] for case in READ])
def test_parse_times_forms(text, parser, times):
    parsed = parse_times(text)
    assert (parsed.status, parsed.parser, parsed.times) == ("ok", parser, times)
    assert parsed.text == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "none",
        "28",
        "28 jumps",
        "There are 3 jumps in 20 different takes, at 0.5, 1.5 and 2.5",
        "[soon, later]",
        "[NaN]",
        '["soon"]',
        "1.5.2",
        "version 1.2.3",
        "<think>[0.1], or [0.2",
    ],
)
def test_parse_times_never_guesses(text):
    assert parse_times(text).status == "unparseable"
    assert parse_times(text).times == ()


def test_parse_times_empty_list():
    assert parse_times("There are no jumps: []").status == "empty"
    assert parse_times("```json\n[ ]\n```").status == "empty"


def test_parse_times_refusals():
    assert parse_times("I'm sorry, I can't watch videos.").status == "refused"
    assert parse_times("I'm sorry for the delay: [0.5]").status == "ok"


@pytest.mark.parametrize(
    ("text", "times", "rejected"),
    [
        ("[0.28, 0.76] and 5 s later", (0.28, 0.76), ("5 s",)),
        ("<answer>[0.28]</answer> or 0.3", (0.28,), ("</answer> or 0.3",)),
        ("[0.28, 0.76, 1.24]\nTotal jumps: [3]", (0.28, 0.76, 1.24), ("[3]",)),
        ("At 0.28 and 0.76 seconds (2 jumps)", (0.28, 0.76), ("2",)),
        ("1.5x speed: 0.28, 0.76", (0.28, 0.76), ("1.5",)),
        ("0.28 s and 0.76 s (frame 19)", (0.28, 0.76), ("19",)),
        ("I saw 0.3.\nFinal answer: 0.28, 0.76", (0.28, 0.76), ("0.3",)),
        ("Start times: [0.28]\nEnd times: [0.5]", (0.28,), ("[0.5]",)),
    ],
)
def test_parse_times_counts_rejected_values(text, times, rejected):
    parsed = parse_times(text)
    assert (parsed.status, parsed.times, parsed.rejected) == ("ok", times, rejected)
    assert parsed.rejected_count == len(rejected)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("```json\n[0.5, 1.0, 1.", (0.5, 1.0)),
        ("<answer>[0.5, 1.0, 1.", (0.5, 1.0)),
        ('{"timestamps": [0.5, 1.0, 1.', (0.5, 1.0)),
        ('{"time": 0.5}\n{"time": 1.0}\n{"time": 1.', (0.5, 1.0)),
    ],
)
def test_parse_times_cut_structures_are_partial(text, times):
    parsed = parse_times(text)
    assert (parsed.status, parsed.times) == ("partial", times)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("Jump 1: 0.28\nJump 2: 0.7", (0.28,)),
        ("| Jump | Start |\n|---|---|\n| 1 | 0.28 |\n| 2 | 0.7", (0.28,)),
        ("\\boxed{0.28, 0.7", (0.28,)),
        ("0.5s, 1.0s, 1.", (0.5, 1.0)),
    ],
)
def test_parse_times_drops_incomplete_number(text, times):
    parsed = parse_times(text, finish_reason="length")
    assert (parsed.status, parsed.times) == ("partial", times)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("[0.28, 4.44, 5.0", (0.28, 4.44)),
        ("[0.5, 1.0, 1.", (0.5, 1.0)),
        ("[0.5, 1.0, 1.5,", (0.5, 1.0, 1.5)),
        ("[[0.5, 0.7], [1.0, 1.2], [1.", (0.5, 1.0)),
        ("[", ()),
    ],
)
def test_parse_times_open_list_is_partial(text, times):
    parsed = parse_times(text)
    assert (parsed.status, parsed.times) == ("partial", times)


def test_parse_times_token_limit_is_partial():
    assert parse_times("[0.5, 1.0]", finish_reason="length").status == "partial"
    assert parse_times("[0.5, 1.0]", finish_reason="length").times == (0.5, 1.0)
    assert parse_times("0.5s, 1.0s, 1.5", finish_reason="length").times == (0.5, 1.0)
    assert parse_times("<think>so long", finish_reason="length").status == "partial"


def test_parse_times_reasoning():
    assert parse_times("<think>a</think>[1]").reasoning == "closed"
    assert parse_times("<think>[1]").reasoning == "unclosed"
    assert parse_times("[1]").reasoning == "none"
    assert answer_window("a<think>b</think>c") == (17, 18, "closed")


def test_parse_times_stores_rejected_values():
    parsed = parse_times('[NaN, 1, null, "soon", 2e400]')
    assert parsed.times == (1.0,)
    assert parsed.rejected == ("NaN", "null", '"soon"', "2e400")
    assert parse_times("I think [1.0] then [0.5, 1.5]").rejected == ("[1.0]",)
    many = parse_times("[1, " + "x, " * 500 + "2]")
    assert len(many.rejected) == 20
    assert many.rejected_count == 500


@given(st.lists(TIME, min_size=1, max_size=40), st.sampled_from([", ", ",", ",\n"]))
def test_parse_times_lists_read_back(times, comma):
    assert parse_times(json.dumps(times)).times == tuple(times)
    text = "Sure: [" + comma.join(f'"{time}s"' for time in times) + "] done."
    parsed = parse_times(text)
    assert parsed.times == tuple(times)
    assert [float(text[a:b]) for a, b in parsed.spans] == times


@given(st.lists(TIME, min_size=2, max_size=40))
def test_parse_times_numbered_lines_read_back(times):
    text = "\n".join(f"{k}. {time}" for k, time in enumerate(times, start=1))
    assert parse_times(text).times == tuple(times)


@given(
    st.one_of(
        st.text(max_size=200),
        st.text("[]{},.:0123456789 s\n\"'<>/think-+eE", max_size=200),
    ),
    st.sampled_from([None, "stop", "length"]),
)
def test_parse_times_and_count_accept_any_text(text, finish_reason):
    for parse in (parse_times, parse_count):
        parsed = parse(text, finish_reason=finish_reason)
        assert parsed.text == text
        assert all(0 <= a < b <= len(text) for a, b in parsed.spans)
    parsed = parse_times(text, finish_reason=finish_reason)
    assert len(parsed.times) == len(parsed.spans)
    assert all(math.isfinite(time) for time in parsed.times)


HOSTILE = ["[", "1", "1 ", "[1,", "1s ", '"', ".1", ",", "1:", "1-", "- ", "<think>", "[\n", "{"]
HOSTILE += ["I am ", "[1.0]\n", "[1]", "[1, 2] ", "[1, 2]\n", "1, ", "1 to ", "\n", " ", "```", "٣"]
HOSTILE += ["a", "[[1],", "]", "e", "s", "(", "__", "k:", "{'a':", "|1|\n", "\\boxed{", "<a ", "一"]
HOSTILE += ["twenty ", "1\n", "1 min ", "0,28; ", "jump 1 ", "<answer>", "&lt;", "(1, 2) "]


@pytest.mark.parametrize("unit", HOSTILE)
@pytest.mark.parametrize("lead", ["", "[", "[1, "])
def test_parse_times_and_count_are_linear(unit, lead):
    def read(text):
        parse_times(text)
        parse_count(text)

    assert_linear(read, repeated(unit, lead), length=12_000)


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("28", 28),
        ("28 jumps", 28),
        ("The person jumped 28 times in 30 s.", 28),
        ("**28**", 28),
        ("1,200", 1200),
        ("\\boxed{28}", 28),
        ("[28]", 28),
        ("<think>27</think>28", 28),
        ("28. I am sure: 28.", 28),
    ],
)
def test_parse_count_one_integer(text, count):
    parsed = parse_count(text)
    assert (parsed.status, parsed.count) == ("ok", count)


@pytest.mark.parametrize("text", ["Between 27 and 29", "28.5", "-3", "many", "", "3:20", "v2"])
def test_parse_count_never_guesses(text):
    parsed = parse_count(text)
    assert (parsed.status, parsed.count) == ("unparseable", None)


def test_parse_count_cut_off_is_partial():
    assert parse_count("There are 2", finish_reason="length").status == "partial"
    assert parse_count("I can't tell").status == "refused"


@pytest.mark.parametrize(
    "text",
    [
        '[{"start": 0.5, "end": 0.7}, {"start": 1.0, "end": 1.2}, {"sta',
        '["0.5", "1.0", "',
        "[[0.5, 0.7], [1.0, 1.2], [",
        "[0.5, 1.0, soon",
        "[0.5, 1.0, 1.",
    ],
)
def test_parse_times_cut_list_reads_complete_times(text):
    parsed = parse_times(text)
    assert (parsed.status, parsed.times) == ("partial", (0.5, 1.0))


def test_parse_times_cut_list_after_empty_list():
    parsed = parse_times("[]\nWait, actually: [0.52")
    assert (parsed.status, parsed.times) == ("partial", ())


def test_parse_times_rejects_infinite_numbers():
    assert parse_times("[1e999]\n[2e999]").status == "unparseable"


@pytest.mark.parametrize(
    "text",
    ["27-29 jumps", "3-4", "Between 27 and 29 jumps", "27 to 29 jumps", "about 27–29 times"],
)
def test_parse_count_range_is_unparseable(text):
    assert parse_count(text).status == "unparseable"
    assert parse_count("28 jumps from 0 to 30 s").count == 28


@given(st.lists(TIME, min_size=1, max_size=20), st.sampled_from([", ", ",", " ,\n"]))
def test_parse_times_plain_list_equals_tokens(times, comma):
    text = "[" + comma.join(map(str, times)) + "]"
    plain, slow = parse_times(text), parse_times(f"Sure: {text} ok")
    moved = tuple((a + 6, b + 6) for a, b in plain.spans)
    assert (plain.times, moved, plain.status) == (slow.times, slow.spans, slow.status)

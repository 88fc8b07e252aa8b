from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.tracking import parse_tracks, parse_tracks_reference
from evaluators.tracking import parsing as why
from jumpscore.scoring import ReferenceCrashError
from tests.support import lmms_eval_scorer
from tests.tracking_support import golden

VIDEO = {"width": 1000, "height": 1000, "fps": 6.0}
CASES = golden()["parse"]


def as_golden(tracks) -> list[dict]:
    with_occlusion = tracks.parser == "time_lines"
    return [
        {
            "time": moment.time,
            "frame": moment.frame,
            "points": {
                name: {"point": [point.x, point.y]}
                | ({"occluded": point.occluded} if with_occlusion else {})
                for name, point in moment.points.items()
            },
        }
        for moment in tracks.moments
    ]


@pytest.mark.parametrize("name", CASES["cases"])
def test_parse_tracks_reference_equals_the_public_code(name):
    case = CASES["cases"][name]
    result = parse_tracks_reference(
        case["text"], width=CASES["width"], height=CASES["height"], fps=CASES["video_fps"]
    )
    assert as_golden(result) == case["tracks"]


@pytest.mark.parametrize("answer", golden()["answers"])
def test_parse_tracks_of_real_answers(answer):
    fps = answer["video_fps"]
    for parse in (parse_tracks, parse_tracks_reference):
        result = parse(answer["prediction"], width=1000, height=1000, fps=fps)
        assert result.status == "ok"
        assert as_golden(result) == answer["parsed_w1000_h1000_fps6"]


# Answers that the default reads differently from the reference.
DIFFERENT = {
    "truncated_no_close_quote": "partial",
    "float_xy": "ok",
    "five_digits": "ok",
    "collide_frames": "ok",
    "time_dict": "ok",
}


@pytest.mark.parametrize("name", sorted(set(CASES["cases"]) - set(DIFFERENT)))
def test_parse_tracks_equals_the_reference_on_plain_answers(name):
    case = CASES["cases"][name]
    result = parse_tracks(
        case["text"], width=CASES["width"], height=CASES["height"], fps=CASES["video_fps"]
    )
    assert as_golden(result) == case["tracks"]


READ = [
    ("<tracks coords='0 0 1 2;0.5 0 3.5 4'>x", {0: {"0": (1, 2)}, 3: {"0": (3.5, 4)}}, {}),
    ('<anything coords="0 0.0 100.7 200.9"/>', {0: {"0": (100.7, 200.9)}}, {}),
    ('coords="0 0 1 2\n1 0 3 4"', {0: {"0": (1, 2)}, 6: {"0": (3, 4)}}, {}),
    ('coords="0 007 1 2 7 3 4"', {0: {"7": (1, 2)}}, {why.REPEATED: 1}),
    ('coords="0 0 12345 500 1 500 500"', {0: {"1": (500, 500)}}, {why.OUTSIDE: 1}),
    ('coords="0 0 -5 500; 1 0 1000 0"', {6: {"0": (1000, 0)}}, {why.OUTSIDE: 1}),
    ('coords="0 0 1e3 nan 1 inf 3 2 5 6"', {0: {"2": (5, 6)}}, {why.NO_NUMBER: 2}),
    ('coords="0 dog 1 2 1.5 3 4 -1 5 6"', {}, {why.NO_ID: 3}),
    ('coords="nan 0 1 2;-1 0 1 2;soon 0 1 2;1e9 0 1 2"', {}, {why.NO_TIME: 4}),
    ('coords="0 0 1 2 1 3;1;2 0;3 0 1"', {0: {"0": (1, 2)}}, {why.INCOMPLETE: 4}),
    ('coords="0.1 0 1 2 1 3 4;0.15 0 5 6"', {1: {"0": (5, 6)}}, {why.SAME_FRAME: 2}),
    ("time 1.0\n{0: [50, 25.5], '1': (10, 20, 'yes')}", {6: {"0": (500, 255), "1": (100, 200)}},
     {}),
    ("time 1.0\n{0: [50, 101], 1: [-1, 2]}", {}, {why.OUTSIDE: 2}),
    ("time 1.0\n{0: [5], x: [1, 2], 2: [a, 1], 3: [1, 2]}", {6: {"3": (10, 20)}},
     {why.INCOMPLETE: 1, why.NO_ID: 1, why.NO_NUMBER: 1}),
    ("time 1.0\n{0: [5, 6], junk, 1: [7, 8] junk}", {6: {"0": (50, 60), "1": (70, 80)}},
     {why.NO_POINT: 2}),
    ("time soon\n{0: [5, 6]}", {}, {why.NO_TIME: 1}),
    ('<think>coords="0 0 1 2"</think>coords="0 0 3 4"', {0: {"0": (3, 4)}}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("text", "frames", "rejected"), READ, ids=[case[0][:40] for case in READ])
def test_parse_tracks_counts_rejected_items(text, frames, rejected):
    result = parse_tracks(text, **VIDEO)
    assert {
        k: {n: pytest.approx(p) for n, p in v.items()} for k, v in result.frames.items()
    } == frames
    assert result.rejected == rejected
    assert result.status == ("ok" if frames else "unparseable")


@pytest.mark.parametrize(
    ("text", "points", "cut"),
    [
        ('<tracks coords="0 0 1 2;1 0 3 45', 1, 1),
        ('<tracks coords="0 0 1 2 1 3 4', 1, 1),
        ('<tracks coords="0 0 1 2 1 3 4 ', 2, 0),
        ('<tracks coords="0 0 1 2;1.', 1, 1),
        ('<tracks coords="0 0 1 2;', 1, 0),
        ('<tracks coords="', 0, 0),
        ("time 0\n{0: [1, 2], 1: [3, 4], 2: [5", 2, 1),
    ],
)
def test_parse_tracks_of_a_cut_off_answer(text, points, cut):
    result = parse_tracks(text, **VIDEO)
    assert result.status == "partial"
    assert sum(len(moment.points) for moment in result.moments) == points
    assert result.rejected.get(why.CUT_OFF, 0) == cut


def test_parse_tracks_falls_back_to_time_lines():
    for tag in ('<tracks coords="">', '<tracks coords="0 0 5000 5000">'):
        text = tag + "dog</tracks>\ntime 0.0\n{0: [50, 50]}"
        for parse in (parse_tracks, parse_tracks_reference):
            result = parse(text, **VIDEO)
            assert result.frames == {0: {"0": (500.0, 500.0)}}, (tag, parse)
            assert result.status == "ok"
    assert parse_tracks(text, **VIDEO).parser == "time_lines"
    assert parse_tracks('<tracks coords="">x</tracks> time 0\n{}', **VIDEO).status == "empty"


def test_parse_tracks_status():
    assert parse_tracks('<tracks coords="">dog</tracks>', **VIDEO).status == "empty"
    assert parse_tracks("I'm sorry, I cannot see it.", **VIDEO).status == "refused"
    assert parse_tracks("It runs to the left.", **VIDEO).status == "unparseable"
    assert parse_tracks("It runs", **VIDEO, finish_reason="length").status == "partial"
    assert parse_tracks('<think>coords="0 0 1 2"', **VIDEO).reasoning == "unclosed"
    assert parse_tracks_reference("", **VIDEO).status == "unparseable"


@pytest.mark.parametrize("video", [(0, 1, 1), (1, -1, 1), (1, 1, 0), (1, 1, float("nan"))])
def test_parse_tracks_refuses_an_invalid_video(video):
    for parse in (parse_tracks, parse_tracks_reference):
        with pytest.raises(ValueError, match="must be above 0"):
            parse("", width=video[0], height=video[1], fps=video[2])


HOSTILE = {
    "10,000 points in one frame": 'coords="0 ' + " ".join(f"{k} 1 2" for k in range(10_000)) + '"',
    "10,000 frames": 'coords="' + ";".join(f"{k} 0 1 2" for k in range(10_000)) + '"',
    "10,000 attributes": 'coords="0 0 1 2"' * 10_000,
    "open attributes": "coords='" * 50_000,
    "tabs": 'coords="' + "\t" * 200_000 + 'x"',
    "spaces": 'coords="0 ' + " " * 200_000 + 'x"',
    "spaces after the name": "coords" + " " * 200_000 + "coords" + "\n" * 200_000,
    "digits": 'coords="0 0 ' + "1" * 200_000 + '. 5 5"',
    "digits as a time": 'coords="' + "1" * 200_000 + ' 0 1 2"',
    "dots": 'coords="0 ' + "1." * 100_000 + ' 5 5"',
    "time lines": "time 1\n{" * 50_000,
    "time and spaces": "time " + " " * 100_000 + "1" + "\n" * 100_000 + "x",
    "time digits": "time " + "1" * 100_000 + ".x",
    "many times": "time 1 " * 50_000,
    "nesting": "time 1\n{0: " + "[" * 50_000 + "}",
    "signs": "time 1\n{0: " + "-" * 50_000 + "1}",
    "entries": "time 1\n{" + "0: [" * 50_000 + "}",
    "commas": "time 1\n{0: [" + "1," * 50_000 + "}",
    "thoughts": "<think>" * 50_000,
    "control characters": 'coords="0 0 \x00 \ud800 1 \u0663 4"',
}


@pytest.mark.parametrize("parse", [parse_tracks, parse_tracks_reference])
@pytest.mark.parametrize("name", HOSTILE)
def test_parse_tracks_takes_linear_time(parse, name):
    before = time.process_time()
    try:
        parse(HOSTILE[name], **VIDEO)
    except ReferenceCrashError:
        assert parse is parse_tracks_reference
    assert time.process_time() - before < 1.0


GRAMMAR = st.text(alphabet="0123.5 ;,:\t\n'-", max_size=60)
PIECES = st.lists(
    st.sampled_from(
        ["0", "1", "10", "999", "1001", "12345", "0.5", "1.", ".5", " ", " ", " ", ";", ",", ":",
         "\t", "\n", "\u00a0", "x", "-", "'", '"', "coords=", "time 1\n{", "0: [1, 2]", "}", "{}"]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.one_of(GRAMMAR, PIECES).map(lambda value: f'coords="{value}"') | PIECES)
def test_parse_tracks_reference_of_any_answer(text):
    theirs = lmms_eval_scorer("rvos")
    if theirs is None:
        pytest.skip("lmms-eval is not installed; `make test` installs it")
    try:
        expected = theirs.extract_tracks(text, 854, 480, 6.0)
    except Exception:
        with pytest.raises(ReferenceCrashError):
            parse_tracks_reference(text, width=854, height=480, fps=6.0)
        return
    assert as_golden(parse_tracks_reference(text, width=854, height=480, fps=6.0)) == expected


@pytest.mark.parametrize(
    "text",
    [
        'coords="' + "9" * 400 + ' 0 1 2"',
        "time 1\n{1, 2}",
        "time 1\n{0: 5}",
        "time 1\n{0: ['a', 1]}",
        "time 1\n{'dog': [1, 2]}",
        "time 1\n{[0]: [1, 2]}",
        HOSTILE["signs"],
    ],
)
def test_parse_tracks_reference_reports_crashes(text):
    with pytest.raises(ReferenceCrashError):
        parse_tracks_reference(text, **VIDEO)
    assert parse_tracks(text, **VIDEO).status in ("ok", "unparseable")


@pytest.mark.filterwarnings("error")
def test_parse_tracks_reference_without_warnings():
    assert not parse_tracks_reference("time 0\n{1if}", **VIDEO).moments


@settings(max_examples=300, deadline=None)
@given(st.text() | PIECES)
def test_parse_tracks_of_any_text(text):
    result = parse_tracks(text, **VIDEO)
    for points in result.frames.values():
        for x, y in points.values():
            assert 0 <= x <= 1000
            assert 0 <= y <= 1000

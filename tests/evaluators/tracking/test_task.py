from __future__ import annotations

import json
import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jumpscore
from evaluators.tracking import parse_tracks
from evaluators.tracking.queries import Query, Target, parse_trajectories
from evaluators.tracking.rle import encode_mask
from evaluators.tracking.task import CRASH, PROMPT, Tracking, TrackingOptions
from jumpscore.builder.small_sets import render_mini
from jumpscore.data.layout import Manifest, read_rows, write_rows
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import score_run
from jumpscore.harness.factory import make_task
from jumpscore.records import Response
from jumpscore.report.html import write_report
from tests.support import lmms_eval_scorer

LABEL = "target objects</tracks>"


def square(left: int, top: int) -> dict:
    mask = np.zeros((60, 100), dtype=np.uint8)
    mask[top : top + 10, left : left + 10] = 1
    return encode_mask(mask)


# Object "0" is in all three frames, "1" in the last two.
TARGET = Target(
    video="v",
    width=100,
    height=60,
    frames=3,
    fps=6.0,
    points={
        0: {"0": (14.0, 14.0)},
        1: {"0": (24.0, 14.0), "1": (74.0, 44.0)},
        2: {"0": (34.0, 14.0), "1": (84.0, 44.0)},
    },
    masks={
        "0": (square(10, 10), square(20, 10), square(30, 10)),
        "1": (None, square(70, 40), square(80, 40)),
    },
)


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    out = tmp_path_factory.mktemp("mini") / "set"
    out.mkdir()
    render_mini("mini_tracking", out)
    return out


def task(**options) -> Tracking:
    return Tracking(TrackingOptions(data="none", **options))


def answered(text: str, **facts) -> Response:
    return Response("a", text, **facts)


def score(text: str, target: Target = TARGET, options=None, **facts):
    return task(**(options or {})).score(target, answered(text, **facts))


def test_the_prompt_is_the_public_tasks_to_the_letter():
    scorer = lmms_eval_scorer("rvos")
    if scorer is None:
        pytest.skip("lmms-eval is not installed")
    from pathlib import Path

    import yaml

    file = Path(scorer.__file__).parent / "_default_template_yaml"
    lines = [line for line in file.read_text().splitlines(True) if "!function" not in line]
    settings = yaml.safe_load("".join(lines))["lmms_eval_specific_kwargs"]["default"]
    document = {"expression": "dog {1} in [0]"}
    public = scorer.rvos_doc_to_text(document, settings)
    assert PROMPT.format(expression=document["expression"]) == public


def test_a_perfect_answer_is_perfect_but_for_the_reference():
    text = TARGET.answer("relative_1000")
    assert text.startswith('<tracks coords="0.000 0 140 233; 0.167 0 240 233 1 740 733; ')
    result = score(text)
    assert result.status == "ok"
    assert result.values["point_f1"] == result.values["point_hota"] == 1.0
    # In the first frame the reference asks for both objects: 2 * 1 * 0.5 / 1.5.
    assert result.values["point_f1_reference"] == pytest.approx((2 / 3 + 1 + 1) / 3, abs=1e-9)
    assert "j_and_f" not in result.values
    assert result.cluster == "v"


@pytest.mark.parametrize("convention", ["unit", "relative_1000", "pixel"])
def test_coordinates_are_read_as_they_are_declared(convention):
    text = TARGET.answer(convention)
    assert score(text, convention=convention).values["point_f1"] == 1.0
    assert score(text, options={"convention": convention}).values["point_f1"] == 1.0
    # The option wins over what the wrapper says.
    other = "pixel" if convention == "unit" else "unit"
    result = score(text, convention=other, options={"convention": convention})
    assert result.values["point_f1"] == 1.0
    if convention != "relative_1000":
        assert score(text).values["point_f1"] < 1.0


def test_by_hand():
    # One object in frame 0 found, frame 1 not answered, in frame 2 one of two and one beside.
    result = score(f'<tracks coords="0 5 140 233; 0.333 5 340 233 6 10 10">{LABEL}')
    assert result.values["point_f1"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert result.values["point_precision"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert result.values["point_recall"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert result.details["points"] == 3
    # The centre, (50, 30), is on nothing.
    assert result.values["content_free_point_f1"] == 0.0


@pytest.mark.parametrize(
    ("text", "status", "note"),
    [
        ("The dog runs to the left.", "unparseable", None),
        ("", "unparseable", None),
        ("I'm sorry, I cannot help with that.", "refused", None),
        ('<tracks coords="">dog</tracks>', "empty", None),
        ('<tracks coords="0 0 nan 5">dog</tracks>', "unparseable", "not a number"),
        ('<tracks coords="0 0 1e400 5">dog</tracks>', "unparseable", "not a number"),
        ('<tracks coords="0 0 99999999999999999999 5">d</tracks>', "unparseable", "not a number"),
        ('<tracks coords="0 0 5000 5">d</tracks>', "unparseable", "outside the frame"),
        ('<tracks coords="0 0 -5 5">d</tracks>', "unparseable", "outside the frame"),
        ('<tracks coords="0 0 140 233; 0.167 0 24', "partial", "cut off"),
    ],
)
def test_odd_answers_are_counted(text, status, note):
    result = score(text)
    assert result.status == status
    assert result.values["point_f1"] == (1 / 3 if status == "partial" else 0)
    assert result.notes == ({f"points left out: {note}": 1} if note else {})


def test_an_unreadable_answer_earns_nothing_where_nothing_would_be_right():
    absent = replace(TARGET, points={0: {}}, masks={})
    cut = [("<think>let me look", "length"), ('<tracks coords="', None)]
    for text, reason in [("no", None), *cut]:
        result = score(text, absent, finish_reason=reason).values
        assert (result["point_f1"], result["point_hota"]) == (0.0, 0.0)
    assert score("no", absent).values["point_f1_reference"] == 1.0  # the public code's
    assert score('<tracks coords=""></tracks>', absent).values["point_f1"] == 1.0


def test_ten_thousand_points_are_scored():
    points = " ".join(f"{n} {n % 1000} {n % 999}" for n in range(10_000))
    result = score(f'<tracks coords="0 {points}">all</tracks>')
    assert result.status == "ok"
    assert 0 < result.values["point_precision"] < 0.01
    assert result.details["points"] == 10_000


def test_an_answer_that_stops_the_public_code_is_counted():
    result = score('time 0.0\n{0: "ab"}')
    assert result.notes[CRASH] == 1
    assert result.values["point_f1_reference"] == 0.0


@given(st.text(max_size=300))
def test_any_text_has_a_score(text):
    result = score(text)
    assert all(0 <= value <= 1 for value in result.values.values())


@given(st.text(max_size=200))
def test_any_text_is_given_masks_or_a_problem(text):
    given_task = task(segmenter="given")
    given_task.__dict__["rows"] = [QUERY]
    result = given_task.derive(given_task.sample(QUERY, safe=False).question, answered(text))
    assert (result["masks"] is None) == ("problem" in result)


QUERY = Query("a", "v", "squares", 100, 60, 3, 6.0, ("x", "y"), "[]")


def given_score(masks, target: Target = TARGET):
    given_task = task(segmenter="given")
    given_task.__dict__["rows"] = [QUERY]
    response = answered(json.dumps({"masks": masks}))
    derived = given_task.derive(given_task.sample(QUERY, safe=False).question, response)
    return given_task.score(target, response, derived)


def test_given_masks_need_no_points():
    objects = {name: list(rles) for name, rles in TARGET.masks.items()}
    result = given_score(objects)
    assert result.status == "ok"
    assert result.values["j_and_f"] == result.values["mask_hota"] == 1.0
    assert "point_f1" not in result.values
    # Object 0 alone: J is 1, 1/2, 1/2.
    alone = given_score(objects["0"])
    assert alone.values["j"] == pytest.approx(2 / 3)
    assert alone.values["j_and_f"] == pytest.approx((alone.values["j"] + alone.values["f"]) / 2)


@pytest.mark.parametrize(
    ("masks", "text_said"),
    [
        (5, 'no JSON object with "masks"'),
        ("foo", 'no JSON object with "masks"'),
        ([None, None], "has 2 masks and the video 3 frames"),
        ([None, {"size": [60, 99], "counts": [5940]}, None], r"frame 1 has size \[60, 99\]"),
        ({"dog": [None, None, {"size": [60, 100], "counts": [1]}]}, "'dog', frame 2.*damaged"),
        ({"dog": [3, None, None]}, "masks of 'dog': frame 0 has size None"),
    ],
)
def test_given_masks_that_do_not_fit_earn_nothing_and_are_named(masks, text_said):
    result = given_score(masks)
    assert result.status == "unparseable"
    assert result.values["j_and_f"] == 0.0
    import re

    assert re.search(text_said, result.message)


def test_masks_of_an_unreadable_answer_earn_nothing_but_in_the_reference():
    late = replace(
        TARGET, points={2: {"0": (34.0, 14.0)}}, masks={"0": (None, None, square(30, 10))}
    )
    derived = {"masks": [None] * 3}
    result = task(segmenter="sam2").score(late, answered("no"), derived)
    assert result.values["j_and_f"] == result.values["mask_hota"] == 0.0
    # Two of three frames are empty on both sides.
    assert result.values["j_and_f_reference"] == pytest.approx(2 / 3)
    explicit = task(segmenter="sam2").score(late, answered('<tracks coords="">'), derived)
    assert explicit.values["j_and_f"] == pytest.approx(2 / 3)


def test_points_after_the_end_are_no_prompts_here_and_counted():
    text = TARGET.answer("relative_1000").replace('">', '; 9 0 100 100">')
    result = task(segmenter="sam2").score(TARGET, answered(text), {"masks": [None] * 3})
    assert result.notes == {"without a mask: points after the last frame": 1}


def test_mini_and_oracle(mini, tmp_path):
    run = jumpscore.evaluate(
        "oracle",
        "tracking",
        task_options={"data": str(mini)},
        run={"folder": str(tmp_path), "expose_truth": True},
    )
    means = {name: actual.mean for name, actual in run.result.metrics.items()}
    assert run.result.counts["ok"] == run.result.total == len(read_rows(mini, Query))
    assert means["point_f1"] == means["point_hota"] == 1.0
    assert 0.9 < means["point_f1_reference"] < 1.0
    assert "j_and_f" not in means
    assert 0.05 < means["content_free_point_f1"] < 0.4
    page = write_report(run).read_text()
    assert "point_f1_reference" in page
    assert "shapes0-0" in page


def test_true_masks_as_answers_score_100(mini, tmp_path):
    lines = []
    for row in read_rows(mini, Query):
        files = [json.loads((mini / row.mask_path(name)).read_text()) for name in row.mask_ids]
        masks = {str(n): file["0"] for n, file in enumerate(files)}
        lines.append(json.dumps({"id": row.id, "masks": masks}))
    lines[3] = json.dumps({"id": json.loads(lines[3])["id"], "masks": []})
    answers = tmp_path / "answers.jsonl"
    answers.write_text("\n".join(lines))
    run = jumpscore.evaluate(
        "replay",
        "tracking",
        model_options={"answers": str(answers)},
        task_options={"data": str(mini), "segmenter": "given"},
        run={"folder": str(tmp_path / "runs")},
    )
    assert run.result.counts["unparseable"] == 1
    share = 1 - 1 / len(lines)
    for name in ("j", "f", "j_and_f", "mask_hota"):
        assert run.result.metrics[name].mean == pytest.approx(share)
    assert "point_f1" not in run.result.metrics
    assert write_report(run).read_text().count("shapes0-0") >= 1
    assert score_run(run.folder).result == run.result


@pytest.fixture
def broken(mini, tmp_path):
    """Rewrites one row, or one of its files, and returns the problem of its sample."""

    def problem(file=None, **changes) -> str | None:
        root = tmp_path / "set"
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(mini, root)
        row = read_rows(mini, Query)[0]
        if file is not None:
            path = root / row.mask_path("0")
            path.unlink() if file == "" else path.write_text(file)
        write_rows(root, [Query(**(asdict(row) | changes))], Manifest("m", synthetic=True))
        [sample] = Tracking(TrackingOptions(data=str(root))).load()
        return sample.problem

    return problem


def test_a_good_row_has_no_problem(broken):
    assert broken() is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mask_ids": ("9",)}, "mask '9': 9.json is not there"),
        ({"file": ""}, "mask '0': 0.json is not there"),
        ({"file": "{"}, "mask '0': 0.json cannot be read as JSON"),
        ({"file": "[]"}, "mask '0': 0.json is no object"),
        ({"file": '{"0": 5}'}, "mask '0': 0.json holds no list"),
        ({"file": '{"0": [null]}'}, "mask '0': has 1 masks and the video 24 frames"),
        ({"width": 161}, r"mask '0': frame 0 has size [120, 160]; the video is 120 high and 161"),
        ({"n_frames": 0}, "n_frames is 0"),
        ({"height": -3}, "height is -3"),
        ({"fps": float("nan")}, "fps is nan"),
        ({"width": 16000, "height": 16000, "n_frames": 10**6}, "more than"),
        ({"mask_ids": ("0", "0")}, "names an object twice"),
        ({"video": "../other"}, "leaves the data set's folder"),
        ({"mask_ids": ("../../x",)}, "leaves the data set's folder"),
        ({"frame_trajectories": "{"}, "frame_trajectories is no JSON"),
        ({"frame_trajectories": "5"}, "frame_trajectories is no JSON list"),
        ({"frame_trajectories": '[{"frame": 24, "points": []}]'}, "has frame 24; frames are 0..23"),
        ({"frame_trajectories": '[{"frame": 0, "points": 3}]'}, "frame 0 has no points but 3"),
        (
            {"frame_trajectories": '[{"frame": 0, "points": [{"id": "1", "point": [1, 2]}]}]'},
            "frame 0 has object '1'; mask_ids names 1 objects",
        ),
        (
            {"frame_trajectories": '[{"frame": 0, "points": [{"id": "0", "point": [NaN, 2]}]}]'},
            "frame 0, object '0': no point [x, y]",
        ),
    ],
)
def test_what_is_wrong_with_a_truth_is_named(broken, change, message):
    problem = broken(**change)
    assert message in problem
    assert "id shapes0-0" in problem


def test_damaged_runs_are_named_when_they_are_scored():
    bad = replace(TARGET, masks={"0": ({"size": [60, 100], "counts": "x"}, None, None), "1": ()})
    with pytest.raises(DataError, match=r"object '0', frame 0.*damaged"):
        score(TARGET.answer("relative_1000"), bad)


def test_both_forms_of_points_are_read():
    listed = '[{"frame": 1, "points": [{"id": 0, "point": [1, 2]}]}]'
    keyed = '[{"frame": 1, "points": {"0": {"point": [1, 2], "occluded": true}}}]'
    read = [parse_trajectories(text, objects=1, frames=2) for text in (listed, keyed)]
    assert read[0] == read[1] == {1: {"0": (1.0, 2.0)}}


def test_points_and_public_code_agree_on_the_mini_set(mini, tmp_path):
    """The public task, files and all, gives our reference numbers for sloppy answers."""
    scorer = lmms_eval_scorer("rvos")
    if scorer is None:
        pytest.skip("lmms-eval is not installed")
    scorer._cache_root_for = lambda doc: str(mini)
    generator = np.random.default_rng(4)
    tracking = Tracking(TrackingOptions(data=str(mini)))
    for sample, row in zip(tracking.load(), tracking.rows, strict=True):
        tracks = parse_tracks(sample.truth.answer("relative_1000"), width=160, height=120, fps=6)
        segments = [
            f"{m.time} "
            + " ".join(
                f"{name} {min(1000, p.x / 0.16 + d):.1f} {p.y / 0.12:.1f}"
                for name, p in m.points.items()
                if (d := abs(generator.normal(0, 60))) < 90
            )
            for m in tracks.moments
        ]
        text = f'<tracks coords="{"; ".join(segments)}">x</tracks>'
        ours = tracking.score(sample.truth, Response(row.id, text)).values
        public = scorer.rvos_process_results(asdict(row), [text])["rvos_f1"]
        assert ours["point_f1_reference"] == pytest.approx(public["f1"], abs=1e-9)
        assert ours["point_hota_reference"] == pytest.approx(public["HOTA"], abs=1e-9)


def test_an_unknown_segmenter_is_refused():
    with pytest.raises(UsageError, match="none, given, sam2"):
        make_task("tracking", {"data": "x", "segmenter": "sam3"})


@pytest.mark.parametrize("place", ["-1e999", "-1e200"])
def test_places_without_a_distance_stop_the_public_code_and_not_us(place):
    result = score(f"time 0\n{{0: [{place}, 5]}}")
    assert result.notes[CRASH] == 1
    assert result.values["point_f1_reference"] == result.values["point_hota_reference"] == 0.0


def test_reference_reads_what_the_command_scores():
    answer = '<tracks coords="0 0 140 233">x</tracks>'
    text = f'<think><tracks coords="0 0 900 900">x</tracks></think>{answer}'
    assert score(text).values["point_f1_reference"] == score(answer).values["point_f1_reference"]
    bare = Tracking(TrackingOptions(data="none", reasoning_tags="none"))
    result = bare.score(TARGET, Response("a", text)).values["point_f1_reference"]
    assert (
        result < score(answer).values["point_f1_reference"]
    )  # the first place of an object counts

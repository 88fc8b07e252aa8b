from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jumpscore
from evaluators.traces.rows import Goal, TraceRow
from evaluators.traces.scoring import LACKING
from evaluators.traces.task import RULE_METRICS, Traces, TracesOptions
from jumpscore.builder.small_sets import render_mini
from jumpscore.data import Manifest
from jumpscore.data.layout import write_rows
from jumpscore.records import Response

DATA = Path(__file__).parents[2] / "data"
GOLDEN = json.loads((DATA / "traces_golden.json").read_text())


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    root = tmp_path_factory.mktemp("mini_traces")
    render_mini("mini_traces", root)
    return root


@pytest.fixture(scope="module")
def samples(mini):
    return {s.question.id: s for s in Traces(TracesOptions(data=str(mini))).load()}


def score(goal: Goal, text: str, convention=None, **facts):
    task = Traces(TracesOptions(data="none", convention=convention))
    return task.score(goal, Response("a", text, **facts))


def flat(rule: str, trace, *, size=(640, 480), convention="unit") -> Goal:
    fractions = np.array(trace, dtype=float) / ((1, 1) if convention == "unit" else size)
    return Goal(rule, "i.png", size, fractions, convention)


# The rendered set, from the command line's side.


def test_the_oracle_is_right_and_looking_away_is_not(mini, tmp_path):
    run = jumpscore.evaluate(
        "oracle",
        "traces",
        task_options={"data": str(mini)},
        run={"folder": str(tmp_path), "expose_truth": True},
    )
    metrics = {name: actual.mean for name, actual in run.result.metrics.items()}
    for name in ("success", "success_path", "success_reference", "start", "end", "no_collision"):
        assert metrics[name] == 1.0, name
    for name in ("start_2d", "end_2d", "parsed", "no_collision_path"):
        assert metrics[name] == 1.0, name
    for name in ("rmse", "mae", "dfd", "hd", "rmse_2d", "hd_2d", "rmse_2d_reference"):
        assert metrics[name] == pytest.approx(0, abs=1e-5), name
    for name in ("rmse_999", "mae_999_all", "rmse_999_reference"):
        assert metrics[name] == pytest.approx(0, abs=1e-4), name
    assert (metrics["content_free_success"], metrics["content_free_end_2d"]) == (0.0, 0.0)
    assert metrics["content_free_rmse_999_all"] > 250
    assert run.result.counts["ok"] == run.result.total == 16
    assert run.result.synthetic
    assert {m.name for m in run.result.described} == set(metrics)


def test_a_straight_line_through_the_wall_collides_between_its_way_points(samples):
    for number in range(4):
        goal = samples[f"{number}-tracespatial-3d"].truth
        true = json.loads(goal.answer("relative_1000").replace("(", "[").replace(")", "]"))
        result = score(goal, str([tuple(true[0]), tuple(true[-1])])).values
        assert (result["success"], result["no_collision"], result["collision"]) == (1.0, 1.0, 0.0)
        assert (result["success_path"], result["no_collision_path"]) == (0.0, 0.0)
        assert result["collision_path"] > 0.25


def test_only_metrics_of_the_rules_at_hand_are_shown(mini, tmp_path):
    task = Traces(TracesOptions(data=str(mini)))
    assert task.headline == ("success", "start_2d", "rmse_999_all", "rmse_2d")
    rows = [row for row in task.rows if row.rule == "vabench"]
    (tmp_path / "scenes").symlink_to(mini / "scenes")
    write_rows(tmp_path, rows, Manifest("one"))
    alone = Traces(TracesOptions(data=str(tmp_path), allow_links=True))
    assert [m.name for m in alone.metrics] == [m.name for m in RULE_METRICS["vabench"]] + ["parsed"]
    names = {m.name for m in alone.metrics}
    assert set(score(alone.load()[0].truth, "[[1, 2], [3, 4]]").values) == names


def test_every_value_has_a_metric(samples):
    for sample in samples.values():
        known = {m.name for m in RULE_METRICS[sample.truth.rule]} | {"parsed"}
        for text in ("no", sample.truth.answer("relative_1000")):
            assert set(score(sample.truth, text).values) == known


# VABench-V and ShareRobot, by hand and against the public code's numbers.


@pytest.mark.parametrize("case", GOLDEN["vabench_visual_trace"])
def test_vabench_is_as_published(case):
    goal = flat("vabench", case["ans"], size=case["wh"], convention="pixel")
    result = score(goal, case["text"], "pixel", image_size=tuple(case["wh"]))
    rmse, mae = case["rmse_mae"]
    for suffix in ("", "_reference"):
        wanted = [
            None if value is None else pytest.approx(value, abs=1e-9) for value in (rmse, mae)
        ]
        assert [result.values[f"{name}_999{suffix}"] for name in ("rmse", "mae")] == wanted
    if rmse is None:
        assert result.status == "unparseable"
        assert result.notes == {"answers with one way-point, which is no trace": 1}


def test_vabench_counts_what_the_public_mean_leaves_out():
    goal = flat("vabench", [[0.1, 0.2], [0.9, 0.2]])
    nothing = score(goal, "I cannot").values
    assert (nothing["rmse_999"], nothing["rmse_999_reference"], nothing["parsed"]) == (
        None,
        None,
        0,
    )
    # From each true point the farthest corner is 0.9 and 0.8 away.
    assert nothing["rmse_999_all"] == pytest.approx(999 * np.sqrt(0.81 + 0.64))
    assert nothing["mae_999_all"] == pytest.approx(999 * 0.85)
    # An answer that leaves the image is no worse than none.
    beyond = score(goal, "[[5000, 5000], [5000, 5000]]", "relative_1000").values
    assert beyond["rmse_999"] > beyond["rmse_999_all"] == nothing["rmse_999_all"]
    # The public code reads one form only, and what it reads in it.
    assert score(goal, "[[0.1, 0.2], [0.9, 0.2]]").values["rmse_999"] == 0.0
    assert nothing["content_free_rmse_999_all"] == pytest.approx(999 * 0.5)


def test_sharerobot_by_hand():
    goal = flat("sharerobot", [[0.1, 0.5], [0.5, 0.5]])
    result = score(goal, "[[0.1, 0.6], [0.3, 0.6], [0.5, 0.6]]").values
    for name in ("dfd_2d", "hd_2d", "rmse_2d"):
        assert result[name] == pytest.approx(0.1), name
    assert result["mae_2d"] == pytest.approx(0.05)
    # The public code compares the first points that both have: 0.1 off, then (0.2, 0.1).
    assert result["rmse_2d_reference"] == pytest.approx(np.sqrt((0.01 + 0.05) / 2))
    assert result["hd_2d_reference"] == pytest.approx(np.hypot(0.2, 0.1))
    nothing = score(goal, "no trace").values
    assert nothing["dfd_2d"] is None
    assert nothing["dfd_2d_reference"] == pytest.approx(np.hypot(0.5, 0.5))
    assert nothing["rmse_2d_reference"] == pytest.approx(np.hypot(0.1, 0.5))


# Conventions.


def test_conventions_are_declared_and_the_option_wins():
    goal = flat("sharerobot", [[0.1, 0.5], [0.5, 0.5]])
    thousandths = "[(100, 500), (500, 500)]"
    assert score(goal, thousandths, convention="relative_1000").values["rmse_2d"] == 0.0
    stated = score(goal, thousandths)
    assert stated.values["rmse_2d"] > 100  # the benchmark's own: fractions
    task = Traces(TracesOptions(data="none", convention="unit"))
    text_said = Response("a", "[(0.1, 0.5), (0.5, 0.5)]", convention="relative_1000")
    assert task.score(goal, text_said).values["rmse_2d"] == pytest.approx(0)
    pixels = Response("a", "[(32, 120), (160, 120)]", convention="pixel", image_size=(320, 240))
    result = Traces(TracesOptions(data="none")).score(goal, pixels)
    assert result.values["rmse_2d"] == pytest.approx(0)
    assert result.notes == {"answers read as pixel, and the benchmark's are unit": 1}
    silent = score(replace(goal, convention=None), thousandths)
    assert (silent.status, silent.values) == ("error", {})
    assert "set task.convention" in silent.message


def test_tracespatial_takes_pixels_of_a_resized_image(samples):
    goal = samples["0-tracespatial-3d"].truth
    own = score(goal, goal.answer("relative_1000")).values
    half = json.loads(goal.answer("pixel").replace("(", "[").replace(")", "]"))
    text = str([(x / 2, y / 2, d) for x, y, d in half])
    seen = (goal.size[0] // 2, goal.size[1] // 2)
    other = score(goal, text, "pixel", image_size=seen).values
    assert other["success"] == own["success"] == 1.0
    assert other["rmse"] == pytest.approx(0, abs=1e-5)


# What models write.


@pytest.mark.parametrize(
    ("text", "status", "note"),
    [
        ("I cannot do this", "unparseable", None),
        ("[(100, 200), (300, 400)]", "unparseable", "answers in 3D with a way-point that has"),
        ("[(100, 200, -1)]", "unparseable", "answers with a coordinate beyond"),
        ("[(1e300, 200, 1), (1, 1, 1)]", "unparseable", "answers with a coordinate beyond"),
        ("[(nan, inf, 1)]", "unparseable", None),
    ],
)
def test_what_cannot_be_scored_is_counted_and_no_success(samples, text, status, note):
    result = score(samples["0-tracespatial-3d"].truth, text)
    assert result.status == status
    assert (result.values["success"], result.values["start"], result.values["rmse"]) == (
        0,
        None,
        None,
    )
    assert [key for key in result.notes if key.startswith(note or " ")] or note is None


@pytest.mark.parametrize("rule", ["tracespatial-3d", "tracespatial-2d", "vabench", "sharerobot"])
def test_long_and_cut_off_answers(samples, rule):
    goal = samples[f"0-{rule}"].truth
    long = score(goal, str([(k % 1000, 500, 1.0) for k in range(10_000)]), "relative_1000")
    assert long.status == "ok"
    assert long.details["waypoints"] == 10_000
    assert len(long.details["answered_trace"]) == 100
    cut = score(goal, "[(10, 10, 1), (20, 20, 1), (3", "relative_1000", finish_reason="length")
    assert (cut.status, cut.details["waypoints"]) == ("partial", 2)
    assert score(goal, "[(1", finish_reason="length").status == "unparseable"


@given(
    st.text(st.sampled_from("0123456789.,-+e()[]{}:xydnai\"'<>point/ \n`js"), max_size=80)
    | st.text(max_size=80)
)
def test_no_text_breaks_a_rule(samples, text):
    for rule in ("tracespatial-3d", "tracespatial-2d", "vabench", "sharerobot"):
        result = score(samples[f"0-{rule}"].truth, text)
        assert result.status in ("ok", "partial", "unparseable")
        assert all(value is None or np.isfinite(value) for value in result.values.values())
        json.dumps(result.details, allow_nan=False)


def test_the_published_answers_end_as_they_should(tmp_path):
    """All 400; without depth there is no object, so only statuses and ends are asked for."""
    rows = []
    for line in (DATA / "tracespatial_items.jsonl").open():
        item = json.loads(line)
        # The pictures are not here; their sizes follow from the principal point.
        size = [round(item["intrinsics"][axis][2] / 16) * 32 for axis in (1, 0)]
        names = [f"{name}-{size[1]}x{size[0]}.png" for name in ("depth", "mask")]
        for name, fill, kind in zip(names, (0, 1), (np.uint16, np.uint8), strict=True):
            pixels = np.full(size, fill, dtype=kind)
            (tmp_path / name).write_bytes(cv2.imencode(".png", pixels)[1].tobytes())
        for dimensions in (2, 3):
            rows.append(
                TraceRow(
                    f"{item['id']}-{dimensions}",
                    "?",
                    f"tracespatial_{dimensions}d",
                    "i.png",
                    item["trajectory"],
                    "relative_1000",
                    *names,
                    item["intrinsics"],
                    {name: item[name] for name in ("center", "extent", "rotation")},
                )
            )
    write_rows(tmp_path, rows, Manifest("published"))
    task = Traces(TracesOptions(data=str(tmp_path)))
    goals = {sample.question.id: sample for sample in task.load()}
    assert not [s.problem for s in goals.values() if s.problem]
    counts: dict[tuple[str, int], Counter[str]] = {}
    ends: dict[tuple[str, int], list[float]] = {}
    for line in (DATA / "tracespatial_answers.jsonl").open():
        row = json.loads(line)
        key = (row["model"], row["dimensions"])
        goal = goals[f"{row['id']}-{row['dimensions']}"].truth
        result = task.score(goal, Response("a", row["text"]))
        counts.setdefault(key, Counter())[f"{result.status} {result.details['form']}"] += 1
        if row["dimensions"] == 3:
            assert result.notes[LACKING["no_object"]] == 1
            assert result.values["success"] is None
            ends.setdefault(key, []).append(result.values["end"])
    assert counts == {
        ("RoboTracer_Intrinsics_Depth", 3): {"ok tuples": 100},
        ("RoboTracer_Intrinsics_Depth", 2): {"ok tuples": 100},
        ("Gemini3Pro", 3): {"ok lists": 100},
        ("Gemini3Pro", 2): {"ok lists": 96, "unparseable none": 4},
    }
    for (model, _), values in ends.items():
        assert np.mean(values) == pytest.approx(GOLDEN[f"real_{model}"]["end_success<0.2"])


# Items whose truth or files are broken.


def broken(mini, tmp_path, change=None, **fields):
    """The problem of a row of the mini set in which something is changed."""
    task = Traces(TracesOptions(data=str(mini)))
    rule = fields.pop("of", "tracespatial_3d")
    row = next(row for row in task.rows if row.rule == rule)
    for file in row.files():
        target = tmp_path / file
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((mini / file).read_bytes())
    if change is not None:
        name, pixels = change
        content = pixels if isinstance(pixels, bytes) else cv2.imencode(".png", pixels)[1].tobytes()
        (tmp_path / getattr(row, name)).write_bytes(content)
    write_rows(tmp_path, [replace(row, **fields)], Manifest("broken"))
    return Traces(TracesOptions(data=str(tmp_path))).load()[0]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rule": "tracespatial"}, "rule 'tracespatial' is not one of tracespatial_2d"),
        ({"convention": "percent"}, "convention 'percent' is not one of unit"),
        ({"trace": [[0, 0]]}, r"trace has shape (1, 2); it must be [way-points, 3]"),
        ({"trace": [[0, 0, -1]]}, "trajectory [[0.0, 0.0, -1.0]] must be (x, y, z)"),
        ({"trace": [[0, 0, "far"]]}, "trace [[0, 0, 'far']] must be a list of numbers"),
        ({"trace": [[0, 0, 1e99]]}, "trace holds 1e+99, which is beyond any scene"),
        ({"trace": [[0, 0, float("nan")]]}, "trace[0] = [0.0, 0.0, nan] is not finite"),
        ({"trace": [[1, 2, 3], [1, 2]]}, "must be a list of numbers"),
        ({"trace": 5}, "trace 5 must be a list of numbers"),
        ({"trace": None}, "trace None must be a list of numbers"),
        ({"intrinsics": [[1, 0], [0, 1]]}, "intrinsics has shape (2, 2)"),
        ({"intrinsics": None}, "intrinsics None must be a list of numbers"),
        ({"intrinsics": [[0, 0, 1], [0, 1, 1], [0, 0, 1]]}, "intrinsics have focal lengths 0"),
        ({"intrinsics": [[500, 0, 320], [0, 500, 240], [0, 0, 1]]}, "image of another size"),
        ({"intrinsics": [[9, 0, 160], [0, 9, 120], [0, 0, 1]]}, "see more than 20.48 m to a side"),
        ({"box": None}, "box center None must be a list of numbers"),
        ({"box": {"center": [0, 0, 1], "extent": [1, 1, 1], "rotation": [[1]]}}, "rotation"),
        ({"depth": ""}, "depth is empty, which its rule needs"),
        ({"depth": "gone.png"}, "depth gone.png cannot be read (No such file"),
        ({"mask": "../m.png"}, "leaves the data set's folder"),
        ({"of": "vabench", "trace": [[0.5, 0.5]]}, "trace has one way-point"),
        ({"of": "vabench", "trace": [[1, 1, 1], [2, 2, 2]]}, "it must be [way-points, 2]"),
        ({"of": "vabench", "image": ""}, "the file '' is not a valid path"),
    ],
)
def test_a_broken_row_is_a_problem_that_names_it(mini, tmp_path, fields, message):
    problem = broken(mini, tmp_path, **fields).problem
    assert message in problem
    assert "id 0-" in problem


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("depth", np.zeros((240, 320), np.uint8)), "depth has uint8 and shape (240, 320)"),
        (("depth", np.zeros((240, 320, 3), np.uint16)), "one channel and 16 bits"),
        (("depth", b"no picture"), "depth is no picture that can be read"),
        (("depth", b""), "depth is no picture"),
        (("mask", np.ones((24, 32), np.uint8)), "mask has shape (24, 32), depth has (240, 320)"),
        (("mask", np.zeros((240, 320), np.uint8)), "mask marks no pixel"),
        (("mask", b"no picture"), "mask is no picture that can be read"),
    ],
)
def test_a_broken_picture_is_a_problem_that_names_it(mini, tmp_path, change, message):
    problem = broken(mini, tmp_path, change).problem
    assert message in problem
    assert "id 0-tracespatial-3d" in problem


@pytest.mark.parametrize("fill", [0, 65535])
def test_an_object_without_depth_counts_for_no_answer(mini, tmp_path, fill):
    sample = broken(mini, tmp_path, ("depth", np.full((240, 320), fill, np.uint16)))
    assert sample.problem is None
    for text in (sample.truth.answer("relative_1000"), "no trace"):
        result = score(sample.truth, text)
        assert result.values["success"] is result.values["success_path"] is None
        assert result.values["success_reference"] is None
        assert result.notes == {LACKING["no_object"]: 1}


def test_missing_files_are_listed_before_a_run(mini, tmp_path):
    rows = Traces(TracesOptions(data=str(mini))).rows[:2]
    write_rows(tmp_path, rows, Manifest("bare"))
    missing = Traces(TracesOptions(data=str(tmp_path))).missing()
    assert missing == [tmp_path / f"scenes/0/{name}.png" for name in ("image", "depth", "mask")]


def test_rows_come_back_as_written(mini):
    task = Traces(TracesOptions(data=str(mini)))
    lines = [json.loads(line) for line in (mini / "rows.jsonl").open()]
    assert [asdict(row) for row in task.rows] == lines


# The public code's numbers.

SHAREROBOT = [[0.25, 0.5], [0.4, 0.45], [0.6, 0.3]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # FlagEvalMM 24655d2, for an image of 640 x 480.
        ("The path: [(0.25, 0.5), (0.4, 0.45), (0.6, 0.3)]", (0.67082039, 0.67082039, 0.55901699)),
        ("[[160, 240], [256, 216], [384, 144]]", (0.0, 0.0, 0.0)),
        ("[0.25, 0.5], [0.4, 0.45], [0.6, 0.3]", (0.0, 0.0, 0.0)),
        ("路径：[[0.5*320, 240], [256, 216], [384, 144]]", (0.0, 0.0, 0.0)),
        ("1. [0.25, 0.5]  # start\n2. [256, 0.45]\n3. [0.6, 144]", (0.0, 0.0, 0.0)),
    ],
)
def test_sharerobot_reference_is_as_published(text, expected):
    result = score(flat("sharerobot", SHAREROBOT), text).values
    values = [result[f"{name}_2d_reference"] for name in ("dfd", "hd", "rmse")]
    assert values == [pytest.approx(value, abs=1e-8) for value in expected]


def test_sharerobot_reference_runs_nothing():
    result = score(flat("sharerobot", SHAREROBOT), "[[0.25, 0.5], [int(0.4), 0.45]]")
    assert result.values["dfd_2d_reference"] is None
    assert result.notes["answers that end a run of the public code, or that it runs as Python"] == 1


VABENCH = "<think><point>[[5, 5], [6, 6]]</point></think><answer><point>{}</point></answer>"


@pytest.mark.parametrize(
    ("text", "reasoning", "expected"),
    [
        ("<point>[[100, 110], [300, 110]</point>", False, 0.0),
        ("<point>[100, 110], [300, 110]</point>", False, 0.0),
        ("<point>[[100, 110], [300, 110]]</point>", True, None),
        (VABENCH.format("[[100, 110], [300, 110]]"), True, 0.0),
    ],
)
def test_vabench_reference_is_as_published(text, reasoning, expected):
    goal = flat("vabench", [[100, 110], [300, 110]], convention="pixel")
    task = Traces(TracesOptions(data="none", reference_reasoning=reasoning))
    result = task.score(goal, Response("a", text)).values["rmse_999_reference"]
    assert result == (None if expected is None else pytest.approx(expected, abs=1e-9))


@pytest.mark.parametrize("text", ["<point>[['a', 1], [2, 3]]</point>", "<point>[[NaN, 1]]</point>"])
def test_answers_that_the_public_script_drops_are_counted(text):
    goal = flat("vabench", [[100, 110], [300, 110]], convention="pixel")
    result = score(goal, text)
    assert result.values["rmse_999_reference"] is None
    assert [note for note in result.notes if "the public script drops" in note]


@pytest.mark.parametrize(
    ("text", "parser", "points"),
    [
        ("```json\n[{0}]\n```", "text", 2),
        ("```json\n[{0}]\n```", "json", 0),
        ("```json\n[{0}]\n```", "auto", 2),
        ("```JSON\n[{1}]\n```", "auto", 2),
        ("```\n[{1}]\n```", "json", 2),
        ("[{1}]", "auto", 0),
    ],
)
def test_tracespatial_reference_follows_the_parser(samples, text, parser, points):
    goal = samples["0-tracespatial-2d"].truth
    true = json.loads(goal.answer("relative_1000").replace("(", "[").replace(")", "]"))
    forms = [", ".join(map(str, map(made, (true[0], true[-1])))) for made in (tuple, list)]
    task = Traces(TracesOptions(data="none", reference_parser=parser))
    result = task.score(goal, Response("a", text.format(*forms))).values
    assert (result["start_2d_reference"], result["end_2d_reference"]) == (points / 2, points / 2)


def test_tracespatial_reference_moves_the_object_from_the_first_way_point(samples):
    """An answer that starts beside the object carries it beside its way-points there."""
    goal = samples["0-tracespatial-3d"].truth
    scene, target = goal.scene(), goal.target
    beside = target.trajectory[0] + [0.1, 0, 0]
    path = np.stack([beside, target.trajectory[2], target.trajectory[-1]])
    image = scene.camera.to_image(path) * 1000
    text = str([(*map(float, at), float(d)) for at, d in zip(image, path[:, 2], strict=True)])
    result = score(goal, text).values
    ratios = [scene.occupancy.holds(at[None] - path[0], scene.object_points).mean() for at in path]
    assert result["no_collision_reference"] == float(max(ratios) <= 0.2)


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("[(100, 200), (300, 400, 1.2)]", True),
        ("```json\n[[100, 200], [300, 400, 1.2]]\n```", True),
        ("```json\n[[100, 200, NaN], [300, 400, 1.2]]\n```", True),
        ("[(100, 200), (300, 400)]", False),
        ("[(100, 200, -1.5), (300, 400, 1.2)]", False),
    ],
)
def test_what_stops_the_public_scorer_is_counted(samples, text, counted):
    result = score(samples["0-tracespatial-3d"].truth, text)
    assert result.values["success_reference"] == 0.0
    assert (
        "answers that the public scorer cannot read, or never finishes with" in result.notes
    ) is (counted)

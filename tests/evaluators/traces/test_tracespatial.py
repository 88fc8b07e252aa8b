from __future__ import annotations

import ast
import json
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.traces import (
    Camera,
    OrientedBox,
    Scene,
    TraceTruth,
    parse_trace,
    path_errors,
    score_tracespatial,
)

DATA = Path(__file__).parents[2] / "data"
GOLDEN = json.loads((DATA / "traces_golden.json").read_text())
ITEMS = [json.loads(line) for line in (DATA / "tracespatial_items.jsonl").open()]
ANSWERS = [json.loads(line) for line in (DATA / "tracespatial_answers.jsonl").open()]
CASES = GOLDEN["cases"]
NAMES = {
    "dfd": "average_discrete_frechet_distance",
    "hd": "average_hausdorff_distance",
    "rmse": "average_root_mean_square_error",
    "mae": "average_mean_absolute_error",
}


def depth_and_mask() -> tuple[np.ndarray, np.ndarray]:
    """The golden scene: a wall at 2 m, the object, an obstacle, and the target."""
    depth = np.full((192, 256), 2000, dtype=np.uint16)
    depth[60:150, 110:150] = 1500
    depth[110:140, 30:60] = 1500
    depth[110:140, 200:235] = 1600
    mask = np.zeros_like(depth, dtype=np.uint8)
    mask[110:140, 30:60] = 255
    return depth, mask


SCENE = Scene.from_millimetres(*depth_and_mask(), GOLDEN["scene"]["K"])
TRUTH = TraceTruth(
    GOLDEN["scene"]["gt"],
    OrientedBox(*(GOLDEN["scene"][f"bbox_{name}"] for name in ("center", "extent", "rotation"))),
)


def score(text: str, dimensions: int = 3, scene: Scene = SCENE, finish_reason=None, **more):
    parsed = parse_trace(text, finish_reason=finish_reason)
    return score_tracespatial(parsed, TRUTH, scene, dimensions=dimensions, **more)


def reported(lines: list[str]) -> dict[str, float]:
    """The numbers of a printed report, by our names."""
    result: dict[str, float] = {}
    for line in lines:
        title, _, value = line.partition(": ")
        if "Path Metrics" in title:
            suffix = "_2d" if title.startswith("2D") else ""
            errors = ast.literal_eval(value)
            result |= {name + suffix: errors[long] for name, long in NAMES.items() if errors}
        for start, name in (
            ("2D Start", "start_2d"),
            ("2D End", "end_2d"),
            ("No-Collision", "no_collision"),
            ("Start Success", "start"),
            ("End Success", "end"),
            ("Overall", "success"),
        ):
            if title.startswith(start) and value.replace(".", "").isdigit():
                result[name] = float(value)
    return result


@pytest.mark.parametrize("name", CASES)
def test_score_tracespatial_in_3d_equals_the_public_code(name):
    case = CASES[name]
    result = score(case["pred"])
    expected = reported(case["report_3D"])
    assert expected["success"] == result.values["success"]
    for key, value in expected.items():
        assert result.values[key] == pytest.approx(value, abs=1e-6), key
    if "start_d_obj" in case:
        nearest = min(case["start_d_obj"], case["start_d_gt"])
        assert result.values["start_distance"] == pytest.approx(nearest, abs=1e-6)
        assert result.values["end_distance"] == pytest.approx(case["end_d"], abs=1e-6)
    if "collision_ratios_waypoints" in case:
        assert result.values["collision"] == max(case["collision_ratios_waypoints"])
        assert result.values["collision_path"] == case["collision_ratios_interp100_max"]


@pytest.mark.parametrize("name", [name for name in CASES if "report_2D" in CASES[name]])
def test_score_tracespatial_in_2d_equals_the_public_code(name):
    result = score(CASES[name]["pred"], 2)
    expected = reported(CASES[name]["report_2D"])
    if name == "unparsable":
        # The reference makes a trace of one point at the image's corner out of no answer.
        pixels = np.array([256, 192])
        true = SCENE.camera.to_image(TRUTH.trajectory) * pixels
        assert result.values["dfd_2d"] is None
        corner = np.linalg.norm(true / pixels, axis=1).max()
        assert expected["dfd_2d"] == pytest.approx(corner, abs=1e-6)
        assert path_errors(np.zeros((1, 2)), true).dfd > 0
        expected = {key: expected[key] for key in ("start_2d", "end_2d")}
    for key, value in expected.items():
        assert result.values[key] == pytest.approx(value, abs=1e-6), key


def test_scene_has_the_published_points_and_voxels():
    case = CASES["good_lift"]
    assert len(SCENE.object_points) == case["n_obj_pts"]
    assert SCENE.occupancy.filled.sum() == case["n_occ"]
    assert SCENE.occupancy.origin == pytest.approx(case["grid_origin"], abs=1e-6)


def test_score_tracespatial_path_through_an_obstacle():
    result = score(CASES["flat_through_obstacle_no_waypoint"]["pred"]).values
    assert (result["success"], result["success_path"]) == (1.0, 0.0)


def test_score_tracespatial_success_counts_all_answers():
    order = [name for name in CASES if name != "flat_through_obstacle_no_waypoint"]
    scores = [score(CASES[name]["pred"]).values for name in order]
    expected = reported(GOLDEN["all_together"]["3D"])
    assert np.mean([values["success"] for values in scores]) == pytest.approx(expected["success"])
    for name in ("start", "end", "no_collision", "dfd", "mae_2d"):
        parsed = [values[name] for values in scores if values[name] is not None]
        assert len(parsed) == 8
        assert np.mean(parsed) == pytest.approx(expected[name], abs=1e-6)


def real(model: str, dimensions: int) -> list[dict]:
    return [row for row in ANSWERS if (row["model"], row["dimensions"]) == (model, dimensions)]


@pytest.mark.parametrize("model", ["RoboTracer_Intrinsics_Depth", "Gemini3Pro"])
def test_score_tracespatial_of_published_answers_in_3d(model):
    expected = GOLDEN[f"real_{model}"]
    ends, starts, counts = [], [], []
    for row in real(model, 3):
        item = ITEMS[row["id"]]
        result = parse_trace(row["text"])
        assert result.status == "ok"
        matrix = np.array(item["intrinsics"])
        size = tuple(round(2 * matrix[axis, 2] / 32) * 32 for axis in (0, 1))
        trace = Camera.from_matrix(matrix, size=size).to_space(
            np.array(result.waypoints) / (1000, 1000, 1)
        )
        box = OrientedBox(item["center"], item["extent"], item["rotation"])
        ends.append(box.distances(trace[-3:]).min())
        starts.append(np.linalg.norm(trace[0] - item["trajectory"][0]))
        counts.append(len(trace))
    assert len(ends) == 100
    assert np.mean(np.array(ends) < 0.2) == pytest.approx(expected["end_success<0.2"])
    assert np.mean(np.array(starts) < 0.2) == pytest.approx(expected["start_gt_only<0.2"])
    assert np.mean(ends) == pytest.approx(expected["mean_end"], abs=1e-6)
    for place, case in enumerate(expected["first5"]):
        assert ends[place] == pytest.approx(case["end_d"], abs=1e-6)
        assert starts[place] == pytest.approx(case["start_d_gt_only"], abs=1e-6)
        assert counts[place] == case["n"]


def test_parse_trace_of_published_answers_in_2d():
    result = {row["id"]: parse_trace(row["text"]) for row in real("Gemini3Pro", 2)}
    assert {key: value.status for key, value in result.items() if value.status != "ok"} == (
        dict.fromkeys((30, 74), "unparseable") | dict.fromkeys((75, 84), "partial")
    )  # the last two end with "(" and "[[68"
    # "1. **Start:** [416, 620] - Grasping the napkin." and so on, below two places in prose.
    assert len(result[15].waypoints) == 5
    # Two places in prose, then the trace.
    assert len(result[42].waypoints) == 7
    assert result[42].rejected == 3
    tuples = [parse_trace(row["text"]).form for row in real("RoboTracer_Intrinsics_Depth", 2)]
    assert tuples == ["tuples"] * 100


@pytest.mark.parametrize("family", ["text_parser", "json_parser"])
def test_parse_trace_reads_what_public_parsers_read(family):
    for text, expected in GOLDEN[family].items():
        if not expected or any(np.isnan(point).any() for point in expected):
            continue
        result = [(x / 1000, y / 1000, *d) for x, y, *d in parse_trace(text).waypoints]
        assert result == [pytest.approx(point, abs=1e-6) for point in expected]


@pytest.mark.parametrize(
    ("text", "waypoints"),
    [
        ("[[100,200,1.5]]", ((100.0, 200.0, 1.5),)),
        ("( 100, 200, 1.5)", ((100.0, 200.0, 1.5),)),
        ("```json\n[[100,200,1.5],\n```", ((100.0, 200.0, 1.5),)),
        ("1. (1, 2, 3)\n2. (4, 5, 6)", ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))),
        ("(1, 2) -> (3, 4)", ((1.0, 2.0), (3.0, 4.0))),
        ("<think>[(9, 9), (8, 8)]</think>[(1, 2), (3, 4)]", ((1.0, 2.0), (3.0, 4.0))),
    ],
)
def test_parse_trace_reads_what_public_parsers_miss(text, waypoints):
    assert parse_trace(text).waypoints == waypoints


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("I cannot do this", "unparseable"),
        ("", "unparseable"),
        ("[(nan, inf, nan)]", "out_of_range"),
        ("[(1, 2, 1), (3, 4, 1), (nan, 5, 1), (6, 7, 1), (8, 9, 1)]", "out_of_range"),
        ("[(1, 2, 1), (3, 4, " + "9" * 400 + ")]", "out_of_range"),
        ("[(one, two, three)]", "unparseable"),
        ("[(1, 2, 3, 4)]", "unparseable"),
        ("near (1, 2, 1), or maybe at (3, 4, 1)", "unparseable"),
        ("[(1, 2), (3, 4)]", "no_depth"),
        ("[(1, 2), (3, 4, 1.5)]", "no_depth"),
        ("[(1, 2, -1.5)]", "out_of_range"),
        ("[(1, 2, 0)]", "out_of_range"),
        ("[(1e300, 2, 1)]", "out_of_range"),
        ("[(1, 2, 1e999)]", "out_of_range"),
    ],
)
def test_score_tracespatial_of_an_unreadable_answer(text, status):
    result = score(text)
    assert (result.status, result.values["success"], result.values["dfd"]) == (status, 0.0, None)
    assert set(result.values) == set(score(CASES["good_lift"]["pred"]).values)


def test_score_tracespatial_of_a_cut_off_answer():
    result = score("[(176, 651, 1.5), (848, 651, 1.55), (84", finish_reason="length")
    assert (result.status, len(result.parsed.waypoints)) == ("partial", 2)
    assert result.values["success"] == 1.0
    assert score("[(17", finish_reason="length").parsed.status == "partial"


@pytest.mark.parametrize("fill", [0, 65535])
def test_scene_without_depth_under_the_mask(fill):
    _, mask = depth_and_mask()
    scene = Scene.from_millimetres(
        np.full(mask.shape, fill, dtype=np.uint16), mask, GOLDEN["scene"]["K"]
    )
    result = score(CASES["good_lift"]["pred"], scene=scene)
    assert result.status == "no_object"
    assert (result.values["start"], result.values["end"]) == (1.0, 1.0)
    assert result.values["success"] is None
    assert not scene.occupancy.filled.any()


@pytest.mark.parametrize("fill", [0, 65535])
def test_score_tracespatial_without_depth_around_the_object(fill):
    """With nothing known to collide with, a way-point inside of an obstacle would be right."""
    depth, mask = depth_and_mask()
    alone = np.where(mask > 0, depth, fill).astype(np.uint16)
    scene = Scene.from_millimetres(alone, mask, GOLDEN["scene"]["K"])
    text = CASES["through_obstacle_waypoint"]["pred"]
    assert score(text).values["success"] == 0.0
    result = score(text, scene=scene)
    assert result.status == "no_scene"
    assert (result.values["start"], result.values["end"]) == (1.0, 1.0)
    for name in ("success", "success_path", "no_collision", "collision"):
        assert result.values[name] is None, name
    assert score("none", scene=scene).values["success"] is None


def test_scene_of_a_large_object_keeps_its_points():
    depth, mask = depth_and_mask()
    mask[20:180, 10:250] = 1
    scene = Scene.from_millimetres(np.full_like(depth, 4000), mask, GOLDEN["scene"]["K"])
    assert len(scene.object_points) > 100


def test_invalid_arguments_are_named():
    depth, mask = depth_and_mask()
    intrinsics = GOLDEN["scene"]["K"]
    for wrong, message in (
        ((depth[:5], mask, intrinsics), r"mask has shape \(192, 256\), depth has \(5, 256\)"),
        ((depth[0], mask, intrinsics), r"depth has shape \(256,\)"),
        ((np.full(mask.shape, np.nan), mask, intrinsics), "depth must be finite"),
        ((-depth.astype(float), mask, intrinsics), "depth must be finite and at least 0"),
        ((depth, mask, np.eye(2)), r"intrinsics has shape \(2, 2\)"),
        ((depth, mask, np.transpose(intrinsics)), r"must be \[\[fx, 0, cx\]"),
        ((depth, mask, 2 * np.array(intrinsics) - np.diag((0, 0, 1))), "another image size"),
        ((depth, mask, np.array(intrinsics) / 2 + np.diag((0, 0, 0.5))), "another image size"),
    ):
        with pytest.raises(ValueError, match=message):
            Scene.from_millimetres(*wrong)
    with pytest.raises(ValueError, match="dimensions 4 must be 2 or 3"):
        score("", 4)
    with pytest.raises(ValueError, match="trajectory"):
        TraceTruth(np.array([[0.0, 0, -1]]), TRUTH.box)


def test_score_tracespatial_of_ten_thousand_way_points():
    text = str([(k % 1000, 500, 1.5) for k in range(10_000)])
    before = time.process_time()
    assert score(text).status == "ok"
    assert score(text, 2).status == "ok"
    assert time.process_time() - before < 5


@pytest.mark.parametrize("piece", ["(1, 2, 3)", "(", "(1,", "[1, 2] a ", " ", "1", '"x": [1, 2]'])
def test_parse_trace_takes_linear_time(piece):
    text = piece * (100_000 // len(piece))
    before = time.process_time()
    parse_trace(text)
    assert time.process_time() - before < 2


@given(st.text(st.sampled_from("0123456789.,-+e()[]{}:xy\"'<> \n`"), max_size=60))
def test_score_tracespatial_of_any_text(text):
    for dimensions in (2, 3):
        result = score(text, dimensions)
        assert all(value is None or np.isfinite(value) for value in result.values.values())


@given(
    st.lists(
        st.tuples(st.integers(-2000, 3000), st.integers(-2000, 3000), st.floats(0.01, 20)),
        min_size=1,
        max_size=12,
    )
)
def test_parse_trace_reads_any_written_trace(waypoints):
    for text in (str(waypoints), json.dumps(waypoints), f"```json\n{json.dumps(waypoints)}\n```"):
        assert parse_trace(text).waypoints == tuple(waypoints)
    result = score(str(waypoints)).values
    assert result["success_path"] in (0.0, 1.0)
    assert result["hd"] <= result["dfd"] + 1e-9

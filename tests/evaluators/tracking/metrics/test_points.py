from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.tracking import (
    decode_masks,
    hota,
    parse_tracks,
    parse_tracks_reference,
    point_f1,
    point_f1_reference,
    point_hota,
)
from tests.support import lmms_eval_scorer
from tests.tracking_support import SAV_SIZE, golden, sav_rles

# pycocotools 2.0.11 with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def trajectory(entries: list[dict]) -> dict:
    return {
        entry["frame"]: {name: tuple(p["point"]) for name, p in entry["points"].items()}
        for entry in entries
    }


def object_masks(masks: dict, height: int, width: int) -> dict:
    return {
        name: dict(enumerate(decode_masks(rles, height=height, width=width)))
        for name, rles in masks.items()
    }


POINTS = golden()["points"]
MASKS = object_masks(POINTS["gt_masks_rle"], POINTS["H"], POINTS["W"])
TRUTH = trajectory(POINTS["gt_tracks"])


def assert_reference(truth, prediction, masks, expected):
    scores = point_f1_reference(truth, prediction, masks=masks)
    for name in ("precision", "recall", "f1"):
        assert getattr(scores, name) == pytest.approx(expected[name], abs=1e-9)
    assert point_hota(truth, prediction, masks=masks) == pytest.approx(expected["HOTA"], abs=1e-9)


@pytest.mark.parametrize("name", POINTS["cases"])
def test_point_f1_reference_equals_the_public_code(name):
    case = POINTS["cases"][name]
    assert_reference(TRUTH, trajectory(case["pred"]), MASKS, case["metrics"])


def test_point_f1_reference_uses_the_wrong_mask():
    case = golden()["points_extra"]["subset_gt_index_bug"]
    masks = object_masks(case["gt_masks"], 20, 30)
    truth, prediction = trajectory(case["gt"]), trajectory(case["pred"])
    assert_reference(truth, prediction, masks, case["metrics"])
    assert point_f1(truth, prediction, masks=masks).f1 == 1.0


def test_point_f1_reference_takes_the_last_time_in_a_frame():
    case = golden()["points_extra"]["colliding_frames_last_wins"]
    mask = np.zeros((20, 30), dtype=bool)
    mask[10:20, 15:28] = True
    truth = {0: {"0": (21, 15)}}
    assert_reference(truth, trajectory(case["pred"]), {"0": {0: mask}}, case["metrics"])


def test_point_f1_reference_of_a_parsed_answer():
    case = golden()["points_extra"]["sav_all_objs_points_roundtrip"]
    height, width = SAV_SIZE
    masks = {
        name: {6 * k: m for k, m in enumerate(decode_masks(rles[::6], height=height, width=width))}
        for name, rles in sav_rles().items()
    }
    truth = trajectory(case["gt_tracks"])
    read = parse_tracks_reference(case["text"], width=width, height=height, fps=6)
    assert_reference(truth, read.frames, masks, case["metrics"])
    strict = parse_tracks(case["text"], width=width, height=height, fps=6)
    assert (strict.frames, strict.status, strict.rejected) == (read.frames, "ok", {})
    scores = point_f1(truth, strict.frames, masks=masks)
    assert (scores.precision, scores.recall, scores.f1) == (1.0, 1.0, 1.0)


def test_point_f1_of_a_perfect_answer():
    assert point_f1(TRUTH, TRUTH, masks=MASKS).f1 == 1.0
    assert point_f1_reference(TRUTH, TRUTH, masks=MASKS).recall == pytest.approx(5 / 6)


def test_point_f1_by_hand():
    prediction = {0: {"a": (7, 6), "b": (0, 0)}, 1: {"a": (21, 15)}, 9: {"a": (1, 1), "b": (2, 2)}}
    scores = point_f1(TRUTH, prediction, masks=MASKS)
    # Frame 0: one of two right of two; frame 1: the one right of two; frame 2: missed.
    assert scores.precision == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert scores.recall == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert scores.f1 == pytest.approx((1 / 2 + 2 / 3 + 0) / 3)
    assert (scores.frames, scores.unjudged) == (3, 2)


def test_point_f1_of_frames_without_points():
    truth = {0: {}, 1: {}}
    for measure in (point_f1, point_f1_reference):
        assert measure(truth, {1: {"0": (1.0, 1.0)}}, masks={}).f1 == 0.5
        assert measure({}, {}, masks={}).f1 == 1.0
        assert measure({}, {3: {"0": (1.0, 1.0)}}, masks={}).unjudged == 1
    assert point_hota({}, {}, masks={}) == 1.0
    assert point_hota(truth, {1: {"0": (1.0, 1.0)}}, masks={}) == 0.0


def test_point_f1_refuses_invalid_points():
    lost = {0: {"0": (float("-inf"), 1.0)}}
    for measure in (point_f1, point_hota):
        with pytest.raises(ValueError, match="finite pixels"):
            measure(TRUTH, lost, masks=MASKS)
        with pytest.raises(ValueError, match=r"objects \['1'\] have no masks; these have: \['0'\]"):
            measure(TRUTH, {}, masks={"0": {}})
    assert point_f1_reference(TRUTH, lost, masks=MASKS).f1 == 0.0


def test_hota_refuses_mismatched_ids():
    one = np.ones((1, 1))
    with pytest.raises(ValueError, match="1 frames of similarities, 2 of true"):
        hota([one], [[0], [0]], prediction_ids=[[0]])
    with pytest.raises(ValueError, match=r"frame 0 have shape \(1, 1\); its ids require \(1, 2\)"):
        hota([one], [[0]], prediction_ids=[[0, 1]])


COORDINATE = st.integers(-1, 12)
FRAMES = st.dictionaries(
    st.integers(0, 3),
    st.dictionaries(st.sampled_from("abc"), st.tuples(COORDINATE, COORDINATE), max_size=3),
    max_size=4,
)


@settings(deadline=None)
@given(truth=FRAMES, prediction=FRAMES, seed=st.integers(0, 2**32))
def test_point_f1_reference_of_random_points(truth, prediction, seed):
    theirs = lmms_eval_scorer("rvos")
    if theirs is None:
        pytest.skip("lmms-eval is not installed; `make test` installs it")
    generator = np.random.default_rng(seed)
    stack = generator.random((3, 4, 12, 12)) < 0.5
    masks = {name: dict(enumerate(stack[k])) for k, name in enumerate("abc")}
    expected = theirs._evaluate_video_object_tracking(
        *([_entry(*item) for item in sorted(side.items())] for side in (prediction, truth)),
        {name: [_rle(mask) for mask in by_frame.values()] for name, by_frame in masks.items()},
        12,
        12,
    )
    assert_reference(dict(sorted(truth.items())), prediction, masks, expected)


def _entry(frame: int, points: dict) -> dict:
    return json.loads(
        json.dumps({"frame": frame, "points": {k: {"point": v} for k, v in points.items()}})
    )


def _rle(mask: np.ndarray) -> dict:
    from pycocotools import mask as coco

    return coco.encode(np.asfortranarray(mask, dtype=np.uint8))

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.jsonio import write_json
from jumpscore.studies.ablation import ABLATION
from jumpscore.studies.reproduction.published import curve_points
from jumpscore.studies.reproduction.token_curves import (
    find_ablations,
    interpolated,
    is_about,
    picture_cost,
    token_curves,
)
from tests.jumpscore.report.test_ablation import ablation


@pytest.mark.parametrize(
    ("size", "frame", "canvas"),
    # By hand: 504x280, 728x392; 448x336, 644x476; 504x280 (scaled up), 644x364; 392x392, 560x560.
    [
        ((1920, 1080), 180, 364),
        ((640, 480), 192, 391),
        ((640, 360), 180, 299),
        ((720, 720), 196, 400),
    ],
)
def test_picture_cost_of_published_sizes(size, frame, canvas):
    cost = picture_cost(*size)
    assert (cost.frame, cost.canvas) == (frame, canvas)


def test_token_curves_contain_every_published_point():
    curves = token_curves().curves
    assert curves[0].benchmark == "JumpScore"
    listed = {
        (curve.benchmark, kind, pair.pictures, value)
        for curve in curves
        for pair in curve.pairs
        for kind, value in (("frame", pair.frames), ("codec", pair.canvases))
    }
    assert listed == {(p.benchmark, p.input, p.budget_frames, p.value) for p in curve_points()}


def test_token_curves_by_hand():
    pairs = {pair.pictures: pair for pair in token_curves().curves[0].pairs}
    four, last = pairs[4], pairs[128]
    assert (four.frame_tokens, four.canvas_tokens) == (4 * 180, 4 * 364)
    assert four.published_difference == pytest.approx(39.4 - 32.5)
    # 1,456 tokens lie between 8 frames (1,440 tokens, 35.2) and 16 frames (2,880 tokens, 36.7).
    expected = 35.2 + np.log(1456 / 1440) / np.log(2) * (36.7 - 35.2)
    assert four.difference_at_equal_tokens == pytest.approx(39.4 - expected)
    # 64 canvases have 23,296 tokens, 1% more than 128 frames; 128 canvases have twice as many.
    assert pairs[64].difference_at_equal_tokens == pytest.approx(71.3 - 45.4)
    assert last.difference_at_equal_tokens is None


@given(
    st.dictionaries(st.integers(1, 10**6), st.floats(0, 100), min_size=2),
    st.integers(1, 10**6),
)
def test_interpolated_equals_numpy(points, tokens):
    points = sorted(points.items())
    inside = points[0][0] <= tokens <= points[-1][0]
    value = interpolated(points, tokens)
    if inside:
        across, up = zip(*points, strict=True)
        assert value == pytest.approx(np.interp(np.log(tokens), np.log(across), up), abs=1e-9)
    else:
        assert value in (None, points[-1][1])


def test_find_ablations_and_place_them(tmp_path):
    other = ablation(task="timelens", data="synthetic-timelens-charades")
    for name, one in (("jumps", ablation()), ("spans", other), ("else", ablation(task="lmms"))):
        (tmp_path / name).mkdir()
        write_json(tmp_path / name / ABLATION, one.to_json())
    (tmp_path / "empty").mkdir()
    curves = token_curves(find_ablations(tmp_path)).curves
    placed = {(c.benchmark, m.folder) for c in curves for m in c.measured}
    assert placed == {("JumpScore", "jumps"), ("TimeLens-Charades-STA", "spans")}
    assert find_ablations(tmp_path / "jumps")[0][0] == "jumps"
    assert find_ablations(tmp_path / "nowhere") == []


def test_measured_curve_leaves_out_unmeasured_runs():
    whole = ablation()
    [curve] = token_curves([("a", whole)]).curves[0].measured
    assert {point.arm for point in curve.points} == {"frames", "canvases"}
    one = whole.budgets[0]
    unknown = dataclasses.replace(one.frames.tokens, visual=None)
    budget = dataclasses.replace(one, frames=dataclasses.replace(one.frames, tokens=unknown))
    fewer = dataclasses.replace(whole, budgets=(budget, *whole.budgets[1:]))
    [other] = token_curves([("a", fewer)]).curves[0].measured
    assert len(other.points) == len(curve.points) - 1


def test_is_about_needs_the_data_of_timelens():
    assert not is_about(ablation(task="timelens", data="other"), "TimeLens-ActivityNet")
    assert is_about(ablation(task="timelens", data="timelens_activitynet"), "TimeLens-ActivityNet")


def test_token_curves_are_json():
    content = json.loads(json.dumps(token_curves([("a", ablation())]).to_json(), allow_nan=False))
    pair = content["curves"][0]["pairs"][0]
    assert pair["published_difference"] == 6.9
    assert pair["difference_at_equal_tokens"] == pytest.approx(4.176, abs=1e-3)

from __future__ import annotations

import pytest

from jumpscore.records import Estimate
from jumpscore.studies.reproduction.headlines import check_claims, curve_gain
from jumpscore.studies.reproduction.matching import STORED_ANSWERS, candidates, read_runs
from jumpscore.studies.reproduction.published import TABLES
from jumpscore.studies.reproduction.recipes import cells
from jumpscore.studies.reproduction.table import reproduce
from tests.jumpscore.studies.reproduction.support import OV2, cell_of, summary_of

JUMPSCORE = cell_of("JumpScore")


def row(*runs, cell=JUMPSCORE, root=None):
    return reproduce(cell.published.table, [cell], runs, root).rows[0]


def estimate(value, low=None, high=None):
    return Estimate(value, 0.01, low, high, 240)


@pytest.mark.parametrize(
    ("measured", "verdict"),
    [
        (estimate(0.74, 0.71, 0.77), "reproduced"),
        (estimate(0.7493), "reproduced"),  # equal after rounding
        (estimate(0.60, 0.57, 0.63), "differs"),
        (estimate(None), "not run"),
    ],
)
def test_row_verdict(measured, verdict):
    result = row(summary_of(JUMPSCORE.recipe, measured))
    assert result.verdict == verdict
    if measured.mean is not None:
        assert result.measured == pytest.approx(100 * measured.mean)
        assert result.difference == pytest.approx(100 * measured.mean - 74.9)
        assert result.codec_recipe == "own"


def test_row_incomplete_run():
    result = row(summary_of(JUMPSCORE.recipe, estimate(0.74, 0.7, 0.8), unscored=3))
    assert result.verdict == "incomplete"
    assert "3 of 240 samples have no score" in result.notes


def test_row_unfinished_run(tmp_path):
    (tmp_path / "published").mkdir()
    result = row(summary_of(JUMPSCORE.recipe, None), root=tmp_path)
    assert result.verdict == "not run"
    assert any("is not finished" in note for note in result.notes)


def test_row_without_runs(tmp_path):
    assert row(root=tmp_path).verdict == "no data"
    assert row(cell=cell_of("VideoMME"), root=tmp_path).verdict == "not run"
    assert row(cell=cell_of("MV-Bench"), root=tmp_path).verdict == "not runnable"


def test_row_nearest_task_in_percent():
    cell = cell_of("VideoMME")
    result = row(summary_of(cell.recipe, estimate(71.9)), cell=cell)
    assert (result.verdict, result.measured) == ("nearest task", 71.9)


def test_row_fraction_of_lmms_eval():
    cell = cell_of("LVBench")
    result = row(summary_of(cell.recipe, estimate(0.555, 0.53, 0.58)), cell=cell)
    assert (result.verdict, result.measured) == ("reproduced", pytest.approx(55.5))


def test_row_other_data():
    small = summary_of(
        JUMPSCORE.recipe,
        estimate(0.2, 0.1, 0.3),
        synthetic=True,
        data="synthetic-mini",
        model={"name": "llava_ov2", "checkpoint": "jumpscore-tiny"},
        input={"kind": "codec", "count": 16},
    )
    result = row(small)
    assert (result.verdict, result.measured, result.difference) == ("other data", 20.0, None)
    assert "data: synthetic-mini, not published" in result.notes
    assert "input.count: 16, not 128" in result.notes


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"input": {"kind": "codec", "count": 64}}, "input.count: 64, not 128"),
        ({"input": {"kind": "frames"}}, "input: frames, not codec"),
        ({"input": {"kind": "codec", "folder": "/x"}}, "canvases: prepared elsewhere"),
        ({"selection": {"limit": 3}}, "run.limit: 3"),
        ({"control": "pixels"}, "run.control: pixels"),
        ({"input": {"kind": "codec", "count": 128, "window": 8.0}}, "input.window: 8.0"),
        ({"expose_truth": True}, "the model could see the truth"),
        (
            {"model": {"name": "llava_ov2", "checkpoint": "jumpscore-tiny"}},
            "model.checkpoint: jumpscore-tiny, not lmms-lab-encoder/LLaVA-OneVision-2-8B-Instruct",
        ),
    ],
)
def test_candidates_near_misses(changes, difference):
    run = summary_of(JUMPSCORE.recipe, estimate(0.749, 0.7, 0.8), **changes)
    (candidate,) = candidates(JUMPSCORE.recipe, [run])
    assert difference in candidate.differences
    result = row(run)
    assert (result.measured, result.near) == (None, (candidate,))


def test_candidates_leave_out_other_models_and_benchmarks():
    charades, recipe = cell_of("TimeLens-Charades").recipe, JUMPSCORE.recipe
    others = [
        summary_of(charades, estimate(0.5)),
        summary_of(recipe, estimate(0.5), model={"name": "motion"}),
        summary_of(recipe, estimate(0.5), data="my_clips"),
    ]
    assert candidates(recipe, others) == []
    activitynet = cell_of("TimeLens-ActivityNet").recipe
    assert candidates(activitynet, [summary_of(charades, estimate(0.5))]) == []


def test_candidates_other_backend_and_local_copy():
    for model in (
        {"name": "vllm", "checkpoint": "lmms-lab-encoder/LLaVA-OneVision-2-8B-Instruct"},
        {"name": "llava_ov2", "checkpoint": "/models/LLaVA-OneVision-2-8B-Instruct"},
        {"name": "openai", "served_model": "lmms-lab-encoder/LLaVA-OneVision-2-8B-Instruct"},
    ):
        run = summary_of(JUMPSCORE.recipe, estimate(0.749), model=model)
        assert candidates(JUMPSCORE.recipe, [run])[0].differences == ()


def test_candidates_stored_answers():
    run = summary_of(
        JUMPSCORE.recipe, estimate(0.749), model={"name": "replay"}, input={"kind": "none"}
    )
    (candidate,) = candidates(JUMPSCORE.recipe, [run])
    assert (candidate.differences, candidate.notes) == ((), (STORED_ANSWERS,))
    assert candidates(cell_of("JumpScore", "PLM-8B").recipe, [run]) == []


def test_read_runs_leaves_out_damaged(tmp_path, caplog):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "run.json").write_text("{}")
    assert read_runs(tmp_path) == read_runs(tmp_path / "missing") == []
    assert "left out" in caplog.text


def test_check_claims_of_published_values():
    verdicts = {c.claim.name: (round(c.derived, 2), c.verdict) for c in check_claims()}
    assert verdicts == {
        "jumpscore_ov2": (74.9, "follows"),
        "jumpscore_qwen3vl": (30.1, "follows"),
        "jumpscore_margin": (44.8, "follows"),
        "codec_vs_frame_temporal_grounding": (17.28, "does not follow"),
        "video_margin": (4.31, "follows"),
        "spatial_margin": (5.34, "follows"),
        "tracking_margin": (15.6, "follows"),
    }
    assert curve_gain(("JumpScore",), range(4, 9)) == pytest.approx((39.4 - 32.5 + 40.2 - 35.2) / 2)


def test_check_claims_of_measured_runs():
    both = [cell_of("JumpScore"), cell_of("JumpScore", "Qwen3-VL-8B")]
    runs = [summary_of(c.recipe, estimate(v, 0, 1)) for c, v in zip(both, (0.7, 0.4), strict=True)]
    measured = {c.claim.name: c.measured for c in check_claims(reproduce("1a", both, runs).rows)}
    assert measured["jumpscore_margin"] == pytest.approx(30.0)
    assert measured["video_margin"] is None


def test_reproduce_every_cell_once():
    for table in TABLES:
        selected = cells(table)
        runs = [summary_of(c.recipe, estimate(0.5)) for c in cells(table, [OV2])]
        rows = reproduce(table, selected, runs).rows
        assert [r.cell for r in rows] == selected
        measured = [r for r in rows if r.measured is not None]
        assert {r.cell.published.model for r in measured} == {OV2}

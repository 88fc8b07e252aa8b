from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jumpscore
from evaluators.traces.rows import TraceRow
from evaluators.traces.scoring import MISSING
from evaluators.traces.task import RULE_METRICS, Traces, TracesOptions
from jumpscore.data.layout import Manifest, write_rows
from jumpscore.records import Response
from tests.evaluators.traces.drawn import flat, score

DATA = Path(__file__).parents[2] / "data"
GOLDEN = json.loads((DATA / "traces_golden.json").read_text())


def test_evaluate_oracle_and_blind_baseline(mini, tmp_path):
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


def test_score_of_a_line_through_the_wall(samples):
    for number in range(4):
        goal = samples[f"{number}-tracespatial-3d"].truth
        true = json.loads(goal.answer("relative_1000").replace("(", "[").replace(")", "]"))
        result = score(goal, str([tuple(true[0]), tuple(true[-1])])).values
        assert (result["success"], result["no_collision"], result["collision"]) == (1.0, 1.0, 0.0)
        assert (result["success_path"], result["no_collision_path"]) == (0.0, 0.0)
        assert result["collision_path"] > 0.25


def test_metrics_depend_on_the_rules_of_the_rows(mini, tmp_path):
    task = Traces(TracesOptions(data=str(mini)))
    assert task.headline == ("success", "start_2d", "rmse_999_all", "rmse_2d")
    rows = [row for row in task.rows if row.rule == "vabench"]
    (tmp_path / "scenes").symlink_to(mini / "scenes")
    write_rows(tmp_path, rows, Manifest("one"))
    alone = Traces(TracesOptions(data=str(tmp_path), allow_links=True))
    assert [m.name for m in alone.metrics] == [m.name for m in RULE_METRICS["vabench"]] + ["parsed"]
    names = {m.name for m in alone.metrics}
    assert set(score(alone.load()[0].truth, "[[1, 2], [3, 4]]").values) == names


def test_score_has_a_value_of_every_metric(samples):
    for sample in samples.values():
        known = {m.name for m in RULE_METRICS[sample.truth.rule]} | {"parsed"}
        for text in ("no", sample.truth.answer("relative_1000")):
            assert set(score(sample.truth, text).values) == known


@pytest.mark.parametrize("case", GOLDEN["vabench_visual_trace"])
def test_score_of_vabench_equals_the_public_code(case):
    goal = flat("vabench", case["ans"], size=case["wh"], convention="pixel")
    result = score(goal, case["text"], "pixel", image_size=tuple(case["wh"]))
    rmse, mae = case["rmse_mae"]
    for suffix in ("", "_reference"):
        expected = [
            None if value is None else pytest.approx(value, abs=1e-9) for value in (rmse, mae)
        ]
        assert [result.values[f"{name}_999{suffix}"] for name in ("rmse", "mae")] == expected
    if rmse is None:
        assert result.status == "unparseable"
        assert result.notes == {"answers with a single way-point": 1}


def test_score_of_vabench_without_a_trace():
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
    # An answer outside the image scores like no answer.
    beyond = score(goal, "[[5000, 5000], [5000, 5000]]", "relative_1000").values
    assert beyond["rmse_999"] > beyond["rmse_999_all"] == nothing["rmse_999_all"]
    # The public code reads only one form.
    assert score(goal, "[[0.1, 0.2], [0.9, 0.2]]").values["rmse_999"] == 0.0
    assert nothing["content_free_rmse_999_all"] == pytest.approx(999 * 0.5)


def test_score_of_sharerobot_by_hand():
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


def test_score_convention_precedence():
    goal = flat("sharerobot", [[0.1, 0.5], [0.5, 0.5]])
    thousandths = "[(100, 500), (500, 500)]"
    assert score(goal, thousandths, convention="relative_1000").values["rmse_2d"] == 0.0
    stated = score(goal, thousandths)
    assert stated.values["rmse_2d"] > 100  # the benchmark's own: fractions
    task = Traces(TracesOptions(data="none", convention="unit"))
    stated_by_wrapper = Response("a", "[(0.1, 0.5), (0.5, 0.5)]", convention="relative_1000")
    assert task.score(goal, stated_by_wrapper).values["rmse_2d"] == pytest.approx(0)
    pixels = Response("a", "[(32, 120), (160, 120)]", convention="pixel", image_size=(320, 240))
    result = Traces(TracesOptions(data="none")).score(goal, pixels)
    assert result.values["rmse_2d"] == pytest.approx(0)
    assert result.notes == {"answers read as pixel although the benchmark uses unit": 1}
    silent = score(replace(goal, convention=None), thousandths)
    assert (silent.status, silent.values) == ("error", {})
    assert "set task.convention" in silent.message


def test_score_scales_pixels_of_a_resized_image(samples):
    goal = samples["0-tracespatial-3d"].truth
    own = score(goal, goal.answer("relative_1000")).values
    half = json.loads(goal.answer("pixel").replace("(", "[").replace(")", "]"))
    text = str([(x / 2, y / 2, d) for x, y, d in half])
    seen = (goal.size[0] // 2, goal.size[1] // 2)
    other = score(goal, text, "pixel", image_size=seen).values
    assert other["success"] == own["success"] == 1.0
    assert other["rmse"] == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(
    ("text", "status", "note"),
    [
        ("I cannot do this", "unparseable", None),
        ("[(100, 200), (300, 400)]", "unparseable", "answers in 3D with a way-point that has"),
        ("[(100, 200, -1)]", "unparseable", "answers with a coordinate out of range"),
        ("[(1e300, 200, 1), (1, 1, 1)]", "unparseable", "answers with a coordinate out of range"),
        ("[(nan, inf, 1)]", "unparseable", None),
    ],
)
def test_score_of_an_unreadable_answer_is_no_success(samples, text, status, note):
    result = score(samples["0-tracespatial-3d"].truth, text)
    assert result.status == status
    assert (result.values["success"], result.values["start"], result.values["rmse"]) == (
        0,
        None,
        None,
    )
    assert [key for key in result.notes if key.startswith(note or " ")] or note is None


@pytest.mark.parametrize("rule", ["tracespatial-3d", "tracespatial-2d", "vabench", "sharerobot"])
def test_score_of_long_and_cut_off_answers(samples, rule):
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
def test_score_of_any_text(samples, text):
    for rule in ("tracespatial-3d", "tracespatial-2d", "vabench", "sharerobot"):
        result = score(samples[f"0-{rule}"].truth, text)
        assert result.status in ("ok", "partial", "unparseable")
        assert all(value is None or np.isfinite(value) for value in result.values.values())
        json.dumps(result.details, allow_nan=False)


def test_score_of_the_published_answers(tmp_path):
    """All 400; the depth maps are missing, so only statuses and ends are compared."""
    rows = []
    for line in (DATA / "tracespatial_items.jsonl").open():
        item = json.loads(line)
        # The pictures are missing; the principal point gives their sizes.
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
            assert result.notes[MISSING["no_object"]] == 1
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

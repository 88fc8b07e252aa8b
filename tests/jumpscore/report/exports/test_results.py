from __future__ import annotations

from dataclasses import replace

import pytest

from jumpscore.errors import UsageError
from jumpscore.records import Estimate
from jumpscore.report.exports.results import results_frame, results_of, results_table
from tests.jumpscore.report.runs import made_up_run, none, timed


def run_of(folder, *, model: str, f1: float, **more):
    metrics = {
        "f1": Estimate(f1, 0.1, f1 - 0.2, f1 + 0.2, 3),
        "mae": none(),
        "content_free_f1": Estimate(0.25, 0.1, 0.1, 0.4, 3),
    }
    return made_up_run(folder, [timed("a", f1, [1.0], [1.0])], model=model, metrics=metrics, **more)


def test_results_are_the_headline_with_the_common_blind_baseline(tmp_path):
    runs = [run_of(tmp_path / name, model=name, f1=f1) for name, f1 in (("a", 0.5), ("b", 0.7))]
    table = results_table(runs)
    assert table.header == ("model", "f1 %", "mae %")
    assert table.rows == (
        ("a", "50.0 [30.0, 70.0]", "–"),
        ("b", "70.0 [50.0, 90.0]", "–"),
        ("blind baseline", "25.0", "–"),
    )
    other = runs[1].result.metrics | {"content_free_f1": Estimate(0.3, 0.1, 0.1, 0.5, 3)}
    runs[1] = replace(runs[1], result=replace(runs[1].result, metrics=other))
    assert results_of(runs).baselines == (None, None)


def test_results_name_runs_of_one_model_by_their_folders(tmp_path):
    runs = [run_of(tmp_path / name, model="m", f1=0.5) for name in ("one", "two")]
    assert [row.name for row in results_of(runs).rows] == ["m (one)", "m (two)"]


def test_results_note_which_runs_have_a_caveat(tmp_path):
    runs = [
        run_of(tmp_path / "a", model="a", f1=0.5, caveats=("the data are synthetic",)),
        run_of(tmp_path / "b", model="b", f1=0.5, caveats=("the data are synthetic", "x"), total=2),
    ]
    assert results_of(runs).notes == (
        "The data are synthetic.", "b: x.", "Numbers of samples differ: a 1, b 2.",
    )  # fmt: skip


def test_results_refuse_runs_of_different_tasks(tmp_path):
    runs = [run_of(tmp_path / "a", model="a", f1=0.5)]
    runs.append(run_of(tmp_path / "b", model="b", f1=0.5, task="timelens"))
    with pytest.raises(
        UsageError, match=r"its task differs from that of .* \(timelens and jumpscore\)"
    ):
        results_table(runs)


def test_frame_has_every_metric_in_full_precision(tmp_path):
    frame = results_frame([run_of(tmp_path / "a", model="a", f1=1 / 3)])
    assert list(frame.columns[:4]) == ["run", "task", "data", "metric"]
    assert list(frame["metric"]) == ["f1", "mae", "content_free_f1"]
    assert frame["mean"][0] == 1 / 3
    assert frame["mean"].isna()[1]

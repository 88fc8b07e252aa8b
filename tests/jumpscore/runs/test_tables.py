"""Runs as data frames and files: read back, they are what was scored."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from jumpscore.errors import UsageError
from jumpscore.records import SampleScore
from jumpscore.runs.tables import write_samples
from tests.jumpscore.report.runs import HOSTILE, made_up_run

SCORES = [
    SampleScore("a", "ok", {"f1": 1.0, "count": 3.0}, notes={"odd": 2, "late": 1}, cluster="v"),
    SampleScore("b", "unparseable", {"f1": 0.0, "count": None}, group=("x", "y")),
    SampleScore("0007", "error", message="no video"),
]


@pytest.fixture
def run(tmp_path):
    texts = {"a": '=HYPERLINK("x")', "b": '1.5, "x"\n2'}
    return made_up_run(tmp_path / "run", SCORES, texts)


def test_samples_table_has_one_row_per_sample(run):
    table = run.samples()
    assert table["id"].tolist() == ["a", "b", "0007"]
    assert table["status"].tolist() == ["ok", "unparseable", "error"]
    assert table["notes"].tolist() == [3, 0, 0]
    assert table["f1"].tolist()[:2] == [1.0, 0.0]
    assert table[["f1", "count"]].isna().sum().tolist() == [1, 2]
    assert table["text"].tolist()[0] == '=HYPERLINK("x")'
    assert table.loc[2, ["text", "finish_reason", "cluster", "group"]].isna().all()
    assert table.loc[1, "group"] == "x/y"
    assert table["message"].tolist()[2] == "no video"
    assert table["output_tokens"].isna().all()


def test_samples_table_of_metric_named_like_a_column(tmp_path):
    run = made_up_run(tmp_path, [SampleScore("a", "ok", {"seconds": 0.5})], {"a": "x"})
    assert run.samples().loc[0, "metric_seconds"] == 0.5
    assert run.samples()["seconds"].isna().all()


def test_write_samples_parquet(run, tmp_path):
    table = run.samples()
    write_samples(table, tmp_path / "new" / "samples.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "new" / "samples.parquet"), table)
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["samples.parquet"]


def test_write_samples_csv_without_formulas(run, tmp_path):
    write_samples(run.samples(), tmp_path / "samples.CSV")
    table = pd.read_csv(tmp_path / "samples.CSV", dtype={"id": str})
    assert table["id"].tolist() == ["a", "b", "0007"]
    assert table["text"].tolist()[:2] == ['\'=HYPERLINK("x")', '1.5, "x"\n2']
    assert table["f1"].tolist()[:2] == [1.0, 0.0]


def test_write_samples_of_hostile_text(tmp_path):
    scores = [SampleScore(str(k), "ok", {"f1": 0.5}) for k in range(len(HOSTILE))]
    run = made_up_run(tmp_path, scores, {str(k): text for k, text in enumerate(HOSTILE)})
    write_samples(run.samples(), tmp_path / "a.csv")
    write_samples(run.samples(), tmp_path / "a.parquet")
    texts = pd.read_parquet(tmp_path / "a.parquet")["text"].tolist()
    assert texts == [text.replace("\ud800", "\\ud800") for text in HOSTILE]


def test_write_samples_refuses_other_suffixes(run, tmp_path):
    with pytest.raises(
        UsageError, match=r"a\.xls: unsupported suffix .\.xls.; use \.csv or \.parquet"
    ):
        write_samples(run.samples(), tmp_path / "a.xls")
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        write_samples(run.samples(), tmp_path / "file" / "a.csv")


def test_to_pandas_has_one_row_per_metric(run):
    table = run.result.to_pandas()
    assert table.loc["f1"].to_dict() == {
        "title": "what f1 is",
        "unit": "percent",
        "mean": 0.5,
        "stderr": 0.1,
        "ci_low": 0.3,
        "ci_high": 0.7,
        "n": 3,
    }
    assert table.loc["map_reference", ["mean", "ci_low"]].isna().all()


def test_repr_is_one_short_line(run):
    assert repr(run.result) == (
        "<RunResult jumpscore, made up on nowhere: f1 0.5 [0.3, 0.7], 3 samples, 1 unscored>"
    )
    assert repr(run) == repr(run.result).replace("<RunResult ", f"<StoredRun {run.folder}: ")


def test_samples_table_of_every_kind_of_answer(start):
    run = start("oracle", expose_truth=True)
    table = run.samples()
    assert table["id"].tolist() == [score.id for score in run.scores]
    assert set(run.result.headline) <= set(run.result.to_pandas().index)
    assert table["f1"].mean() == pytest.approx(run.result.metrics["f1"].mean)
    assert len(repr(run)) < 300


def test_score_run_does_not_import_pandas_or_scipy(tiny_set, tmp_path):
    (tmp_path / "a.json").write_text('{"clip0": [0.5]}')
    words = ["score", str(tmp_path / "a.json"), "--data", str(tiny_set), "--out", str(tmp_path)]
    code = (
        "import sys; from jumpscore.cli.app import app\n"
        f"try: app({[*words, '--no-report']!r})\n"
        "except SystemExit: "
        "print([m for m in ('pandas', 'pyarrow.dataset', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr

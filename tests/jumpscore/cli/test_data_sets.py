"""Named data sets from the command line: listed, fetched from a folder, found in a data root."""

from __future__ import annotations

import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jumpscore.data.catalogue import data_sets, published_sets
from tests.support import write_video


@pytest.fixture
def source(tmp_path):
    """TimeLens-Charades as published, with one video."""
    folder = tmp_path / "source"
    folder.mkdir()
    rows = [{"video_path": "a.mp4", "query": "a person sits down", "span": [[1.0, 3.5]]}]
    pq.write_table(pa.Table.from_pylist(rows), folder / "charades-00000-of-00001.parquet")
    with zipfile.ZipFile(folder / "videos.zip", "w") as archive:
        archive.write(write_video(tmp_path / "a.mp4", frames=40, fps=10, size=(64, 48)), "a.mp4")
    return folder


def fetch(jumpscore, source):
    words = ("data", "fetch", "timelens_charades", "--source", source, "--data-root", "root")
    return jumpscore(*words)


def listed(jumpscore, *words):
    found = json.loads(jumpscore("data", "list", "--json", *words).stdout)
    return {row["name"]: row["state"] for row in found}


def test_fetch_set_is_usable_by_name(jumpscore, source, tmp_path):
    assert listed(jumpscore, "--data-root", "root")["timelens_charades"] == "to be fetched"
    done = fetch(jumpscore, source)
    assert "use it with task=timelens task.data=timelens_charades" in done.stdout
    assert listed(jumpscore, "--data-root", "root")["timelens_charades"] == "here"
    words = ["model=oracle", "run.expose_truth=true", "task=timelens"]
    words += ["task.data=timelens_charades", "--no-report", "--json"]
    result = json.loads(jumpscore("run", *words, "--data-root", "root").stdout)
    assert result["metrics"]["miou"]["mean"] == 1.0
    # The variable says the same as the option.
    again = jumpscore("run", *words, JUMPSCORE_DATA=str(tmp_path / "root"))
    assert json.loads(again.stdout) == result | {"asked": 0}


def test_list_reports_whether_a_set_was_rendered(jumpscore, tmp_path):
    assert listed(jumpscore)["mini_traces"] == "made on first use"
    folder = data_sets()["mini_traces"].folder()
    (tmp_path / "cache" / folder.name).mkdir(parents=True)
    assert listed(jumpscore)["mini_traces"] == "here"


def test_run_records_data_revision(jumpscore, source, tmp_path):
    told = {"repository": "kcz358/timelens", "revision": "c" * 40}
    (source / "fetch.json").write_text(json.dumps(told))
    fetch(jumpscore, source)
    words = ["model=content_free", "task=timelens", "task.data=timelens_charades", "run.name=a"]
    jumpscore("run", *words, "--data-root", "root", "--no-report")
    facts = json.loads((tmp_path / "runs" / "a" / "run.json").read_text())
    assert facts["data"]["revision"] == "c" * 40
    assert facts["identity"]["data"].keys() == {"name", "checksum"}
    info = ("data", "info", "timelens_charades", "--data-root", "root", "--json")
    assert json.loads(jumpscore(*info).stdout)["revision"] == "c" * 40


def test_list_contains_every_name(jumpscore):
    assert set(listed(jumpscore)) >= {"mini", "published", "mini_timelens", *published_sets()}


def test_run_prints_missing_files(jumpscore, source, tmp_path):
    fetch(jumpscore, source)
    video = tmp_path / "root" / "timelens_charades" / "videos" / "a.mp4"
    video.unlink()
    words = ["task=timelens", "task.data=timelens_charades", "--data-root", "root"]
    done = jumpscore("run", "model=motion", *words, "--no-report", expect=1)
    assert "1 file is missing" in done.stderr
    assert str(video) in done.stderr
    assert "INCOMPLETE" in done.stdout
    assert "1 file is missing" in jumpscore("run", "model=motion", *words, "--dry-run").stderr


def test_score_prints_missing_files(jumpscore, tmp_path):
    jumpscore("data", "info", "mini_traces")
    [made] = (tmp_path / "cache").glob("mini_traces-*")
    folder = made.rename(tmp_path / "set")
    ids = [json.loads(line)["id"] for line in (folder / "rows.jsonl").read_text().splitlines()]
    answers = tmp_path / "a.jsonl"
    answers.write_text("".join(json.dumps({"id": i, "text": "[]"}) + "\n" for i in ids))
    score = ("score", answers, "--task", "traces", "--data", folder, "--no-report")
    depth = folder / "scenes" / "0" / "depth.png"
    depth.unlink()
    done = jumpscore(*score, "--out", "lost", expect=1)
    said = f"1 file is missing, and its samples have no score:\n  {depth}\n"
    assert said in done.stderr


def test_score_ignores_missing_videos(jumpscore, source, tmp_path):
    fetch(jumpscore, source)
    (tmp_path / "root" / "timelens_charades" / "videos" / "a.mp4").unlink()
    answers = tmp_path / "a.jsonl"
    words = ("--task", "timelens", "--data", "timelens_charades", "--data-root", "root")
    answers.write_text(json.dumps({"id": "charades-00000", "text": "1.0 - 3.5"}))
    assert "file is missing" not in jumpscore("score", answers, *words, "--no-report").stderr
    answers.write_text(json.dumps({"id": "other", "text": "1.0 - 3.5"}))
    done = jumpscore("score", answers, *words, "--no-report", expect=2)
    assert "file is missing" not in done.stderr


def test_info_checks_a_set_of_any_task(jumpscore, source, tmp_path):
    fetch(jumpscore, source)
    folder = tmp_path / "root" / "timelens_charades"
    named = ("timelens_charades", "--data-root", "root")
    for words in (named, (folder, "--task", "timelens")):
        facts = json.loads(jumpscore("data", "info", *words, "--check", "--json").stdout)
        assert (facts["task"], facts["rows"], facts["problems"]) == ("timelens", 1, [])
    [rows] = folder.glob("rows.jsonl")
    rows.write_text(rows.read_text().replace("[1.0, 3.5]", "[3.5, 1.0]"))
    (folder / "videos" / "a.mp4").unlink()
    done = jumpscore("data", "info", *named, "--check", "--json", expect=1)
    problems = json.loads(done.stdout)["problems"]
    assert "ends before it starts" in problems[0]
    assert problems[1] == f"{folder / 'videos' / 'a.mp4'}: is missing"


def test_score_applies_task_options(jumpscore, tmp_path):
    """Truths are pixels: the true box is right as pixels, and another box as thousandths."""
    jumpscore("data", "info", "mini_spatial")
    [file] = (tmp_path / "cache").glob("mini_spatial-*/rows.jsonl")
    row = next(r for r in map(json.loads, file.read_text().splitlines()) if r["rule"] == "box")
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": row["id"], "text": row["answer"]}))
    score = ("score", "a.jsonl", "--task", "spatial", "--data", "mini_spatial", "--no-report")
    found = {}
    for convention in ("pixel", "relative_1000"):
        word = f"task.convention={convention}"
        folder = json.loads(jumpscore(*score, word, "--json", expect=1).stdout)["folder"]
        lines = (tmp_path / folder / "scores.jsonl").read_text().splitlines()
        [line] = [line for line in map(json.loads, lines) if line["id"] == row["id"]]
        assert line["status"] == "ok"
        found[folder] = line["values"]["score"]
    assert list(found.values()) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["data", "fetch", "timelens_charade"], "did you mean 'timelens_charades' or"),
        (["data", "fetch", "published", "--source", "x"], "use its folder as task.data"),
        (["data", "fetch", "timelens_charades", "--source", "gone"], "gone: no such folder"),
        (["run", "task=timelens", "task.data=timelens_charades"], "'jumpscore data fetch timelens"),
        (["run", "task=timelens", "task.data=timelens_charade"], "did you mean"),
    ],
)
def test_data_commands_suggest_names(jumpscore, words, message):
    assert message in " ".join(jumpscore(*words, expect=2).stderr.split())

"""The command as a user calls it: real files, exit codes, what is printed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from jumpscore.cli.app import Commands
from jumpscore.video.timeline import LEADING, SHIFTED
from tests.support import running, write_video


@pytest.fixture
def answers(tmp_path) -> Path:
    path = tmp_path / "answers.jsonl"
    lines = [
        {"id": "clip0", "times": [0.5, 1.0, 1.5]},
        {"id": "clip1", "text": "I'm sorry, I cannot watch videos."},
        {"id": "clip2", "text": "[]"},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_help_names_every_command(jumpscore):
    text = jumpscore("--help").stdout
    for name in Commands.rows:
        assert f" {name} " in text


def test_score_answers_file(jumpscore, answers, tiny_set, tmp_path):
    done = jumpscore("score", answers, "--data", tiny_set, "--json")
    result = json.loads(done.stdout)
    assert result["metrics"]["f1"]["mean"] == pytest.approx(2 / 3)
    assert result["counts"]["refused"] == 1
    assert result["synthetic"] is True
    assert (tmp_path / result["folder"] / "report.html").stat().st_size > 1000


def test_score_prints_a_table_with_intervals(jumpscore, answers, tiny_set):
    text = jumpscore("score", answers, "--data", tiny_set, "--no-report").stdout
    assert "map_reference" in text
    assert "[" in text
    assert "1 refused" in text
    assert "the data are synthetic" in text


def test_score_missing_answers_are_unscored(jumpscore, answers, tiny_set):
    answers.write_text(answers.read_text().splitlines()[0] + "\n" + '{"id": "x", "times": []}\n')
    done = jumpscore("score", answers, "--data", tiny_set, "--no-report", expect=1)
    assert "INCOMPLETE: 2 of 3 samples are unscored" in done.stdout
    assert "answers to unknown ids: 1" in done.stdout
    stored = next(answers.parent.glob("runs/*/responses.jsonl")).read_text()
    assert "no answer for id 'clip1'" in stored


def test_template_can_be_filled_in_and_scored(jumpscore, tiny_set, tmp_path):
    assert jumpscore("data", "ids", tiny_set).stdout.split() == ["clip0", "clip1", "clip2"]
    listed = jumpscore("data", "ids", tiny_set, "--json").stdout
    assert json.loads(listed) == ["clip0", "clip1", "clip2"]
    done = jumpscore("data", "template", tiny_set, "--out", "t.jsonl")
    assert f"jumpscore score t.jsonl --data {tiny_set}" in done.stdout
    again = jumpscore("data", "template", tiny_set, "--out", "t.jsonl", expect=2)
    assert "t.jsonl exists already" in again.stderr
    unfilled = jumpscore("score", "t.jsonl", "--data", tiny_set, expect=2)
    assert "line 1 (id 'clip0'): has no answer, because its text is null" in unfilled.stderr
    file = tmp_path / "t.jsonl"
    file.write_text(file.read_text().replace("null", '"[1.0]"'))
    done = jumpscore("score", file, "--data", tiny_set, "--no-report", "--json")
    assert json.loads(done.stdout)["counts"]["ok"] == 3


def test_score_prints_unknown_ids_and_invalid_records(jumpscore, tiny_set, tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "Clip0", "times": [1]}\n{"id": "x", "times": []}\n{"id": "clip1",\n')
    done = jumpscore("score", path, "--data", tiny_set, "--no-report", expect=1)
    assert "INCOMPLETE: 2 of 3 samples are unscored" in done.stdout
    assert "answers matched by another spelling of their id: 1" in done.stdout
    assert "records of the answers file that cannot be read: 1" in done.stdout
    assert f"{path}, line 3 (id 'clip1'): is not valid JSON (" in done.stderr
    assert "under unknown ids: 1; the answers file has ids such as 'x'" in done.stderr
    path.write_text('{"x": [1], "y": [2]}')
    done = jumpscore("score", path, "--data", tiny_set, expect=2)
    assert "has ids such as 'x', but the data set has ids such as 'clip0'" in done.stderr
    assert len(list(tmp_path.glob("runs/*"))) == 1  # nothing was written for it
    done = jumpscore("score", path, "--data", tiny_set, "task.data=mini", expect=2)
    assert "write --data mini instead of task.data=mini" in done.stderr
    done = jumpscore("score", path, "task.data=mini", expect=2)
    assert "write --data mini instead of task.data=mini" in done.stderr


def test_run_can_be_shown_compared_and_reported(jumpscore, tiny_set, tmp_path):
    data = f"task.data={tiny_set}"
    jumpscore("run", "model=content_free", data, "run.name=grid", "--no-report")
    jumpscore(
        "run", "model=oracle", data, "run.name=oracle", "run.expose_truth=true", "--no-report"
    )
    shown = jumpscore("show", "runs/grid", "clip0").stdout
    assert "List the start timestamps in s of each jump rope" in shown
    assert "0.25, 0.75" in shown
    assert "extra" in shown
    compared = json.loads(jumpscore("compare", "runs/oracle", "runs/grid", "--json").stdout)
    assert compared["f1"]["n"] == 3
    assert "better" in jumpscore("compare", "runs/oracle", "runs/grid").stdout
    done = jumpscore("compare", "runs/oracle", "runs/grid", "--html", "pages/c.html")
    assert "page: pages/c.html" in done.stderr
    assert "Where they part" in (tmp_path / "pages" / "c.html").read_text(encoding="utf-8")
    jumpscore("report", "runs/grid", "--out", "page.html")
    assert "clip0" in (tmp_path / "page.html").read_text()
    assert "3 rows, one per sample" in jumpscore("report", "runs/grid", "--out", "a.csv").stdout
    refused = jumpscore("report", "runs/grid", "--out", "a.xlsx", expect=2)
    assert "unsupported suffix '.xlsx'; use .html, .csv, .parquet" in refused.stderr
    header, *rows = (tmp_path / "a.csv").read_text().splitlines()
    assert header.startswith("id,status,map_reference,")
    assert [row.split(",")[0] for row in rows] == ["clip0", "clip1", "clip2"]
    again = json.loads(jumpscore("score", "runs/grid", "--json", "--no-report").stdout)
    assert (
        again["metrics"] == json.loads((tmp_path / "runs/grid/result.json").read_text())["metrics"]
    )


def test_run_dry_run_asks_nothing(jumpscore, tiny_set, tmp_path):
    done = jumpscore("run", "model=content_free", f"task.data={tiny_set}", "--dry-run", "--json")
    plan = json.loads(done.stdout)
    assert (plan["samples"], plan["input"]) == (3, "none")
    assert not (tmp_path / "runs").exists()


def test_run_repeats_can_be_compared(jumpscore, tiny_set, tmp_path):
    words = ("run", "model=oracle", f"task.data={tiny_set}", "run.expose_truth=true")
    words += ("run.name=several", "run.repeats=3")
    plan = json.loads(jumpscore(*words, "--dry-run", "--json").stdout)
    assert (plan["samples"], plan["repeats"]) == (3, 3)
    found = json.loads(jumpscore(*words, "--json").stdout)
    assert found["runs"] == [f"runs/several/repeat-{place}" for place in range(3)]
    for folder in found["runs"]:
        assert (tmp_path / folder / "report.html").stat().st_size > 1000
    values = found["metrics"]["f1"]["values"]
    assert found["metrics"]["f1"]["mean"] == pytest.approx(sum(values) / 3)
    text = jumpscore(*words, "--no-report").stdout
    assert "3 repeats, seeds 0 to 2" in text
    assert f"f1 of each repeat: {', '.join(f'{100 * value:.1f}' for value in values)}" in text
    assert "9 answers: " in text
    again = json.loads(jumpscore("score", "runs/several", "--json", "--no-report").stdout)
    assert again == found
    jumpscore("run", "model=content_free", f"task.data={tiny_set}", "run.name=grid", "--no-report")
    compared = json.loads(jumpscore("compare", "runs/several", "runs/grid", "--json").stdout)
    assert compared["f1"]["mean_a"] == pytest.approx(found["metrics"]["f1"]["mean"])
    text = jumpscore("compare", "runs/grid", "runs/several").stdout
    assert "runs/several enters with the mean over its 3 repeats" in text
    assert "repeat-2/report.html" in jumpscore("report", "runs/several").stderr
    done = jumpscore("report", "runs/several", "--out", "x.html", expect=2)
    assert "contains repeats, which have a page each" in done.stderr
    done = jumpscore("show", "runs/several", "clip0", expect=2)
    assert "choose one of runs/several/repeat-0 ... runs/several/repeat-2" in done.stderr
    assert "came back" in jumpscore("show", "runs/several/repeat-1", "clip0").stdout


def test_predict_prints_times(jumpscore, tmp_path):
    video = write_video(tmp_path / "my video.mp4", frames=50)
    done = jumpscore("predict", video, "model=content_free", "--json")
    assert json.loads(done.stdout)["times"] == [0.25, 0.75, 1.25, 1.75]
    done = jumpscore("predict", video, "model=content_free", "--html", "page.html")
    assert "4 jumps in" in done.stdout
    assert "0.25, 0.75, 1.25, 1.75" in done.stdout
    assert "my video" in (tmp_path / "page.html").read_text()
    long = write_video(tmp_path / "long.mp4", frames=1500)
    times = jumpscore("predict", long, "model=content_free").stdout.splitlines()
    assert len(times) == 2  # a heading and one line, for programs that read lines
    assert len(times[1].split(", ")) == 120


def test_predict_prints_repairs(jumpscore, tmp_path):
    video = Path(__file__).parents[2] / "data" / "videos" / "live.ts"
    done = jumpscore("predict", video, "model=content_free")
    assert len(done.stdout.splitlines()) == 2
    assert f"live.ts: {LEADING}: 6" in " ".join(done.stderr.split())
    facts = json.loads(jumpscore("predict", video, "model=content_free", "--json").stdout)
    assert facts["video_notes"] == {LEADING: 6, SHIFTED: 1}
    shown = json.loads(jumpscore("video", "inspect", video, "--canvases", "4", "--json").stdout)
    assert f"{LEADING}: 6" in shown["notes"]
    assert shown["track"] == 0


@pytest.mark.slow
def test_predict_prints_training_note(jumpscore, tmp_path):
    pytest.importorskip("torch")
    video = write_video(tmp_path / "clip.mp4", frames=50, size=(84, 84))
    words = ("predict", video, "model=llava_ov2", "model.checkpoint=jumpscore-tiny")
    found = json.loads(jumpscore(*words, "--json").stdout)
    assert found["model"] == "llava_ov2:jumpscore-tiny"
    assert "rendered clips" in found["remarks"][0]
    assert "on nothing else" in jumpscore(*words, "--html", "page.html").stdout
    assert "on nothing else" in (tmp_path / "page.html").read_text()


def test_models_tasks_and_data_are_listed(jumpscore):
    models = {row["name"]: row for row in json.loads(jumpscore("models", "--json").stdout)}
    assert models["motion"]["inputs"] == ["video"]
    rows = json.loads(jumpscore("tasks", "--json").stdout)
    [lmms] = [row for row in rows if row["name"] == "lmms"]
    assert {"table": "1a", "title": "MLVU-dev", "task": "mlvu_dev"}.items() <= (
        lmms["benchmarks"][3].items()
    )
    assert "docvqa_val" in jumpscore("tasks").stdout
    tasks = {row["name"] for row in rows}
    row_tasks = {"spatial", "timelens", "traces", "tracking"}
    assert tasks == {"jumpscore", "jumpscore_count", "repetitions", "lmms"} | row_tasks
    assert "content_free" in jumpscore("models").stdout


def test_doctor_passes_here(jumpscore):
    rows = json.loads(jumpscore("doctor", "--json", process=True).stdout)
    states = {row["what"]: row["state"] for row in rows}
    assert states["render and read back"] == "ok"
    assert {"vllm", "codec-video-prep", "lmms-video-utils"} <= states.keys()
    # lmms-eval may lack packages of its own where only its files are installed.
    assert [name for name, state in states.items() if state == "broken"] in ([], ["lmms-eval"])


def test_synthesize_writes_a_valid_set(jumpscore, tmp_path):
    small = ["clips=2", "durations=[{low: 4, high: 5, weight: 1}]"]
    small.append("resolutions=[{width: 160, height: 128, weight: 1}]")
    done = jumpscore("data", "synthesize", "--out", "set", "--seed", "3", *small)
    assert "2 clips" in done.stdout
    facts = json.loads(jumpscore("data", "info", "set", "--check", "--json").stdout)
    assert (facts["rows"], facts["videos present"], facts["problems"]) == (2, 2, [])
    assert facts["synthetic"] is True
    [video, _] = (tmp_path / "set" / "videos").glob("*.mp4")
    video.write_bytes(video.read_bytes()[:500])
    done = jumpscore("data", "info", "set", "--check", "--json", expect=1)
    [problem] = json.loads(done.stdout)["problems"]
    assert video.name in problem
    done = jumpscore("data", "synthesize", "--out", "set", "--seed", "4", *small, expect=2)
    assert "another recipe" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "model=moton"], "unknown model 'moton'; did you mean 'motion'?"),
        (["run", "model=replay"], "'model.answers' is not set"),
        (["run", "run.repeats=0"], "run.repeats=0: must be greater than 0"),
        (["run", "task.data=nowhere"], "data set 'nowhere' is neither a folder nor"),
        (["run", "+run.limt=3"], "unknown key 'run.limt'; did you mean 'limit'?"),
        (["run", "task.data=published"], "jumpscore data fetch"),
        (["predict", "gone.mp4"], "gone.mp4: no such video file"),
        (["score", "gone.jsonl", "--data", "mini"], "gone.jsonl: not found; give a file"),
        (["show", "runs/x", "y"], "runs/x: not found; give the folder of a run"),
        (["score", ".", "--data", "mini"], ".: is not a run folder"),
        (["compare", "a", "b"], "a: not found; give the folder of a run"),
        (["report", "a"], "a: not found; give the folder of a run"),
        (["data", "synthesize", "--out", "x", "--profile", "mni"], "did you mean 'mini'"),
        (["data", "synthesize", "--out", "x", "clps=3"], "clps"),
        (["data", "synthesize", "--out", "x", "clips=-3"], "clips"),
    ],
)
def test_main_exits_with_2_on_wrong_use(jumpscore, words, message):
    assert message in jumpscore(*words, expect=2).stderr


def test_score_prints_brackets_literally(jumpscore, tmp_path):
    video = write_video(tmp_path / "[b] [" / "x].mp4")
    done = jumpscore("predict", video, "model=content_free", "--html", "[red].html")
    assert str(video) in done.stdout
    assert "[red].html" in done.stderr


def test_run_prints_to_an_ascii_terminal(jumpscore, answers, tiny_set, tmp_path):
    ascii_only = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "PYTHONUTF8": "0"}
    assert (
        "map_reference"
        in jumpscore("score", answers, "--data", tiny_set, process=True, **ascii_only).stdout
    )
    video = write_video(tmp_path / "séance.mp4")
    done = jumpscore("predict", video, "model=content_free", "--json", process=True, **ascii_only)
    # There a path's bytes are not letters; as bytes it is the same path.
    assert os.fsencode(json.loads(done.stdout)["video"]) == os.fsencode(video)


def test_run_takes_paths_and_ids_literally(jumpscore, tiny_set, tmp_path):
    import shutil

    odd = tmp_path / "sé t, a=b (1)"
    shutil.copytree(tiny_set, odd)
    words = ["run", "model=content_free", f"task.data={odd}", "run.name=ü 1", "--no-report"]
    jumpscore(*words, "--ids", "clip0", "--ids", "clip2")
    facts = json.loads((tmp_path / "runs" / "ü 1" / "run.json").read_text())
    assert facts["config"]["run"]["ids"] == ["clip0", "clip2"]
    assert "no sample '12e5'" in jumpscore(*words, "--ids", "12e5", expect=2).stderr


def test_score_edited_answers_get_a_new_run(jumpscore, answers, tiny_set, tmp_path):
    jumpscore("score", answers, "--data", tiny_set, "--no-report")
    answers.write_text(answers.read_text().replace("0.5", "0.6"))
    jumpscore("score", answers, "--data", tiny_set, "--no-report")
    assert len(list((tmp_path / "runs").iterdir())) == 2


def test_score_stored_run_from_any_folder(jumpscore, answers, tiny_set, tmp_path):
    relative = os.path.relpath(tiny_set, tmp_path)
    jumpscore("score", answers.name, "--data", relative, "--no-report")
    [run] = (tmp_path / "runs").iterdir()
    (tmp_path / "else").mkdir()
    jumpscore("score", run, "--no-report", cwd=tmp_path / "else")
    jumpscore("show", run, "clip0", cwd=tmp_path / "else")


def test_run_finishes_with_damaged_time_stamps(jumpscore, tmp_path):
    video = write_video(tmp_path / "a.mkv", frames=3, times=[0.0, 4e5, 8e5])
    assert "more than the limit of 86400 s" in jumpscore("predict", video, expect=2).stderr
    slow = write_video(tmp_path / "b.mkv", frames=5, times=[0, 9e3, 1.8e4, 2.7e4, 3.6e4])
    assert "accepts at most 1800 s" in jumpscore("predict", slow, expect=2).stderr
    wide = write_video(tmp_path / "c.mp4", frames=5, size=(512, 8))
    assert "needs 32 pixels" in jumpscore("predict", wide, expect=2).stderr


def test_predict_refuses_a_file_that_is_not_a_video(jumpscore, tmp_path):
    (tmp_path / "a.mp4").write_text("no video")
    assert "cannot be opened as a video" in jumpscore("predict", "a.mp4", expect=2).stderr


def test_predict_refuses_models_that_need_the_truth(jumpscore, tmp_path):
    video = write_video(tmp_path / "a.mp4")
    done = jumpscore("predict", video, "model=oracle", "run.expose_truth=true", expect=2)
    assert "a new video has none" in done.stderr


@pytest.mark.slow
def test_run_interrupted_resumes(tmp_path):
    """A real interrupt of a real run in a process of its own."""
    import shutil

    from jumpscore.data.layout import QUESTION, Manifest, Row, read_rows, write_set

    root = tmp_path / "set"
    video = write_video(tmp_path / "a.mp4", frames=250, size=(640, 360))
    (root / "videos").mkdir(parents=True)
    rows = []
    for k in range(16):
        shutil.copy(video, root / "videos" / f"{k}.mp4")
        rows.append(Row(f"c{k}", f"videos/{k}.mp4", QUESTION, "[1.0]"))
    write_set(root, rows, Manifest("many"))
    command = [sys.executable, "-c", "from jumpscore.cli.app import main; main()", "run"]
    command += ["model=motion", f"task.data={root}", "run.name=x", "--no-report"]
    stored = tmp_path / "runs" / "x" / "responses.jsonl"
    with running(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (stored.exists() and stored.stat().st_size):
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "samples are answered and stored; rerun the same command to resume" in errors
    kept = stored.read_text().splitlines()
    assert 0 < len(kept) < 16
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=300)
    lines = [json.loads(line) for line in stored.read_text().splitlines()]
    assert [line["id"] for line in lines] == [row.id for row in read_rows(root)]
    assert stored.read_text().splitlines()[: len(kept)] == kept


def test_run_tracking(jumpscore, tmp_path):
    """The rendered set by name, answers and masks from files, folders of PNGs."""
    words = ["model=oracle", "run.expose_truth=true", "task=tracking"]
    result = json.loads(jumpscore("run", *words, "--json", "--no-report").stdout)
    assert result["metrics"]["point_f1"]["mean"] == 1.0
    assert result["total"] == 21
    masks = {"id": "shapes0-0", "masks": [None] * 24}
    (tmp_path / "masks.jsonl").write_text(json.dumps(masks))
    words = ["model=replay", "model.answers=masks.jsonl", "task=tracking", "task.segmenter=given"]
    done = jumpscore("run", *words, "--ids", "shapes0-0", "--json", "--no-report")
    assert json.loads(done.stdout)["metrics"]["j_and_f"]["n"] == 1
    done = jumpscore("score-masks", "nowhere", "there", expect=2)
    assert "no such folder" in done.stderr

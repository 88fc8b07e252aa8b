"""lmms-eval's own JumpScore reads a version that was exported for the hub, and scores the same."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import yaml

import jumpscore
from jumpscore.builder.exports.export import export_data
from jumpscore.builder.exports.formats import export_format
from jumpscore.builder.project import Project
from jumpscore.builder.release.freeze import freeze_project
from jumpscore.data.layout import read_rows
from tests.lmms.installed import MARKS, installed_tasks, run_python
from tests.support import mark_frames, project_video, write_video

HERE = Path(__file__).parent
pytestmark = MARKS
REPOSITORY, COMMIT = "lmms-lab-encoder/JumpScore", "0" * 40


def frozen_version(root: Path) -> Path:
    """A version with 8 videos at several rates; one has no events."""
    project = Project.create(root / "ropes")
    names = [f"videos/{number:032x}.mp4" for number in range(8)]
    for number, name in enumerate(names):
        rate = (25, 30000 / 1001)[number % 2]
        write_video(project.root / name, frames=120, fps=rate, gop=10 + number)
    videos = [project_video(project, name, source=name) for name in names]
    project.write_videos(videos)
    for number, video in enumerate(videos):
        mark_frames(project, video, "ann", *(range(3, 110, 9 + number) if number else ()))
    return freeze_project(project.root).folder


def answers_for(folder: Path) -> dict[str, str]:
    """Id -> an answer near the truth, in several forms; one is prose."""
    random = np.random.default_rng(5)
    texts = {}
    for number, row in enumerate(read_rows(folder)):
        truth = json.loads(row.answer)
        times = [round(abs(time + random.normal(0, 0.12)), 2) for time in truth[1:]]
        forms = (json.dumps(times), f"```json\n{json.dumps(times)}\n```", "Jumps at " + ", ".join(
            f"{time} s" for time in times
        ) + ".")  # fmt: skip
        texts[row.id] = forms[number % 3] if number != 6 else "I see a person with a rope."
    return texts


def offline_hub(home: Path, archive: Path) -> None:
    """A cache of the hub from which lmms-eval takes the archive of videos."""
    folder = home / "hub" / f"datasets--{REPOSITORY.replace('/', '--')}"
    (folder / "snapshots" / COMMIT).mkdir(parents=True)
    (folder / "snapshots" / COMMIT / archive.name).symlink_to(archive)
    (folder / "refs").mkdir()
    (folder / "refs" / "main").write_text(COMMIT)


def test_hub_export_scores_the_same_in_lmms_eval(tmp_path):
    version = frozen_version(tmp_path)
    export_data(version, tmp_path / "upload", export_format("hub"))
    texts = answers_for(version / "test")
    stems = {row.id: Path(row.video_path).stem for row in read_rows(version / "test")}
    (tmp_path / "by_video.json").write_text(json.dumps({stems[i]: texts[i] for i in texts}))
    offline_hub(tmp_path / "hf", tmp_path / "upload" / "videos.zip")
    task = {
        "include": str(installed_tasks() / "jumpscore" / "jumpscore.yaml"),
        "task": "jumpscore_upload",
        "dataset_path": str(tmp_path / "upload"),
        "dataset_kwargs": {},
    }
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "upload.yaml").write_text(yaml.safe_dump(task))
    words = ("tasks", "jumpscore_upload", "by_video.json", "out.json")
    run_python(HERE / "replaying.py", *words, folder=tmp_path)
    theirs = json.loads((tmp_path / "out.json").read_text())
    # lmms-eval unpacked the archive itself.
    assert len(list((tmp_path / "hf" / "jumpscore" / "videos").iterdir())) == 8

    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in texts.items()))
    run = jumpscore.evaluate(
        "replay",
        "jumpscore",
        model_options={"answers": str(answers)},
        task_options={"data": str(version / "test")},
        run={"folder": str(tmp_path / "runs")},
    )
    ours = run.result.metrics["map_reference"].mean
    assert 0.2 < ours < 0.8
    assert theirs["jumpscore_map,none"] == ours

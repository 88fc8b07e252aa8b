"""From a folder of videos to a scored data set, with the commands of docs/building.md."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet
import pytest

from jumpscore.builder.project import Project
from jumpscore.data.layout import read_rows
from tests.jumpscore.builder.annotate.serving import Server, adding, mark, serving

pytestmark = pytest.mark.slow
TWO_SHORT_CLIPS = (
    "clips=2",
    "durations=[{low: 4, high: 5, weight: 1}]",
    "resolutions=[{width: 160, height: 128, weight: 1}]",
)
STATED = ("--licence", "CC0-1.0", "--source", "rendered")


@dataclass(frozen=True)
class Terminal:
    """Runs commands in a folder."""

    folder: Path

    def run(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "jumpscore", *words],
            cwd=self.folder,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


def nearest_frames(server: Server, video: str, times: Sequence[float]) -> list[int]:
    """Return the frames that a careful person marks."""
    frames = server.call(f"/api/videos/{video}").json["times"]
    return [min(range(len(frames)), key=lambda k: abs(frames[k] - time)) for time in times]


def finish(server: Server, video: str, frames: Sequence[int]) -> None:
    """Add marks to a video and state that it is done."""
    sequence = server.state(video)["sequence"]
    if frames:
        marks = [mark(f"at{frame}", frame) for frame in frames]
        assert server.edit(video, sequence, adding(*marks)).status == 200
        sequence += 1
    details = {"sequence": sequence, "done": True, "flagged": False, "note": ""}
    assert server.call(f"/api/videos/{video}/details", details).status == 200


def annotate(root: Path, truth: Mapping[str, Sequence[float]]) -> None:
    """Mark every jump as two people; ann misses the first one, bob invents one at the start."""
    for name in ("ann", "bob"):
        with serving(root, name) as server:
            for video, times in truth.items():
                assert server.call(f"/api/videos/{video}").json["proposals"]["candidates"]
                frames = nearest_frames(server, video, times)
                finish(server, video, frames[1:] if name == "ann" else [0, *frames])


def adjudicate(root: Path, truth: Mapping[str, Sequence[float]]) -> None:
    """Decide as a third person, by the truth."""
    with serving(root, "cleo", "--adjudicate") as server:
        for video, times in truth.items():
            first, *others = nearest_frames(server, video, times)
            view = server.call(f"/api/videos/{video}").json
            assert [each["first_frame"] for each in view["disagreements"]] == [0, first]
            assert [each["frame"] for each in view["state"]["marks"]] == others
            finish(server, video, [first])


def test_videos_become_a_scored_data_set(tmp_path: Path) -> None:
    terminal, root = Terminal(tmp_path), tmp_path / "ropes"
    terminal.run("data", "synthesize", "--out", "clips", "--seed", "3", *TWO_SHORT_CLIPS)
    terminal.run("data", "ingest", "clips/videos", "--out", "ropes", *STATED)
    terminal.run("data", "propose", "ropes")
    by_file = {
        Path(row.video_path).name: json.loads(row.answer) for row in read_rows(tmp_path / "clips")
    }
    truth = {video.id: by_file[video.name] for video in Project.open(root).videos()}

    annotate(root, truth)
    assert "4 disagreements in 2 videos" in terminal.run("data", "verify", "ropes")
    adjudicate(root, truth)
    assert "next: jumpscore data freeze ropes" in terminal.run("data", "verify", "ropes")
    terminal.run("data", "freeze", "ropes")
    terminal.run("data", "export", "ropes/versions/1", "--format", "hub", "--out", "upload")

    frozen = {row.id: json.loads(row.answer) for row in read_rows(root / "versions/1/test")}
    assert frozen == {video: pytest.approx(times, abs=0.03) for video, times in truth.items()}
    [table] = (tmp_path / "upload" / "data").glob("*.parquet")
    answers = pyarrow.parquet.read_table(table).column("answer").to_pylist()
    assert sorted(map(json.loads, answers)) == sorted(frozen.values())
    lines = [json.dumps({"id": id, "text": json.dumps(times)}) for id, times in truth.items()]
    (tmp_path / "answers.jsonl").write_text("\n".join(lines))
    score = ("score", "answers.jsonl", "--data", "ropes/versions/1/test", "--no-report", "--json")
    metrics = json.loads(terminal.run(*score))["metrics"]
    assert metrics["f1"]["mean"] == metrics["map_reference"]["mean"] == 1

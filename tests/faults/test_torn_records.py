"""Records that are torn: cut off anywhere, or with a last block of zeros, as after a power failure.

Whatever reads them reports an error with a fix, or gives the same result; never another one.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from evaluators import TASKS
from jumpscore.data.layout import read_manifest, read_rows
from jumpscore.errors import DataError, JumpScoreError, UsageError
from jumpscore.harness import read_repeats, score_run
from jumpscore.runs import read_run
from jumpscore.runs.reader import read_record
from jumpscore.studies.ablation import read_ablation
from tests.faults.interruptions import EVERY, MARKS
from tests.faults.scenarios import Scenario, contents, run_scenario

pytestmark = MARKS
BLOCK = 4096


def torn(content: bytes) -> Iterator[bytes]:
    """Yield a record cut at several places, and with a last block of zeros."""
    size = len(content)
    places = range(size) if EVERY else random.Random(size).sample(range(size), min(4, size))
    yield from (content[:place] for place in {0, size - 1, *places})
    rest = min(BLOCK, max(1, size // 2))
    yield content[:-rest] + bytes(rest)


def outcome(read: Callable[[], Any]) -> tuple[Any, str | None]:
    """Return what a reader returned, or the message of its error."""
    try:
        return read(), None
    except JumpScoreError as error:
        return None, str(error)


def read_torn(folder: Path, name: str, read: Callable[[], Any]) -> None:
    """Tear a file in every way and read it; it is whole again at the end."""
    file = folder / name
    content, expected = file.read_bytes(), read()
    try:
        for damaged in torn(content):
            file.write_bytes(damaged)
            value, error = outcome(read)
            case = f"{name}: {len(damaged)} of {len(content)} bytes: {error}"
            assert value == expected if error is None else str(folder) in error, case
    finally:
        file.write_bytes(content)


@pytest.fixture(scope="module")
def finished(commands, tiny_set, tmp_path_factory) -> Scenario:
    """A finished run."""
    scenario = run_scenario(tiny_set, tmp_path_factory.mktemp("finished"))
    assert scenario.run(commands).status == 0
    return scenario


@pytest.mark.parametrize("name", ["run.json", "result.json", "scores.jsonl", "timing.json"])
def test_read_run_torn(finished, name):
    folder = finished.folder / "one"

    def read() -> object:
        run = read_run(folder)
        return run.result, run.scores, dict(run.responses), run.record

    read_torn(folder, name, read)


@pytest.mark.parametrize("name", ["run.json", "responses.jsonl", "derived.jsonl"])
def test_score_run_torn(finished, tmp_path, monkeypatch, name):
    monkeypatch.setattr(TASKS, "_added", {"deriving": "tests.faults.models:Deriving"})
    folder = tmp_path / "one"
    shutil.copytree(finished.folder / "one", folder)
    whole = read_run(folder).result

    def read() -> object:
        result = score_run(folder).result
        # Answers that were lost are counted, and the result has a caveat.
        lost = result.unscored > 0 and any("unscored" in caveat for caveat in result.caveats)
        return whole if lost else result

    read_torn(folder, name, read)


@pytest.mark.parametrize("name", ["responses.jsonl", "derived.jsonl", "scores.jsonl"])
def test_resume_torn(commands, finished, tmp_path, name):
    """The rest of a torn file is kept, and what is lost is asked or derived again."""
    folder = tmp_path / "runs"
    scenario = Scenario(finished.words, folder, {"JUMPSCORE_CACHE": str(folder / "cache")})
    shutil.copytree(finished.folder, folder)
    expected, file = contents(folder), folder / "one" / name
    content = file.read_bytes()
    for damaged in (content[:-7], content[:-100] + bytes(100)):
        file.write_bytes(damaged)
        done = scenario.run(commands)
        assert done.status == 0, done.err
        assert contents(folder) == expected


def test_resume_torn_cache(commands, finished, tmp_path):
    folder = tmp_path / "runs"
    scenario = Scenario(finished.words, folder, {"JUMPSCORE_CACHE": str(folder / "cache")})
    for number in range(3):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(finished.folder, folder)
        expected = contents(folder)
        shutil.rmtree(folder / "one")
        for file in folder.glob("cache/inputs/*/*/*"):
            content = file.read_bytes()
            half = len(content) // 2
            file.write_bytes((b"", content[:half], content[:half] + bytes(half))[number])
        done = scenario.run(commands)
        assert done.status == 0, done.err
        assert contents(folder) == expected


def test_read_repeats_and_ablation_torn(commands, tiny_set, tmp_path):
    ablate = ("ablate", "model=seeing", f"task.data={tiny_set}", "--tokens", "24", "--out", "out",
              "input.max_pixels=7056", "run.limit=1", "--no-controls")  # fmt: skip
    repeat = ("run", "model=seeing", f"task.data={tiny_set}", "run.name=two", "run.repeats=2",
              "input=frames", "input.count=2", "--no-report")  # fmt: skip
    for command, folder in ((repeat, tmp_path / "runs"), (ablate, tmp_path / "out")):
        done = commands.run(command, folder)
        assert done.status == 0, done.err
    runs = tmp_path / "runs" / "two"
    read_torn(runs, "repeats.json", lambda: read_repeats(runs).result)
    read_torn(tmp_path / "out", "ablation.json", partial(read_ablation, tmp_path / "out"))


def test_read_set_torn(tiny_set, tmp_path):
    folder = tmp_path / "set"
    shutil.copytree(tiny_set, folder)
    read_torn(folder, "manifest.json", partial(read_manifest, folder))
    read_torn(folder, "data/test-00000-of-00001.parquet", partial(read_rows, folder))


def test_training_torn(tmp_path):
    import numpy as np
    import torch

    from jumpscore.training.cache import stored_clips
    from jumpscore.training.clips import prepare_lessons
    from jumpscore.training.loop import Trainer
    from jumpscore.training.runs import new_model
    from tests.training_support import small_settings

    settings = small_settings(data={"clips": 1, "held_out": 1}, join={"steps": 1})
    places = prepare_lessons(settings.data, tmp_path / "clips", workers=1)
    model, tokenizer = new_model(settings)
    clips, held_out = map(stored_clips, places)
    folder = tmp_path / "run"
    folder.mkdir()

    def resumed() -> dict[str, Any]:
        trainer = Trainer(settings, model, tokenizer, clips=clips, held_out=held_out, folder=folder)
        trainer.run()
        return {name: value.tolist() for name, value in trainer.learner.state_dict().items()}

    with torch.random.fork_rng():
        resumed()
        read_torn(folder, "state.pt", resumed)
    [clip] = places[0].glob("*.npz")
    read_torn(places[0], clip.name, lambda: len(stored_clips(places[0])))
    frames = clips[0].path.name.replace(".npz", ".frames.npy")
    read_torn(places[0], frames, lambda: np.shape(stored_clips(places[0])[0].frames))
    (folder / "log.jsonl").write_bytes(bytes(100) + b"\n")
    with pytest.raises(DataError, match=r"log\.jsonl: is damaged .* delete it"):
        resumed()


def test_project_torn(tmp_path):
    from jumpscore.builder.project import Project
    from tests.jumpscore.builder.projects import add_marks, counting_project

    root = counting_project(tmp_path / "ropes", videos=1).root
    add_marks(Project.open(root), 0, "ann", 10, 20, 30)
    for name in ("project.json", "videos.jsonl"):
        read_torn(root, name, lambda: Project.open(root).videos())
    [journal] = root.glob("annotations/ann/*.jsonl")
    video = Project.open(root).videos()[0]
    content = journal.read_bytes()
    ends = [place + 1 for place, byte in enumerate(content) if byte == 10]
    for damaged in torn(content):
        journal.write_bytes(damaged)
        whole = sum(end <= len(damaged) and damaged[end - 1] == 10 for end in ends)
        annotation, error = outcome(partial(Project.open(root).annotation, video, "ann"))
        assert annotation.sequence == whole if error is None else str(journal) in error


def test_read_record_of_unfinished_run(tmp_path):
    """A process that is killed before it describes the run leaves an empty file of answers."""
    (tmp_path / "responses.jsonl").touch()
    with pytest.raises((DataError, UsageError), match="is not a run folder"):
        read_record(tmp_path)

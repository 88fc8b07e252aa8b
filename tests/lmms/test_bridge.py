"""The real lmms-eval runs wrappers of this package on its own JumpScore and on a task of ours."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import yaml

from jumpscore.data.predictions import read_predictions
from tests.lmms.installed import MARKS, installed_tasks, run_python
from tests.model_wrappers.openai_compatible.server import MockServer

Image = pytest.importorskip("PIL.Image")
HERE = Path(__file__).parent
pytestmark = MARKS
SMALL = ("clips=4", "durations=[{low: 4.0, high: 6.0, weight: 1}]",
         "resolutions=[{width: 320, height: 180, weight: 1}]")  # fmt: skip
LLAVA = {"model.checkpoint": "tiny", "model.max_new_tokens": 16, "input": "codec", "input.count": 4}
JUMPSCORE = ("-c", "from jumpscore.cli.app import main; main()")


class Place:
    """A folder with a data set, a broken copy of it, a tiny checkpoint and tasks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.python(*JUMPSCORE, "data", "synthesize", "--out", "set", "--seed", "3", *SMALL)
        self.python(*JUMPSCORE, "models", "tiny", "tiny", "spread=0.2")
        shutil.copytree(root / "set", root / "broken")
        self.lost = sorted((root / "broken" / "videos").iterdir())[1]
        self.lost.write_bytes(b"no video")
        shutil.copytree(HERE / "tasks", root / "tasks")
        tasks = installed_tasks()
        for name in ("set", "broken"):
            self.jumpscore_task(name, tasks)
        self.picture_task("pictures", output_type="generate_until")
        self.picture_task("rounds", output_type="generate_until_multi_round")

    def python(self, *words: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
        return run_python(
            *words, folder=self.root, expect=expect, HF_DATASETS_OFFLINE="1", OPENAI_API_KEY="key"
        )

    def jumpscore_task(self, name: str, tasks: Path) -> None:
        """lmms-eval's own JumpScore, on a local data set."""
        task = {
            "include": str(tasks / "jumpscore" / "jumpscore.yaml"),
            "task": f"jumpscore_{name}",
            "dataset_path": str(self.root / name),
            "dataset_kwargs": {},
            "lmms_eval_specific_kwargs": {"default": {"video_cache_dir": str(self.root / name)}},
        }
        (self.root / "tasks" / f"{name}.yaml").write_text(yaml.safe_dump(task))

    def picture_task(self, name: str, output_type: str) -> None:
        """Two documents with two pictures each."""
        generator = np.random.default_rng(0)
        self.pictures = []
        for number, mode in enumerate(("RGBA", "RGB")):
            pixels = generator.integers(0, 256, (9, 13, len(mode)), dtype=np.uint8)
            self.pictures.append(Image.fromarray(pixels))
            self.pictures[-1].save(self.root / f"{number}.png")
        files = [str(self.root / f"{number}.png") for number in range(2)]
        rows = [
            {"pictures": files, "question": "How many?", "talk": talk, "answer": answer}
            for talk, answer in ((False, "[0.5]"), (True, "[0.7]"))
        ]
        data = self.root / f"{name}.jsonl"
        data.write_text("".join(json.dumps(row) + "\n" for row in rows))
        functions = {key: f"!function utils.{value}" for key, value in {
            "doc_to_messages": "messages", "doc_to_text": "text", "doc_to_visual": "visual",
            "process_results": "results",
        }.items()}  # fmt: skip
        task = {
            "task": name,
            "dataset_path": "json",
            "dataset_kwargs": {"data_files": {"test": str(data)}},
            "test_split": "test",
            "output_type": output_type,
            "doc_to_target": "answer",
            "generation_kwargs": {"max_new_tokens": 8},
            **functions,
            "metric_list": [{"metric": "exact", "aggregation": "!function utils.mean",
                             "higher_is_better": True}],
        }  # fmt: skip
        plain = yaml.safe_dump(task, sort_keys=False)
        (self.root / "tasks" / f"{name}.yaml").write_text(_tagged(plain))

    def score(self, model: str, **words: object) -> dict:
        """Result of ``jumpscore run`` on the same data set."""
        inputs = [f"{key}={value}" for key, value in words.items()]
        name = f"run.name={model}"
        self.python(
            *JUMPSCORE, "run", f"model={model}", "task.data=set", name, "--no-report", *inputs
        )
        return json.loads((self.root / "runs" / model / "result.json").read_text())["metrics"]

    def answers(self, model: str) -> dict[str, str]:
        lines = (self.root / "runs" / model / "responses.jsonl").read_text().splitlines()
        return {record["id"]: record["text"] for record in map(json.loads, lines)}

    def samples(self, name: str) -> Path:
        [path] = (self.root / "out" / name).rglob("*_samples_*.jsonl")
        return path

    def results(self, name: str) -> dict:
        [path] = (self.root / "out" / name).rglob("*_results.json")
        [result] = json.loads(path.read_text())["results"].values()
        return result


def _tagged(text: str) -> str:
    """YAML with tags where plain text was written for them."""
    lines = []
    for line in text.splitlines():
        key, tag, name = line.partition("'!function ")
        lines.append(f"{key}!function {name.removesuffix(chr(39))}" if tag else line)
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    return Place(tmp_path_factory.mktemp("lmms"))


@pytest.fixture(scope="module")
def runs(place):
    """Several evaluations in one process of lmms-eval's, whose import takes the time."""

    def run(name, task, words, **flags):
        return {
            "model": "jumpscore",
            "model_args": ",".join(f"{key}={value}" for key, value in words.items()),
            "tasks": task,
            "include_path": str(place.root / "tasks"),
            "output_path": str(place.root / "out" / name),
            "log_samples": True,
            **flags,
        }

    grid = {"wrapper": "content_free"}
    with MockServer() as server:
        server.models = ["mock"]
        served = {"wrapper": "openai", "model.served_model": "mock", "model.base_url": server.url}
        configs = [
            run("llava", "jumpscore_set", {"wrapper": "llava_ov2", **LLAVA}, batch_size=4),
            run("raised", "jumpscore_broken", grid),
            run("empty", "jumpscore_broken", {**grid, "on_error": "empty"}),
            run("misspelt", "jumpscore_set", {**grid, "input.cuont": 3}),
            run("pictures", "pictures", served),
            run("rounds", "rounds", served),
        ]
        (place.root / "runs.yaml").write_text(yaml.safe_dump(configs))
        done = place.python("-m", "lmms_eval", "--config", "runs.yaml")
    return done.stdout + done.stderr, server


def test_bridge_equals_a_run_exactly(place):
    words = ["--model", "jumpscore", "--model_args", "wrapper=motion", "--tasks", "jumpscore_set"]
    words += ["--include_path", "tasks", "--output_path", "out/motion", "--log_samples"]
    done = place.python("-m", "lmms_eval", *words)
    assert "max_new_tokens: jumpscore_set asks for 1024; motion has no such option" in done.stderr
    ours = place.score("motion")
    assert 0.2 < ours["map_reference"]["mean"] < 1
    assert place.results("motion")["jumpscore_map,none"] == ours["map_reference"]["mean"]
    theirs = {
        name: result.text for name, result in read_predictions(place.samples("motion")).items()
    }
    assert theirs == place.answers("motion")


def test_bridge_with_a_checkpoint_equals_a_run(place, runs):
    ours = place.score("llava_ov2", **LLAVA, **{"model.batch_size": 4})
    theirs = {
        name: result.text for name, result in read_predictions(place.samples("llava")).items()
    }
    assert theirs == place.answers("llava_ov2")
    assert len(set(theirs.values())) > 1  # pictures matter
    assert place.results("llava")["jumpscore_map,none"] == ours["map_reference"]["mean"]
    record = json.loads(place.samples("llava").read_text().splitlines()[0])
    [counts] = record["token_counts"]
    assert counts["output_tokens"] <= 16 < counts["input_tokens"]


def test_bridge_stops_at_an_unanswered_document(place, runs):
    output, _ = runs
    assert "UnansweredError: 1 of 4 documents have no answer, so nothing is scored" in output
    assert f"jumpscore_broken-test-{lost_number(place)}: {place.lost}" in output
    assert not list((place.root / "out" / "raised").rglob("*_results.json"))


def lost_number(place: Place) -> int:
    """Row of the broken video."""
    import pyarrow.parquet as parquet

    [file] = (place.root / "set" / "data").iterdir()
    paths = parquet.read_table(file).column("video_path").to_pylist()
    return [Path(path).name for path in paths].index(place.lost.name)


def test_bridge_scores_empty_answers_on_request(place, runs):
    output, _ = runs
    assert "1 of 4 documents have no answer; they are SCORED AS EMPTY ANSWERS" in output
    texts = [result.text for result in read_predictions(place.samples("empty")).values()]
    assert [bool(text) for text in texts].count(False) == 1
    assert texts.index("") == lost_number(place)


def test_bridge_suggests_similar_keys(place, runs):
    output, _ = runs
    assert "unknown key 'input.cuont'; did you mean 'count'?" in output
    assert not (place.root / "out" / "misspelt").exists()


def test_bridge_passes_pictures_and_turns(place, runs):
    output, server = runs
    assert "2 documents have media after or between text" in output
    assert "1 documents have a system message" in output
    assert "max_new_tokens: pictures asks for 8; model.max_new_tokens=1024 decides" in output
    bodies = sorted(server.bodies, key=lambda body: len(body["messages"]))
    assert len(bodies) == 2
    for body, lead in zip(bodies, ("", "Be brief.\n\n"), strict=True):
        *parts, query = body["messages"][0]["content"]
        assert [part["type"] for part in parts] == ["image_url", "image_url"]
        for part, picture in zip(parts, place.pictures, strict=True):
            content = base64.b64decode(part["image_url"]["url"].partition(",")[2])
            (place.root / "seen.png").write_bytes(content)
            with Image.open(place.root / "seen.png") as seen:
                assert seen.mode == picture.mode
                assert seen.tobytes() == picture.tobytes()
        assert query["text"] == f"{lead}Before:\nAfter:\nHow many?"
    assert [turn["content"] for turn in bodies[1]["messages"][1:]] == ["Two.", "Sure?"]
    assert place.results("pictures")["exact,none"] == 0.5


def test_bridge_refuses_multi_round_tasks(runs):
    output, _ = runs
    assert "rounds asks in several rounds; only tasks of type generate_until can be run" in output

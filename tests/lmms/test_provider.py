"""The real lmms-eval as provider and scorer: its numbers through this harness, and from itself."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml

from evaluators.lmms.benchmarks import BENCHMARKS
from evaluators.lmms.task import LmmsTask
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import evaluate, score_run
from model_wrappers.base import ModelWrapper
from tests.lmms.installed import MARKS, PYTHON
from tests.lmms.miniatures import HERE, Image, Place

pytestmark = MARKS
ANSWERS = (
    "A",
    "(B) because",
    "The answer is C.",
    "D.",
    "no idea",
    "b",
    "A\n\nB",
    "<think>B?</think>A",
)
"""Yield answers in turn: right, wrong and empty ones."""


def answer_to(number: int) -> str:
    return ANSWERS[number % len(ANSWERS)]


REAL = {"tiny_mmstar": ("val", 12), "tiny_ai2d": ("test", 12), "tiny_videomme": ("test", 9)}
"""Task -> split and the documents that can be asked, the first ones."""


@pytest.fixture(scope="module")
def theirs(place) -> Path:
    """What lmms-eval itself makes of the answers."""
    answers = place.root / "theirs.jsonl"
    lines = [
        {"id": f"{name}-{split}-{number}", "text": answer_to(number)}
        for name, (split, count) in REAL.items()
        for number in range(count)
    ]
    answers.write_text("".join(json.dumps(line) + "\n" for line in lines))
    out = place.root / "out"
    place.python(
        *("-m", "lmms_eval", "--model", "jumpscore", "--tasks", ",".join(REAL), "--log_samples"),
        *("--model_args", f"wrapper=replay,model.answers={answers},on_error=empty"),
        *("--include_path", str(place.tasks), "--output_path", str(out), "--limit", "9"),
    )
    return out


def run_of(place: Place, task: LmmsTask, model: str | ModelWrapper = "replay", **run: object):
    answers = place.root / "ours.jsonl"
    lines = [{"id": str(number), "text": answer_to(number)} for number in range(12)]
    answers.write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = {"answers": str(answers)} if model == "replay" else None
    settings = {"folder": place.root / "runs", **run}
    return evaluate(model, task, model_options=options, run=settings)


@pytest.mark.parametrize("name", REAL)
def test_evaluate_equals_lmms_eval_exactly(place, theirs, name):
    task = place.made(name)
    run = run_of(place, task, limit=9)
    [file] = theirs.rglob("*_results.json")
    printed = json.loads(file.read_text())["results"][name]
    key = "flexible-extract" if name == "tiny_ai2d" else "none"
    compared = 0
    for metric in task.facts["metrics"]:
        expected = printed.get(f"{metric['name']},{key}")
        if expected is not None:
            compared += 1
            assert run.result.metrics[metric["name"]].mean == expected
    assert compared >= 1
    [samples] = theirs.rglob(f"*_samples_{name}.jsonl")
    records = {record["doc_id"]: record for record in map(json.loads, samples.open())}
    assert len(run.scores) == 9
    rights = 0
    for score in run.scores:
        record = records[int(score.id)]
        for metric, value in score.details["results"][key].items():
            assert record[metric] == value
        assert score.details["target"] == str(record["target"])
        rights += sum(value == 1 for value in score.values.values())
    assert rights > 0
    # Scored again from disk, without the model.
    folder = run.folder
    options = {"python": PYTHON, "benchmark": name}
    assert options.items() <= run.record.config.task.options.items()
    assert score_run(folder).result == run.result
    assert run.record.identity.task.version.startswith("2, lmms-eval 0.7.3, task ")
    task.close()


def test_aggregate_gives_intervals_to_means_only(place):
    with_interval = place.made("tiny_videomme")
    actual = run_of(place, with_interval, name="interval", limit=9).result.metrics
    total, mean = (actual[f"videomme_perception_score{end}"] for end in ("", ".sample"))
    assert total.mean == pytest.approx(100 * mean.mean, abs=1e-9)
    assert total.ci_low == pytest.approx(100 * mean.ci_low, abs=1e-9)
    assert mean.ci_low < mean.mean < mean.ci_high
    without = place.made("tiny_mmstar")
    actual = run_of(place, without, name="without", limit=11).result.metrics
    assert actual["average"].mean != pytest.approx(actual["average.sample"].mean)
    assert actual["average"].ci_low is None
    assert actual["average.sample"].ci_low is not None
    with_interval.close()
    without.close()


class Looks(ModelWrapper):
    """Keeps what it is shown."""

    name = "looks"
    inputs = ("none",)

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, tuple] = {}

    def generate(self, requests):
        from jumpscore.records import Response

        for request in requests:
            question = request.question
            pixels = [np.asarray(Image.open(media.path)) for media in question.media
                      if media.kind == "image"]  # fmt: skip
            self.seen[question.id] = (question, pixels)
        return [Response(request.question.id, "A") for request in requests]


def test_complete_writes_lossless_pictures(place):
    task, model = place.made("tiny_mmstar"), Looks()
    run_of(place, task, model)
    for number, expected in enumerate(place.pictures):
        question, [pixels] = model.seen[str(number)]
        np.testing.assert_array_equal(pixels, expected)
        assert question.prompt.startswith(f"Question {number}?")
        assert question.prompt.endswith("from the given choices directly")
        assert not question.media[0].path.exists()
    folder = question.media[0].path.parent
    assert folder.is_dir()
    task.close()
    assert not folder.exists()


def test_evaluate_names_missing_videos(place):
    task, model = place.made("tiny_videomme", prompts="qwen3_vl"), Looks()
    gone = place.home / "videomme" / "data" / "gone.mp4"
    assert task.missing() == [gone]
    run = run_of(place, task, model)
    question, _ = model.seen["4"]
    assert question.media[0].path == place.home / "videomme" / "data" / "v1.mp4"
    assert question.prompt.startswith("Question: What 4?\nOptions:\nA. AA")
    assert run.result.unscored == 1
    assert f"{gone} does not exist" in run.scores[9].message
    assert [score.cluster for score in run.scores[:4]] == ["v0", "v0", "v0", "v1"]
    assert task.protocol == "qwen3_vl"
    task.close()


def test_evaluate_jumpscore_equals_map_reference(place, tiny_set):
    words = {
        "include": str(place.installed / "jumpscore" / "jumpscore.yaml"),
        "task": "tiny_jumpscore",
        "dataset_path": str(tiny_set),
        "dataset_kwargs": {},
        "lmms_eval_specific_kwargs": {"default": {"video_cache_dir": str(tiny_set)}},
    }
    (place.tasks / "tiny_jumpscore.yaml").write_text(yaml.safe_dump(words))
    task = place.made("tiny_jumpscore")
    run = {"folder": place.root / "runs"}
    through = evaluate("content_free", task, run=run).result.metrics["jumpscore_map"]
    ours = evaluate("content_free", "jumpscore", task_options={"data": str(tiny_set)}, run=run)
    reference = ours.result.metrics["map_reference"]
    assert 0 < reference.mean < 1
    assert through.mean == reference.mean
    assert (through.ci_low, through.ci_high) == (reference.ci_low, reference.ci_high)
    assert through.ci_low < through.ci_high
    task.close()


def test_evaluate_oracle_on_the_rendered_benchmark(place):
    from tests.support import render_mini

    folder = place.root / "mini"
    render_mini("mini_lmms", folder)
    task = place.made("mini_lmms", include_path=str(folder))
    result = run_of(place, task, "oracle", expose_truth=True).result
    assert result.synthetic
    assert result.metrics["accuracy"].mean == 100
    assert result.metrics["number_error"].mean == 0
    assert "files " in result.task_version
    task.close()


def hostile(place: Place, benchmark: str, kinds: list[str], **options: object) -> LmmsTask:
    folder = place.root / f"hostile-{benchmark}-{len(kinds)}"
    shutil.copytree(HERE / "hostile", folder)
    lines = [json.dumps({"kind": kind}) + "\n" for kind in kinds]
    (folder / "hostile.jsonl").write_text("".join(lines))
    return place.made(benchmark, include_path=str(folder), **options)


def test_evaluate_survives_a_hostile_task(place):
    task = hostile(place, "hostile", ["fine", "exits", "raises", "dies", "strange", "fine again"])
    run = run_of(place, task, "oracle", expose_truth=True)
    errors = {score.id: score.message for score in run.scores if score.status == "error"}
    assert "/nowhere/gone.mp4 does not exist" in errors["1"]
    assert errors["2"] == "lmms-eval cannot score this answer: ValueError: no such answer"
    assert "ended (exit code 3) at 'score'" in errors["3"]
    assert "a result of type set cannot be stored as JSON" in errors["4"]
    assert run.result.counts["ok"] == 2
    assert run.result.metrics["score"].mean == 1
    assert run.result.metrics["whole.count"].mean == 2
    assert run.result.metrics["whole.deep.share"].mean == 0.5
    assert "whole.word" not in run.result.metrics
    assert {metric.name for metric in run.result.described} == run.result.metrics.keys()
    task.close()


def test_aggregate_reports_failures_as_caveats(place):
    task = hostile(place, "failing", ["a", "b"])
    result = run_of(place, task, "oracle", expose_truth=True).result
    assert result.metrics["score"].mean is None
    assert result.metrics["score.sample"].mean == 1
    assert any(
        "could not aggregate score: ZeroDivisionError" in message for message in result.caveats
    )
    task.close()


def test_load_refuses_unsupported_tasks(place):
    with pytest.raises(UsageError, match="likelihood has output type 'multiple_choice'"):
        hostile(place, "likelihood", ["a"]).load()
    with pytest.raises(UsageError, match="did you mean 'videomme'"):
        place.made("videome").load()
    with pytest.raises(UsageError, match="prompts=gpt5: 'tiny_mmstar' has default, qwen3_vl"):
        place.made("tiny_mmstar", prompts="gpt5").load()
    with pytest.raises(UsageError, match="mvbench is a group: mvbench_action_seq"):
        place.made("mvbench").load()
    with pytest.raises(
        DataError, match=r"cannot load its data set Lin-Chen/MMStar.*data fetch mmstar"
    ):
        place.made("mmstar").load()


def test_benchmarks_exist_in_lmms_eval(place):
    code = (
        "import json, sys\n"
        "from lmms_eval.tasks import TaskManager\n"
        "manager, found = TaskManager(), {}\n"
        "for name in sys.argv[1:]:\n"
        "    config = manager._get_config(name) if name in manager.all_tasks else None\n"
        "    if config and isinstance(config['task'], list):\n"
        "        config = manager._get_config(config['task'][0])\n"
        "    found[name] = config and [m['metric'] for m in config['metric_list']]\n"
        "print('\\n' + json.dumps(found))\n"
    )
    names = [benchmark.task for benchmark in BENCHMARKS]
    result = json.loads(place.python("-c", code, *names).splitlines()[-1])
    assert {b.task: b.metric for b in BENCHMARKS if b.metric not in (result[b.task] or ())} == {}

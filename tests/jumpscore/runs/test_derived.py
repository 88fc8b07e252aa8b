"""Values derived from answers: made once, stored, and made again only if necessary."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import jumpscore
from evaluators.base import DataFacts, Task
from jumpscore.errors import DataError
from jumpscore.harness import score_run
from jumpscore.records import Metric, Question, Response, Sample, SampleScore
from jumpscore.runs.derived import DERIVED, derive_all


class Lengths(Task):
    """Scores the length of an answer, which is derived."""

    name, version, headline = "lengths", "1", ("length",)
    metrics = (Metric("length", "letters", "events"),)

    def __init__(self, by="lengths 1", fail=()):
        super().__init__()
        self.by, self.fail, self.asked = by, fail, []

    def load(self):
        return [Sample(Question(name, (), "?"), None) for name in "abc"]

    def data(self):
        return DataFacts("letters", "00", True, "nowhere")

    def derivation(self):
        return self.by

    def derive(self, question, response):
        self.asked.append(question.id)
        if question.id in self.fail:
            raise OSError("no GPU")
        return {"length": len(response.text)}

    def score(self, truth, response, derived=None):
        return SampleScore(response.id, "ok", {"length": float(derived["length"])})


ANSWERS = {name: Response(name, name * 3) for name in "abc"}


def derive(task, folder, answers=ANSWERS, **more):
    return derive_all(task, task.load(), answers, folder, **more)


def test_derive_all_reuses_stored_values(tmp_path):
    first, second, progress = Lengths(), Lengths(), []
    results = derive(
        first, tmp_path, on_progress=lambda done, total: progress.append((done, total))
    )
    assert {name: one.value for name, one in results.items()} == {
        name: {"length": 3} for name in "abc"
    }
    assert progress == [(1, 3), (2, 3), (3, 3)]
    assert derive(second, tmp_path) == results
    assert second.asked == []


@pytest.mark.parametrize("change", ["text", "finish_reason", "convention", "image_size"])
def test_derive_all_of_changed_answer(tmp_path, change):
    derive(Lengths(), tmp_path)
    values = {"text": "x", "finish_reason": "length", "convention": "unit", "image_size": (2, 2)}
    answers = ANSWERS | {"b": replace(ANSWERS["b"], **{change: values[change]})}
    task = Lengths()
    derive(task, tmp_path, answers)
    assert task.asked == ["b"]


def test_derive_all_of_changed_derivation(tmp_path):
    derive(Lengths(), tmp_path)
    newer = Lengths(by="lengths 2")
    derive(newer, tmp_path)
    assert newer.asked == ["a", "b", "c"]
    again = Lengths(by="lengths 2")
    derive(again, tmp_path)
    assert again.asked == []


def test_derive_all_retries_failures(tmp_path):
    results = derive(Lengths(fail="b"), tmp_path)
    assert results["b"].error == "cannot be derived: OSError: no GPU"
    task = Lengths()
    assert derive(task, tmp_path)["b"].value == {"length": 3}
    assert task.asked == ["b"]


def test_derive_all_repeats_a_torn_line(tmp_path):
    derive(Lengths(), tmp_path)
    file = tmp_path / DERIVED
    file.write_bytes(file.read_bytes()[:-5])
    task = Lengths()
    derive(task, tmp_path)
    assert task.asked == ["c"]
    assert [json.loads(line)["id"] for line in file.read_text().splitlines()] == ["a", "b", "c"]


@pytest.mark.parametrize("line", ["[]", "{}", "nothing"])
def test_derive_all_names_damaged_line(tmp_path, line):
    (tmp_path / DERIVED).write_text(line + "\n")
    with pytest.raises(DataError, match=r"derived\.jsonl, line 1: is damaged"):
        derive(Lengths(), tmp_path)


def test_derive_all_of_value_without_json(tmp_path):
    class Arrays(Lengths):
        def derive(self, question, response):
            return {"length": object()}

    assert "TypeError" in (derive(Arrays(), tmp_path)["a"].error or "")


def test_derive_all_skips_errors_and_problems(tmp_path):
    answers = ANSWERS | {"a": Response("a", error="the server is down")}
    task = Lengths()
    samples = task.load()
    samples[1] = replace(samples[1], problem="no truth")
    assert list(derive_all(task, samples, answers, tmp_path)) == ["c"]


def test_derive_all_without_derivation(tmp_path):
    assert derive(Lengths(by=None), tmp_path) == {}
    assert not (tmp_path / DERIVED).exists()


def test_evaluate_leaves_failed_derivations_unscored(tmp_path):
    answers = tmp_path / "answers.jsonl"
    answers.write_text("".join(json.dumps({"id": i, "text": i * 4}) + "\n" for i in "abc"))
    settings = {"folder": tmp_path / "runs", "name": "mine"}
    options = {"answers": str(answers)}
    run = jumpscore.evaluate("replay", Lengths(fail="b"), model_options=options, run=settings)
    assert run.result.counts["error"] == 1
    assert run.result.metrics["length"].mean == 4.0
    run = jumpscore.evaluate("replay", Lengths(), model_options=options, run=settings)
    assert run.result.counts["ok"] == 3
    assert (run.folder / DERIVED).is_file()
    with pytest.raises(Exception, match="lengths"):
        score_run(run.folder)  # this task has no name that a stored run could find

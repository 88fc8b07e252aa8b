"""No run takes the answers of another model: objects, weights in place, edited code, processes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import jumpscore
from jumpscore.errors import UsageError
from jumpscore.harness import RunInterrupted, open_session, score_run
from jumpscore.records import Response, Usage
from jumpscore.runs import read_run
from jumpscore.studies.ablation import ablate
from jumpscore.studies.ablation_plan import AblationPlan
from model_wrappers.base import ModelOptions, ModelWrapper
from model_wrappers.content_free import ContentFree
from model_wrappers.identity import weights_digest

PERFECT = {"clip0": "[0.5, 1.0, 1.5]", "clip1": "[0.4, 2.4]", "clip2": "[]"}


class Learner(ModelWrapper):
    """Learns one more clip with every step, and does not report what it has learned."""

    name = "learner"

    def __init__(self, steps: int = 0) -> None:
        super().__init__()
        self.steps, self.asked = steps, 0

    def generate(self, requests):
        self.asked += len(requests)
        known = list(PERFECT)[: self.steps]
        return [
            Response(r.question.id, PERFECT[r.question.id] if r.question.id in known else "[9.9]")
            for r in requests
        ]


class Digested(Learner):
    """The same, with a digest of what it has learned."""

    name = "digested"

    def identity(self):
        return f"after {self.steps} steps"


def f1(run) -> float:
    return run.result.metrics["f1@0.1"].mean


def test_evaluate_in_training_loop_asks_every_step(start):
    runs = [start(Learner(steps)) for steps in range(4)]
    assert [f1(run) for run in runs] == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert [run.asked for run in runs] == [3] * 4
    names = [run.folder.name for run in runs]
    assert names == ["jumpscore-learner-tiny", *(f"{names[0]}-{n}" for n in (2, 3, 4))]
    # One object that goes on learning is another model each time, too.
    learner = Learner()
    scores = []
    for learner.steps in range(4):
        scores.append(f1(start(learner, name="one")))
    assert scores == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert [run.asked for run in map(read_run, (run.folder for run in runs))] == [0] * 4


def test_place_of_unidentified_model_is_new(start):
    learner = Learner()
    first, again = start(learner), start(learner)
    assert learner.asked == 6
    assert first.folder != again.folder
    assert not json.loads((first.folder / "run.json").read_text())["identity"]["model"][
        "identified"
    ]
    # What was stored can be scored, read and compared like any run.
    assert score_run(first.folder).result == first.result == again.result


def test_place_of_unidentified_model_after_ctrl_c(start):
    class Interrupted(Learner):
        def generate(self, requests):
            if self.asked == 2:
                raise KeyboardInterrupt
            return super().generate(requests)

    with pytest.raises(RunInterrupted):
        start(Interrupted())
    run = start(Learner(3))
    assert run.asked == 3
    assert f1(run) == 1


def test_place_of_digest_resumes_only_an_equal_one(start, caplog):
    first, other = start(Digested(1)), start(Digested(2))
    assert (f1(first), f1(other)) == pytest.approx((1 / 3, 2 / 3))
    assert other.folder.name == f"{first.folder.name}-2"
    assert "the model has changed; it is not resumed" in caplog.text
    caplog.clear()
    learner = Digested(1)
    again = start(learner)
    assert (learner.asked, again.asked, again.folder) == (0, 0, first.folder)
    assert again.result == first.result
    assert "nothing was asked; all answers were stored before" in caplog.text
    assert again.nothing_asked
    assert not first.nothing_asked
    assert start(Digested(2)).folder == other.folder
    assert start(Digested(3)).folder.name == f"{first.folder.name}-3"


def test_open_refuses_changed_configuration(start):
    start(Digested(1), name="mine")
    with pytest.raises(UsageError, match=r"another configuration:\n  task\.name"):
        start(Digested(1), name="mine", task="jumpscore_count")
    with pytest.raises(UsageError, match=r"model\.digest"):
        start(Digested(2), name="mine", task="jumpscore_count")


@pytest.mark.parametrize("odd", [5, {"weights": float("nan")}, {"weights": object()}, b"00"])
def test_model_identity_refuses_unstorable_values(start, odd):
    class Odd(Learner):
        def identity(self):
            return odd

    with pytest.raises(UsageError, match=r"identity\(\) .*return a digest as text"):
        start(Odd())


def test_model_identity_ignores_inherited_identity(start):
    class Mine(ContentFree):
        name = "mine"
        period = 1.0

        def generate(self, requests):
            return [Response(r.question.id, f"[{self.period}]") for r in requests]

    mine = Mine()
    start(mine)
    mine.period = 2.0
    run = start(mine)
    assert run.asked == 3
    assert run.responses["clip0"].text == "[2.0]"


def test_place_of_bundled_model_by_name_and_object(start):
    first = start("content_free")
    assert first.asked == 3
    for model in ("content_free", ContentFree()):
        again = start(model)
        assert (again.asked, again.folder) == (0, first.folder)


def test_changes_of_bundled_run_of_earlier_version(start):
    """Their ``run.json`` has no digest of code or questions."""
    first = start("content_free")
    facts = json.loads((first.folder / "run.json").read_text())
    del facts["identity"]["model"]["code"], facts["identity"]["questions"]
    (first.folder / "run.json").write_text(json.dumps(facts))
    lines = (first.folder / "responses.jsonl").read_text().splitlines(keepends=True)
    (first.folder / "responses.jsonl").write_text("".join(lines[:2]))
    again = start("content_free")
    assert (again.asked, again.folder) == (1, first.folder)
    assert again.result == first.result


def test_changes_of_foreign_run_of_earlier_version(start):
    start(Digested(1))
    folder = start(Digested(1)).folder
    facts = json.loads((folder / "run.json").read_text())
    facts["identity"]["model"] = {"model": "digested", "options": {}}
    (folder / "run.json").write_text(json.dumps(facts))
    run = start(Digested(1))
    assert (run.asked, run.folder.name) == (3, f"{folder.name}-2")


def test_questions_digest_of_other_prompts(start):
    from dataclasses import replace

    from evaluators.jumpscore import JumpScore

    class Reworded(JumpScore):
        words = ""

        def load(self):
            return [
                replace(s, question=replace(s.question, prompt=s.question.prompt + self.words))
                for s in super().load()
            ]

    def task(words, data):
        task = Reworded(Reworded.Options(data=str(data)))
        task.words = words
        return task

    data = Path(start("content_free").record.data.source)
    folder = start("content_free").folder.parent
    asked = [
        jumpscore.evaluate(ContentFree(), task(words, data), run={"folder": folder, "name": "p"})
        for words in ("", " Please.", "")
    ]
    assert [run.asked for run in asked] == [3, 3, 0]
    assert asked[0].folder == asked[2].folder != asked[1].folder


class TestTorch:
    torch = pytest.importorskip("torch")

    class Module(ModelWrapper):
        name = "module"

        def __init__(self, module) -> None:
            super().__init__()
            self.model, self.asked = module, 0

        def identity(self):
            return weights_digest(self.model)

        def generate(self, requests):
            self.asked += len(requests)
            time = float(self.model.weight.detach().sum())
            return [Response(r.question.id, f"[{time:.2f}]") for r in requests]

    def test_weights_digest_of_weights_changed_in_place(self, start):
        torch = self.torch
        module = torch.nn.Linear(3, 1)
        wrapper = self.Module(module)
        optimiser = torch.optim.SGD(module.parameters(), lr=0.1)
        answers = []
        for _ in range(3):
            run = start(wrapper)
            assert run.asked == 3
            answers.append(run.responses["clip0"].text)
            assert answers[-1] == f"[{float(module.weight.sum()):.2f}]"
            optimiser.zero_grad()
            module(torch.ones(1, 3)).sum().backward()
            optimiser.step()
        assert len(set(answers)) == 3
        module.weight.data[0, 0] += 1  # past what autograd counts
        assert start(wrapper).asked == 3
        assert start(wrapper).asked == 0

    def test_weights_digest_sees_every_element_and_type(self):
        torch = self.torch
        module = torch.nn.Sequential(torch.nn.Linear(40, 40), torch.nn.BatchNorm1d(40))
        seen = {weights_digest(module)}
        with torch.no_grad():
            for place in ((0, 0), (20, 20), (39, 39)):
                module[0].weight[place] += 1e-6
                seen.add(weights_digest(module))
        module(torch.randn(4, 40))  # running means of the norm
        seen |= {weights_digest(module), weights_digest(module.bfloat16())}
        assert len(seen) == 6
        assert weights_digest(module) in seen


class Colour(ModelWrapper):
    """Takes frames; has no identity."""

    name = "colour"
    inputs = ("frames", "codec")
    answer = "[0.5]"

    def generate(self, requests):
        return [
            Response(
                r.question.id,
                self.answer,
                usage=Usage(visual=r.visual.visual_tokens, visual_source="measured"),
            )
            for r in requests
        ]


def test_ablate_asks_unidentified_model_again(tiny_set, tmp_path):
    model = Colour()
    scores = []
    for model.answer in ("[9.0]", "[0.5, 1.0, 1.5]"):
        with open_session(
            model,
            "jumpscore",
            task_options={"data": str(tiny_set)},
            input={"max_pixels": 7056},
        ) as session:
            ablation = ablate(session, AblationPlan([36], controls=False), tmp_path / "out")
        scores.append(ablation.budgets[0].frames.score.mean)
    assert scores[0] < scores[1]
    assert ablation.budgets[0].frames.run == "visual-36-frames-2"


class SeededOptions(ModelOptions):
    seed: int = 0


def test_repeats_ask_unidentified_model_again(tiny_set, tmp_path):
    class Seeded(Learner):
        Options = SeededOptions

    def repeat(steps):
        return jumpscore.evaluate(
            Seeded(steps),
            "jumpscore",
            task_options={"data": str(tiny_set)},
            run={"folder": tmp_path, "repeats": 2},
        )

    first, second = repeat(0), repeat(3)
    assert (first.asked, second.asked) == (6, 6)
    assert second.result.metrics["f1@0.1"].mean == 1
    assert second.folder.name == f"{first.folder.name}-2"
    assert [run.folder.name for run in second.runs] == ["repeat-0", "repeat-1"]


def test_place_of_two_processes_differs(tiny_set, tmp_path):
    code = (
        "import sys, jumpscore\n"
        "from tests.jumpscore.runs.test_identity import Learner\n"
        "run = jumpscore.evaluate(Learner(int(sys.argv[1])), 'jumpscore', "
        "task_options={'data': sys.argv[2]}, run={'folder': sys.argv[3]})\n"
        "print(run.folder.name, run.asked, run.result.metrics['f1@0.1'].mean)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(steps), str(tiny_set), str(tmp_path / "runs")],
            stdout=subprocess.PIPE, text=True,
        )
        for steps in (0, 3, 3)
    ]  # fmt: skip
    outputs = [process.communicate()[0].split() for process in processes]
    assert len({name for name, _, _ in outputs}) == 3
    assert [(count, score) for _, count, score in outputs] == [("3", "0.0"), *[("3", "1.0")] * 2]

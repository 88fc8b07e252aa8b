from __future__ import annotations

import pytest

from jumpscore.harness import InputConfig
from jumpscore.harness.input import InputPlan
from jumpscore.records import Media, Question, Response, Usage
from jumpscore.studies.parity import compare_models, compare_traces
from model_wrappers.base import GenerationTrace, ModelWrapper


def trace(text="[0.5]", ids=(1, 2, 3), stamps=("<0.0 seconds>",), first=None, visual=4):
    return GenerationTrace(
        text, Usage(visual=visual, prompt=len(ids)), ids, stamps, first or {"[": -0.1}
    )


def test_compare_traces_equal():
    parity = compare_traces("a", trace(), trace(first={"[": -0.1 - 1e-6, "x": -3.0}))
    assert parity.equal
    assert parity.prompt_ids
    assert parity.first_logprob_gap == pytest.approx(1e-6)


@pytest.mark.parametrize(
    ("other", "field", "value"),
    [
        ({"ids": (1, 2, 4)}, "prompt_parts_at", 2),
        ({"ids": (1, 2)}, "prompt_parts_at", 2),
        ({"stamps": ("<0.1 seconds>",)}, "stamps", False),
        ({"visual": 8}, "visual_tokens", (4, 8)),
        ({"text": "[0.6]"}, "text_parts_at", 3),
    ],
)
def test_compare_traces_differences(other, field, value):
    parity = compare_traces("a", trace(), trace(**other))
    assert not parity.equal
    assert getattr(parity, field) == value


def test_compare_traces_missing_facts():
    silent = GenerationTrace("[0.5]", Usage())
    parity = compare_traces("a", trace(), silent)
    assert parity.equal
    assert (parity.prompt_ids, parity.stamps, parity.first_logprob_gap) == (False, None, None)


class Says(ModelWrapper):
    name = "says"

    def __init__(self, text, fails=()):
        super().__init__()
        self.text, self.fails = text, fails

    def generate(self, requests):
        from jumpscore.errors import VideoError

        if requests[0].question.id in self.fails:
            raise VideoError("no such frame")
        return [Response(request.question.id, self.text) for request in requests]


def test_compare_models_question_that_fails(tmp_path):
    questions = [Question(name, (Media(tmp_path),), "When?") for name in ("a", "b")]
    models = (Says("[1]"), Says("[1]", fails=("a",)))
    one, other = compare_models(models, questions, InputPlan("none", InputConfig()))
    assert one.error == "no such frame"
    assert not one.equal
    assert other.equal

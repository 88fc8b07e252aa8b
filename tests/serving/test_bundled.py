"""The miniature that ships, in a real vLLM: what it answers in transformers, to the letter."""

from __future__ import annotations

import pytest

import jumpscore
from jumpscore.builder.generate import synthesize
from jumpscore.builder.jump_rope import load_profile
from tests.serving.on_a_cpu import SERVED, VLLM, cache_below

pytest.importorskip("openai")
pytestmark = [
    pytest.mark.serving,
    pytest.mark.slow,
    pytest.mark.skipif(VLLM is None, reason="JUMPSCORE_VLLM_PYTHON names no Python with vLLM"),
]

TINY = "jumpscore-tiny"
CLIPS = 6


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    root = tmp_path_factory.mktemp("bundled")
    synthesize(root / "set", load_profile("small", [f"clips={CLIPS}"]), seed=7)
    with cache_below(root):
        yield root


@pytest.fixture(scope="module")
def served(place):
    from model_wrappers.vllm import wrapper as vllm
    from model_wrappers.vllm.options import VLLMOptions

    wrapper = vllm.VLLM(VLLMOptions(checkpoint=TINY, max_new_tokens=256, **SERVED))
    wrapper.open()
    yield wrapper
    wrapper.close()


def evaluated(model, place, name, kind, control):
    return jumpscore.evaluate(
        model,
        "jumpscore",
        model_options={"checkpoint": TINY, "max_new_tokens": 256} if model == "llava_ov2" else None,
        task_options={"data": str(place / "set")},
        input={"kind": kind},
        run={"folder": str(place / "runs"), "name": name, "control": control},
    )


@pytest.mark.parametrize(
    ("kind", "control"),
    [("codec", "none"), ("frames", "none"), ("codec", "pixels"), ("codec", "selection")],
)
def test_bundled_server_answers_equal_transformers(place, served, kind, control):
    ours = evaluated("llava_ov2", place, f"transformers-{kind}-{control}", kind, control)
    theirs = evaluated(served, place, f"vllm-{kind}-{control}", kind, control)
    assert ours.result.unscored == theirs.result.unscored == 0
    for name, one in ours.responses.items():
        other = theirs.responses[name]
        assert other.text == one.text
        assert other.usage.visual == one.usage.visual
        assert other.usage.prompt == one.usage.prompt
    assert {k: v.mean for k, v in ours.result.metrics.items()} == {
        k: v.mean for k, v in theirs.result.metrics.items()
    }

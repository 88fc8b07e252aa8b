"""vLLM's engine in process: its answers equal those of transformers."""

from __future__ import annotations

import json

import pytest

from tests.serving.on_a_cpu import VLLM, in_vllm
from tests.serving.test_server import OPTIONS, evaluate, place, readable  # noqa: F401 - a fixture

pytestmark = [
    pytest.mark.serving,
    pytest.mark.slow,
    pytest.mark.skipif(VLLM is None, reason="JUMPSCORE_VLLM_PYTHON names no Python with vLLM"),
]


@pytest.fixture(scope="module")
def offline(place):  # noqa: F811 - the fixture
    return json.loads(in_vllm("offline_child.py", place))


@pytest.mark.parametrize("kind", ["codec", "frames"])
def test_engine_answers_equal_transformers(place, offline, kind):  # noqa: F811
    ours = evaluate(
        "llava_ov2",
        place,
        f"beside-offline-{kind}",
        options={"checkpoint": str(place / "tiny"), **OPTIONS},
        kind=kind,
    )
    for name, one in ours.responses.items():
        other = offline[kind][name]
        assert other["error"] is None
        assert readable(other["text"]) == readable(one.text)
        assert (other["visual"], other["prompt"]) == (one.usage.visual, one.usage.prompt)
    assert len({one.text for one in ours.responses.values()}) > 3  # pictures matter


def test_engine_two_videos_in_one_prompt(place, offline):  # noqa: F811
    import torch

    from model_wrappers.llava_onevision2.checkpoint import inspect_checkpoint, load_model
    from model_wrappers.llava_onevision2.processing import LlavaOnevision2Processor

    processor = LlavaOnevision2Processor.from_pretrained(str(place / "tiny"))
    video = "<|vision_start|><|video_pad|><|vision_end|>"
    prompt = f"<|im_start|>user\n{video}{video}Which?<|im_end|>\n<|im_start|>assistant\n"
    inputs = processor(
        text=prompt,
        videos=offline["two"]["kept"],
        video_backend="codec",
        timestamp_decimals=2,
        return_tensors="pt",
    )
    inputs.pop("codec_fps")
    assert inputs["input_ids"][0].tolist() == offline["two"]["prompt"]
    model = load_model(
        inspect_checkpoint(place / "tiny"), dtype="float32", device="cpu", attention="sdpa"
    )
    ends = processor.tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    with torch.inference_mode():
        ids = model.generate(**inputs, max_new_tokens=16, do_sample=False, eos_token_id=ends)
    text = processor.tokenizer.decode(
        ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True
    )
    assert readable(text) == readable(offline["two"]["text"])


def test_engine_prompt_too_long_fails_alone(offline):
    assert "8192" in offline["too_long"]["problem"]
    assert offline["too_long"]["after"]

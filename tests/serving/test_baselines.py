"""The baselines in a real vLLM, with their authors' processors: the same prompts and answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from jumpscore.harness.config import InputConfig
from jumpscore.harness.input import InputPlan
from jumpscore.records import Media, Question
from jumpscore.studies.parity import compare_models
from jumpscore.video.prepared.cache import InputCache
from model_wrappers import MODELS
from tests import tiny_baselines
from tests.serving.on_a_cpu import ON_A_CPU, SERVED, VLLM, in_vllm
from tests.support import write_video

pytest.importorskip("openai")
pytestmark = [
    pytest.mark.serving,
    pytest.mark.slow,
    pytest.mark.skipif(VLLM is None, reason="JUMPSCORE_VLLM_PYTHON names no Python with vLLM"),
]
WRITERS = {"qwen3_vl": "write_qwen3_vl", "internvl3_5": "write_internvl"}


@pytest.fixture(scope="module")
def media(tmp_path_factory):
    from PIL import Image

    root = tmp_path_factory.mktemp("media")
    base = np.random.default_rng(1).integers(0, 256, (168, 224, 3), dtype=np.uint8)
    Image.fromarray(base).save(root / "image.png")
    pictures = [np.roll(base, 4 * number, axis=1) for number in range(100)]
    clip = write_video(root / "clip.mp4", frames=100, size=(224, 168), pictures=pictures)
    return clip, root / "image.png"


@pytest.mark.parametrize("name", WRITERS)
def test_vllm_prompts_equal_transformers(name, media, tmp_path, monkeypatch):
    for variable, value in {**ON_A_CPU, "JUMPSCORE_CACHE": str(tmp_path / "cache")}.items():
        monkeypatch.setenv(variable, value)
    folder = getattr(tiny_baselines, WRITERS[name])(tmp_path / name)
    clip, image = media
    here, there = MODELS.get(name), MODELS.get("vllm")
    ours = here(here.Options(checkpoint=str(folder), max_new_tokens=16))
    served = there(there.Options(checkpoint=str(folder), max_new_tokens=16, **SERVED))
    questions = [
        Question("when", (Media(clip),), "When?"),
        Question("many", (Media(clip),), "How many jumps?"),
        Question("image", (Media(image, "image"),), "What?"),
        Question("words", (), "What?"),
    ]
    try:
        ours.open()
        served.open()
        settings = InputConfig(kind="frames", count=6, max_pixels=60_000)
        # In the cache, so that the server reads frames there.
        cache = InputCache(tmp_path / "cache" / "inputs")
        plan = InputPlan("frames", settings, cache, wrapper=served)
        assert len(str(served.parts(questions[0], plan.prepare(questions[0])))) < 3000
        result = compare_models([ours, served], questions, plan)
        plans_that_vllm_cannot_keep(name, ours, served, questions[:1])
    finally:
        served.close()
    for entry in result:
        assert entry.equal, entry
        assert entry.prompt_ids
        assert entry.stamps is True
        # Images are scaled by Pillow here, by torchvision there.
        assert entry.first_logprob_gap < (1e-2 if entry.id == "image" else 1e-5)
    assert result[0].visual_tokens[0] == result[0].visual_tokens[1] > 0
    assert len({entry.texts[0] for entry in result}) == 4  # pictures matter


def plans_that_vllm_cannot_keep(name, ours, served, questions):
    """Qwen3-VL's stamps have one decimal there: more are refused, not dropped."""
    settings = InputConfig(kind="frames", count=6, max_pixels=60_000, decimals=2)
    plan = InputPlan("frames", settings, wrapper=ours)
    [entry] = compare_models([ours, served], questions, plan)
    if name == "qwen3_vl":
        assert "input.decimals=2: vLLM writes" in entry.error
    else:
        assert entry.equal, entry


def test_perception_lm_inputs_equal_its_processor(media, tmp_path):
    """In the environment of vLLM, which has the torchvision that timm needs."""
    result = json.loads(in_vllm("perception_lm_child.py", *media, tmp_path / "tiny"))
    assert result["prompts"]["video"] == (
        "<|im_start|>user\n<0.0 seconds><|video|> x 4<1.3 seconds><|video|> x 4"
        "<2.6 seconds><|video|> x 4<4.0 seconds><|video|> x 4When?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    assert result["grid"] == [56, 56]
    assert result["visual"] == {
        "video": result["planned"], "image": result["image_tokens"], "text": 0
    }  # fmt: skip
    assert result["pixel_gap"] < 1e-6
    assert result["together"] == result["alone"]
    assert len(set(result["alone"].values())) == 3

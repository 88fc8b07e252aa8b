"""The checkpoints that this package writes, in a real vLLM: the same prompts, the same answers."""

from __future__ import annotations

import json

import numpy as np
import pytest

from jumpscore.records import Media, Question
from jumpscore.video import codec_canvases, uniform_frames
from tests.serving.on_a_cpu import VLLM, in_vllm
from tests.support import write_video

VIDEO = "<|vision_start|><|video_pad|><|vision_end|>"
IMAGE = "<|vision_start|><|image_pad|><|vision_end|>"
NAMES = ("text", "image", "frames", "codec")

pytestmark = [
    pytest.mark.serving,
    pytest.mark.slow,
    pytest.mark.skipif(VLLM is None, reason="JUMPSCORE_VLLM_PYTHON names no Python with vLLM"),
]


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """(ours, vLLM's) per name: prompt ids, answered ids, log-probabilities."""
    from PIL import Image

    from model_wrappers.llava_onevision2.prompts import CHAT_TEMPLATE, SYSTEM
    from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny
    from model_wrappers.llava_onevision2.wrapper import LlavaOnevision2, LlavaOnevision2Options

    folder = tmp_path_factory.mktemp("vllm")
    write_tiny(folder / "tiny", TinyOptions(spread=0.2))
    rng = np.random.default_rng(1)
    base = rng.integers(0, 256, (168, 224, 3), dtype=np.uint8)
    clip = write_video(
        folder / "clip.mp4",
        frames=100,
        size=(224, 168),
        pictures=[np.roll(base, 4 * number, axis=1) for number in range(100)],
    )
    # Frames in the size that vLLM gives them too: inside the processor's limits.
    frames = uniform_frames(clip, count=4)
    np.save(folder / "frames.npy", frames.pixels)
    Image.fromarray(base).save(folder / "image.png")
    metadata = {
        "fps": frames.fps,
        "frames_indices": list(frames.frame_indices),
        "total_num_frames": 100,
        "duration": 4.0,
    }
    cases = {
        "text": ("", {}, (), None),
        "image": (IMAGE, {"image": str(folder / "image.png")},
                  (Media(folder / "image.png", "image"),), None),
        "frames": (VIDEO, {"frames": str(folder / "frames.npy"), "metadata": metadata},
                   (Media(clip),), frames),
        "codec": (VIDEO, {"codec": str(clip)}, (Media(clip),),
                  codec_canvases(clip, canvases=32).changed(decimals=1)),
    }  # fmt: skip
    wrapper = LlavaOnevision2(
        LlavaOnevision2Options(checkpoint=str(folder / "tiny"), max_new_tokens=16)
    )
    wrapper.open()
    requests, ours = [], []
    for name in NAMES:
        marker, inputs, media, visual = cases[name]
        messages = [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": f"{marker}List the jumps."},
        ]
        prompt = wrapper.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True, chat_template=CHAT_TEMPLATE
        )
        requests.append({"prompt": prompt, **inputs})
        prepared = wrapper.prepare(Question(name, media, "List the jumps."), visual)
        ours.append(answered(wrapper, prepared.payload))
    (folder / "requests.json").write_text(json.dumps(requests))
    in_vllm("vllm_child.py", folder / "tiny", folder)
    theirs = json.loads((folder / "answers.json").read_text())
    return dict(zip(NAMES, zip(ours, theirs, strict=True), strict=True))


def answered(wrapper, prompt):
    """Our greedy answer with the log-probability of every token, in float32."""
    import torch

    ids = torch.from_numpy(prompt.ids)[None]
    pictures = {}
    if prompt.pictures is not None:
        pictures = {
            "pixel_values": torch.from_numpy(prompt.pictures.patches),
            "image_grid_thw": torch.from_numpy(prompt.pictures.grid),
            "patch_positions": torch.from_numpy(prompt.pictures.positions),
        }
    outputs = wrapper._model.generate(
        input_ids=ids, attention_mask=torch.ones_like(ids), **pictures, max_new_tokens=16,
        do_sample=False, output_scores=True, return_dict_in_generate=True,
    )  # fmt: skip
    tokens = outputs.sequences[0, ids.shape[1] :].tolist()
    shares = [
        torch.log_softmax(scores[0].double(), -1)[token].item()
        for scores, token in zip(outputs.scores, tokens, strict=True)
    ]
    return {"prompt": prompt.ids.tolist(), "ids": tokens, "logprobs": shares}


@pytest.mark.parametrize("name", NAMES)
def test_vllm_prompts_equal_transformers(both, name):
    ours, theirs = both[name]
    assert ours["prompt"] == theirs["prompt"]


@pytest.mark.parametrize("name", NAMES)
def test_vllm_greedy_answers_equal_transformers(both, name):
    ours, theirs = both[name]
    assert ours["ids"] == theirs["ids"]
    assert ours["logprobs"] == pytest.approx(theirs["logprobs"], abs=2e-5)


def test_vllm_answers_depend_on_pictures(both):
    assert len({tuple(ours["ids"]) for ours, _ in both.values()}) == len(NAMES)

"""Asks a tiny PerceptionLM in an environment with timm and torchvision, and prints what came."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from jumpscore.records import Media, Question
from jumpscore.video import uniform_frames
from model_wrappers.transformers.perception_lm import PerceptionLM, PerceptionLMOptions
from tests.tiny_baselines import write_perception_lm


def main(clip: str, image: str, folder: str) -> None:
    from transformers import AutoProcessor

    write_perception_lm(Path(folder))
    wrapper = PerceptionLM(PerceptionLMOptions(checkpoint=folder, max_new_tokens=8))
    wrapper.open()
    visual = uniform_frames(clip, count=4, grid=wrapper.token_grid)
    questions = {
        "video": (Question("video", (Media(Path(clip)),), "When?"), visual),
        "image": (Question("image", (Media(Path(image), "image"),), "What?"), None),
        "text": (Question("text", (), "What?"), None),
    }
    requests = [wrapper.prepare(*inputs) for inputs in questions.values()]
    named = dict(zip(questions, requests, strict=True))
    together = {response.id: response for response in wrapper.generate(requests)}
    alone = {name: wrapper.generate([request])[0] for name, request in named.items()}
    processor = AutoProcessor.from_pretrained(folder)
    theirs = processor.video_processor([visual.pixels], return_tensors="pt")["pixel_values_videos"]
    ours = wrapper.tensors(requests[0].payload.pictures)["pixel_values_videos"]
    known = processor(text="<|image|>", images=[[_read(image)]], return_tensors="pt")
    print(json.dumps({
        "prompts": {name: wrapper.prompt_text(r) for name, r in named.items()},
        "planned": visual.visual_tokens,
        "grid": [visual.width, visual.height],
        "visual": {name: response.usage.visual for name, response in together.items()},
        "together": {name: response.text for name, response in together.items()},
        "alone": {name: response.text for name, response in alone.items()},
        "pixel_gap": float(np.abs(theirs[0].numpy() - ours.numpy()).max()),
        "image_tokens": int((known["input_ids"] == processor.image_token_id).sum()),
    }))  # fmt: skip


def _read(path: str):
    from model_wrappers.pictures import read_image

    return read_image(Path(path))


main(*sys.argv[1:])

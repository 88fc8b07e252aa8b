"""Compares wrappers with the processors of transformers, which need torchvision; prints JSON.

For each model: the prompt and pictures that its processor makes of the same frames and images, and
the logits that its model computes from them.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))

from jumpscore.records import Media, Question
from jumpscore.video import VisualInput, uniform_frames
from model_wrappers import MODELS
from model_wrappers.pictures import read_image
from tests import tiny_baselines

COUNT = 5
UNTIMED = {"minicpm_v4_7"}
"""Models whose processor writes no times; this project adds them."""


def main(clip: str, image: str, root: str, *names: str) -> None:
    torch.set_num_threads(1)
    results = {name: compared(name, Path(clip), Path(image), Path(root) / name) for name in names}
    print(json.dumps(results))


def compared(name: str, clip: Path, image: Path, folder: Path) -> dict[str, Any]:
    from transformers import AutoProcessor

    getattr(tiny_baselines, tiny_baselines.WRITERS[name])(folder)
    model = MODELS.get(name)
    wrapper: Any = model(model.Options(checkpoint=str(folder), max_new_tokens=4))
    wrapper.open()
    processor = AutoProcessor.from_pretrained(folder)
    visual = uniform_frames(clip, count=COUNT, max_pixels=40_000, grid=wrapper.token_grid)
    images = [Media(image, "image")]
    questions = {
        "video": (Question("video", (Media(clip),), "When?"), visual),
        "image": (Question("image", tuple(images), "What?"), None),
        "images": (Question("images", tuple(images * 2), "What?"), None),
        "text": (Question("text", (), "What?"), None),
    }
    requests = {key: wrapper.prepare(*inputs) for key, inputs in questions.items()}
    together = {r.id: r for r in wrapper.generate(list(requests.values()))}
    facts: dict[str, Any] = {"planned": visual.visual_tokens}
    for key, request in requests.items():
        theirs = their_inputs(processor, key, image, visual)
        [alone] = wrapper.generate([request])
        facts[key] = {
            "visual": alone.usage.visual,
            "together": together[key].text == alone.text,
            **differences(wrapper, request.payload, theirs),
        }
    return facts


def their_inputs(processor: Any, key: str, image: Path, visual: VisualInput) -> Any:
    kinds = {"video": ["video"], "image": ["image"], "images": ["image", "image"], "text": []}[key]
    text = "When?" if key == "video" else "What?"
    content = [*({"type": kind} for kind in kinds), {"type": "text", "text": text}]
    chat = processor.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True,
        enable_thinking=False,
    )  # fmt: skip
    arguments: dict[str, Any] = {"text": [chat], "return_tensors": "pt"}
    if key == "video":
        frames = torch.from_numpy(visual.pixels).permute(0, 3, 1, 2)
        facts = {
            "fps": visual.fps, "frames_indices": list(visual.frame_indices),
            "total_num_frames": visual.frame_indices[-1] + 1,
            "duration": (visual.frame_indices[-1] + 1) / visual.fps,
        }  # fmt: skip
        arguments |= {
            "videos": [frames], "video_metadata": [facts], "do_sample_frames": False,
        }  # fmt: skip
    elif kinds:
        arguments["images"] = [read_image(image)] * len(kinds)
    return processor(**arguments)


def differences(wrapper: Any, prompt: Any, theirs: Any) -> dict[str, Any]:
    """Return whether prompts are equal, and the largest difference of pixels and of logits."""
    ids = theirs["input_ids"][0].numpy()
    if wrapper.name in UNTIMED:  # compares what its processor writes: everything but the times
        prompt = replace(prompt, ids=without_times(wrapper, prompt.ids))
    equal = bool(np.array_equal(ids, prompt.ids))
    ours: dict[str, Any] = {}
    pictures = prompt.pictures
    if pictures is not None:
        ours = dict(wrapper.model_inputs(torch.from_numpy(prompt.ids)[None], [pictures]))
    gaps = [
        float((value.float() - ours[here].float()).abs().max())
        for there, value in theirs.items()
        for here in (there, there.removesuffix("_videos"))
        if there.startswith("pixel_values") and here in ours and value.shape == ours[here].shape
    ]
    with torch.inference_mode():
        here = wrapper._model(input_ids=torch.from_numpy(prompt.ids)[None], **ours).logits
        there = wrapper._model(**theirs).logits
    gap = float((here - there).abs().max()) if equal else None
    return {
        "prompt": equal,
        "tokens": len(ids),
        "their_prompt": wrapper.tokenizer.decode(ids)[:400] if not equal else None,
        "pixels": max(gaps, default=None),
        "logits": gap,
    }


def without_times(wrapper: Any, ids: Any) -> Any:
    text = wrapper.stamp_pattern.sub("", wrapper.tokenizer.decode(ids))
    return np.array(wrapper.tokenizer.encode(text, add_special_tokens=False), dtype=np.int64)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""Asks a tiny LLaVA-OneVision-2 in vLLM's engine; runs in vLLM's own environment.

``python offline_child.py ROOT`` wants a checkpoint ``tiny`` and a data set ``set`` there; it runs
the set as canvases and as frames and asks one question about two videos, and prints what came.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import jumpscore
from jumpscore.harness import InputConfig
from jumpscore.harness.input import InputPlan
from jumpscore.records import Media, Question
from jumpscore.video.prepared.cache import InputCache, default_cache_folder
from jumpscore.video.prepared.references import keep, reference_to
from model_wrappers.openai_compatible.messages import video_part
from model_wrappers.vllm.offline import OfflineVLLM, OfflineVLLMOptions


def main(root: Path) -> None:
    wrapper = OfflineVLLM(
        OfflineVLLMOptions(
            checkpoint=str(root / "tiny"),
            max_new_tokens=16,
            dtype="float32",
            max_model_len=8192,
            arguments={"enforce_eager": True, "limit_mm_per_prompt": {"image": 64, "video": 2}},
        )
    )
    wrapper.open()
    answers = {kind: answers_of(wrapper, root, kind) for kind in ("codec", "frames")}
    two = two_videos(wrapper, root)
    failed = too_long(wrapper, root)
    wrapper.close()
    print(json.dumps({**answers, "two": two, "too_long": failed}))


def answers_of(wrapper, root, kind):
    run = jumpscore.evaluate(
        wrapper,
        "jumpscore",
        task_options={"data": str(root / "set")},
        input={"kind": kind, "count": 8, "decimals": 2},
        run={"folder": str(root / "runs"), "name": f"offline-{kind}"},
    )
    return {
        name: {"text": response.text, "visual": response.usage.visual, "error": response.error,
               "prompt": response.usage.prompt}
        for name, response in run.responses.items()
    }  # fmt: skip


def two_videos(wrapper, root):
    """The guard's other fault: canvases counted as rows, with two videos in one prompt."""
    cache = InputCache(default_cache_folder())
    settings = InputConfig(kind="codec", count=8, decimals=2)
    contents = []
    for number in (0, 1):
        question = Question("two", (Media(root / "set" / f"{number}.mp4"),), "Which?")
        visual = InputPlan("codec", settings, cache).prepare(question)
        contents.append(reference_to(visual).to_bytes())
    request = wrapper.prepare(question, visual)
    parts = [video_part(root / "x.mp4", content=content) for content in contents]
    turns = [{"role": "user", "content": [*parts, {"type": "text", "text": "Which?"}]}]
    request = replace(request, payload=replace(request.payload, messages=turns))
    body = wrapper.body(request)
    body["extra_body"] = {**body["extra_body"], "return_token_ids": True}
    answer = wrapper.engine.complete(body)
    return {
        "text": answer.text,
        "prompt": list(answer.prompt_ids),
        "kept": [str(keep(content, wrapper.media)) for content in contents],
    }


def too_long(wrapper, root):
    """A prompt that does not fit is the fault of that request alone."""
    question = Question("long", (), "When? " * 9000)
    try:
        wrapper.generate([wrapper.prepare(question, None)])
    except Exception as error:  # vLLM's own
        problem = f"{type(error).__name__}: {error}"
    [after] = wrapper.generate([wrapper.prepare(Question("short", (), "When?"), None)])
    return {"problem": problem[:300], "after": after.text}


main(Path(sys.argv[1]))

"""Answers prompts with a real vLLM; runs in vLLM's own environment.

``python vllm_child.py CHECKPOINT FOLDER`` reads ``requests.json`` of the folder (a list of objects
with ``prompt`` and, where pictures belong to it, ``image``, ``frames`` or ``codec``) and writes
``answers.json``: prompt token ids, answered ids and their log-probabilities.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path


def pictures(request):
    import numpy as np
    from PIL import Image
    from vllm.model_executor.models.llava_onevision2 import prepare_codec_video_input

    if "image" in request:
        return {"image": [Image.open(request["image"])]}
    if "codec" in request:
        return {"video": [prepare_codec_video_input(request["codec"])]}
    if "frames" in request:
        metadata = request["metadata"] | {"do_sample_frames": False}
        return {"video": [(np.load(request["frames"]), metadata)]}
    return None


def main() -> None:
    from vllm import LLM, SamplingParams

    checkpoint, folder = sys.argv[1], Path(sys.argv[2])
    engine = LLM(
        checkpoint,
        trust_remote_code=True,
        dtype="float32",
        enforce_eager=True,
        max_model_len=8192,
        limit_mm_per_prompt={"image": 1, "video": 1},
        allowed_local_media_path=str(folder),
        seed=0,
    )
    sampling = SamplingParams(max_tokens=16, temperature=0, logprobs=1)
    answers = []
    for request in json.loads((folder / "requests.json").read_text()):
        prompt = {"prompt": request["prompt"]}
        if data := pictures(request):
            prompt["multi_modal_data"] = data
        [output] = engine.generate([prompt], sampling)
        best = output.outputs[0]
        answers.append(
            {
                "prompt": list(output.prompt_token_ids),
                "ids": list(best.token_ids),
                "logprobs": [
                    step[token].logprob
                    for step, token in zip(best.logprobs, best.token_ids, strict=True)
                ],
            }
        )
    (folder / "answers.json").write_text(json.dumps(answers))


if __name__ == "__main__":
    main()

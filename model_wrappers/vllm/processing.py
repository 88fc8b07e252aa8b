"""Request fields that make vLLM keep picture sizes and write the planned time stamps."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jumpscore.errors import DataError, UsageError
from jumpscore.video import PLAIN_GRID, VisualInput
from jumpscore.video.stamps import MARKERS
from model_wrappers.base import Request
from model_wrappers.checkpoints import read_settings
from model_wrappers.families import INTERNVL3_5, Family
from model_wrappers.llava_onevision2.prompts import vision_text
from model_wrappers.vllm.plugin import LOADER

TEXT_MODEL = "qwen3"
"""``text_config.model_type`` of the released LLaVA-OneVision-2."""


def processing(visual: VisualInput, family: Family | None, *, by_reference: bool) -> dict[str, Any]:
    """Return the fields of a request besides its messages.

    Args:
        visual: Frames or canvases of the request.
        family: Family of a baseline, else ``None``.
        by_reference: Whether the request contains a reference to them.
    """
    if visual.kind == "codec":
        return {"mm_processor_kwargs": {"timestamp_decimals": visual.decimals}}
    if family is None:
        return {}
    # Frames have their final size; their times follow from their index in the video.
    fields: dict[str, Any] = {"mm_processor_kwargs": {"do_resize": False}}
    if family.as_video:
        # The metadata that vLLM needs about frames that are sent as one video.
        facts: dict[str, Any] = {
            "num_frames": -1,
            "fps": visual.fps,
            "frames_indices": list(visual.frame_indices),
            "total_num_frames": visual.frame_indices[-1] + 1,
            "do_sample_frames": False,
        }
        if by_reference:
            facts["video_backend"] = LOADER
        fields["media_io_kwargs"] = {"video": facts}
    return fields


def extra_counted_tokens(request: Request, family: Family | None, tokenizer: Any = None) -> int:
    """Return how many text tokens vLLM counts as visual: it counts whole placeholders.

    Args:
        request: The request.
        family: Family of a baseline, else ``None``.
        tokenizer: Tokenizer of the checkpoint; without it, stamps of canvases are counted as in the
            released models.
    """
    visual = request.visual
    # Stamps are inside the placeholder of a video.
    if visual is not None and visual.kind == "codec" and tokenizer is not None:
        runs = [(text, 1, "\n") for text in visual.stamp_texts]
        return len(tokenizer.encode(vision_text(runs), add_special_tokens=False)) - len(runs)
    if visual is not None and (visual.kind == "codec" or (family and family.as_video)):
        return visual.text_tokens
    if family is not INTERNVL3_5:
        return 0
    images = sum(media.kind == "image" for media in request.question.media)
    return MARKERS * (images if visual is None else len(visual.blocks))


def check_architecture(folder: Path) -> None:
    """Check that a LLaVA-OneVision-2 has the patches and the text model that were tested in vLLM.

    Raises:
        UsageError: It is of another size or has another text model; the message names the field.
    """
    config = read_settings(folder / "config.json")
    tested = {
        ("vision_config", "patch_size"): PLAIN_GRID.patch,
        ("vision_config", "spatial_merge_size"): PLAIN_GRID.merge,
        ("text_config", "model_type"): TEXT_MODEL,
    }
    problems = []
    for (part, name), expected in tested.items():
        values = config.get(part)
        value = values.get(name, expected) if isinstance(values, dict) else expected
        if type(value) is not type(expected) or value != expected:
            problems.append(f"{part}.{name} is {value!r} instead of {expected!r}")
    if problems:
        raise UsageError(
            f"{folder / 'config.json'}: {'; '.join(problems)}, which was not tested in vLLM; use "
            "model=llava_ov2, or try it with model.untested_vllm=true"
        )


def check_stamps(visual: VisualInput) -> None:
    """Check that vLLM will write the planned time stamps; it supports only one format.

    Raises:
        DataError: The planned time stamps have another format.
    """
    if visual.time_policy != "released":
        raise DataError(
            f"{visual.path}: vLLM writes time stamps from frame index and average rate, which are "
            "wrong for this video (policy pts); use the model in transformers, or accept them with "
            "input.time_policy=released"
        )
    if visual.decimals != 1:
        raise DataError(
            f"input.decimals={visual.decimals}: vLLM writes this model's time stamps with 1 "
            "decimal; set input.decimals=1, or use the model in transformers"
        )

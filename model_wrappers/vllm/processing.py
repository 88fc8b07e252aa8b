"""How vLLM is told to process what it is sent: sizes as they are, stamps as planned."""

from __future__ import annotations

from typing import Any

from jumpscore.errors import DataError
from jumpscore.video import VisualInput
from jumpscore.video.stamps import MARKERS
from model_wrappers.base import Request
from model_wrappers.families import INTERNVL3_5, Family
from model_wrappers.llava_onevision2.prompts import vision_text


def processing(visual: VisualInput, family: Family | None) -> dict[str, Any]:
    """Return fields of a request, beside its messages.

    Args:
        visual: What it shows.
        family: Of the model, where it is a baseline.
    """
    if visual.kind == "codec":
        return {"mm_processor_kwargs": {"timestamp_decimals": visual.decimals}}
    if family is None:
        return {}
    # Frames come in their final size; their times follow from where they were in the video.
    found: dict[str, Any] = {"mm_processor_kwargs": {"do_resize": False}}
    if family.as_video:
        found["media_io_kwargs"] = {"video": _video_facts(visual)}
    return found


def counted_beside(request: Request, family: Family | None, tokenizer: Any = None) -> int:
    """Return the tokens that vLLM counts as visual ones beside those: it counts whole places.

    Args:
        request: What is shown.
        family: Of the model, where it is a baseline.
        tokenizer: Of the checkpoint; without one stamps of canvases are counted as the released
            models' tokenizer cuts them.
    """
    visual = request.visual
    # Stamps stand inside the video.
    if visual is not None and visual.kind == "codec" and tokenizer is not None:
        runs = [(text, 1, "\n") for text in visual.stamp_texts]
        return len(tokenizer.encode(vision_text(runs), add_special_tokens=False)) - len(runs)
    if visual is not None and (visual.kind == "codec" or (family and family.as_video)):
        return visual.text_tokens
    if family is not INTERNVL3_5:
        return 0
    images = sum(media.kind == "image" for media in request.question.media)
    return MARKERS * (images if visual is None else len(visual.blocks))


def check_stamps(visual: VisualInput) -> None:
    """Check that vLLM will write the time stamps that were planned: it knows one form only.

    Raises:
        DataError: It will not.
    """
    if visual.time_policy != "released":
        raise DataError(
            f"{visual.path}: vLLM writes time stamps by frame index and average rate, which is "
            "wrong for this video (policy pts); run it in transformers, or accept that by "
            "input.time_policy=released"
        )
    if visual.decimals != 1:
        raise DataError(
            f"vLLM writes this model's time stamps with 1 decimal, {visual.decimals} were asked "
            "for; write input.decimals=1, or run it in transformers"
        )


def _video_facts(visual: VisualInput) -> dict[str, Any]:
    """Return what vLLM must know of frames that come as one video."""
    return {
        "num_frames": -1,
        "fps": visual.fps,
        "frames_indices": list(visual.frame_indices),
        "total_num_frames": visual.frame_indices[-1] + 1,
        "do_sample_frames": False,
    }

"""The pictures of a request: by reference to the cache, which our servers can read, or as bytes."""

from __future__ import annotations

from typing import Any

from jumpscore.video import VisualInput
from jumpscore.video.prepared.references import picture_files, reference_to
from model_wrappers.families import Family
from model_wrappers.openai_compatible.messages import (
    Message,
    PictureFormat,
    frame_file_parts,
    frame_parts,
    frames_video_part,
    video_part,
)
from model_wrappers.vllm.processing import check_stamps


def reference_parts(visual: VisualInput, family: Family | None) -> list[Message]:
    """Return canvases, or frames of one video, as a reference, and frames as paths of files.

    Args:
        visual: Pictures in the cache.
        family: Family of a baseline, else ``None``.

    Raises:
        DataError: The pictures are not on disk, or vLLM would write other time stamps.
    """
    if visual.kind == "codec" or (family is not None and family.as_video):
        if visual.kind == "frames":
            check_stamps(visual)
        return [video_part(visual.path, content=reference_to(visual).to_bytes())]
    assert visual.folder is not None
    files = picture_files(visual.folder, len(visual.blocks))
    return frame_file_parts(visual, files, **_text_before(family))


def content_parts(
    visual: VisualInput, family: Family | None, *, format: PictureFormat, quality: int
) -> list[Message]:
    """Return frames as the bytes of pictures.

    Args:
        visual: Frames.
        family: Family of a baseline, else ``None``.
        format: Picture format.
        quality: JPEG quality, 1 to 100.

    Raises:
        DataError: vLLM would write other time stamps.
    """
    if family is not None and family.as_video:
        check_stamps(visual)
        return [frames_video_part(visual, format=format, quality=quality)]
    return frame_parts(visual, format=format, quality=quality, **_text_before(family))


def _text_before(family: Family | None) -> dict[str, Any]:
    return {} if family is None else {"before": family.before_frame}

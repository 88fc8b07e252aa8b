"""Size limits of a server, checked before a request is sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jumpscore.errors import DataError
from jumpscore.records import Question
from jumpscore.video import VisualInput
from model_wrappers.pictures import image_pixels

BYTES_PER_PIXEL = 4
"""vLLM's estimate for pictures before decoding."""
SHOW_LESS = "lower input.count or input.tokens"


def body_bytes(body: Mapping[str, Any]) -> int:
    """Return the size of a request's body in bytes, as the package ``openai`` writes it.

    Args:
        body: Arguments of a chat completion; ``extra_body`` is merged into the rest.
    """
    whole = {name: value for name, value in body.items() if name != "extra_body"}
    whole |= body.get("extra_body") or {}
    return len(
        json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    )


def decoded_bytes(question: Question, visual: VisualInput | None) -> int:
    """Return the size of a request's pictures in bytes after decoding by the server.

    Canvases count as 0, because they are sent as a reference. A video file does not count either:
    the server decides how many of its frames it decodes.

    Args:
        question: The question, whose images are sent.
        visual: Frames or canvases that replace its videos.

    Raises:
        DataError: An image cannot be read.
    """
    if visual is None:
        images = (media.path for media in question.media if media.kind == "image")
        return BYTES_PER_PIXEL * sum(image_pixels(path) for path in images)
    if visual.kind == "codec":
        return 0
    return BYTES_PER_PIXEL * len(visual.frame_indices) * visual.width * visual.height


def check_limit(question: Question, what: str, size: int, limit: int | None, option: str) -> None:
    """Check that a request does not exceed a limit of its server.

    Args:
        question: The question, for the message.
        what: Subject and verb of the message.
        size: Size in bytes.
        limit: Maximum in bytes; ``None`` for no limit.
        option: Name of the option that sets the limit.

    Raises:
        DataError: The size exceeds the limit; the message has both numbers.
    """
    if limit is not None and size > limit:
        raise DataError(
            f"{question.id}: {what} {size:,} bytes, but the server accepts {limit:,} ({option}); "
            f"{SHOW_LESS}, or raise the limit of the server and {option}"
        )

"""Limits of a server: how large a request is, and whether it may be sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jumpscore.errors import DataError
from jumpscore.records import Question
from jumpscore.video import VisualInput
from model_wrappers.pictures import image_pixels

BYTES_PER_PIXEL = 4
"""As vLLM counts pictures before it decodes them."""
SHOW_LESS = "show less (input.count, input.tokens)"


def body_bytes(body: Mapping[str, Any]) -> int:
    """Return the bytes of a request's body, as the package ``openai`` writes it.

    Args:
        body: Arguments of a chat completion; ``extra_body`` is merged into the rest.
    """
    whole = {name: value for name, value in body.items() if name != "extra_body"}
    whole |= body.get("extra_body") or {}
    return len(
        json.dumps(whole, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    )


def decoded_bytes(question: Question, visual: VisualInput | None) -> int:
    """Return the bytes of a request's pictures once a server has decoded them.

    Canvases count as nothing: they are sent as a reference. A video that is sent as a file does not
    count either: how many of its frames are decoded is the server's choice.

    Args:
        question: Whose images are sent.
        visual: What is sent instead of its videos.

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
        question: For the message.
        what: What is limited.
        size: Bytes.
        limit: Most bytes, ``None`` for any number.
        option: The option that sets the limit.

    Raises:
        DataError: It does, with both numbers.
    """
    if limit is not None and size > limit:
        raise DataError(
            f"{question.id}: {what} {size:,} bytes, the server takes {limit:,} ({option}); "
            f"{SHOW_LESS}, or raise the limit of the server and {option}"
        )

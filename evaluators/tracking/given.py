"""Read answers that are masks: J&F of any system, without a GPU and without points."""

from __future__ import annotations

from typing import Any

from evaluators.tracking.queries import check_masks
from evaluators.tracking.rle import decode_union, encode_mask
from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json


def read_given(text: str, *, height: int, width: int, frames: int) -> dict[str, Any]:
    """Read masks in an answer, ``{"masks": [run-length mask or null per frame]}``.

    Several objects are ``{"masks": {"name": [...], ...}}``; their union is scored.

    Args:
        text: The whole answer.
        height: Height of the video in pixels.
        width: Width of the video in pixels.
        frames: Required number of masks.

    Returns:
        Checked ``{"masks": [...]}``; or ``masks`` null and a ``problem`` that names object, frame
        and error.

    >>> read_given("left, then right", height=1, width=1, frames=1)["problem"]
    'the answer is not a JSON object with "masks"'
    """
    try:
        content = parse_json(text)
    except ValueError:
        content = None
    masks = content.get("masks") if isinstance(content, dict) else None
    objects = {"": masks} if isinstance(masks, list) else masks
    if not isinstance(objects, dict) or not all(isinstance(m, list) for m in objects.values()):
        return {"masks": None, "problem": 'the answer is not a JSON object with "masks"'}
    for name, rles in objects.items():
        try:
            check_masks(rles, frames=frames, height=height, width=width)
        except DataError as error:
            return {"masks": None, "problem": f"masks{name and f' of {name!r:.40}'}: {error}"}
    try:
        union = decode_union(objects, list(objects), frames=frames, height=height, width=width)
    except DataError as error:
        return {"masks": None, "problem": str(error)}
    return {"masks": [encode_mask(mask) if mask.any() else None for mask in union]}

"""All values of the tracking task for one answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluators.tracking.metrics.higher_order import mask_hota
from evaluators.tracking.metrics.j_and_f import j_and_f
from evaluators.tracking.metrics.points import point_f1, point_hota
from evaluators.tracking.metrics.reference_scores import (
    mask_hota_reference,
    point_f1_reference,
    point_hota_reference,
)
from evaluators.tracking.queries import Rles, Target
from evaluators.tracking.rle import decode_masks, decode_union
from evaluators.tracking.tracks import Tracks

Values = dict[str, float | None]

POINTS = (
    "point_f1",
    "point_precision",
    "point_recall",
    "point_hota",
    "point_f1_reference",
    "point_hota_reference",
)
MASKS = ("j_and_f", "j", "f", "j_and_f_strict", "f_strict", "mask_hota")
MASKS_REFERENCE = ("j_and_f_reference", "mask_hota_reference")


def failed(tracks: Tracks) -> bool:
    """Return whether an answer scores 0: unreadable, refused, or cut off before any point."""
    unread = tracks.status in ("unparseable", "refused")
    return unread or (tracks.status == "partial" and not tracks.moments)


def measure_points(truth: Target, tracks: Tracks, reference: Tracks | None) -> Values:
    """Return the values of points.

    Args:
        truth: Ground truth.
        tracks: The parsed answer. One that ``failed`` scores 0, even if an empty answer is right.
        reference: The public code's reading; ``None`` if it crashes, which scores 0.
    """
    masks = truth.pixel_masks()
    values: Values = dict.fromkeys(POINTS, 0.0)
    if not failed(tracks):
        scores = point_f1(truth.points, tracks.frames, masks=masks)
        values["point_f1"] = scores.f1
        values["point_precision"], values["point_recall"] = scores.precision, scores.recall
        values["point_hota"] = point_hota(truth.points, tracks.frames, masks=masks)
    if reference is not None:
        frames = reference.frames
        values["point_f1_reference"] = point_f1_reference(truth.points, frames, masks=masks).f1
        values["point_hota_reference"] = point_hota_reference(truth.points, frames, masks=masks)
    centre = {frame: {"0": (truth.width / 2, truth.height / 2)} for frame in truth.points}
    values["content_free_point_f1"] = point_f1(truth.points, centre, masks=masks).f1
    return values


def measure_masks(truth: Target, derived: Mapping[str, Any], *, failed: bool) -> Values:
    """Return the values of masks.

    Args:
        truth: Ground truth.
        derived: ``masks``, and ``masks_reference`` if the public code's masks differ.
        failed: Whether the answer is unreadable, which scores 0; the public code scores it as empty
            masks.

    Raises:
        DataError: True masks are damaged, or do not fit the video.
    """
    size = {"height": truth.height, "width": truth.width}
    true = decode_union(truth.masks, list(truth.masks), frames=truth.frames, **size)
    values: Values = dict.fromkeys((*MASKS, *MASKS_REFERENCE), 0.0)
    masks: Rles = derived.get("masks") or [None] * truth.frames
    other: Rles | None = derived.get("masks_reference")
    predicted = decode_masks(masks, **size, name="derived mask")
    both = j_and_f(true, predicted)
    if not failed:
        values["j_and_f"], values["j"], values["f"] = both.mean, both.j.mean(), both.f.mean()
        values["j_and_f_strict"], values["f_strict"] = both.mean_strict, both.f_strict.mean()
        # Transposed to their memory layout: packs several times faster, with the same result.
        values["mask_hota"] = mask_hota(true.swapaxes(1, 2), predicted.swapaxes(1, 2)).mean
    if other is not None:
        predicted = decode_masks(other, **size, name="derived mask")
        both = j_and_f(true, predicted)
    values["j_and_f_reference"] = both.mean
    values["mask_hota_reference"] = mask_hota_reference(true, predicted)
    return {name: value if value is None else float(value) for name, value in values.items()}

"""Real masks, and trackeval's J, F and HOTA of masks for comparison."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

DATA = Path(__file__).parent / "data"
SAV_SIZE = (848, 480)
"""Height and width of the SA-V video."""


@cache
def golden() -> dict[str, Any]:
    return json.loads((DATA / "tracking_golden.json").read_text())


@cache
def sav_rles() -> dict[str, list[dict[str, Any]]]:
    """Object -> one run-length mask per frame."""
    frames = json.loads((DATA / "sav_000001_manual.json").read_text())["masklet"]
    return {str(place): [frame[place] for frame in frames] for place in range(len(frames[0]))}


def sav_masks(name: str, *, frames: slice = slice(None)) -> np.ndarray:
    from pycocotools import mask as coco

    return np.ascontiguousarray(coco.decode(sav_rles()[name][frames]).transpose(2, 0, 1))


def encoded(masks: np.ndarray) -> list[dict[str, Any]]:
    from pycocotools import mask as coco

    return [coco.encode(np.asfortranarray(mask, dtype=np.uint8)) for mask in masks]


def trackeval_sequence(
    truth: Sequence[list[dict[str, Any]]], prediction: Sequence[list[dict[str, Any]]]
) -> dict[str, Any]:
    """Return the input of trackeval's J&F; each object has a run-length mask per frame."""
    frames = len(truth[0])
    return {
        "num_timesteps": frames,
        "num_gt_ids": len(truth),
        "num_tracker_ids": len(prediction),
        "gt_dets": [[rles[t] for rles in truth] for t in range(frames)],
        "tracker_dets": [[rles[t] for rles in prediction] for t in range(frames)],
        "gt_ids": [np.arange(len(truth))] * frames,
        "tracker_ids": [np.arange(len(prediction))] * frames,
    }


def trackeval_j_and_f(data: dict[str, Any]) -> dict[str, Any]:
    from trackeval.metrics import JAndF

    with contextlib.redirect_stdout(io.StringIO()):
        return JAndF().eval_sequence(data)


def trackeval_per_frame(truth: np.ndarray, prediction: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return trackeval's J and F of one object per frame."""
    from trackeval.metrics import JAndF

    true, predicted = ([[rle] for rle in encoded(masks)] for masks in (truth, prediction))
    j = JAndF._compute_j(true, predicted, 1, 1, len(true))[0, 0]
    return j, JAndF._compute_f(true, predicted, 0, 0, 0.008)


def trackeval_hota(truth: np.ndarray, prediction: np.ndarray) -> dict[str, Any]:
    """Return trackeval's HOTA of masks [objects, T, H, W]; empty masks are not detections."""
    from pycocotools import mask as coco
    from trackeval.metrics import HOTA

    data: dict[str, Any] = {"gt_ids": [], "tracker_ids": [], "similarity_scores": []}
    for frame in range(truth.shape[1]):
        rles = []
        for key, masks in (("gt_ids", truth), ("tracker_ids", prediction)):
            ids = np.nonzero(masks[:, frame].any(axis=(1, 2)))[0]
            data[key].append(ids)
            rles.append(encoded(masks[ids, frame]))
        shape = (len(rles[0]), len(rles[1]))
        similarity = np.asarray(coco.iou(rles[0], rles[1], [0] * shape[1]), dtype=float)
        data["similarity_scores"].append(similarity.reshape(shape))
    data |= {"num_gt_ids": len(truth), "num_tracker_ids": len(prediction)}
    data["num_gt_dets"] = sum(map(len, data["gt_ids"]))
    data["num_tracker_dets"] = sum(map(len, data["tracker_ids"]))
    with contextlib.redirect_stdout(io.StringIO()):
        return HOTA().eval_sequence(data)

"""Tracks, point F1 and point HOTA, against lmms-eval's own code; masks, against trackeval's."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from evaluators.tracking.metrics.davis import TRACKEVAL_RECALL, statistics
from evaluators.tracking.metrics.j_and_f import j_and_f
from evaluators.tracking.metrics.points import point_hota
from evaluators.tracking.metrics.reference_scores import point_f1_reference, point_hota_reference
from evaluators.tracking.reference import COORDS, TIME_LINES, parse_tracks_reference
from jumpscore.scoring.readers import Reader, ReferenceCrashError
from tests.differential.grammar import texts
from tests.differential.public import lmms_eval
from tests.tracking_support import encoded, trackeval_j_and_f, trackeval_sequence

VIDEO = {"width": 854, "height": 480, "fps": 6.0}
TEXTS = 20_000
CASES = 20_000
SEQUENCES = 4_000
"""Of five frames or more, so 20,000 pairs of masks."""


def rvos() -> Any:
    return lmms_eval("tasks.rvos.utils")


SLIPS = ("1000", "1001", "12345", "0", "0", "1", "100", "101", "100.7", ".5", "7.", "-3", "1e9")
_SECOND = re.compile(r", \d[\d.]*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def track_texts(n: int) -> Iterator[str]:
    """Answers with tracks; in some, a number or two is another one than was meant."""
    source = random.Random(0)
    for text in texts("tracks", seed=0, n=n):
        for _ in range(source.choice((0, 0, 1, 2))):
            numbers = list(_NUMBER.finditer(text))
            if numbers:
                number = source.choice(numbers)
                text = text[: number.start()] + source.choice(SLIPS) + text[number.end() :]
        yield _SECOND.sub("", text, count=1) if source.random() < 0.05 else text


def as_public(tracks: Any) -> list[dict[str, Any]]:
    """Tracks in the form that lmms-eval returns."""
    return [
        {
            "time": moment.time,
            "frame": moment.frame,
            "points": {
                name: {"point": [point.x, point.y]}
                | ({} if tracks.parser == "coords" else {"occluded": point.occluded})
                for name, point in moment.points.items()
            },
        }
        for moment in tracks.moments
    ]


def outcomes(text: str) -> tuple[Any, Any]:
    """What lmms-eval and we read in a text."""
    try:
        theirs = rvos().extract_tracks(text, 854, 480, 6.0)
    except Exception:
        theirs = "error"
    try:
        ours = as_public(parse_tracks_reference(text, **VIDEO))
    except ReferenceCrashError:
        ours = "error"
    return theirs, ours


def test_parse_tracks_reference_equals_lmms_eval():
    read = 0
    for text in track_texts(TEXTS):
        theirs, ours = outcomes(text)
        assert ours == theirs, text
        read += len(theirs) > 0
    assert read > TEXTS / 3


@pytest.mark.parametrize(
    ("reader", "rule"),
    [(name, rule) for name, reader in (("COORDS", COORDS), ("TIME_LINES", TIME_LINES))
     for rule in reader.rules],
    ids=lambda value: getattr(value, "__name__", value),
)  # fmt: skip
def test_parse_tracks_reference_without_a_rule_is_noticed(monkeypatch, reader, rule):
    whole = {"COORDS": COORDS, "TIME_LINES": TIME_LINES}[reader]
    rules = tuple(other for other in whole.rules if other is not rule)
    monkeypatch.setattr(f"evaluators.tracking.reference.{reader}", Reader(rules))

    def differs(text: str) -> bool:
        theirs, ours = outcomes(text)
        return ours != theirs

    assert any(differs(text) for text in track_texts(1_000))


# Points: made-up scenes, small, so that ties and overlaps are common.


class Scene:
    """Objects with masks, true points on them, and predicted points somewhere near."""

    def __init__(self, seed: int) -> None:
        source = random.Random(seed)
        self.side = source.choice((1, 2, 3))
        frames = source.choice((1, 1, 2, 2))
        self.objects = [str(number) for number in range(source.choice((1, 2, 2, 3)))]
        self.masks = {
            name: [self._mask(source) if source.random() < 0.85 else None for _ in range(frames)]
            for name in self.objects
        }
        self.truth = {
            frame: {name: self._point(source) for name in self.objects if source.random() < 0.9}
            for frame in range(frames)
            if source.random() < 0.95
        }
        tracks = [str(number) for number in range(source.choice((1, 2, 2, 3)))]
        self.prediction = {
            frame: {name: self._point(source) for name in tracks if source.random() < 0.8}
            for frame in range(frames)
            if source.random() < 0.9
        }

    def _mask(self, source: random.Random) -> np.ndarray:
        flat = [source.random() < 0.7 for _ in range(self.side**2)]
        return np.array(flat).reshape(self.side, self.side)

    def _point(self, source: random.Random) -> tuple[float, float]:
        return (source.randint(-1, 2 * self.side) / 2, source.randint(-1, 2 * self.side) / 2)

    def public(self) -> dict[str, float]:
        sides = [
            [
                {"frame": frame, "points": {name: {"point": at} for name, at in points.items()}}
                for frame, points in trajectory.items()
            ]
            for trajectory in (self.prediction, self.truth)
        ]
        return rvos()._evaluate_video_object_tracking(*sides, self.masks, self.side, self.side)

    def by_frame(self) -> dict[str, dict[int, np.ndarray]]:
        return {
            name: {frame: mask for frame, mask in enumerate(masks) if mask is not None}
            for name, masks in self.masks.items()
        }


def test_point_f1_reference_equals_lmms_eval():
    moved = 0
    for seed in range(CASES):
        scene = Scene(seed)
        expected = scene.public()
        masks = scene.by_frame()
        facts = (scene.truth, scene.prediction)
        result = point_f1_reference(*facts, masks=masks)
        assert (result.precision, result.recall, result.f1) == (
            expected["precision"],
            expected["recall"],
            expected["f1"],
        ), seed
        hota = point_hota_reference(*facts, masks=masks)
        assert hota == pytest.approx(expected["HOTA"], abs=1e-12), seed
        moved += hota != point_hota(*facts, masks=masks)
    assert moved  # the public code's eps decides some ties


def test_point_hota_without_the_public_eps_is_noticed():
    scenes = (Scene(seed) for seed in range(1_000))
    assert any(
        point_hota(scene.truth, scene.prediction, masks=scene.by_frame())
        != pytest.approx(scene.public()["HOTA"], abs=1e-12)
        for scene in scenes
    )


# Masks.


def blobs(source: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """True and predicted masks of a few frames: boxes, sometimes nothing or everything."""
    height, width, frames = source.integers(3, 14), source.integers(3, 14), source.integers(5, 8)
    masks = np.zeros((2, frames, height, width), dtype=bool)
    for side in masks:
        for frame in side:
            kind = source.random()
            if kind < 0.1:
                frame[:] = kind < 0.05
                continue
            top, bottom = np.sort(source.integers(0, height + 1, 2))
            left, right = np.sort(source.integers(0, width + 1, 2))
            frame[top:bottom, left:right] = True
    return masks[0], masks[1]


def trackeval_numbers(truth: np.ndarray, prediction: np.ndarray) -> list[float]:
    true, actual = ([encoded(masks)] for masks in (truth, prediction))
    result = trackeval_j_and_f(trackeval_sequence(true, actual))
    return [
        float(result[name][0] if np.ndim(result[name]) else result[name])
        for name in ("J-Mean", "J-Recall", "J-Decay", "F-Mean", "F-Recall", "F-Decay")
    ]


def our_numbers(truth: np.ndarray, prediction: np.ndarray, recall_above: float) -> list[float]:
    measured = j_and_f(truth, prediction)
    numbers = (statistics(values, recall_above=recall_above) for values in (measured.j, measured.f))
    return [value for result in numbers for value in (result.mean, result.recall, result.decay)]


def test_j_and_f_equals_trackeval():
    source = np.random.default_rng(0)
    for case in range(SEQUENCES):
        masks = blobs(source)
        assert our_numbers(*masks, TRACKEVAL_RECALL) == trackeval_numbers(*masks), case


def test_recall_without_the_public_eps_is_noticed():
    source = np.random.default_rng(5)  # a few of whose F are a half with a rounding error
    drawn = (blobs(source) for _ in range(1_000))
    assert any(our_numbers(*masks, 0.5) != trackeval_numbers(*masks) for masks in drawn)


def test_recall_of_half_with_a_rounding_error():
    values = np.array([0.5000000000000001, 0.4])
    assert statistics(values).recall == 0.5
    assert statistics(values, recall_above=TRACKEVAL_RECALL).recall == 0.0

from __future__ import annotations

import random
import statistics
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from jumpscore.builder.verify.agreement import TOLERANCES, pair_agreements, video_agreement


def test_video_agreement_by_hand(annotate):
    # Differences of 1, 3 and 5 frames of 0.04 s; 60 has no partner.
    agreement = video_agreement(annotate("ann", 10, 20, 30, 60), annotate("bob", 11, 23, 35))
    assert agreement.marks == (4, 3)
    assert agreement.f1 == pytest.approx((2 / 7, 2 / 7, 6 / 7))
    assert (agreement.bias, agreement.spread) == pytest.approx((0.12, 0.08))
    assert agreement.frames == (1, 3, 5)


def test_video_agreement_of_videos_without_marks(annotate):
    both = video_agreement(annotate("ann"), annotate("bob"))
    assert (both.f1, both.bias, both.spread, both.frames) == ((1.0, 1.0, 1.0), None, None, ())
    assert video_agreement(annotate("ann", 10), annotate("bob")).f1 == (0.0, 0.0, 0.0)


@pytest.mark.parametrize("seed", range(5))
def test_video_agreement_matches_an_assignment_solver(annotate, seed):
    draw = random.Random(seed)
    a, b = (sorted(draw.sample(range(200), 40)) for _ in range(2))
    agreement = video_agreement(annotate("ann", *a), annotate("bob", *b))
    distances = abs(np.subtract.outer(a, b)) / 25
    for tolerance, f1 in zip(TOLERANCES, agreement.f1, strict=True):
        near = distances <= tolerance + 1e-9
        rows, columns = linear_sum_assignment(np.where(near, distances, 1e6))
        assert f1 == pytest.approx(2 * near[rows, columns].sum() / 80)
    near_pairs = near[rows, columns]
    total = distances[rows, columns][near_pairs].sum()
    assert sum(abs(frames) for frames in agreement.frames) / 25 == pytest.approx(total)


def test_pair_agreements_of_every_two(annotate):
    annotations = [
        replace(annotate(name, *frames), video=video)
        for video, name, frames in [
            ("clip0", "ann", (10, 20)),
            ("clip0", "bob", (12, 22)),
            ("clip0", "cyd", (10, 50)),
            ("clip1", "ann", (30,)),
            ("clip1", "bob", (33,)),
        ]
    ]
    pairs = {pair.annotators: pair for pair in pair_agreements(annotations)}
    assert list(pairs) == [("ann", "bob"), ("ann", "cyd"), ("bob", "cyd")]
    both = pairs["ann", "bob"]
    assert [video.video for video in both.videos] == ["clip0", "clip1"]
    assert [estimate.mean for estimate in both.f1] == [0.0, 0.5, 1.0]
    assert both.f1[1].n == 2
    assert (both.f1[1].ci_low, both.f1[1].ci_high) == (0.0, 1.0)
    assert both.bias.mean == pytest.approx(statistics.mean([0.08, 0.12]))
    assert pairs["ann", "cyd"].f1[1].ci_low is None  # one video gives no interval


@pytest.mark.parametrize(
    ("shifts", "offset"),
    [((2, 2, 2, 2), 2), ((-3, -2, -2, -2), -2), ((2, -2, 2, -2), 0), ((0, 0, 1, 1), 0)],
)
def test_pair_agreements_name_systematic_offsets(annotate, shifts, offset):
    annotations = []
    for number, shift in enumerate(shifts):
        frames = range(10, 80, 10)
        for name, moved in [("ann", 0), ("bob", shift)]:
            marks = annotate(name, *(frame + moved for frame in frames))
            annotations.append(replace(marks, video=f"clip{number}"))
    [pair] = pair_agreements(annotations)
    assert pair.offset == offset

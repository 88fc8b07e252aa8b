from __future__ import annotations

import numpy as np
import pytest

from jumpscore.scoring import Ratio, compare
from jumpscore.scoring.power import (
    Pilot,
    pilot_of_pair,
    pilot_of_run,
    smallest_difference,
    videos_needed,
)


def pilot_differences() -> np.ndarray:
    generator = np.random.default_rng(1)
    a, b = generator.integers(0, 5, (2, 60)) / 4
    return np.where(generator.random(60) < 0.5, a - b, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("videos", [40, 300])
def test_smallest_difference_is_detected_in_80_percent(videos):
    """The real test on 400 redrawn pilots, shifted to the difference; standard error 2%."""
    differences = pilot_differences()
    pilot = pilot_of_pair(Ratio.mean(differences), Ratio.mean(np.zeros(60)))
    shift = smallest_difference(pilot, videos) - differences.mean()
    generator = np.random.default_rng(videos)
    drawn = {str(k): differences[generator.integers(0, 60, videos)] + shift for k in range(400)}
    results = compare(
        {name: Ratio.mean(values) for name, values in drawn.items()},
        {name: Ratio.mean(np.zeros(videos)) for name in drawn},
    )
    detected = np.mean([result.verdict == "a" for result in results.values()])
    assert 0.72 <= detected <= 0.88


def test_pilot_of_pair_by_hand():
    pilot = pilot_of_pair(Ratio.mean([1.0, 1.0, 0.0, 0.5]), Ratio.mean([0.0, 1.0, 0.0, 0.0]))
    assert pilot.spread == pytest.approx(np.std([1.0, 0.0, 0.0, 0.5], ddof=1))
    assert (pilot.videos, pilot.differ, pilot.correlation) == (4, 0.5, None)


def test_pilot_of_pair_clusters():
    names = ["x", "x", "y", "y"]
    pilot = pilot_of_pair(Ratio.mean([1.0, 1, 0, 0]), Ratio.mean([0.0, 0, 0, 0]), clusters=names)
    assert (pilot.videos, pilot.differ) == (2, 0.5)
    assert pilot.spread == pytest.approx(np.std([1.0, 0.0], ddof=1))


def test_pilot_of_run_assumes_a_correlation():
    run = Ratio.mean([0.2, 0.4, 0.9])
    spread = np.std([0.2, 0.4, 0.9], ddof=1)
    assert pilot_of_run(run).spread == pytest.approx(spread)  # sqrt(2 - 2 * 0.5) is 1
    assert pilot_of_run(run, correlation=0.0).spread == pytest.approx(spread * np.sqrt(2))
    assert pilot_of_run(Ratio.mean([0.5])) is None


def test_videos_needed_inverts_smallest_difference():
    pilot = Pilot(50, 0.3, 0.5)
    needed = videos_needed(pilot, 0.05)
    assert smallest_difference(pilot, needed) <= 0.05 < smallest_difference(pilot, needed - 1)


def test_power_needs_twelve_videos_that_differ():
    pilot = Pilot(50, 0.1, 0.1)
    assert smallest_difference(pilot, 119) is None
    assert videos_needed(pilot, 10.0) == 120
    assert videos_needed(Pilot(50, 0.0, 0.0), 0.1) is None
    with pytest.raises(ValueError, match="above 0"):
        videos_needed(pilot, 0.0)

from __future__ import annotations

import numpy as np
import pytest

from evaluators.tracking import (
    davis_scores,
    decay,
    statistics,
)
from tests.tracking_support import (
    encoded,
    golden,
    sav_masks,
    trackeval_j_and_f,
    trackeval_sequence,
)

# pycocotools 2.0.11 with NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.mark.parametrize("name", golden()["statistics"])
def test_statistics_equal_davis(name):
    case = golden()["statistics"][name]
    for measure in ("J", "F"):
        result = statistics(np.array(case[measure]))
        expected = case[f"{measure}_stats"]
        np.testing.assert_allclose((result.mean, result.recall, result.decay), expected, atol=1e-9)


def test_davis_scores_equal_trackeval_without_both_ends():
    truth = sav_masks("2", frames=slice(0, 110, 10))
    prediction = sav_masks("2", frames=slice(2, 112, 10))
    scores = davis_scores(truth, prediction)
    theirs = trackeval_j_and_f(
        trackeval_sequence([encoded(truth[1:-1])], [encoded(prediction[1:-1])])
    )
    for measure, ours in (("J", scores.j), ("F", scores.f)):
        assert ours.mean == pytest.approx(theirs[f"{measure}-Mean"], abs=1e-9)
        assert ours.recall == pytest.approx(theirs[f"{measure}-Recall"], abs=1e-9)
        assert ours.decay == pytest.approx(theirs[f"{measure}-Decay"], abs=1e-9)
    assert scores.mean == pytest.approx(theirs["J&F"], abs=1e-9)


def test_decay_beyond_256_frames():
    values = np.repeat([1.0, 0.8, 0.6, 0.4], 100)
    assert decay(values) == pytest.approx(0.6, abs=0.01)
    assert decay(np.ones(300)) == 0.0
    assert decay(np.array([0.3])) == 0.0


def test_davis_scores_refuse_fewer_than_three_frames():
    with pytest.raises(ValueError, match="at least 3 frames"):
        davis_scores(np.ones((2, 3, 3), bool), np.ones((2, 3, 3), bool))
    with pytest.raises(ValueError, match="no frames"):
        statistics(np.array([]))

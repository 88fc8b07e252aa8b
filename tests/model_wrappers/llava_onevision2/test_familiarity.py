from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

import jumpscore
from jumpscore.errors import DataError
from model_wrappers.llava_onevision2.familiarity import (
    FILE,
    UNFAMILIAR,
    Familiarity,
    fit_familiarity,
    read_familiarity,
    write_familiarity,
)

FEATURES = 12


@pytest.fixture(scope="module")
def clips() -> np.ndarray:
    """Features of 400 clips; they vary in four directions, and a little in all others."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(400, 4)) * [5, 4, 4, 3] @ rng.normal(
        size=(4, FEATURES)
    ) + 0.01 * rng.normal(size=(400, FEATURES))


def test_distance_equals_mahalanobis_of_the_full_covariance(clips):
    fitted = fit_familiarity(clips, clips)
    covariance = fitted.axes.T @ np.diag(fitted.variances - fitted.rest) @ fitted.axes
    covariance += fitted.rest * np.eye(FEATURES)
    inverse = np.linalg.inv(covariance)
    for features in clips[:5]:
        centred = features - clips.mean(0)
        assert fitted.distance(features) == pytest.approx(np.sqrt(centred @ inverse @ centred))
    assert np.allclose(covariance, np.cov(clips.T), atol=0.05 * np.cov(clips.T).max())


def test_limit_is_that_of_held_out_clips(clips):
    fitted = fit_familiarity(clips[:200], clips[200:])
    beyond = [fitted.distance(features) > fitted.limit for features in clips[200:]]
    assert sum(beyond) == 2  # 1% of 200
    unlike = clips[:20] + 0.5  # in no direction in which the clips vary much
    assert all(fitted.distance(features) > fitted.limit for features in unlike)


def test_write_and_read_familiarity(clips, tmp_path):
    assert read_familiarity(tmp_path) is None
    fitted = fit_familiarity(clips[:50], clips[50:])
    write_familiarity(tmp_path, fitted)
    stored = read_familiarity(tmp_path)
    assert stored is not None
    assert stored.distance(clips[0]) == pytest.approx(fitted.distance(clips[0]), rel=1e-3)
    assert stored.limit == pytest.approx(fitted.limit)


@pytest.mark.parametrize(
    "changes",
    [{"mean": [0.0]}, {"axes": None}, {"rest": 0}, {"limit": "far"}, {"variances": [-1.0]}],
    ids=lambda changes: next(iter(changes)),
)
def test_read_familiarity_refuses_malformed_files(changes, tmp_path):
    known = Familiarity(np.zeros(2), np.eye(1, 2), np.ones(1), 1.0, 3.0)
    write_familiarity(tmp_path, known)
    values = json.loads((tmp_path / FILE).read_text())
    (tmp_path / FILE).write_text(json.dumps(values | changes))
    with pytest.raises(DataError, match=rf"{FILE}: cannot be read .*copy the checkpoint again"):
        read_familiarity(tmp_path)


@pytest.mark.parametrize(("limit", "notes"), [(1e-3, {UNFAMILIAR: 3}), (1e9, {})])
def test_unfamiliar_videos_are_noted(tiny, tiny_set, tmp_path, limit, notes):
    folder = shutil.copytree(tiny, tmp_path / "model")
    width = json.loads((folder / "config.json").read_text())["vision_config"]["hidden_size"]
    known = Familiarity(np.zeros(2 * width), np.eye(1, 2 * width), np.ones(1), 1.0, limit)
    write_familiarity(folder, known)
    run = jumpscore.evaluate(
        "llava_ov2",
        "jumpscore",
        model_options={"checkpoint": str(folder), "max_new_tokens": 4},
        task_options={"data": str(tiny_set)},
        input={"kind": "codec", "count": 4},
        run={"folder": str(tmp_path / "runs")},
    )
    assert run.result.notes == notes

from __future__ import annotations

import math
from collections import Counter

import pytest

from jumpscore.errors import UsageError
from jumpscore.studies.reproduction import published

ROWS = {"1a": 18, "1b": 11, "1c": 11, "1d": 8}


def test_paper_values_complete():
    counts = Counter((value.table, value.model) for value in published.paper_values())
    assert counts == {(table, model): n + 1 for table, n in ROWS.items() for model in MODELS}
    assert all(0 < value.value < 100 for value in published.paper_values())


@pytest.mark.parametrize("table", published.TABLES)
def test_published_mean_equals_rows(table):
    for model in MODELS:
        rows = [v.value for v in published.table_values(table) if v.model == model]
        assert len(rows) == ROWS[table]
        # A mean is rounded to one decimal, and so is each row.
        assert published.published_mean(table, model) == pytest.approx(
            math.fsum(rows) / len(rows), abs=0.05 + 1e-9
        )


def test_settings_values():
    jumpscore = next(s for s in published.settings() if s.benchmark == "JumpScore")
    assert (jumpscore.input, jumpscore.pictures, jumpscore.decimals) == ("codec", 128, 2)
    assert (jumpscore.min_pixels, jumpscore.max_pixels, jumpscore.score) == (
        100_352,
        313_600,
        75.49,
    )
    subtitled = [s.benchmark for s in published.settings() if s.interleaved_subtitles]
    assert len(published.settings()) == 19
    assert len(subtitled) == 5


def test_curve_points_paired():
    points = published.curve_points()
    assert len(points) == 70
    frames, canvases = (
        {(p.benchmark, p.budget_frames) for p in points if p.input == kind}
        for kind in ("frame", "codec")
    )
    assert frames == canvases


def test_claims_names():
    names = {claim.name: claim.value for claim in published.claims()}
    assert len(names) == 7
    assert names["jumpscore_margin"] == 44.8


def test_check_model_misspelt():
    assert published.check_model("PLM-8B") == "PLM-8B"
    with pytest.raises(UsageError, match="did you mean 'Qwen3-VL-8B'"):
        published.check_model("Qwen3-VL")


MODELS = (
    "LLaVA-OneVision-2-8B",
    "Qwen3-VL-8B",
    "Keye-VL-1.5-8B",
    "InternVL-3.5-8B",
    "PLM-8B",
    "LLaVA-OneVision-1.5-8B",
)


def test_models_order():
    assert published.models() == MODELS

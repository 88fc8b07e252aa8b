"""The rendered TimeLens set: spans follow from the rope, and its oracle is always right."""

from __future__ import annotations

import json

import pytest

import jumpscore
from jumpscore.builder.small_sets.timelens import REST, bouts_of
from jumpscore.data.layout import read_manifest, read_rows
from tests.support import render_mini


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    out = tmp_path_factory.mktemp("mini")
    render_mini("mini_timelens", out, seed=1)
    return out


def test_bouts_of_splits_at_rests():
    after = 1.4 + REST + 0.01
    assert bouts_of([0.5, 0.9, 1.4, after, 2.5]) == [[0.5, 0.9, 1.4], [after, 2.5]]
    assert bouts_of([]) == []


def test_render_spans(mini):
    rows, manifest = read_rows(mini), read_manifest(mini)
    assert manifest.synthetic
    assert len({row.video_path for row in rows}) < len(rows), "videos are asked about repeatedly"
    for row in rows:
        start, end = json.loads(row.answer)
        assert 0 <= start < end <= manifest.videos[row.id]["duration"]
        assert (mini / row.video_path).is_file()
    rests = [json.loads(row.answer) for row in rows if "rests" in row.question]
    assert rests
    assert all(end - start >= REST for start, end in rests)


def test_render_is_deterministic(mini, tmp_path):
    render_mini("mini_timelens", tmp_path, seed=1)
    assert read_rows(tmp_path) == read_rows(mini)
    one, other = (sorted((root / "videos").iterdir()) for root in (tmp_path, mini))
    assert [file.read_bytes() for file in one] == [file.read_bytes() for file in other]


def test_render_oracle_scores(mini, tmp_path):
    run = jumpscore.evaluate(
        "oracle",
        "timelens",
        task_options={"data": str(mini)},
        run={"folder": tmp_path, "expose_truth": True},
    )
    assert run.result.metrics["miou"].mean == pytest.approx(1.0)
    floor = run.result.metrics["content_free_miou"].mean
    assert floor is not None
    assert 0 < floor < 0.5

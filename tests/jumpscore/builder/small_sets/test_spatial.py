"""The drawn scenes: equal for equal seeds, and their truths are what the pictures show."""

from __future__ import annotations

import json
import re
import time

import cv2
import numpy as np
import pytest

import jumpscore
from evaluators.spatial.rows import RULES, SpatialRow
from evaluators.spatial.task import Spatial, SpatialOptions
from jumpscore.builder.small_sets.spatial import COLOURS, RULER
from jumpscore.data.layout import read_manifest, read_rows
from jumpscore.video import decode, probe
from tests.support import render_mini


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    root = tmp_path_factory.mktemp("mini")
    before = time.process_time()
    render_mini("mini_spatial", root)
    assert time.process_time() - before < 5
    return root


def rows_of(mini, ending):
    return [row for row in read_rows(mini, SpatialRow) if row.id.endswith(ending)]


def pixels_of(mini, row) -> dict[str, np.ndarray]:
    """Colour -> mask of its pixels, bool [height, width]."""
    picture = cv2.imread(str(mini / row.images[0]))[..., ::-1].astype(int)
    return {name: np.abs(picture - rgb).max(axis=2) < 12 for name, rgb in COLOURS.items()}


def test_render_has_every_rule(mini):
    task = Spatial(SpatialOptions(data=str(mini)))
    assert {row.rule for row in task.rows} == set(RULES)
    assert [sample.problem for sample in task.load()] == [None] * len(task.rows)
    assert task.missing() == []
    assert len({row.group for row in task.rows}) == 5
    assert read_manifest(mini).synthetic


def test_render_is_deterministic(mini, tmp_path):
    for seed in (0, 1):
        (tmp_path / str(seed)).mkdir()
        render_mini("mini_spatial", tmp_path / str(seed), seed=seed)
    files = sorted(file.relative_to(mini) for file in mini.rglob("*") if file.is_file())
    assert all((mini / f).read_bytes() == (tmp_path / "0" / f).read_bytes() for f in files)
    assert (mini / "rows.jsonl").read_bytes() != (tmp_path / "1" / "rows.jsonl").read_bytes()


def test_render_masks_and_boxes_match_colours(mini):
    for pointed, boxed in zip(rows_of(mini, "-object"), rows_of(mini, "-box"), strict=True):
        [colour] = re.findall(r"the (\w+) \w+\.", pointed.prompt)[:1]
        mask = cv2.imread(str(mini / pointed.mask), cv2.IMREAD_GRAYSCALE) > 0
        assert pixels_of(mini, pointed)[colour][mask].all()
        x1, y1, x2, y2 = json.loads(boxed.answer)
        inside = np.zeros_like(mask)
        inside[y1:y2, x1:x2] = True
        assert not (mask & ~inside).any()
        for row, column in ((y1, slice(x1, x2)), (y2 - 1, slice(x1, x2))):
            assert mask[row, column].any()
        for column in (x1, x2 - 1):
            assert mask[y1:y2, column].any()


def test_render_free_space_has_no_shape(mini):
    for row in rows_of(mini, "-free"):
        mask = cv2.imread(str(mini / row.mask), cv2.IMREAD_GRAYSCALE) > 0
        assert mask.sum() > 1000
        assert not any((where & mask).any() for where in pixels_of(mini, row).values())


def test_render_counts_match_masks(mini):
    counts = set()
    for row in rows_of(mini, "-each"):
        mask = cv2.imread(str(mini / row.mask), cv2.IMREAD_GRAYSCALE)
        assert cv2.connectedComponents(mask)[0] - 1 == json.loads(row.answer)
        counts.add(json.loads(row.answer))
    assert counts > {2}


def test_render_distances(mini):
    """Two shapes of colours that nothing else in their picture has can be found in it again."""
    checked = 0
    for row in rows_of(mini, "-distance"):
        [(one, a), (other, b)] = re.findall(r"centre of the (\w+) (\w+)", row.prompt)
        centres = []
        for colour, kind in ((one, a), (other, b)):
            where = pixels_of(mini, row)[colour].astype(np.uint8)
            pieces, labels = cv2.connectedComponents(where)
            if pieces == 2 and kind != "triangle":  # whose centre of mass lies lower
                rows, columns = np.nonzero(labels)
                centres.append((columns.mean(), rows.mean()))
        if len(centres) == 2:
            checked += 1
            metres = np.hypot(*np.subtract(*centres)) / RULER
            assert json.loads(row.answer) == pytest.approx(metres, abs=0.02)
    assert checked


def test_render_clips_show_the_counted_shapes(mini):
    for row in rows_of(mini, "-count"):
        info = probe(mini / row.video)
        assert (info.width, info.height, len(info.times)) == (240, 160, 40)
        [colour] = re.findall(r"How many (\w+) \w+s are", row.prompt)
        frames = [frame.pixels.astype(int) for frame in decode(mini / row.video, [0, 39])]
        visible = [(np.abs(frame - COLOURS[colour]).max(axis=2) < 40).any() for frame in frames]
        assert all(visible)  # it comes first, and again last


def test_render_oracle_scores(mini, tmp_path):
    run = jumpscore.evaluate(
        "oracle",
        "spatial",
        task_options={"data": str(mini)},
        run={"folder": str(tmp_path), "expose_truth": True},
    )
    for name in ("score", "points_in_mask", "first_point", "count_in_mask", "acc@0.5", "mra"):
        assert run.result.metrics[name].mean == 1.0, name
    assert run.result.metrics["accuracy"].mean == 1.0
    assert run.result.metrics["score_reference_lmms"].mean == 1.0
    assert run.result.metrics["miou"].mean > 0.9999
    assert 0.1 < run.result.metrics["content_free_score"].mean < 0.4
    assert run.result.counts["ok"] == run.result.total
    assert run.result.notes == {}

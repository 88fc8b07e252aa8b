from __future__ import annotations

import json

import numpy as np
import pytest

from evaluators.tracking.queries import Query
from evaluators.tracking.rle import decode_masks
from evaluators.tracking.task import Tracking, TrackingOptions
from jumpscore.builder.small_sets.tracking import COLOURS, FRAMES, HEIGHT, WIDTH
from jumpscore.data.layout import read_manifest, read_rows
from jumpscore.video import decode
from tests.support import render_mini


@pytest.fixture(scope="module")
def mini(tmp_path_factory):
    out = tmp_path_factory.mktemp("mini") / "set"
    out.mkdir()
    render_mini("mini_tracking", out)
    return out


def masks_of(mini, video: str, name: str) -> np.ndarray:
    rles = json.loads((mini / "masks" / video / f"{name}.json").read_text())["0"]
    return decode_masks(rles, height=HEIGHT, width=WIDTH)


def test_render_is_deterministic(mini, tmp_path):
    for name, seed in (("again", 0), ("other", 1)):
        (tmp_path / name).mkdir()
        render_mini("mini_tracking", tmp_path / name, seed=seed)
    rows = read_rows(mini, Query)
    assert read_rows(tmp_path / "again", Query) == rows
    assert read_rows(tmp_path / "other", Query) != rows
    for file in sorted([*mini.rglob("*.json"), *mini.rglob("*.mp4")]):
        assert (tmp_path / "again" / file.relative_to(mini)).read_bytes() == file.read_bytes()


def test_render_rows_are_complete(mini):
    task = Tracking(TrackingOptions(data=str(mini)))
    assert task.missing() == []
    assert [sample.problem for sample in task.load()] == [None] * len(task.rows)
    assert read_manifest(mini).synthetic
    assert len({row.video for row in task.rows}) == 4
    assert max(len(row.mask_ids) for row in task.rows) == 4


@pytest.mark.parametrize("video", [f"shapes{n}" for n in range(4)])
def test_render_objects_hide_leave_and_enter(mini, video):
    hidden, front, gone, late = (masks_of(mini, video, str(n)) for n in range(4))
    sizes = hidden.sum(axis=(1, 2))
    assert sizes.min() < 0.5 * sizes.max()  # behind another
    assert (front == front[0]).mean() > 0.9  # stands still
    absent = np.nonzero(gone.sum(axis=(1, 2)) == 0)[0]
    assert len(absent) == 6
    assert 0 < absent[0] < absent[-1] < FRAMES - 1
    assert not late[0].any()
    assert late[-1].any()
    together = hidden.astype(int) + front + gone + late
    assert together.max() == 1  # what is seen of each


def test_render_masks_match_colours(mini):
    rows = {
        row.expression.split()[0]: row for row in read_rows(mini, Query) if " " in row.expression
    }
    for colour, row in rows.items():
        masks = masks_of(mini, row.video, row.mask_ids[0]) > 0
        frames = decode(mini / row.video_path)
        for frame, mask in zip(frames, masks, strict=True):
            if mask.sum() > 60:
                seen = np.median(frame.pixels[mask], axis=0)
                # The codec keeps less of the colours of small things.
                assert min(COLOURS, key=lambda one: np.abs(seen - COLOURS[one]).sum()) == colour

"""Overlays on pictures: stored points and outlines of masks."""

from __future__ import annotations

import numpy as np
import pytest

from evaluators.drawings import MOST_OUTLINES, MOST_POINTS, box_shape, drawing, outlines, shape


def test_drawing_keeps_shapes_in_order():
    mask = np.zeros((40, 80), dtype=bool)
    mask[10:20, 20:60] = True
    overlay = drawing(
        [*outlines("truth", mask), shape("answer", "points", [[0.5, 0.5]]), None],
        time=1.5,
        caption="a ball",
    )
    assert [one.side for one in overlay.shapes] == ["truth", "answer"]
    assert (overlay.time, overlay.caption) == (1.5, "a ball")


def test_outlines_run_through_pixel_centres():
    mask = np.zeros((10, 20), dtype=bool)
    mask[2:8, 4:16] = True
    [result] = outlines("truth", mask)
    xs, ys = zip(*result.points, strict=True)
    assert (min(xs), max(xs)) == (4.5 / 20, 15.5 / 20)
    assert (min(ys), max(ys)) == (2.5 / 10, 7.5 / 10)


def test_outlines_of_the_largest_parts():
    mask = np.zeros((100, 100), dtype=bool)
    for place in range(20):
        mask[5 * place : 5 * place + 3, : 2 + place] = True
    result = outlines("truth", mask)
    assert len(result) == MOST_OUTLINES
    assert max(x for x, _ in result[0].points) == pytest.approx(20.5 / 100)


def test_outlines_of_an_empty_mask():
    assert outlines("truth", np.zeros((5, 5), dtype=bool)) == []


@pytest.mark.parametrize("far", [float("nan"), float("inf"), -1e300, 1e300, 2.5])
def test_shape_skips_invisible_points(far):
    assert shape("answer", "points", [[far, 0.5]]) is None
    assert shape("answer", "path", [[0.1, 0.2], [0.3, far]]).points == ((0.1, 0.2),)


def test_shape_stores_a_limited_number_of_points():
    assert len(shape("answer", "points", np.full((10_000, 2), 0.5)).points) == MOST_POINTS


def test_box_shape_has_four_corners():
    result = box_shape("answer", (0.1, 0.2, 0.3, 0.4))
    assert result.points == ((0.1, 0.2), (0.3, 0.2), (0.3, 0.4), (0.1, 0.4))

"""Drawings and spans on the page, from files that anybody may have edited."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from jumpscore.records import Media
from jumpscore.report.drawings import MOST_DRAWINGS, drawings_html, drawn_sample, span_lanes
from tests.support import write_video

SHAPES = [
    {"of": "answer", "form": "points", "xy": [[0.5, 0.25]]},
    {"of": "truth", "form": "area", "xy": [[0, 0], [1, 0], [1, 1]]},
]


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "scene.png"
    cv2.imwrite(str(path), np.full((480, 640, 3), (0, 0, 255), np.uint8))
    return Media(path, "image")


def drawn(details, *media):
    return drawn_sample({"drawings": details}, media, budget=50_000)


def test_shapes_lie_where_they_are_in_the_picture(picture):
    [one] = drawn([{"media": 0, "shapes": SHAPES, "caption": "<b>"}], picture)
    assert one.size == (320, 240)
    page = drawings_html([one])
    assert '<circle cx="160.0" cy="60.0"' in page
    assert '<polygon points="0.0,0.0 320.0,0.0 320.0,240.0"/>' in page
    assert page.index("polygon") < page.index("circle"), "answers lie above the truth"
    assert "<b>" not in page
    pixels = cv2.imdecode(np.frombuffer(one.picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (240, 320, 3)
    assert np.abs(pixels[100, 100].astype(int) - (0, 0, 255)).max() < 12


def test_a_frame_of_a_video_is_the_nearest_to_the_time(tmp_path):
    video = write_video(tmp_path / "v.mp4", frames=50, fps=10)
    [one] = drawn([{"media": 0, "time": 2.04, "shapes": []}], Media(video))
    assert one.caption == "2.00 s"
    assert one.problem is None


@pytest.mark.parametrize("media", [1, -1, "0", None])
def test_a_picture_that_the_sample_does_not_have(picture, media):
    [one] = drawn([{"media": media, "shapes": SHAPES}], picture)
    assert "no such picture" in one.problem
    assert "<circle" in drawings_html([one])


def test_a_file_that_is_gone_or_no_picture_is_said(tmp_path):
    (tmp_path / "a.png").write_bytes(b"nothing")
    for name in ("a.png", "gone.png"):
        [one] = drawn([{"media": 0, "shapes": []}], Media(tmp_path / name, "image"))
        assert name in one.problem
        assert str(tmp_path) not in drawings_html([one])


@pytest.mark.parametrize(
    "broken",
    [
        None, "x", {"of": "truth"}, {"of": "me", "form": "points", "xy": []},
        {"of": "truth", "form": "blob", "xy": []}, {"of": "truth", "form": "points", "xy": [1]},
        {"of": "truth", "form": "points", "xy": [[1, "2"]]},
        {"of": "truth", "form": "points", "xy": [[1, float("nan")]]},
        {"of": ["truth"], "form": "points", "xy": []},
    ],
)  # fmt: skip
def test_what_is_no_shape_is_left_out(picture, broken):
    [one] = drawn([{"media": 0, "shapes": [broken, SHAPES[0]]}], picture)
    assert one.shapes == (SHAPES[0],)


@pytest.mark.parametrize("details", [None, 3, {}, [None, "x"]])
def test_what_is_no_list_of_drawings_is_none(picture, details):
    assert drawn(details, picture) == ()


def test_many_drawings_are_thinned_evenly(picture):
    many = [{"media": 0, "shapes": [], "caption": str(i)} for i in range(50)]
    found = drawn(many, picture)
    assert len(found) == MOST_DRAWINGS
    assert (found[0].caption, found[-1].caption) == ("0", "49")


def test_spans_share_the_axis_of_the_video():
    page = span_lanes({"true_span": [2.0, 4.0], "answered_span": [5.0, 6.0]}, 10.0)
    assert 'class="truth" style="left:20.00%;width:20.00%"' in page
    assert 'class="answer" style="left:50.00%;width:10.00%"' in page


@pytest.mark.parametrize("span", [None, [], [1], ["a", 2], [-1, 2], [1, 1e300], [1, float("nan")]])
def test_what_is_no_span_is_left_out(span):
    assert "answer" not in span_lanes({"true_span": [2, 4], "answered_span": span}, None)
    assert span_lanes({"true_span": span}, 3.0) == ""

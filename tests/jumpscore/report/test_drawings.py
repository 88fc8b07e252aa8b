"""Drawings and spans on the page."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from jumpscore.records import Drawing, Media, OverlayView, Shape, SpanView
from jumpscore.report.drawings import MOST_DRAWINGS, drawings_html, drawn_sample, span_lanes
from tests.support import write_video

SHAPES = (
    Shape("answer", "points", ((0.5, 0.25),)),
    Shape("truth", "area", ((0, 0), (1, 0), (1, 1))),
)


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "scene.png"
    cv2.imwrite(str(path), np.full((480, 640, 3), (0, 0, 255), np.uint8))
    return Media(path, "image")


def drawn(drawings, *media):
    return drawn_sample(OverlayView(tuple(drawings)), media, budget=50_000)


def test_drawings_html_places_shapes(picture):
    [one] = drawn([Drawing(shapes=SHAPES, caption="<b>")], picture)
    assert one.size == (320, 240)
    page = drawings_html([one])
    assert '<circle cx="160.0" cy="60.0"' in page
    assert '<polygon points="0.0,0.0 320.0,0.0 320.0,240.0"/>' in page
    assert page.index("polygon") < page.index("circle"), "answers lie above the truth"
    assert "<b>" not in page
    pixels = cv2.imdecode(np.frombuffer(one.picture.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels.shape == (240, 320, 3)
    assert np.abs(pixels[100, 100].astype(int) - (0, 0, 255)).max() < 12


def test_drawn_sample_of_video_frame(tmp_path):
    video = write_video(tmp_path / "v.mp4", frames=50, fps=10)
    [one] = drawn([Drawing(time=2.04)], Media(video))
    assert one.caption == "2.00 s"
    assert one.problem is None


@pytest.mark.parametrize("media", [1, -1])
def test_drawn_sample_of_missing_media(picture, media):
    [one] = drawn([Drawing(media, shapes=SHAPES)], picture)
    assert "no such picture" in one.problem
    assert "<circle" in drawings_html([one])


def test_drawn_sample_of_unreadable_file(tmp_path):
    (tmp_path / "a.png").write_bytes(b"nothing")
    for name in ("a.png", "gone.png"):
        [one] = drawn([Drawing()], Media(tmp_path / name, "image"))
        assert name in one.problem
        assert str(tmp_path) not in drawings_html([one])


@pytest.mark.parametrize("far", [float("nan"), float("inf")])
def test_drawn_sample_leaves_out_shapes_without_a_place(picture, far):
    broken = Shape("truth", "points", ((1.0, far),))
    [one] = drawn([Drawing(shapes=(broken, SHAPES[0]))], picture)
    assert one.shapes == (SHAPES[0],)


def test_drawn_sample_thins_many_drawings(picture):
    many = [Drawing(caption=str(i)) for i in range(50)]
    pictures = drawn(many, picture)
    assert len(pictures) == MOST_DRAWINGS
    assert (pictures[0].caption, pictures[-1].caption) == ("0", "49")


def test_span_lanes_share_the_axis():
    page = span_lanes(SpanView((2.0, 4.0), (5.0, 6.0)), 10.0)
    assert 'class="truth" style="left:20.00%;width:20.00%"' in page
    assert 'class="answer" style="left:50.00%;width:10.00%"' in page


@pytest.mark.parametrize("span", [(-1.0, 2.0), (1.0, 1e300), (1.0, float("nan"))])
def test_span_lanes_leaves_out_absurd_spans(span):
    assert "answer" not in span_lanes(SpanView((2.0, 4.0), span), None)
    assert span_lanes(SpanView(span), 3.0) == ""

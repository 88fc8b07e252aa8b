from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from jumpscore.report.codec_page import write_codec_page
from jumpscore.report.codec_pictures import highlighted
from jumpscore.video.codec.canvases import plan_canvases
from tests.support import write_video

VOID = {"meta", "link", "img", "rect", "path", "polygon", "polyline", "br"}


class Page(HTMLParser):
    """A page's text, pictures and open tags."""

    def __init__(self, path):
        super().__init__()
        self.text, self.images, self.open, self.addresses = [], [], [], []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag == "img":
            self.images.append(attributes)
        self.addresses += [v for k, v in attrs if k in ("src", "href", "srcset", "action") and v]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.text).split())


def pixels_of(image):
    data = base64.b64decode(image["src"].removeprefix("data:image/jpeg;base64,"))
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    path = tmp_path_factory.mktemp("v") / "a <img src=x onerror=alert(1)>.mp4"
    return plan_canvases(write_video(path, frames=100, size=(448, 252)), canvases=8)


@pytest.fixture(scope="module")
def page(plan, tmp_path_factory):
    return Page(write_codec_page(plan, tmp_path_factory.mktemp("p") / "page.html"))


def test_codec_page_shows_the_plan(plan, page):
    visual = plan.visual
    assert f"8 canvases of {visual.width}x{visual.height}" in page.words
    assert f"{visual.visual_tokens:,} visual tokens" in page.words
    assert f"{visual.text_tokens:,} of time stamps" in page.words
    assert f"{len(visual.frame_indices)} shown of 64 sampled of 100" in page.words
    assert "Group 2" in page.words
    assert "Group 3" not in page.words
    assert visual.fingerprint[:16] in page.words


def test_codec_page_is_self_contained(page):
    assert page.open == []
    assert all(address.startswith("data:") for address in page.addresses)


def test_codec_page_escapes_names(page):
    assert "a <img src=x onerror=alert(1)>.mp4" in page.words
    assert not any("onerror" in image for image in page.images)


def test_codec_page_shows_every_canvas(plan, page):
    canvases = [image for image in page.images if image["alt"].startswith("canvas ")]
    assert [image["alt"] for image in canvases] == [f"canvas {k}" for k in range(8)]
    for image, pixels in zip(canvases, plan.visual.pixels, strict=True):
        picture = pixels_of(image).astype(int)
        assert picture.shape == pixels.shape
        assert np.abs(picture - pixels).mean() < 8


def test_codec_page_marks_chosen_blocks(plan, page):
    frames = [image for image in page.images if image["alt"].startswith("chosen blocks of")]
    assert 2 <= len(frames) <= 16
    numbers = [int(image["alt"].split()[-1]) for image in frames]
    assert set(numbers) <= set(plan.visual.frame_indices)
    assert numbers == sorted(numbers)
    for number in numbers:
        count = int((plan.visual.blocks[..., 0] == number).sum())
        assert f"frame {number}, {count} block" in page.words


def test_dimmed_blocks_are_grey():
    pixels = np.full((56, 84, 3), (200, 100, 60), dtype=np.uint8)
    picture = highlighted(pixels, np.array([[1, 2]]), 28)
    assert picture[42, 70].tolist() == [200, 100, 60]
    assert picture[10, 10].tolist() == [36, 36, 36]
    assert picture[28, 56].tolist() == [255, 196, 0]


def test_codec_curve_shows_groups(plan, tmp_path):
    html = write_codec_page(plan, tmp_path / "page.html").read_text()
    titles = re.findall(r"<title>group (\d+): ([\d.]+) to ([\d.]+) s, frames (\d+) to (\d+)", html)
    assert [(int(t[3]), int(t[4])) for t in titles] == [(s.first, s.last) for s in plan.stretches]
    assert all(float(t[1]) == pytest.approx(int(t[3]) / 25, abs=1e-3) for t in titles)


def test_codec_page_of_short_video(tmp_path):
    plan = plan_canvases(write_video(tmp_path / "a.mp4", frames=5), canvases=16)
    page = Page(write_codec_page(plan, tmp_path / "page.html"))
    assert "exhausted: the video has only 5 frames; all are shown, whole" in page.words
    assert len(page.images) == 5
    assert "frame 4 whole, 0.16 s" in page.words


def test_codec_page_of_one_frame(tmp_path):
    plan = plan_canvases(write_video(tmp_path / "a.mp4", frames=1), canvases=4)
    page = Page(write_codec_page(plan, tmp_path / "page.html"))
    assert "1 canvas of" in page.words


def test_codec_page_of_long_video_is_small(tmp_path):
    video = write_video(tmp_path / "a.mp4", frames=6000, size=(64, 48))
    html = write_codec_page(plan_canvases(video, canvases=64), tmp_path / "page.html").read_text()
    curve = html[html.index("<svg viewBox") : html.index("</svg>")]
    assert len(curve) < 60_000
    assert len(html) < 2_000_000

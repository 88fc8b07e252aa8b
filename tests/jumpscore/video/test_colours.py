"""Every supported PyAV gives equal pixels; the expected values are those of 15.1."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from jumpscore.video import codec_canvases, decode, probe, uniform_frames
from jumpscore.video.codec.canvases import cached_canvases
from jumpscore.video.colours import PIXELS
from jumpscore.video.prepared.cache import InputCache
from tests.support import write_video

FILES = Path(__file__).parents[2] / "data" / "videos" / "colours"
with np.load(FILES / "golden.npz") as _file:
    GOLDEN = dict(_file)
FULL_RANGE = ("full.mp4", "hevc_full.mp4", "tenfull.mkv", "full444.mkv", "mjpeg.avi", "gray.mkv")


@pytest.mark.parametrize("name", sorted({key.split("/")[0] for key in GOLDEN}))
@pytest.mark.parametrize("colours", ["rgb", "grey"])
@pytest.mark.parametrize("size", ["whole", "small"])
def test_decode_pixels_equal_those_of_oldest_release(name, colours, size):
    """The last of three frames, every third pixel.

    FFmpeg 7 (PyAV 15) and FFmpeg 8 round differently when they convert full range to limited.
    """
    requested = None if size == "whole" else (56, 28)
    *_, last = decode(FILES / name, size=requested, grey=colours == "grey")
    right = GOLDEN[f"{name}/{size}/{colours}"].astype(int)
    off = np.abs(last.pixels[::3, ::3].astype(int) - right)
    assert off.max() <= (4 if name in FULL_RANGE else 1)
    assert off.mean() < 1


def test_decode_full_and_limited_range_agree():
    limited, *others = (
        next(decode(FILES / name)).pixels.astype(int)
        for name in ("h264.mp4", "full.mp4", "hevc_full.mp4", "tenfull.mkv", "mjpeg.avi", "ten.mkv")
    )
    for pixels in others:
        # Stretched contrast, as from a range that was not converted, differs by 8 on average.
        assert np.abs(pixels - limited).mean() < 4


@pytest.mark.parametrize(("pix_fmt", "codec"), [("yuvj420p", "libx264"), ("yuv420p", "libx264")])
def test_visual_input_shows_known_colours(tmp_path, pix_fmt, codec):
    colours = np.array([(200, 30, 39), (255, 255, 255), (20, 180, 60)], dtype=np.uint8)
    picture = np.repeat(np.repeat(colours[None], 112, axis=0), 56, axis=1)
    path = write_video(
        tmp_path / "a.mp4",
        pictures=[picture] * 12,
        size=(168, 112),
        codec=codec,
        pix_fmt=pix_fmt,
        codec_options={"crf": "1"},
    )
    frames = uniform_frames(path, count=2).pixels
    canvases = codec_canvases(path, canvases=4).pixels
    for pictures in (frames, canvases):
        for place in (28, 84, 140):
            middle = pictures[0, pictures.shape[1] // 2, place * pictures.shape[2] // 168]
            np.testing.assert_allclose(middle.astype(int), colours[place // 56].astype(int), atol=3)


def test_cached_canvases_ignores_earlier_pixel_version(tmp_path, monkeypatch):
    info = probe(write_video(tmp_path / "a.mp4", frames=20))
    cache = InputCache(tmp_path / "cache")
    monkeypatch.setattr("jumpscore.video.codec.canvases.PIXELS", "1")
    before = cached_canvases(info, cache, canvases=4)
    monkeypatch.undo()
    after = cached_canvases(info, cache, canvases=4)
    assert (cache.stats.stored, cache.stats.hits) == (2, 0)
    assert before.fingerprint != after.fingerprint
    assert after.provenance["pixels"] == PIXELS
    cached_canvases(info, cache, canvases=4)
    assert cache.stats.hits == 1

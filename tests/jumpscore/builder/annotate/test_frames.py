from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import CancelledError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.annotate.frames import AHEAD, BEHIND, NEAR, REFILL, FrameReader
from jumpscore.builder.annotate.pictures import (
    WIDTHS,
    PictureCache,
    PictureKey,
    snapped_width,
)
from jumpscore.video import probe
from tests.jumpscore.builder.annotate.serving import number_in
from tests.support import write_video


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true; fail after a minute."""
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture(scope="module")
def info(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames")
    return probe(write_video(folder / "a.mp4", frames=250, gop=50, size=(128, 96), b_frames=3))


@pytest.fixture
def cache():
    return PictureCache()


@pytest.fixture
def reader(info, cache):
    reader = FrameReader("a", info, cache)
    yield reader
    reader.close()


def cached(cache: PictureCache, width: int = 128) -> list[int]:
    return [index for index in range(250) if PictureKey("a", index, width) in cache]


def test_reader_prepares_frames_on_both_sides(reader, cache):
    assert number_in(reader.picture(120, 128).result()) == 120
    expected = list(range(120 - BEHIND, 120 + AHEAD + 1))
    eventually(lambda: cached(cache) == expected)
    # A step needs no decoding, and what lies further away is left alone until the nearest is used.
    assert reader.picture(121, 128).done()
    assert reader.picture(119, 128).done()
    for index in expected:
        assert number_in(cache.get(PictureKey("a", index, 128))) == index


def test_reader_refills_before_the_shown_frame(reader, cache):
    reader.picture(200, 128).result()
    eventually(lambda: len(cached(cache)) == BEHIND + AHEAD + 1)
    reader.picture(200 - BEHIND + REFILL, 128).result()
    time.sleep(0.2)
    first = 200 - BEHIND
    assert cached(cache)[0] == first
    reader.picture(first + REFILL - 1, 128).result()
    eventually(lambda: cached(cache)[0] == max(0, first + REFILL - 1 - BEHIND))


def test_reader_at_both_ends(reader, cache):
    assert number_in(reader.picture(0, 128).result()) == 0
    assert number_in(reader.picture(249, 128).result()) == 249
    eventually(lambda: cached(cache)[-NEAR:] == list(range(250 - NEAR, 250)))


def test_reader_newest_request_first(reader):
    futures = [reader.picture(index, 64) for index in (240, 30, 160, 90)]
    assert [number_in(future.result()) for future in futures] == [240, 30, 160, 90]


def test_reader_skips_cancelled_requests(reader, cache):
    futures = [reader.picture(index, 128) for index in (10, 240, 125)]
    futures[1].cancel()
    assert number_in(futures[2].result()) == 125
    assert number_in(futures[0].result()) == 10
    with pytest.raises(CancelledError):
        futures[1].result()
    assert PictureKey("a", 240, 128) not in cache


def test_reader_closed(info, cache):
    reader = FrameReader("a", info, cache)
    reader.picture(200, 128)
    reader.close()
    assert reader.picture(10, 128).cancelled()


def test_reader_stops_preparing_in_a_small_cache(info):
    cache = PictureCache(limit=20_000)
    reader = FrameReader("a", info, cache)
    assert number_in(reader.picture(120, 128).result()) == 120
    eventually(lambda: reader._prepared > cache.limit // 4)
    prepared = reader._prepared
    time.sleep(0.1)
    assert reader._prepared == prepared
    assert PictureKey("a", 120, 128) in cache
    reader.close()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 60)), max_size=60))
def test_cache_equals_list_of_recent_pictures(puts):
    cache = PictureCache(limit=100)
    recent: list[tuple[int, int]] = []
    for frame, size in puts:
        cache.put(PictureKey("a", frame, 1), bytes(size))
        recent = [(other, n) for other, n in recent if other != frame] + [(frame, size)]
        while sum(n for _, n in recent) > 100:
            recent.pop(0)
    for frame in range(10):
        picture = cache.get(PictureKey("a", frame, 1))
        assert (None if picture is None else len(picture)) == dict(recent).get(frame)


def test_cache_drops_pictures_used_least_recently():
    cache = PictureCache(limit=3)
    keys = [PictureKey("a", frame, 1) for frame in range(4)]
    for key in keys[:3]:
        cache.put(key, b"x")
    assert cache.get(keys[0]) == b"x"
    cache.put(keys[3], b"x")
    assert [key in cache for key in keys] == [True, False, True, True]


@pytest.mark.parametrize(("width", "expected"), [(1, 128), (128, 128), (5000, 128)])
def test_snapped_width_small_video(info, width, expected):
    assert snapped_width(width, info) == expected


def test_snapped_width_large_video(info):
    from dataclasses import replace

    large = replace(info, width=3840, height=2160)
    assert [snapped_width(width, large) for width in (1, 320, 321, 1000, 9000)] == [
        320,
        320,
        480,
        1280,
        WIDTHS[-1],
    ]

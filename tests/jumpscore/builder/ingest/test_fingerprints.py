from __future__ import annotations

import gc
import io
import warnings

import cv2
import numpy as np
import pytest

from jumpscore.builder.ingest.examine import examine
from jumpscore.builder.ingest.fingerprints import (
    GRID,
    OVERLAP,
    Fingerprint,
    are_similar,
    read_fingerprint,
    similarity,
    store_fingerprint,
)
from tests.jumpscore.builder.ingest.clips import SIZE, clip
from tests.support import write_video


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "a.mp4"
    return examine(write_video(path, pictures=clip(1), size=SIZE)).fingerprint


def scaled(pictures):
    return [cv2.resize(p, (60, 40), interpolation=cv2.INTER_AREA) for p in pictures]


def brighter(pictures):
    return [np.clip(p * 0.7 + 50, 0, 255).astype(np.uint8) for p in pictures]


COPIES = {
    "re-encoded": lambda pictures: pictures,
    "scaled": scaled,
    "brighter": brighter,
    "trimmed": lambda pictures: pictures[13:-20],
    "mirrored": lambda pictures: [np.ascontiguousarray(p[:, ::-1]) for p in pictures],
    "all": lambda pictures: scaled(brighter(pictures[7:-7])),
}


@pytest.mark.parametrize("change", COPIES)
def test_copies_are_similar(original, tmp_path, change):
    pictures = COPIES[change](clip(1))
    size = pictures[0].shape[1::-1]
    copy = write_video(
        tmp_path / "b.mp4", pictures=pictures, size=size, codec_options={"crf": "34"}
    )
    assert are_similar(original, examine(copy).fingerprint)


def test_copies_at_another_rate_are_similar(original, tmp_path):
    times = [number / 25 for number in range(0, 150, 2)]
    copy = write_video(tmp_path / "b.mp4", pictures=clip(1)[::2], times=times, size=SIZE)
    assert are_similar(original, examine(copy).fingerprint)


@pytest.mark.parametrize("seed", range(2, 7))
def test_other_movement_in_the_same_scene_is_not_similar(original, tmp_path, seed):
    other = write_video(tmp_path / "b.mp4", pictures=clip(seed), size=SIZE)
    assert similarity(original, examine(other).fingerprint) < 0.6


def test_short_excerpts_are_not_compared(original, tmp_path):
    short = write_video(tmp_path / "b.mp4", pictures=clip(1)[:12], size=SIZE)
    assert similarity(original, examine(short).fingerprint) == 0.0


def test_similarity_of_a_video_to_itself(original):
    assert 0.999 < similarity(original, original) <= 1.0


def slow_similarity(one: np.ndarray, other: np.ndarray) -> float:
    """The definition: the best normalised correlation over all shifts, one after the other."""
    n, m = len(one), len(other)
    best = -1.0
    for shift in range(1 - m, n):
        begin, end = max(shift, 0), min(shift + m, n)
        if end - begin < OVERLAP * min(n, m):
            continue
        a, b = one[begin:end].ravel(), other[begin - shift : end - shift].ravel()
        best = max(best, float(a @ b / np.sqrt((a @ a) * (b @ b))))
    return best


@pytest.mark.parametrize(("n", "m"), [(20, 20), (60, 25), (25, 60), (41, 40)])
def test_similarity_equals_its_definition(n, m):
    rng = np.random.default_rng(n * m)
    base = rng.normal(0, 4, (80, GRID, GRID))
    one = (base[10 : 10 + n] + rng.normal(0, 1, (n, GRID, GRID))).astype(np.float16)
    other = (base[12 : 12 + m] + rng.normal(0, 1, (m, GRID, GRID))).astype(np.float16)
    picture = np.eye(GRID, dtype=np.float32)  # its mirror image is another picture
    value = similarity(Fingerprint(picture, one), Fingerprint(picture, other))
    expected = slow_similarity(one.astype(np.float64), other.astype(np.float64))
    assert value == pytest.approx(expected, abs=1e-4)


def test_fingerprint_round_trip(original, tmp_path):
    store_fingerprint(tmp_path / "a.npz", original)
    stored = read_fingerprint(tmp_path / "a.npz")
    assert stored is not None
    assert np.array_equal(stored.changes, original.changes)
    assert np.array_equal(stored.picture, original.picture)


def stored_array(*items) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array(items))
    return stream.getvalue()


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04junk", b"\x93NUMPY", b"text", stored_array(1, 2)]
)
def test_damaged_fingerprint_is_missing(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    # A file that stays open is a warning that names it; other tests may have left garbage too.
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert read_fingerprint(tmp_path / "a.npz") is None
        gc.collect()
    assert not [warning for warning in caught if "a.npz" in str(warning.message)]
    assert read_fingerprint(tmp_path / "gone.npz") is None

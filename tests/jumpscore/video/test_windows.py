"""Windows of a video: where they begin and end, and that only their frames are read."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.errors import UsageError, VideoError
from jumpscore.video import VideoInfo, codec_canvases, decode, probe, stored_frames, uniform_frames
from jumpscore.video.prepared.folders import read_prepared, write_prepared
from jumpscore.video.windows import cut, probe_once, window_spans
from tests.support import read_number, write_video


def video_of(frames: int, fps: float, times=None) -> VideoInfo:
    """Facts of a video that does not exist."""
    at = np.arange(frames) / fps if times is None else np.asarray(times, dtype=np.float64)
    return VideoInfo(
        path=Path("clip.mp4"),
        width=64,
        height=48,
        coded_size=(64, 48),
        rotation=0,
        codec="h264",
        times=at,
        bits=np.full(len(at), 800),
        keyframe_times=at[::12],
        duration=float(at[-1] + 1 / fps),
        truncated=None,
    )


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """10 s of numbered frames with a key frame every second and frames in another order."""
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mp4", frames=250, gop=25)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (6.0, [(0.0, 6.0)]),
        (8.0, [(0.0, 8.0)]),
        # The second window would add 0.8 s, less than the overlap: the first has it.
        (8.8, [(0.0, 8.8)]),
        (9.0, [(0.0, 8.0), (7.0, 9.0)]),
        (15.0, [(0.0, 8.0), (7.0, 15.0)]),
        (15.4, [(0.0, 8.0), (7.0, 15.4)]),
        (20.0, [(0.0, 8.0), (7.0, 15.0), (14.0, 20.0)]),
    ],
)
def test_spans_of_a_constant_rate(seconds, expected):
    info = video_of(round(25 * seconds), 25.0)
    assert np.array(window_spans(info, length=8, overlap=1)) == pytest.approx(np.array(expected))


def test_spans_begin_at_frames_and_skip_gaps():
    # Nothing from 5.5 to 30 s, as in a recording of a screen.
    times = [*np.arange(0.3, 5.5, 0.1), *np.arange(30.0, 33.0, 0.1)]
    info = video_of(0, 10.0, times)
    spans = window_spans(info, length=4, overlap=1)
    assert spans[0] == pytest.approx((0.0, 4.0))
    assert spans[1] == pytest.approx((3.0, 30.0))
    assert spans[-1][1] == pytest.approx(info.duration)
    assert all(cut(info, span).frames > 0 for span in spans)


@given(st.lists(st.integers(1, 3000), min_size=1), st.integers(500, 9000), st.floats(0, 0.5))
def test_spans_cover_every_frame(gaps, length, share):
    info = video_of(0, 25.0, np.cumsum(gaps) / 1000)
    spans = window_spans(info, length=length / 1000, overlap=share * length / 1000)
    starts = [start for start, _ in spans]
    assert starts == sorted(set(starts))
    covered: set[int] = set()
    for span in spans:
        part = cut(info, span)
        first = 0 if part.window is None else part.window.first
        covered.update(range(first, first + part.frames))
        assert part.times == pytest.approx(info.times[first : first + part.frames] - span[0])
        assert first == 0 or part.times[0] == pytest.approx(0.0, abs=1e-6)
        assert part.duration > part.times[-1]
    assert covered == set(range(info.frames))
    assert all(one[0] < other[0] and one[1] <= other[1] for one, other in pairwise(spans))


@pytest.mark.parametrize("overlap", [-0.1, 4.1])
def test_spans_refuse_an_overlap(overlap):
    with pytest.raises(UsageError, match="give 0 to 4 seconds"):
        window_spans(video_of(500, 25.0), length=8, overlap=overlap)


def test_spans_refuse_too_many():
    with pytest.raises(UsageError, match="give longer windows"):
        window_spans(video_of(50_000, 5.0), length=0.5, overlap=0.25)


def test_cut_frames_are_those_of_the_file(clip):
    part = cut(probe(clip), (4.2, 7.4))
    frames = list(decode(clip, [0, 1, 40, 79], info=part))
    assert [read_number(frame.pixels) for frame in frames] == [105, 106, 145, 184]
    assert [frame.time for frame in frames] == pytest.approx([0.0, 0.04, 1.6, 3.16])
    keys = probe(clip).keyframe_times
    assert part.keyframe_times == pytest.approx(keys[(keys >= 4.2) & (keys < 7.4)] - 4.2)
    assert part.constant_rate
    assert part.fps == pytest.approx(25.0)


def test_cut_of_the_whole_video_is_the_video(clip):
    info = probe(clip)
    assert cut(info, (0.0, info.duration)) is info


def test_cut_outside_of_the_video(clip):
    with pytest.raises(VideoError, match="no frame from 12"):
        cut(probe(clip), (12.0, 13.0))


@pytest.mark.parametrize("name", ["clip.avi", "clip.ts", "clip.mkv"])
def test_cut_of_other_containers(tmp_path, name):
    # AVI has no presentation times, and MPEG-TS begins at 1.4 s: both need repairs.
    clip = write_video(tmp_path / name, frames=150, gop=25)
    info = probe(clip)
    part = cut(info, window_spans(info, length=2, overlap=0.5)[2])
    numbers = [read_number(f.pixels) for f in decode(clip, [0, 10, 30], info=part)]
    assert numbers == [75, 85, 105]


def test_cut_reads_only_from_the_key_frame(clip, monkeypatch):
    decoded = []
    source = stored_frames._Source._index

    def counted(self, pts):
        decoded.append(pts)
        return source(self, pts)

    monkeypatch.setattr(stored_frames._Source, "_index", counted)
    part = cut(probe(clip), (8.0, 9.0))
    assert [read_number(f.pixels) for f in decode(clip, [0, 24], info=part)] == [200, 224]
    assert len(set(decoded)) < 50  # of 250: the window, and what the decoder reads ahead


def test_uniform_frames_of_a_window(clip):
    part = cut(probe(clip), (4.2, 7.4))
    visual = uniform_frames(clip, count=4, info=part)
    assert [text[1:4] for text in visual.stamp_texts] == ["0.0", "1.0", "2.1", "3.2"]
    assert [read_number(pixels) for pixels in visual.pixels] == [105, 131, 158, 184]
    assert visual.fingerprint != uniform_frames(clip, count=4).fingerprint


def test_canvases_of_a_window_can_be_stored(clip, tmp_path):
    part = cut(probe(clip), (4.2, 7.4))
    visual = codec_canvases(clip, canvases=4, info=part)
    assert max(visual.frame_indices) < part.frames
    stored = write_prepared(visual, tmp_path / "stored", lossless=True)
    again = read_prepared(tmp_path / "stored")
    assert again.span == (4.2, 7.4)
    assert np.array_equal(again.pixels, visual.pixels)
    assert stored.fingerprint == again.fingerprint
    # Decoded again, without the stored pictures: the same frames of the file.
    assert np.array_equal(again.changed(folder=None, path=clip).pixels, visual.pixels)


def test_probe_once_reads_a_replaced_file_again(tmp_path):
    clip = write_video(tmp_path / "clip.mp4", frames=20)
    assert probe_once(clip).frames == 20
    assert probe_once(clip) is probe_once(clip)
    write_video(clip, frames=30)
    assert probe_once(clip).frames == 30

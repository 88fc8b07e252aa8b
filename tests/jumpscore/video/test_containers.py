"""Only the file that a path names is read: no playlists, no image sequences, no addresses."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest
from av.stream import Disposition

from jumpscore.errors import VideoError
from jumpscore.video import header_duration, probe, uniform_frames
from jumpscore.video.codec.canvases import cached_canvases
from jumpscore.video.containers import FORMATS, open_video
from jumpscore.video.prepared.cache import InputCache
from tests.support import write_video

PLAYLISTS = {
    "a.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\nother.ts\n#EXT-X-ENDLIST\n",
    "a.ffconcat": "ffconcat version 1.0\nfile other.ts\n",
    "a.mp4": "ffconcat version 1.0\nfile other.ts\n",
    "a.mkv": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\nother.ts\n#EXT-X-ENDLIST\n",
    "a.mpd": (
        '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
        'mediaPresentationDuration="PT2S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011">'
        '<Period><AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1">'
        "<BaseURL>other.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>\n"
    ),
    "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nt=0 0\nm=video 5004 RTP/AVP 96\n",
}


@pytest.fixture
def folder(tmp_path):
    write_video(tmp_path / "other.ts", frames=20)
    write_video(tmp_path / "other.mp4", frames=20)
    return tmp_path


@pytest.mark.parametrize("name", PLAYLISTS)
def test_probe_rejects_playlists(folder, name):
    path = folder / name
    path.write_text(PLAYLISTS[name])
    for read in (probe, header_duration):
        with pytest.raises(
            VideoError, match=r"text file that refers to other media.*the video file itself"
        ):
            read(path)
    with pytest.raises(VideoError, match="text file that refers to other media"):
        uniform_frames(path, count=2)


def test_av_open_follows_playlists(folder):
    """Without our check FFmpeg follows these samples."""
    import av

    for name in ("a.m3u8", "a.ffconcat", "a.mp4"):
        path = folder / name
        path.write_text(PLAYLISTS[name])
        with av.open(str(path)) as container:
            assert len(list(container.decode(video=0))) == 20


def test_cached_canvases_never_stores_pixels_of_playlists(folder):
    """Otherwise two sets with equal playlists but different clips would share a key."""
    cache = InputCache(folder / "cache")
    path = folder / "a.mp4"
    path.write_text(PLAYLISTS["a.mp4"])
    with pytest.raises(VideoError):
        cached_canvases(probe(path), cache, canvases=4)
    assert cache.stats.stored == 0


def test_probe_rejects_pictures_and_sequences(tmp_path, monkeypatch):
    for number in (1, 2):
        cv2.imwrite(str(tmp_path / f"frame{number}.png"), np.zeros((32, 32, 3), np.uint8))
    for name in ("frame%d.png", "frame1.png"):
        if not (tmp_path / name).exists():
            (tmp_path / name).write_bytes((tmp_path / "frame1.png").read_bytes())
        with pytest.raises(VideoError, match="cannot be opened as a video"):
            probe(tmp_path / name)


def test_formats_exclude_those_that_open_other_files():
    risky = {"concat", "hls", "dash", "image2", "sdp", "rtsp", "imf", "webm_dash_manifest", "lavfi"}
    assert not risky & {name for names in FORMATS for name in names.split(",")}


@pytest.mark.parametrize(
    "name",
    ["http://localhost/a.mp4", "file:a.mp4", "concat:other.ts|other.ts", "pipe:0", "async:a.mp4"],
)
def test_probe_treats_addresses_as_paths(folder, name, monkeypatch):
    monkeypatch.chdir(folder)
    with pytest.raises(VideoError, match="no such video file"):
        probe(name)


def test_probe_accepts_special_characters_in_names(tmp_path):
    for name in ("a|b.mp4", "50%d.mp4", "clip*.mkv", "a?b.ts", "[x].mp4"):
        assert probe(write_video(tmp_path / name, frames=20)).frames == 20


def test_open_video_rejects_missing_track(tmp_path):
    path = write_video(tmp_path / "a.mp4", frames=3)
    with pytest.raises(VideoError, match="video track 7 is gone"), open_video(path, track=7):
        pass


def test_probe_rejects_song_with_cover(tmp_path):
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=48000)
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = Disposition.attached_pic.value
        picture = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        for packet in [*cover.encode(picture.reformat(format="yuvj420p")), *cover.encode()]:
            container.mux(packet)
        frame = av.AudioFrame.from_ndarray(
            np.zeros((sound.channels, 1024), np.float32), format="fltp", layout=sound.layout.name
        )
        frame.sample_rate = 48000
        for packet in [*sound.encode(frame), *sound.encode()]:
            container.mux(packet)
    with pytest.raises(VideoError, match=r"no video stream \(only a cover picture, audio\)"):
        probe(path)

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.errors import DataError
from jumpscore.video import codec_canvases, uniform_frames
from jumpscore.video.prepared.folders import write_prepared
from jumpscore.video.prepared.references import (
    has_files,
    is_reference,
    keep,
    parse_reference,
    picture_files,
    read_reference,
    reference_to,
)
from model_wrappers.llava_onevision2.processing import CodecConfig, process_codec_video
from tests.support import write_video


@pytest.fixture
def canvases(tmp_path):
    clip = write_video(tmp_path / "clip.mp4", frames=100, fps=25, size=(112, 84))
    visual = codec_canvases(clip, canvases=6).changed(decimals=3)
    return write_prepared(visual, tmp_path / "media" / "inputs" / "one", lossless=True)


def test_read_reference_returns_prepared_input(canvases, tmp_path):
    content = reference_to(canvases).to_bytes()
    assert is_reference(content)
    path = keep(content, tmp_path / "media")
    assert path == keep(content, tmp_path / "media")
    restored = read_reference(path)
    assert np.array_equal(restored.pixels, canvases.pixels)
    assert np.array_equal(restored.patch_positions, canvases.patch_positions)
    assert restored.stamp_texts == canvases.stamp_texts
    assert process_codec_video(str(path), CodecConfig())["fps"] == 25.0


def test_keep_other_decimals_are_another_file(canvases, tmp_path):
    one, other = (
        keep(reference_to(canvases.changed(decimals=n)).to_bytes(), tmp_path) for n in (1, 2)
    )
    assert one != other


def test_keep_stores_videos_unchanged(tmp_path):
    path = keep(b"\x00\x00\x00 ftypisom", tmp_path)
    assert path.suffix == ".video"
    assert path.read_bytes() == b"\x00\x00\x00 ftypisom"
    assert not is_reference(b"\x00\x00\x00 ftypisom")


def test_read_reference_rejects_other_folders(canvases, tmp_path):
    path = keep(reference_to(canvases).to_bytes(), tmp_path / "other")
    with pytest.raises(DataError, match="is not below"):
        read_reference(path)


def test_reference_to_rejects_unsupported_inputs(canvases, tmp_path):
    with pytest.raises(DataError, match=r"run with run\.cache=true"):
        reference_to(canvases.changed(folder=None))
    with pytest.raises(DataError, match=r"input\.time_policy=released"):
        reference_to(canvases.changed(time_policy="pts"))


def test_frames_by_reference(canvases, tmp_path):
    frames = uniform_frames(canvases.path, count=8)
    media = tmp_path / "media"
    assert not has_files(frames, below=media)
    stored = write_prepared(frames, media / "inputs" / "two", lossless=True)
    assert has_files(stored, below=media)
    assert not has_files(stored, below=tmp_path / "other")
    path = keep(reference_to(stored).to_bytes(), media)
    assert parse_reference(path.read_bytes()).kind == "frames"
    assert np.array_equal(read_reference(path).pixels, frames.pixels)
    files = picture_files(stored.folder, len(frames.blocks))
    read = [cv2.imread(str(file))[..., ::-1] for file in files]
    assert np.array_equal(read, frames.pixels)
    # Pictures that were compressed are not those that were prepared.
    assert not has_files(write_prepared(frames, media / "inputs" / "three"), below=media)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_parse_reference_rejects_other_bytes(content):
    with pytest.raises(DataError, match="invalid reference to pictures"):
        parse_reference(content)


@pytest.mark.parametrize("field", ["format", "folder", "video", "fingerprint", "decimals", "kind"])
def test_parse_reference_checks_every_field(canvases, field):
    values = json.loads(reference_to(canvases).to_bytes())
    with pytest.raises(DataError, match="invalid reference"):
        parse_reference(json.dumps(values | {field: ["x"]}).encode())
    del values[field]
    with pytest.raises(DataError, match="invalid reference"):
        parse_reference(json.dumps(values).encode())

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.errors import DataError
from jumpscore.video import codec_canvases
from jumpscore.video.prepared import write_prepared
from jumpscore.video.prepared.references import (
    is_reference,
    keep,
    parse_reference,
    read_reference,
    reference_to,
)
from model_wrappers.llava_onevision2.processing import CodecConfig, process_codec_video
from tests.support import write_video


@pytest.fixture
def canvases(tmp_path):
    clip = write_video(tmp_path / "clip.mp4", frames=100, fps=25, size=(112, 84))
    made = codec_canvases(clip, canvases=6).changed(decimals=3)
    return write_prepared(made, tmp_path / "media" / "inputs" / "one", lossless=True)


def test_what_the_server_reads_is_what_was_prepared(canvases, tmp_path):
    content = reference_to(canvases).to_bytes()
    assert is_reference(content)
    path = keep(content, tmp_path / "media")
    assert path == keep(content, tmp_path / "media")
    found = read_reference(path)
    assert np.array_equal(found.pixels, canvases.pixels)
    assert np.array_equal(found.patch_positions, canvases.patch_positions)
    assert found.stamp_texts == canvases.stamp_texts
    assert process_codec_video(str(path), CodecConfig())["fps"] == 25.0


def test_other_stamps_are_another_file(canvases, tmp_path):
    one, other = (
        keep(reference_to(canvases.changed(decimals=n)).to_bytes(), tmp_path) for n in (1, 2)
    )
    assert one != other


def test_a_video_is_kept_as_it_is(tmp_path):
    path = keep(b"\x00\x00\x00 ftypisom", tmp_path)
    assert path.suffix == ".video"
    assert path.read_bytes() == b"\x00\x00\x00 ftypisom"
    assert not is_reference(b"\x00\x00\x00 ftypisom")


def test_a_folder_elsewhere_is_refused(canvases, tmp_path):
    path = keep(reference_to(canvases).to_bytes(), tmp_path / "other")
    with pytest.raises(DataError, match="is not below"):
        read_reference(path)


def test_what_a_server_cannot_do_is_said_before_it_is_asked(canvases, tmp_path):
    with pytest.raises(DataError, match=r"run with run\.cache=true"):
        reference_to(canvases.changed(folder=None))
    with pytest.raises(DataError, match=r"input\.time_policy=released"):
        reference_to(canvases.changed(time_policy="pts"))


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_reference_or_none(content):
    with pytest.raises(DataError, match="no reference to canvases"):
        parse_reference(content)


@pytest.mark.parametrize("field", ["folder", "video", "fingerprint", "decimals", "kind"])
def test_every_field_is_checked(canvases, field):
    values = json.loads(reference_to(canvases).to_bytes())
    with pytest.raises(DataError, match="no reference"):
        parse_reference(json.dumps(values | {field: ["x"]}).encode())
    del values[field]
    with pytest.raises(DataError, match="no reference"):
        parse_reference(json.dumps(values).encode())

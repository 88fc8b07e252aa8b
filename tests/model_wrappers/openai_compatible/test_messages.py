from __future__ import annotations

import base64

import cv2
import numpy as np
import pytest
from PIL import Image

from jumpscore.errors import DataError
from jumpscore.video import uniform_frames
from model_wrappers.families import INTERNVL3_5
from model_wrappers.openai_compatible.messages import (
    frame_parts,
    frames_video_part,
    image_part,
    video_part,
)
from tests.support import write_video


@pytest.fixture(scope="module")
def visual(tmp_path_factory):
    path = tmp_path_factory.mktemp("v") / "a.mp4"
    return uniform_frames(write_video(path, frames=50, fps=25, size=(112, 84)), count=4)


def decoded(content):
    return cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), 1)[..., ::-1]


def test_frames_video_part_joins_pictures(visual):
    part = frames_video_part(visual)
    head, _, content = part["video_url"]["url"].partition(",")
    assert (part["type"], head) == ("video_url", "data:video/jpeg;base64")
    pictures = [decoded(piece) for piece in content.split(",")]
    np.testing.assert_array_equal(pictures, visual.pixels)


def test_frame_parts_text_before_frames(visual):
    parts = frame_parts(visual, format="png", before=INTERNVL3_5.before_frame)
    assert [part["type"] for part in parts] == ["text", "image_url"] * 4
    assert [part["text"] for part in parts[::2]] == [
        f"Frame{number} {stamp}: " for number, stamp in enumerate(visual.stamp_texts, start=1)
    ]
    content = parts[3]["image_url"]["url"].partition(",")[2]
    np.testing.assert_array_equal(decoded(content), visual.pixels[1])


@pytest.mark.parametrize("name", ["clip.mp4", "key", "picture.png"])
def test_parts_of_other_files_are_refused(tmp_path, name):
    file = tmp_path / name
    file.write_text("-----BEGIN PRIVATE KEY-----\n" + "A" * 200)
    for by in ("data", "file"):
        with pytest.raises(DataError, match="not a video, so it is not sent"):
            video_part(file, by=by)
    with pytest.raises(DataError, match="not an image, so it is not sent"):
        image_part(file)


def test_parts_send_files_unchanged(tmp_path):
    video = write_video(tmp_path / "a.mp4", frames=5)
    url = video_part(video)["video_url"]["url"]
    assert base64.b64decode(url.removeprefix("data:video/mp4;base64,")) == video.read_bytes()
    assert video_part(video, by="file")["video_url"]["url"] == video.as_uri()
    for suffix in ("png", "jpg", "webp"):
        picture = tmp_path / f"a.{suffix}"
        Image.new("RGB", (4, 4)).save(picture)
        url = image_part(picture)["image_url"]["url"]
        assert base64.b64decode(url.split(",")[1]) == picture.read_bytes()

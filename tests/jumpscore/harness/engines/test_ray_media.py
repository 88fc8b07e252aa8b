"""Media of a question on a machine with and without the folder that contains them."""

from __future__ import annotations

import os

import pytest

from jumpscore.harness.engines import ray_media
from jumpscore.harness.engines.ray_media import (
    MediaFile,
    digest_of,
    localised,
    media_of,
    missing,
    receive,
)
from jumpscore.records import Media, Question


def question(path):
    return Question("q", (Media(path),), "How many?")


def test_missing_only_files_that_differ(tmp_path):
    file = tmp_path / "a.mp4"
    file.write_bytes(b"video")
    [known] = media_of(question(file))
    assert missing([known], tmp_path / "received") == []
    os.utime(file, ns=(1, 1))  # another file at the same path of another machine
    assert missing([known], tmp_path / "received") == [known]
    file.unlink()
    assert missing([known], tmp_path / "received") == [known]


def test_media_of_leaves_out_files_that_do_not_exist(tmp_path):
    assert media_of(question(tmp_path / "gone.mp4")) == ()


def test_localised_points_to_the_received_file_of_the_same_name(tmp_path):
    path, folder = tmp_path / "there" / "a.mp4", tmp_path / "received"
    file = MediaFile(path, 5, 1, digest_of(b"video"))
    receive(file, b"video", folder)
    receive(file, b"video", folder)
    assert missing([file], folder) == []
    [media] = localised(question(path), [file], folder).media
    assert media.path.read_bytes() == b"video"
    assert media.path.name == "a.mp4"
    assert len(list(folder.rglob("*.mp4"))) == 1


@pytest.mark.parametrize("is_link", [False, True])
def test_received_files_of_another_user_are_not_used(tmp_path, monkeypatch, is_link):
    file = MediaFile(tmp_path / "there" / "a.mp4", 5, 1, digest_of(b"video"))
    place = folder = tmp_path / "received"
    receive(file, b"video", folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    if is_link:
        place = tmp_path / "link"
        place.symlink_to(folder)
    else:
        monkeypatch.setattr(ray_media, "_user", lambda: -1)
    assert missing([file], place) == [file]
    with pytest.raises(PermissionError, match="belongs to another user"):
        receive(file, b"video", place)

from __future__ import annotations

import os

import pytest

from jumpscore.builder.ingest.files import find_files
from jumpscore.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "in"
    (root / "sub").mkdir(parents=True)
    for name in ("b.mp4", "a.MOV", "sub/c.webm", "notes.txt", ".hidden.mp4", "sub/._c.webm"):
        (root / name).write_bytes(b"x")
    return root


def names(files):
    return [file.name for file in files.videos]


def test_find_files_below_a_folder(folder, tmp_path):
    files = find_files([folder], project=tmp_path / "p")
    assert names(files) == ["a.MOV", "b.mp4", "sub/c.webm"]
    assert files.others == 3
    assert all(file.problem is None for file in files.videos)


def test_find_files_takes_named_files_of_any_suffix(folder, tmp_path):
    files = find_files([folder / "notes.txt", folder / "b.mp4", folder], project=tmp_path / "p")
    assert names(files) == ["notes.txt", "b.mp4", "a.MOV", "sub/c.webm"]


def test_find_files_names_are_unique(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.mp4").write_bytes(b"y")
    paths = [folder, other]
    expected = ["a.MOV", str(folder / "b.mp4"), "sub/c.webm", str(other / "b.mp4")]
    assert names(find_files(paths, project=tmp_path / "p")) == expected


def test_find_files_leaves_out_the_project(folder):
    project = folder / "project"
    (project / "videos").mkdir(parents=True)
    (project / "videos" / "x.mp4").write_bytes(b"x")
    assert names(find_files([folder], project=project)) == ["a.MOV", "b.mp4", "sub/c.webm"]


def test_find_files_names_links_out_of_the_folder(folder, tmp_path):
    (tmp_path / "secret.mp4").write_bytes(b"x")
    (tmp_path / "other").mkdir()
    (folder / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    (folder / "inside.mp4").symlink_to(folder / "b.mp4")
    (folder / "gone.mp4").symlink_to(folder / "nowhere.mp4")
    (folder / "tree").symlink_to(tmp_path / "other")
    problems = {file.name: file.problem for file in find_files([folder], project=tmp_path).videos}
    assert problems["link.mp4"] == "is a link out of the folder; name the file itself"
    assert problems["gone.mp4"] == "is a link to a missing file"
    assert problems["tree"] == "is a link to a folder; name that folder, too"
    assert problems["inside.mp4"] is None


def test_find_files_opens_no_pipes(folder, tmp_path):
    os.mkfifo(folder / "pipe.mp4")
    [named] = find_files([folder / "pipe.mp4"], project=tmp_path).videos
    below = {file.name: file.problem for file in find_files([folder], project=tmp_path).videos}
    assert named.problem == below["pipe.mp4"] == "is not a regular file"


def test_find_files_missing_path(tmp_path):
    with pytest.raises(UsageError, match="gone: no such file or folder"):
        find_files([tmp_path / "gone"], project=tmp_path)

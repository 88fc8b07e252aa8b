from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.imports.videos import VideoFinder, stored_paths
from jumpscore.errors import DataError


@pytest.fixture
def marks(tmp_path):
    """An annotation file, with nothing next to it."""
    file = tmp_path / "marks" / "clip.eaf"
    file.parent.mkdir()
    file.touch()
    return file


def put(*path) -> None:
    file = path[0].joinpath(*path[1:])
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch()


@pytest.mark.parametrize(
    "stored",
    [
        "clip.mp4", "./clip.mp4", "videos/clip.mp4", r"C:\Users\me\clip.mp4",
        "file:///media/usb/clip.mp4", "https://host/a/clip.mp4?token=1", "clip",
        "/data/upload/4/0123abcd-clip.mp4", "/data/local-files/?d=sets%2Fclip.mp4",
        "../../clip.mp4",
    ],
)  # fmt: skip
def test_find_next_to_the_file_and_below_a_folder(marks, tmp_path, stored):
    put(marks.parent, "clip.mp4")
    assert VideoFinder(None).find(marks, [stored]) == marks.parent / "clip.mp4"
    (marks.parent / "clip.mp4").unlink()
    put(tmp_path, "all", "day 1", "clip.mp4")
    put(tmp_path, "all", "day 1", "notclip.mp4")
    video = VideoFinder(tmp_path / "all").find(marks, [stored])
    assert video == tmp_path / "all" / "day 1" / "clip.mp4"


def test_find_without_a_stored_name(marks):
    put(marks.parent, "clip.mov")
    assert VideoFinder(None).find(marks, []) == marks.parent / "clip.mov"


def test_find_stored_folder_decides_between_names(marks, tmp_path):
    put(tmp_path, "all", "a", "clip.mp4")
    put(tmp_path, "all", "b", "clip.mp4")
    finder = VideoFinder(tmp_path / "all")
    assert finder.find(marks, ["b/clip.mp4"]) == tmp_path / "all/b/clip.mp4"
    with pytest.raises(DataError, match=r"matches 2 files in .* \(a/clip.mp4, b/clip.mp4\)"):
        finder.find(marks, ["clip.mp4"])


def test_find_two_suffixes_are_ambiguous(marks):
    put(marks.parent, "clip.mov")
    put(marks.parent, "clip.mp4")
    with pytest.raises(DataError, match=r"matches clip\.mov, clip\.mp4; remove all but one"):
        VideoFinder(None).find(marks, [])


def test_find_never_leaves_the_folders(marks, tmp_path):
    put(tmp_path, "private", "clip.mp4")
    for stored in (str(tmp_path / "private/clip.mp4"), "../private/clip.mp4"):
        with pytest.raises(DataError, match="is not found"):
            VideoFinder(None).find(marks, [stored])
    (marks.parent / "clip.mp4").symlink_to(tmp_path / "private/clip.mp4")
    with pytest.raises(DataError, match="is a link out of"):
        VideoFinder(None).find(marks, ["clip.mp4"])


def test_find_missing_video(marks, tmp_path):
    with pytest.raises(DataError, match="add --videos DIR"):
        VideoFinder(None).find(marks, ["clip.mp4"])
    with pytest.raises(DataError, match="choose another --videos"):
        VideoFinder(tmp_path).find(marks, ["clip.mp4"])
    with pytest.raises(DataError, match="is not a folder"):
        VideoFinder(marks)


@given(st.text(max_size=300))
def test_stored_paths_stay_inside(name):
    for path in stored_paths(name):
        assert not path.startswith("/")
        assert ".." not in path.split("/")

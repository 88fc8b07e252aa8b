"""Find the published file of a row."""

from __future__ import annotations

import json
import zipfile

import pytest

from jumpscore.data.catalogue import published_sets
from jumpscore.data.layout import read_rows
from jumpscore.data.published import fetch_set
from jumpscore.data.published_files import PublishedFiles
from jumpscore.errors import DataError

CHARADES = published_sets()["timelens_charades"]


def write(root, *names, content=None):
    for name in names:
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name if content is None else content)
    return root


def fetched(tmp_path, paths, *, loose=(), packed=()):
    """Fetch rows with these paths and return the paths and contents of their videos."""
    source = write(tmp_path / "source", *loose)
    source.mkdir(parents=True, exist_ok=True)
    rows = [{"video_path": path, "query": path, "span": [[0.4, 1.2]]} for path in paths]
    (source / "charades.jsonl").write_text("\n".join(map(json.dumps, rows)))
    if packed:
        with zipfile.ZipFile(source / "videos.zip", "w") as archive:
            for name in packed:
                archive.writestr(zipfile.ZipInfo(name), name)
    folder = fetch_set(CHARADES, tmp_path / "root", source=source)
    assert not (folder / ".unpacked").exists()
    return {
        row.question: (row.video_path, (folder / row.video_path).read_text())
        for row in read_rows(folder)
    }


def test_find_distinguishes_videos_of_one_name(tmp_path):
    names = ("charades/0001.mp4", "extra/0001.mp4", "extra/0002.mp4")
    assert fetched(tmp_path, names, packed=names) == {
        "charades/0001.mp4": ("videos/charades/0001.mp4", "charades/0001.mp4"),
        "extra/0001.mp4": ("videos/extra/0001.mp4", "extra/0001.mp4"),
        "extra/0002.mp4": ("videos/0002.mp4", "extra/0002.mp4"),
    }


def test_find_rejects_ambiguous_name(tmp_path):
    with pytest.raises(DataError, match=r"row 1: its file '0001\.mp4' matches 2 files in"):
        fetched(tmp_path, ["0001.mp4"], packed=("charades/0001.mp4", "extra/0001.mp4"))


@pytest.mark.parametrize("top", ["", "videos/", "x/y/"])
def test_find_prefers_file_without_folder(tmp_path, top):
    names = [f"{top}{name}" for name in ("1.mp4", "a/1.mp4", "b/1.mp4")]
    assert fetched(tmp_path, ["1.mp4", "b/1.mp4"], packed=names) == {
        "1.mp4": ("videos/1.mp4", f"{top}1.mp4"),
        "b/1.mp4": ("videos/b/1.mp4", f"{top}b/1.mp4"),
    }


def test_find_error_lists_files(tmp_path):
    with pytest.raises(DataError, match=r"matches 2 files .* \('a/1\.mp4', 'b/1\.mp4'\)"):
        fetched(tmp_path, ["1.mp4"], loose=("a/1.mp4", "b/1.mp4"))
    with pytest.raises(DataError, match=r"'7\.mp4' is not found .* files such as 'a/1\.mp4'"):
        fetched(tmp_path / "other", ["7.mp4"], loose=("a/1.mp4",))
    with pytest.raises(DataError, match=r"'7\.mp4' is not found in \S+$"):
        fetched(tmp_path / "none", ["7.mp4"])


def test_find_rejects_video_of_another_row(tmp_path):
    paths = ["extra/0001.mp4", "charades/0001.mp4"]
    with pytest.raises(DataError, match=r"row 2: .* belongs to a row with the path 'extra/0001"):
        fetched(tmp_path, paths, packed=["extra/0001.mp4"])


def test_find_longer_and_shorter_paths_to_one_video(tmp_path):
    paths = ["0001.mp4", "./charades/0001.mp4", "videos\\charades\\0001.mp4"]
    files = fetched(tmp_path, paths, packed=["videos\\charades\\0001.mp4"])
    assert {path for path, _ in files.values()} == {"videos/0001.mp4"}


@pytest.mark.parametrize(
    "suffix", [".mkv", ".MKV", ".webm", ".avi", ".mov", ".mpg", ".ts", ".m4v", ".wmv", ".3gp"]
)
def test_find_video_with_other_suffix(tmp_path, suffix):
    name = f"videos/v_one{suffix}"
    for path in (name, "videos/v_one.mp4", "v_one"):  # rows may have another suffix, or none
        [(target, content)] = fetched(
            tmp_path / path.replace("/", "_"), [path], loose=[name]
        ).values()
        assert (target, content) == (name, name)


def test_find_suffix_decides_between_two_videos(tmp_path):
    loose = ["videos/a.mp4", "videos/a.mkv"]
    files = fetched(tmp_path, ["videos/a.mkv"], loose=loose)
    assert files == {"videos/a.mkv": ("videos/a.mkv", "videos/a.mkv")}
    with pytest.raises(DataError, match="matches 2 files in"):
        fetched(tmp_path / "other", ["videos/a.avi"], loose=loose)


def test_find_treats_equal_files_as_one(tmp_path):
    write(tmp_path / "source", "a/v.mp4", "b/v.mp4", content="same")
    files = PublishedFiles(tmp_path / "source", tmp_path / "out")
    assert files.find("row 1", "v.mp4").read_text() == "same"


def test_place_at_exact_path(tmp_path):
    write(tmp_path / "source", "masks/dog/0.json")
    files = PublishedFiles(tmp_path / "source", tmp_path / "out")
    assert files.find("row 1", "dog/0.json", exact=True).name == "0.json"
    with pytest.raises(DataError, match=r"its file 'cat/0\.json' is not found in"):
        files.find("row 2", "cat/0.json", exact=True)

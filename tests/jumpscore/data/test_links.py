"""Symbolic links are allowed within a data set; those that lead out of it need an option."""

from __future__ import annotations

import os

import pytest

from evaluators.temporal.task import TimeLens, TimeLensOptions
from jumpscore.data.layout import Manifest, Row, data_file, read_rows, write_rows
from jumpscore.data.links import check_source
from jumpscore.errors import DataError


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "set"
    (folder / "videos").mkdir(parents=True)
    (folder / "videos" / "a.mp4").write_bytes(b"video")
    (tmp_path / "private.mp4").write_bytes(b"private")
    return folder


def link(file, target):
    file.parent.mkdir(parents=True, exist_ok=True)
    file.symlink_to(target)


def test_data_file_rejects_link_out_of_set(root, tmp_path):
    link(root / "videos" / "b.mp4", "../../private.mp4")
    _, problem = data_file(root, "videos/b.mp4")
    assert problem == (
        f"video_path 'videos/b.mp4' leaves the data set's folder: '{root}/videos/b.mp4' is a link "
        f"to '{tmp_path}/private.mp4'; if the set is your own, allow its links with "
        "task.allow_links=true"
    )
    assert data_file(root, "videos/b.mp4", links=True)[1] is None


def test_data_file_rejects_linked_folder(root, tmp_path):
    link(root / "more", tmp_path)
    _, problem = data_file(root, "more/private.mp4")
    assert f"'{root}/more' is a link to '{tmp_path}/private.mp4'" in str(problem)
    # This applies to missing files, too.
    assert "leaves" in str(data_file(root, "more/gone.mp4")[1])


def test_data_file_accepts_links_within_set(root, tmp_path):
    link(root / "videos" / "b.mp4", "a.mp4")
    link(tmp_path / "elsewhere", root)
    assert data_file(root, "videos/b.mp4")[1] is None
    assert data_file(tmp_path / "elsewhere", "videos/b.mp4")[1] is None
    assert data_file(root, "videos/gone.mp4")[1] is None


def test_data_file_rejects_folder_with_same_prefix(root, tmp_path):
    (tmp_path / "set-2").mkdir()
    (tmp_path / "set-2" / "a.mp4").write_bytes(b"x")
    link(root / "videos" / "b.mp4", tmp_path / "set-2" / "a.mp4")
    assert "leaves" in str(data_file(root, "videos/b.mp4")[1])


def test_data_file_circular_links(root):
    link(root / "videos" / "b.mp4", "c.mp4")
    link(root / "videos" / "c.mp4", "b.mp4")
    file, problem = data_file(root, "videos/b.mp4")
    assert problem is None
    assert not file.is_file()


def test_data_file_accepts_cache_of_hub(tmp_path):
    repository = tmp_path / "datasets--a--b"
    snapshot = repository / "snapshots" / ("c" * 40)
    (repository / "blobs").mkdir(parents=True)
    (repository / "blobs" / "1234").write_bytes(b"video")
    link(
        snapshot / "videos" / "a.mp4",
        os.path.relpath(repository / "blobs" / "1234", snapshot / "videos"),
    )
    link(snapshot / "videos" / "b.mp4", tmp_path / "private.mp4")
    assert data_file(snapshot, "videos/a.mp4")[1] is None
    assert data_file(snapshot / "videos", "a.mp4")[1] is None
    check_source(snapshot / "videos" / "a.mp4", snapshot)
    assert "leaves" in str(data_file(snapshot, "videos/b.mp4")[1])
    with pytest.raises(DataError, match=r"is a link to .*private\.mp4, outside of"):
        check_source(snapshot / "videos" / "b.mp4", snapshot)


def test_task_load_counts_links_unless_allowed(root):
    link(root / "videos" / "b.mp4", "../../private.mp4")
    rows = [Row(name, f"videos/{name}.mp4", "?", "[0, 1]") for name in "ab"]
    write_rows(root, rows, Manifest("x", videos={name: {"duration": 2} for name in "ab"}))
    first, second = TimeLens(TimeLensOptions(data=str(root))).load()
    assert first.problem is None
    assert "is a link to" in str(second.problem)
    allowed = TimeLens(TimeLensOptions(data=str(root), allow_links=True))
    assert [sample.problem for sample in allowed.load()] == [None, None]


def test_read_rows_rejects_linked_rows(root, tmp_path):
    write_rows(tmp_path / "other", [Row("a", "videos/a.mp4", "?", "[]")], Manifest("x"))
    link(root / "rows.jsonl", tmp_path / "other" / "rows.jsonl")
    with pytest.raises(DataError, match=r"the file of rows 'rows\.jsonl' leaves .* is a link to"):
        read_rows(root)
    assert [row.id for row in read_rows(root, links=True)] == ["a"]

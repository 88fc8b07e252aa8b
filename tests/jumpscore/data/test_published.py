"""Fetch published sets into a data root that may already contain something."""

from __future__ import annotations

import json

import pytest

from jumpscore.data.catalogue import published_sets
from jumpscore.data.layout import Manifest, Row, read_rows, write_rows
from jumpscore.data.published import PublishedSet, fetch_set, origin_of
from jumpscore.errors import DataError, UsageError


def set_of(**facts):
    values = {"name": "made", "task": "timelens", "title": "A set", "repository": None}
    return PublishedSet(**values | {"convert": f"{__name__}:convert"} | facts)


def convert(published, source, out):
    text = (source / "text").read_text()
    if text == "broken":
        raise DataError("broken")
    write_rows(out, [Row("a", "videos/a.mp4", text, "[0, 1]")], Manifest(published.name))


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "text").write_text("first")
    return folder


def test_fetch_set_replaces_previous_download(source, tmp_path):
    root = tmp_path / "root"
    assert not set_of().is_here(root)
    folder = fetch_set(set_of(), root, source=source)
    assert set_of().is_here(root)
    (source / "text").write_text("second")
    fetch_set(set_of(), root, source=source)
    assert [row.question for row in read_rows(folder)] == ["second"]


def test_fetch_set_failed_conversion_keeps_old_set(source, tmp_path):
    folder = fetch_set(set_of(), tmp_path / "root", source=source)
    (source / "text").write_text("broken")
    with pytest.raises(DataError, match="broken"):
        fetch_set(set_of(), tmp_path / "root", source=source)
    assert [row.question for row in read_rows(folder)] == ["first"]
    assert [entry.name for entry in (tmp_path / "root").iterdir()] == ["made"]


def test_fetch_set_keeps_other_folder(source, tmp_path):
    mine = tmp_path / "root" / "made"
    mine.mkdir(parents=True)
    (mine / "thesis.txt").write_text("ten years")
    with pytest.raises(DataError, match=r"was not created by this command; move it"):
        fetch_set(set_of(), tmp_path / "root", source=source)
    assert (mine / "thesis.txt").read_text() == "ten years"


def test_fetch_set_not_on_hub(tmp_path):
    with pytest.raises(
        UsageError, match=r"made: is not on the hub \(ask its owners\); .*--source DIR"
    ):
        fetch_set(set_of(note="ask its owners"), tmp_path)


def test_fetch_set_missing_source(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        fetch_set(set_of(), tmp_path, source=tmp_path / "gone")


def test_fetch_set_chooses_revision(tmp_path, monkeypatch):
    """The requested one, else the one on disk, else the table's, else the newest."""
    requested = []

    def download(repository, folder, *, revision, **_):
        requested.append(revision)
        (folder / "text").write_text("first")
        sha = revision or "n" * 40
        (folder / "fetch.json").write_text(json.dumps({"revision": sha}))
        return sha

    monkeypatch.setattr("jumpscore.data.published.download", download)
    plain, known = set_of(repository="a/b"), set_of(repository="a/b", revision="t" * 40)
    folder = fetch_set(known, tmp_path / "one")
    assert origin_of(folder) == {"repository": "a/b", "revision": "t" * 40}
    fetch_set(plain, tmp_path / "one")
    fetch_set(known, tmp_path / "two", revision="g" * 40)
    fetch_set(plain, tmp_path / "three")
    assert requested == ["t" * 40, "t" * 40, "g" * 40, None]
    assert origin_of(tmp_path / "three" / "made")["revision"] == "n" * 40


def test_fetch_set_source_records_its_commit(source, tmp_path):
    origin = {"repository": "a/b", "revision": "c" * 40}
    (source / "fetch.json").write_text(json.dumps(origin))
    folder = fetch_set(set_of(), tmp_path / "root", source=source)
    assert origin_of(folder) == origin | {"source": str(source)}


def test_fetch_set_without_network(tmp_path, monkeypatch):
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")  # nothing listens there
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with pytest.raises(DataError) as caught:
        fetch_set(set_of(repository="a/b", patterns=("x.json",)), tmp_path)
    assert str(caught.value).startswith("a/b: the hub cannot be reached (ConnectError")
    assert "download the files of a/b (x.json) in another way" in str(caught.value)
    assert "--source DIR" in str(caught.value)
    assert "the rendered set of task=timelens needs no network" in str(caught.value)
    assert "mini" not in str(caught.value)


def test_published_sets_have_converters():
    from importlib import import_module

    from evaluators import TASKS

    for name, published in published_sets().items():
        module, _, function = published.convert.partition(":")
        assert callable(getattr(import_module(module), function)), name
        assert published.task in TASKS.targets()
        assert published.repository or published.note, (
            f"{name}: has neither a repository nor a note"
        )

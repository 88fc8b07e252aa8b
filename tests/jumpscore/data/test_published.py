"""Bringing a published set into the data root, whatever is or is not there already."""

from __future__ import annotations

import pytest

from evaluators.published import published_sets
from jumpscore.data.layout import Manifest, Row, read_rows, write_rows
from jumpscore.data.published import PublishedSet, fetch_set, is_fetched
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


def test_fetching_again_replaces_what_was_fetched(source, tmp_path):
    root = tmp_path / "root"
    assert not is_fetched(set_of(), root)
    folder = fetch_set(set_of(), root, source=source)
    assert is_fetched(set_of(), root)
    (source / "text").write_text("second")
    fetch_set(set_of(), root, source=source)
    assert [row.question for row in read_rows(folder)] == ["second"]


def test_a_conversion_that_fails_leaves_the_old_set(source, tmp_path):
    folder = fetch_set(set_of(), tmp_path / "root", source=source)
    (source / "text").write_text("broken")
    with pytest.raises(DataError, match="broken"):
        fetch_set(set_of(), tmp_path / "root", source=source)
    assert [row.question for row in read_rows(folder)] == ["first"]
    assert [entry.name for entry in (tmp_path / "root").iterdir()] == ["made"]


def test_a_folder_of_somebody_else_stays(source, tmp_path):
    mine = tmp_path / "root" / "made"
    mine.mkdir(parents=True)
    (mine / "thesis.txt").write_text("ten years")
    with pytest.raises(DataError, match=r"was not fetched; move it"):
        fetch_set(set_of(), tmp_path / "root", source=source)
    assert (mine / "thesis.txt").read_text() == "ten years"


def test_a_set_that_is_not_on_the_hub_says_how_to_get_it(tmp_path):
    with pytest.raises(UsageError, match=r"made is not on the hub: ask its owners; .*--source DIR"):
        fetch_set(set_of(note="ask its owners"), tmp_path)


def test_a_source_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        fetch_set(set_of(), tmp_path, source=tmp_path / "gone")


def test_every_row_of_the_table_can_be_carried_out():
    from importlib import import_module

    from evaluators import TASKS

    for name, published in published_sets().items():
        module, _, function = published.convert.partition(":")
        assert callable(getattr(import_module(module), function)), name
        assert published.task in TASKS.targets()
        assert published.repository or published.note, f"{name}: nobody could get it"

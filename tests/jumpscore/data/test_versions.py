"""Versions: a project or a version is not a data set, and the error names the right path."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jumpscore.data.catalogue import locate
from jumpscore.data.layout import Manifest, write_set
from jumpscore.data.versions import verify_version, version_of, write_sums
from jumpscore.errors import DataError, UsageError


@pytest.fixture
def ropes(tmp_path) -> Path:
    """A project with two versions; the second one has two splits."""
    root = tmp_path / "ropes"
    for number, splits in ((9, ["test"]), (10, ["test", "train"])):
        version = root / "versions" / str(number)
        for name in splits:
            write_set(version / name, [], Manifest(name, version=number, split=name))
        write_sums(version)
    (root / "project.json").write_text("{}")
    return root


def test_locate_project_names_the_splits_of_the_last_version(ropes):
    last = ropes / "versions" / "10"
    with pytest.raises(UsageError) as error:
        locate(str(ropes))
    assert str(error.value) == (
        f"{ropes}: is a project, not a data set; use {last / 'test'} or {last / 'train'}"
    )


def test_locate_version_names_its_split(ropes):
    version = ropes / "versions" / "9"
    with pytest.raises(UsageError, match=f"is a version, not a data set; use {version / 'test'}$"):
        locate(str(version))
    assert locate(str(version / "test")) == version / "test"


def test_locate_project_without_versions(tmp_path):
    (tmp_path / "project.json").write_text("{}")
    with pytest.raises(UsageError, match="freeze it with 'jumpscore data freeze"):
        locate(str(tmp_path))


def test_version_of_other_folders(ropes, tmp_path):
    assert version_of(ropes / "versions" / "9" / "test") == ropes / "versions" / "9"
    write_set(tmp_path / "set", [], Manifest("set"))
    assert version_of(tmp_path / "set") is None
    assert version_of(ropes) is None


@pytest.mark.parametrize("line", ["0" * 63 + "  a", "g" * 64 + "  a", "0" * 64, ""])
def test_verify_version_damaged_sums(ropes, line):
    version = ropes / "versions" / "9"
    (version / "SHA256SUMS").write_text(f"{line}\n")
    with pytest.raises(DataError, match="SHA256SUMS, line 1: is not a checksum"):
        verify_version(version)


def test_verify_version_path_that_leaves_the_version(ropes):
    version = ropes / "versions" / "9"
    with (version / "SHA256SUMS").open("a") as file:
        file.write("0" * 64 + "  ../../project.json\n")
    problems = verify_version(version)
    assert any("leaves the data set's folder" in problem for problem in problems)


def test_manifest_without_version_is_unchanged(ropes):
    assert {"version", "split"}.isdisjoint(Manifest("set").content())
    content = json.loads((ropes / "versions" / "9" / "test" / "manifest.json").read_text())
    assert (content["version"], content["split"]) == (9, "test")

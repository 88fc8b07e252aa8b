"""Files are replaced as a whole, whatever happens; what a dead process left is cleared away."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys

import pytest

from jumpscore.errors import UsageError
from jumpscore.jsonio import (
    is_scratch,
    remove_leftovers,
    replacing,
    replacing_folder,
    write_json,
    write_text,
)


def dead_process() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_write_text_leaves_no_other_files(tmp_path):
    for text in ("one", "other"):
        write_text(tmp_path / "a.json", text)
        assert (tmp_path / "a.json").read_text() == text
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_write_text_removes_scratch_files_of_dead_processes_only(tmp_path):
    dead = tmp_path / f".a.json.{dead_process()}"
    other = tmp_path / f".b.json.{dead_process()}"
    alive = tmp_path / f".a.json.{os.getppid()}"
    mine = tmp_path / ".a.json.backup"
    for file in (dead, other, alive, mine):
        file.write_text("{")
    write_json(tmp_path / "a.json", {})
    assert not dead.exists()
    assert all(file.exists() for file in (other, alive, mine))
    remove_leftovers(tmp_path)
    assert not other.exists()
    assert all(file.exists() for file in (alive, mine))


def test_is_scratch():
    assert is_scratch(".manifest.json.17")
    assert not any(map(is_scratch, ("manifest.json", ".17", "..17", ".a.json.017", ".a.json.x")))


@pytest.fixture
def full_disk():
    """No file may grow beyond 4,096 bytes: what a full disk looks like, for any user."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


def test_write_text_full_disk(tmp_path, full_disk):
    write_text(tmp_path / "a.json", "old")
    with pytest.raises(UsageError, match=r"a\.json: cannot be written .*free space"):
        write_text(tmp_path / "a.json", "x" * 10_000)
    assert (tmp_path / "a.json").read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_write_set_full_disk(tmp_path, request):
    from jumpscore.data.layout import Manifest, Row, read_rows, write_set

    write_set(tmp_path, [Row("a", "videos/a.mp4", "?", "[1.0]")], Manifest("tiny"))
    request.getfixturevalue("full_disk")
    rows = [Row(f"{i:032x}", f"videos/{i:032x}.mp4", f"{i}?", "[1.0]") for i in range(500)]
    with pytest.raises(UsageError, match=r"parquet: cannot be written"):
        write_set(tmp_path, rows, Manifest("tiny"))
    assert [row.id for row in read_rows(tmp_path)] == ["a"]


def test_replacing_discards_after_error(tmp_path):
    (tmp_path / "a").write_text("old")

    def fail():
        with replacing(tmp_path / "a") as scratch:
            scratch.write_text("new")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()
    assert (tmp_path / "a").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def fill(folder, text, error=None):
    with replacing_folder(folder) as scratch:
        (scratch / "a").write_text(text)
        if error is not None:
            raise error


def test_replacing_folder(tmp_path):
    folder = tmp_path / "set"
    fill(folder, "one")
    (folder / "b").touch()
    fill(folder, "two")
    assert [(file.name, file.read_text()) for file in folder.iterdir()] == [("a", "two")]
    with pytest.raises(ValueError, match="no"):
        fill(folder, "three", ValueError("no"))
    assert (folder / "a").read_text() == "two"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_replacing_folder_removes_what_a_killed_process_left(tmp_path):
    names = [f".set.{dead_process()}", f".set.old.{dead_process()}"]
    others = [f".set.{os.getppid()}", f".sets.{dead_process()}"]
    for name in names + others:
        (tmp_path / name / "videos").mkdir(parents=True)
    fill(tmp_path / "set", "one")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["set", *others])

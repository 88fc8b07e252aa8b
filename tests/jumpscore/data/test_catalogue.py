"""Named data sets: rendered on first use, from Python as from the command line."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import jumpscore
from jumpscore.builder.generate import synthesize
from jumpscore.builder.jump_rope import load_profile
from jumpscore.data import catalogue
from jumpscore.data.catalogue import (
    RENDERED,
    bundled_set,
    data_set,
    data_sets,
    locate,
    with_folders,
)
from jumpscore.data.layout import read_manifest
from jumpscore.errors import UsageError
from tests.command_line import run_here

FAST = [row for row in RENDERED if row.task in ("spatial", "traces")]


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path) -> Path:
    """A cache of its own; published sets are in no data root."""
    monkeypatch.setenv("JUMPSCORE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("JUMPSCORE_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def test_data_sets_names_every_row_once():
    rows = data_sets()
    kinds = {kind: [row.name for row in rows.values() if row.kind == kind] for kind in
             ("bundled", "rendered", "published")}  # fmt: skip
    assert kinds["bundled"] == ["mini", "small", "rates", "no_jumps"]
    assert kinds["rendered"] == [f"mini_{task}" for task in
                                 ("timelens", "spatial", "tracking", "traces", "lmms")]  # fmt: skip
    assert "published" in kinds["published"]
    assert len(kinds["published"]) > 30
    assert all(name == row.name and row.title and row.task for name, row in rows.items())


@pytest.mark.parametrize("row", FAST, ids=lambda row: row.name)
def test_evaluate_renders_a_named_set_on_first_use(row, cache):
    run = jumpscore.evaluate(
        "content_free", row.task, task_options={"data": row.name}, run={"limit": 1}
    )
    assert run.result.total == 1
    assert row.is_here(cache)
    # The default data set of the task is the same one.
    again = jumpscore.evaluate("content_free", row.task, run={"limit": 1})
    assert again.folder == run.folder


@pytest.mark.slow
@pytest.mark.parametrize("name", ["mini", "mini_timelens", "mini_tracking"])
def test_evaluate_renders_every_other_named_set(name):
    task = data_sets()[name].task
    run = jumpscore.evaluate("content_free", task, task_options={"data": name}, run={"limit": 1})
    assert run.result.total == 1


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mini_spatail", "did you mean 'mini_spatial'"),
        ("where2place", "'jumpscore data fetch where2place' downloads it"),
        ("nothing/there", "is neither a folder nor a known name"),
    ],
)
def test_evaluate_gives_the_message_of_the_command_line(name, message, tmp_path):
    with pytest.raises(UsageError, match=message) as raised:
        jumpscore.evaluate("content_free", "spatial", task_options={"data": name})
    words = ["run", "model=content_free", "task=spatial", f"task.data={name}"]
    done = run_here(words, cwd=tmp_path, env={})
    assert done.returncode == 2
    assert done.stderr == f"error: {raised.value}\n"


def test_locate_prefers_names_and_keeps_folders(tmp_path, cache):
    (tmp_path / "mini_traces").mkdir()
    assert locate("mini_traces") == cache / "mini_traces-1"
    folder = locate("./mini_traces")
    assert folder == tmp_path / "mini_traces"
    assert locate(str(folder)) == folder  # resolved again, it stays what it is


def test_with_folders_gives_a_rendered_benchmark_its_tasks(cache, tmp_path):
    options = {"benchmark": "mini_lmms", "include_path": None, "data_root": None}
    changed = with_folders(options, tmp_path / "root")
    assert changed["include_path"] == str(cache / "mini_lmms-1")
    assert changed["data_root"] == str(tmp_path / "root")
    assert with_folders({"benchmark": "videomme", "include_path": None}) == {
        "benchmark": "videomme",
        "include_path": None,
    }


def test_data_root_prefers_the_argument_to_the_variable(monkeypatch, cache):
    assert catalogue.data_root() == cache
    monkeypatch.setenv("JUMPSCORE_DATA", "/data")
    assert catalogue.data_root() == Path("/data")
    assert catalogue.data_root(Path("/mine")) == Path("/mine")


def test_bundled_set_refuses_other_names():
    assert bundled_set("small").seed == 7
    with pytest.raises(UsageError, match="bundled data set 'mini_lmms'; known: mini, small, rates"):
        bundled_set("mini_lmms")


def test_data_set_of_our_own_names_imports_no_task_family():
    code = (
        "import sys\n"
        "from jumpscore.data.catalogue import data_set\n"
        "assert data_set('mini').task == data_set('published').task == 'jumpscore'\n"
        "assert data_set('some/folder') is None\n"
        "print([name for name in sys.modules if name.startswith('evaluators.')])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
    assert data_set("where2place").task == "spatial"


def test_bundled_set_of_another_recipe_is_rendered_again(cache, monkeypatch):
    words = ["clips=1", "durations=[{low: 4, high: 4, weight: 1}]"]
    words += ["resolutions=[{width: 128, height: 128, weight: 1}]"]
    profile = load_profile("mini", words)
    row = bundled_set("mini")
    synthesize(row.folder(), profile, seed=1, workers=1)

    def materialize(name, folder, **_):
        synthesize(folder, profile, seed=0, workers=1)
        return Counter(exact=1)

    monkeypatch.setattr("jumpscore.builder.bundled.materialize", materialize)
    assert row.ensure(cache) == row.folder()
    assert read_manifest(row.folder()).recipe["seed"] == 0

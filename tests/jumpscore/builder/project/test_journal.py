from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jumpscore.builder.project import Annotation, Change, Details, Edit, Journal, Mark
from jumpscore.builder.project.journal import LONGEST_TEXT, read_annotation
from jumpscore.errors import DataError, UsageError
from tests.support import assert_linear, running


def journal_at(file):
    return Journal(file, video="v", annotator="ann")


def add(name, frame=0):
    return Edit(f"add {name}", (Change(None, Mark(name, frame, frame / 25)),))


class Snapshots:
    """The same operations on copies of the whole state, without edits."""

    def __init__(self):
        self.states = [({}, frozenset())]
        self.place = 0

    def edit(self, marks, declined):
        self.states[self.place + 1 :] = [(marks, declined)]
        self.place += 1

    def move(self, step):
        if 0 <= self.place + step < len(self.states):
            self.place += step
            return True
        return False

    @property
    def marks(self):
        return self.states[self.place][0]

    @property
    def declined(self):
        return self.states[self.place][1]


names = st.sampled_from("abcd")
actions = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.dictionaries(names, st.integers(0, 9), min_size=1)),
        st.tuples(st.just("delete"), st.sets(names, min_size=1)),
        st.tuples(st.just("decline"), st.frozensets(st.integers(0, 3), min_size=1)),
        st.tuples(st.just("undo"), st.none()),
        st.tuples(st.just("redo"), st.none()),
        st.tuples(st.just("details"), st.text(max_size=5)),
        st.tuples(st.just("reopen"), st.none()),
    ),
    max_size=25,
)


def edit_for(marks, action, argument):
    """Return the edit for an action, and the marks that it should give."""
    after = dict(marks)
    if action == "put":
        after |= {name: Mark(name, frame, frame / 25) for name, frame in argument.items()}
    else:
        after = {name: mark for name, mark in marks.items() if name not in argument}
    ids = sorted(marks.keys() | after.keys())
    pairs = [(marks.get(name), after.get(name)) for name in ids]
    changes = tuple(Change(before, new) for before, new in pairs if before != new)
    return Edit(action, changes), after


@given(actions=actions)
@settings(max_examples=50)  # every action is forced to disk
def test_journal_equals_snapshots(actions):
    with TemporaryDirectory() as folder:
        file = Path(folder) / "ann" / "v.jsonl"
        journal, model, details = journal_at(file), Snapshots(), Details()
        for action, argument in actions:
            if action == "reopen":
                journal = journal_at(file)
            elif action == "details":
                details = Details(note=argument)
                journal.describe(details)
            elif action in ("undo", "redo"):
                if model.move(-1 if action == "undo" else 1):
                    getattr(journal, action)()
                else:
                    with pytest.raises(UsageError, match=f"nothing to {action}"):
                        getattr(journal, action)()
            elif action == "decline":  # what is declined already is restored
                new, old = argument - model.declined, argument & model.declined
                journal.edit(Edit(action, declined=tuple(new), restored=tuple(old)))
                model.edit(model.marks, model.declined ^ argument)
            else:
                edit, marks = edit_for(model.marks, action, argument)
                if edit.changes:
                    journal.edit(edit)
                    model.edit(marks, model.declined)
            assert dict(journal.annotation.by_id) == model.marks
            assert journal.annotation.declined == model.declined
            assert journal.annotation.details == details
            assert len(journal.annotation.undoable) == model.place
            assert len(journal.annotation.redoable) == len(model.states) - 1 - model.place
        stored = read_annotation(file, video="v", annotator="ann")
        assert stored == journal.annotation


def test_missing_file_is_an_empty_annotation(tmp_path):
    annotation = read_annotation(tmp_path / "v.jsonl", video="v", annotator="ann")
    assert annotation == Annotation("v", "ann")
    assert not annotation.is_started
    journal_at(tmp_path / "ann" / "v.jsonl")
    assert not (tmp_path / "ann").exists()  # opening writes nothing


def test_torn_last_line_is_dropped(tmp_path):
    file = tmp_path / "v.jsonl"
    journal = journal_at(file)
    journal.edit(add("a"))
    before = journal.annotation
    whole = file.read_bytes()
    journal.edit(add("b"))
    last = file.read_bytes()[len(whole) :]
    for size in range(len(last)):
        file.write_bytes(whole + last[:size])
        assert read_annotation(file, video="v", annotator="ann") == before
    journal = journal_at(file)  # with a torn line
    journal.edit(add("c"))
    assert list(journal_at(file).annotation.by_id) == ["a", "c"]


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"null",
        b"\xff\xfe",
        b'{"at": 1, "do": "undo"}',
        b'{"at": 1, "do": "fly"}',
        b'{"at": "soon", "do": "redo"}',
        b'{"at": 1, "do": "edit"}',
        b'{"at": 1, "do": "edit", "edit": {"name": "x", "changes": []}}',
        b'{"at": 1, "do": "edit", "edit": {"name": "x", "changes": [{"before": null, "after": '
        b'{"id": "z", "frame": -1, "time": 0}}]}}',
        b'{"at": 1, "do": "edit", "edit": {"name": "x", "changes": [{"before": null, "after": '
        b'{"id": "z", "frame": 1, "time": NaN}}]}}',
        b"[" * 100_000,
    ],
    ids=range(11),
)
def test_damaged_line_is_reported_by_number(tmp_path, line):
    file = tmp_path / "v.jsonl"
    file.write_bytes(line + b"\n")
    with pytest.raises(DataError, match=r"v\.jsonl, line 1: is damaged"):
        journal_at(file)
    file.unlink()
    journal_at(file).edit(add("a"))
    valid = file.read_bytes()
    file.write_bytes(valid + (b'{"at": 1, "do": "edit"}' if b"undo" in line else line) + b"\n")
    with pytest.raises(DataError, match=r"v\.jsonl, line 2: is damaged"):
        read_annotation(file, video="v", annotator="ann")
    assert file.read_bytes().startswith(valid)


def test_invalid_actions_change_nothing(tmp_path):
    journal = journal_at(tmp_path / "v.jsonl")
    journal.edit(add("a"))
    state, content = journal.annotation, journal.file.read_bytes()
    long = "x" * (LONGEST_TEXT + 1)
    for edit in (
        add("a"),
        add("b", -1),
        Edit("x", (Change(None, Mark("b", 1, float("inf"))),)),
        Edit("x", (Change(None, Mark("b", 1, 0.04, note=long)),)),
        Edit("x", (Change(None, Mark("b" * 65, 1, 0.04)),)),
        Edit("x" * 201, (Change(None, Mark("b", 1, 0.04)),)),
    ):
        with pytest.raises(UsageError):
            journal.edit(edit)
    with pytest.raises(UsageError, match="note is longer than 2000"):
        journal.describe(Details(note=long))
    with pytest.raises(UsageError, match="nothing to redo"):
        journal.redo()
    assert (journal.annotation, journal.file.read_bytes()) == (state, content)


def test_full_disk_keeps_what_was_acknowledged(tmp_path, limited_files):
    journal = journal_at(tmp_path / "v.jsonl")
    journal.edit(add("a"))
    state, content = journal.annotation, journal.file.read_bytes()
    limited_files(len(content) + 20)  # a part of the next line fits
    with pytest.raises(UsageError, match=r"cannot be stored \(File too large\); earlier ones are"):
        journal.edit(add("b"))
    assert (journal.annotation, journal.file.read_bytes()) == (state, content)
    limited_files(None)
    journal.edit(add("c"))
    assert list(journal_at(journal.file).annotation.by_id) == ["a", "c"]


def test_unwritable_folder_is_reported(tmp_path):
    (tmp_path / "ann").write_text("in the way")
    with pytest.raises(DataError, match="cannot be read"):
        journal_at(tmp_path / "ann" / "v.jsonl")


def test_killed_process_loses_nothing_acknowledged(tmp_path):
    """A process writes edits and acknowledges each; it is killed while it does."""
    file = tmp_path / "v.jsonl"
    code = f"""
        from itertools import count
        from pathlib import Path
        from jumpscore.builder.project import Change, Edit, Journal, Mark
        journal = Journal(Path({str(file)!r}), video="v", annotator="ann")
        for n in count():
            mark = Mark(f"m{{n}}", n, n / 25)
            journal.edit(Edit("add", (Change(None, mark),)))
            print(n, flush=True)
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    with running(command, stdout=subprocess.PIPE, text=True) as process:
        acknowledged = [int(process.stdout.readline()) for _ in range(30)]
        process.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in process.stdout if line.endswith("\n")]
    annotation = read_annotation(file, video="v", annotator="ann")
    assert acknowledged == list(range(len(acknowledged)))
    assert set(annotation.by_id) >= {f"m{n}" for n in acknowledged}
    assert annotation.sequence in (len(acknowledged), len(acknowledged) + 1)


def test_working_time_leaves_out_pauses(tmp_path):
    file = tmp_path / "v.jsonl"
    at = [1000.0, 1010.0, 1070.0, 1130.5, 1120.0, 1121.0]  # a pause, and a clock set back
    lines = [{"at": time, "do": "details", "details": {"note": ""}} for time in at]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    annotation = read_annotation(file, video="v", annotator="ann")
    assert annotation.seconds == pytest.approx(10 + 60 + 1)
    assert annotation.sequence == 6


def test_actions_have_the_present_time(tmp_path):
    before = time.time()
    journal_at(tmp_path / "v.jsonl").edit(add("a"))
    assert before <= json.loads((tmp_path / "v.jsonl").read_text())["at"] <= time.time()


def test_replay_is_linear(tmp_path):
    lines = [
        json.dumps({
            "at": n,
            "do": "edit",
            "edit": {
                "name": "move",
                "changes": [
                    {
                        "before": None if n == 0 else {"id": "a", "frame": n - 1, "time": 0},
                        "after": {"id": "a", "frame": n, "time": 0},
                    }
                ],
            },
        })
        for n in range(8000)
    ]  # fmt: skip

    def read(text):
        (tmp_path / "v.jsonl").write_text(text)
        assert read_annotation(tmp_path / "v.jsonl", video="v", annotator="ann").sequence > 900

    assert_linear(read, lambda length: "\n".join(lines[:length]) + "\n", length=8000)

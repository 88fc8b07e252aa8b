"""The edits of one annotator in one video, one JSON object per line of an append-only file.

Undo and redo are lines too, so nothing is lost when a server is killed, and undo still works after
a restart. A line is on disk before its change is acknowledged; a torn last line is dropped.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from jumpscore.builder.project.marks import Annotation, Details, Edit, changed
from jumpscore.data.layout import is_time
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import parse_json

LONGEST_PAUSE = 60.0
"""Longest gap between two actions that counts as working time, in seconds."""
LONGEST_TEXT = 2000
"""Limit of a note in characters."""


@dataclass(frozen=True, slots=True)
class _Line:
    """One line: one action."""

    at: float
    do: Literal["edit", "undo", "redo", "details"]
    edit: Edit | None = None
    details: Details | None = None


_LINE = TypeAdapter(_Line)


class Journal:
    """An annotation that can be changed by one process.

    Args:
        file: File of the edits; it and its folder are created by the first action.
        video: Id of the video.
        annotator: Name of the annotator.

    Raises:
        DataError: The file cannot be read or a line is damaged.
    """

    def __init__(self, file: Path, *, video: str, annotator: str) -> None:
        self.file = file
        self.annotation, self._end, self._at = _replay(file, Annotation(video, annotator))

    def edit(self, edit: Edit) -> Annotation:
        """Carry out an edit.

        Raises:
            UsageError: It does not fit the present state, or cannot be stored.
        """
        return self._do(_Line(at=time.time(), do="edit", edit=edit))

    def undo(self) -> Annotation:
        """Take back the latest edit.

        Raises:
            UsageError: No edit is left, or the change cannot be stored.
        """
        return self._do(_Line(at=time.time(), do="undo"))

    def redo(self) -> Annotation:
        """Repeat the edit that was taken back last.

        Raises:
            UsageError: No edit is left, or the change cannot be stored.
        """
        return self._do(_Line(at=time.time(), do="redo"))

    def describe(self, details: Details) -> Annotation:
        """Replace the details.

        Raises:
            UsageError: They cannot be stored.
        """
        return self._do(_Line(at=time.time(), do="details", details=details))

    def _do(self, line: _Line) -> Annotation:
        annotation = _after(self.annotation, line, self._at)
        self._append(json.dumps(_record(line), separators=(",", ":")).encode() + b"\n")
        self.annotation, self._at = annotation, line.at
        return annotation

    def _append(self, content: bytes) -> None:
        """Append a whole line and force it to disk, or leave the file as it was."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("ab", buffering=0) as sink:
                sink.truncate(self._end)
                try:
                    rest = memoryview(content)
                    while rest:
                        rest = rest[sink.write(rest) :]
                    os.fsync(sink.fileno())
                except OSError:
                    with suppress(OSError):
                        sink.truncate(self._end)
                    raise
        except OSError as error:
            raise UsageError(
                f"{self.file}: the change cannot be stored ({error.strerror}); earlier ones are "
                "intact: free space and try again"
            ) from error
        self._end += len(content)


def _record(line: _Line) -> dict[str, object]:
    """Return the content of a line without empty fields."""
    record = {key: value for key, value in asdict(line).items() if value is not None}
    if line.edit is not None:
        record["edit"] = {key: value for key, value in record["edit"].items() if value}
    return record


def read_annotation(file: Path, *, video: str, annotator: str) -> Annotation:
    """Read an annotation without changing its file; a missing file is an empty annotation.

    Raises:
        DataError: The file cannot be read or a line is damaged.
    """
    return _replay(file, Annotation(video, annotator))[0]


def _replay(file: Path, annotation: Annotation) -> tuple[Annotation, int, float]:
    """Return the annotation, the bytes of its complete lines, and the time of the last action."""
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return annotation, 0, 0.0
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from error
    end, at = content.rfind(b"\n") + 1, 0.0
    for number, text in enumerate(content[:end].splitlines(), start=1):
        try:
            line = _LINE.validate_python(parse_json(text))
            annotation = _after(annotation, line, at)
        except (ValueError, ValidationError, UsageError) as error:
            raise DataError(
                f"{file}, line {number}: is damaged ({str(error).splitlines()[0]:.200}); restore "
                "the file from a copy, or cut it off before that line"
            ) from error
        at = line.at
    return annotation, end, at


def _after(state: Annotation, line: _Line, before: float) -> Annotation:
    """Return the annotation after a line.

    Raises:
        UsageError: The line does not fit the state.
    """
    gap = line.at - before
    seconds = state.seconds + (gap if before and 0 < gap <= LONGEST_PAUSE else 0.0)
    state = replace(state, sequence=state.sequence + 1, seconds=seconds)
    if line.do == "details" and line.details is not None:
        if len(line.details.note) > LONGEST_TEXT:
            raise UsageError(f"the note is longer than {LONGEST_TEXT} characters; shorten it")
        return replace(state, details=line.details)
    if line.do == "edit" and line.edit is not None:
        _check_marks(line.edit)
        state = changed(state, line.edit)
        return replace(state, undoable=(*state.undoable, line.edit), redoable=())
    if line.do == "undo" and state.undoable:
        edit = state.undoable[-1]
        state = changed(state, edit.reversed())
        redoable = (*state.redoable, edit)
        return replace(state, undoable=state.undoable[:-1], redoable=redoable)
    if line.do == "redo" and state.redoable:
        edit = state.redoable[-1]
        state = changed(state, edit)
        undoable = (*state.undoable, edit)
        return replace(state, undoable=undoable, redoable=state.redoable[:-1])
    raise UsageError(f"nothing to {line.do}")


def _check_marks(edit: Edit) -> None:
    """Check the values of an edit's marks and frames.

    Raises:
        UsageError: A frame or time is negative, or a text is too long.
    """
    if min((*edit.declined, *edit.restored), default=0) < 0 or len(edit.name) > 200:
        raise UsageError(f"the edit {edit.name!r:.60}: a frame is negative or the name too long")
    for mark in (mark for change in edit.changes for mark in (change.before, change.after) if mark):
        if mark.frame < 0 or not is_time(mark.time):
            raise UsageError(
                f"mark {mark.id!r:.60}: frame {mark.frame} at {mark.time} s is invalid"
            )
        if len(mark.note) > LONGEST_TEXT or len(mark.id) > 64:
            raise UsageError(f"mark {mark.id!r:.60}: a text is too long; shorten it")

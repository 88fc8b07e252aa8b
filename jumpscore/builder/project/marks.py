"""Marks of one person in one video, and edits of them that can be undone and redone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from jumpscore.errors import UsageError

ADJUDICATED = "adjudicated"
"""Annotator of the final marks of videos on which two people disagreed."""
Origin = Literal["hand", "live", "proposal", "import", "consensus", "adjudicated"]
ORIGINS: tuple[Origin, ...] = get_args(Origin)


@dataclass(frozen=True, slots=True)
class Mark:
    """One marked event.

    Attributes:
        id: Unique in its annotation; chosen by whoever adds the mark.
        frame: Frame in order of presentation, from 0.
        time: Presentation time of that frame in seconds.
        origin: How it was set: by ``hand`` on a still frame, ``live`` during playback, accepted
            from a ``proposal``, by ``import``, by the ``consensus`` of several people, or taken
            from one of them when it was ``adjudicated``.
        note: A remark of the annotator.
        flagged: Whether the annotator is unsure.
    """

    id: str
    frame: int
    time: float
    origin: Origin = "hand"
    note: str = ""
    flagged: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """One mark before and after an edit; ``None`` before it was added or after it was deleted."""

    before: Mark | None
    after: Mark | None

    @property
    def id(self) -> str:
        """Id of the mark.

        Raises:
            UsageError: The change has no mark, or two different ones.
        """
        ids = {mark.id for mark in (self.before, self.after) if mark is not None}
        if len(ids) != 1:
            raise UsageError("a change needs one mark, before, after or both, with the same id")
        return ids.pop()

    def reversed(self) -> Change:
        """Return the change that undoes this one."""
        return Change(self.after, self.before)


@dataclass(frozen=True, slots=True)
class Edit:
    """What one action of the annotator changed, such as accepting all proposals.

    Attributes:
        name: The action for a menu: ``add mark``, ``accept 12 proposals``.
        changes: Changes of different marks.
        declined: Frames at which the annotator decides that there is no event: those of rejected
            proposals, and the first frames of disagreements that are decided by no mark.
        restored: Declined frames that are open again.
    """

    name: str
    changes: tuple[Change, ...] = ()
    declined: tuple[int, ...] = ()
    restored: tuple[int, ...] = ()

    def reversed(self) -> Edit:
        """Return the edit that undoes this one."""
        changes = tuple(change.reversed() for change in self.changes)
        return Edit(self.name, changes, declined=self.restored, restored=self.declined)


@dataclass(frozen=True, slots=True)
class Details:
    """What an annotator notes about a whole video; not part of undo and redo.

    Attributes:
        done: Whether the annotation is complete.
        flagged: Whether somebody should look at the video again.
        note: A remark.
    """

    done: bool = False
    flagged: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class Annotation:
    """The state of one annotator's work on one video.

    Attributes:
        video: Id of the video.
        annotator: Name of the annotator.
        sequence: Number of edits, undos, redos and changed details so far.
        by_id: The marks by their id.
        details: Notes about the whole video.
        declined: Frames at which the annotator decided that there is no event.
        undoable: Edits that undo takes back, the latest last.
        redoable: Edits that redo repeats, the next one last.
        seconds: Working time: sum of the gaps between actions, without longer pauses.
    """

    video: str
    annotator: str
    sequence: int = 0
    by_id: Mapping[str, Mark] = field(default_factory=dict)
    details: Details = Details()
    declined: frozenset[int] = frozenset()
    undoable: tuple[Edit, ...] = ()
    redoable: tuple[Edit, ...] = ()
    seconds: float = 0.0

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks in order of frame; two marks may be at the same frame."""
        return tuple(sorted(self.by_id.values(), key=lambda mark: (mark.frame, mark.id)))

    @property
    def times(self) -> tuple[float, ...]:
        """The times of the marks in seconds, increasing, repeated ones included."""
        return tuple(mark.time for mark in self.marks)

    @property
    def is_started(self) -> bool:
        """Whether the annotator has done anything."""
        return self.sequence > 0


def changed(annotation: Annotation, edit: Edit) -> Annotation:
    """Return the annotation with the marks and declined frames after an edit.

    Raises:
        UsageError: A change does not start from the present state, two changes concern the same
            mark or frame, or the edit has no changes.
    """
    if not (edit.changes or edit.declined or edit.restored):
        raise UsageError(f"the edit {edit.name!r:.60} changes nothing")
    by_id = _changed_marks(annotation.by_id, edit)
    return replace(annotation, by_id=by_id, declined=_changed_frames(annotation.declined, edit))


def _changed_frames(declined: frozenset[int], edit: Edit) -> frozenset[int]:
    """Return the declined frames after an edit; errors as in ``changed``."""
    frames = (*edit.declined, *edit.restored)
    if len(set(frames)) < len(frames):
        raise UsageError(f"the edit {edit.name!r:.60} changes one frame twice")
    if declined & set(edit.declined) or not declined >= set(edit.restored):
        raise UsageError(
            f"the declined frames are not what the edit {edit.name!r:.60} expects; load the video "
            "again"
        )
    return declined - set(edit.restored) | set(edit.declined)


def _changed_marks(by_id: Mapping[str, Mark], edit: Edit) -> dict[str, Mark]:
    """Return the marks after an edit; errors as in ``changed``."""
    marks = dict(by_id)
    ids = [change.id for change in edit.changes]
    if len(set(ids)) < len(ids):
        raise UsageError(f"the edit {edit.name!r:.60} changes one mark twice")
    for change in edit.changes:
        if marks.get(change.id) != change.before:
            raise UsageError(
                f"mark {change.id!r:.60} is not what the edit {edit.name!r:.60} expects; load the "
                "video again"
            )
        if change.after is None:
            del marks[change.id]
        else:
            marks[change.id] = change.after
    return marks

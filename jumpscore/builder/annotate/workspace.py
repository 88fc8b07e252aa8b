"""What one person does in a project: the marks of each video, and those of others to adjudicate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from jumpscore.builder.annotate.adjudication import Review, review
from jumpscore.builder.annotate.library import Library
from jumpscore.builder.project import (
    ADJUDICATED,
    Annotation,
    Change,
    Details,
    Edit,
    Journal,
    Mark,
    Project,
    ProjectVideo,
)
from jumpscore.builder.project.project import check_name
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import parse_json, write_json
from jumpscore.video import VideoInfo

Mode = Literal["annotate", "adjudicate"]
LONGEST_REACTION = 2.0
"""Limit of a person's reaction time in seconds."""


class Conflict(Exception):  # noqa: N818 - a state that the page loads again
    """An action was meant for an earlier state of the annotation.

    Attributes:
        annotation: The present state.
    """

    def __init__(self, annotation: Annotation) -> None:
        super().__init__(
            "the marks were changed elsewhere, such as in another tab; load the video again"
        )
        self.annotation = annotation


@dataclass(frozen=True, slots=True)
class _Person:
    """Content of ``annotator.json``."""

    reaction: float | None = None


_PERSON = TypeAdapter(_Person)


class Workspace:
    """One annotator's view of a project; the project must be locked.

    Args:
        project: The project.
        annotator: Name of the person.
        adjudicate: Whether to work on the final marks of videos that others have annotated.

    Raises:
        UsageError: The name is not valid, or reserved.
        DataError: A file of the project is damaged.
    """

    def __init__(self, project: Project, annotator: str, *, adjudicate: bool) -> None:
        if check_name(annotator) == ADJUDICATED:
            raise UsageError(
                f"annotator {annotator!r} is reserved for final marks; use your own name, and "
                "--adjudicate to decide where others disagree"
            )
        self.project = project
        self.annotator = annotator
        self.mode: Mode = "adjudicate" if adjudicate else "annotate"
        self.videos = {video.id: video for video in project.videos()}
        self.library = Library(project)
        self.reaction = self._read_person().reaction
        self._author = ADJUDICATED if adjudicate else annotator
        self._journals: dict[str, Journal] = {}
        self._reviews: dict[str, Review] = {}
        self._lock = Lock()

    def annotation(self, video: ProjectVideo) -> Annotation:
        """Return the present state of a video.

        Raises:
            DataError: Its file is damaged.
        """
        return self._journal(video).annotation

    def review(self, video: ProjectVideo) -> Review:
        """Return what others did in a video; empty unless the mode is to adjudicate.

        Raises:
            DataError: An annotation is damaged.
            UsageError: A package is missing that compares annotators.
        """
        if self.mode == "annotate":
            return Review()
        if video.id not in self._reviews:  # the lock keeps others from writing
            self._reviews[video.id] = review(self.project, video)
        return self._reviews[video.id]

    def open(self, video: ProjectVideo) -> Annotation:
        """Return the state of a video; adjudication begins with the marks that all agree on.

        Raises:
            DataError: An annotation is damaged.
            UsageError: The marks cannot be stored.
            VideoError: The video cannot be read.
        """
        edit = self.review(video).agreed(self.library.info(video).times)
        if edit is not None and not self.annotation(video).is_started:
            with suppress(Conflict):
                return self.edit(video, edit, sequence=0)
        return self.annotation(video)

    def edit(self, video: ProjectVideo, edit: Edit, *, sequence: int) -> Annotation:
        """Carry out an edit; the times of its marks are set from their frames.

        Raises:
            Conflict: ``sequence`` is not that of the present state.
            UsageError: The edit is invalid or cannot be stored.
            VideoError: The video cannot be read.
        """
        info = self.library.info(video)

        def act(journal: Journal) -> Annotation:
            return journal.edit(_timed(edit, journal.annotation, info))

        return self._act(video, sequence, act)

    def undo(self, video: ProjectVideo, *, sequence: int) -> Annotation:
        """Take back the latest edit; errors as in ``edit``."""
        return self._act(video, sequence, Journal.undo)

    def redo(self, video: ProjectVideo, *, sequence: int) -> Annotation:
        """Repeat the edit that was taken back last; errors as in ``edit``."""
        return self._act(video, sequence, Journal.redo)

    def describe(self, video: ProjectVideo, details: Details, *, sequence: int) -> Annotation:
        """Replace the details; errors as in ``edit``."""
        return self._act(video, sequence, lambda journal: journal.describe(details))

    def set_reaction(self, seconds: float) -> None:
        """Store the person's reaction time.

        Raises:
            UsageError: It is out of range, or cannot be stored.
        """
        if not 0 <= seconds <= LONGEST_REACTION:
            raise UsageError(
                f"the reaction time {seconds} s is out of range; 0 to {LONGEST_REACTION} s are "
                "allowed: calibrate again"
            )
        file = self._person_file
        with self._lock:
            try:
                file.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UsageError(f"{file.parent}: cannot be created ({error.strerror})") from error
            write_json(file, {"reaction": seconds})
            self.reaction = seconds

    def close(self) -> None:
        """Close all files."""
        self.library.close()

    def _journal(self, video: ProjectVideo) -> Journal:
        with self._lock:
            if video.id not in self._journals:
                self._journals[video.id] = self.project.journal(video, self._author)
            return self._journals[video.id]

    def _act(
        self, video: ProjectVideo, sequence: int, act: Callable[[Journal], Annotation]
    ) -> Annotation:
        journal = self._journal(video)
        with self._lock:
            if journal.annotation.sequence != sequence:
                raise Conflict(journal.annotation)
            return act(journal)

    @property
    def _person_file(self) -> Path:
        return self.project.root / "annotations" / self.annotator / "annotator.json"

    def _read_person(self) -> _Person:
        try:
            return _PERSON.validate_python(parse_json(self._person_file.read_bytes()))
        except FileNotFoundError:
            return _Person()
        except (OSError, ValueError, ValidationError) as error:
            raise DataError(
                f"{self._person_file}: cannot be read ({str(error)[:100]}); delete it and "
                "calibrate again"
            ) from error


def _timed(edit: Edit, annotation: Annotation, info: VideoInfo) -> Edit:
    """Return an edit with the presentation times of its frames.

    Raises:
        UsageError: A frame is not in the video.
    """
    for frame in (*edit.declined, *edit.restored):
        _check_frame(frame, info, f"the edit {edit.name!r:.60}")
    changes: Sequence[Change] = [
        Change(
            _as_stored(change.before, annotation),
            None if change.after is None else _at_frame(change.after, info),
        )
        for change in edit.changes
    ]
    return replace(edit, changes=tuple(changes))


def _as_stored(mark: Mark | None, annotation: Annotation) -> Mark | None:
    """Return a mark with the stored time, because only its frame identifies it."""
    stored = annotation.by_id.get(mark.id) if mark is not None else None
    return mark if mark is None or stored is None else replace(mark, time=stored.time)


def _at_frame(mark: Mark, info: VideoInfo) -> Mark:
    if not mark.id:
        raise UsageError("a mark has an empty id; give every mark a unique id")
    _check_frame(mark.frame, info, f"mark {mark.id!r:.60}")
    return replace(mark, time=float(info.times[mark.frame]))


def _check_frame(frame: int, info: VideoInfo, subject: str) -> None:
    if not 0 <= frame < info.frames:
        raise UsageError(
            f"{subject}: frame {frame} is not in the video, which has frames 0 to {info.frames - 1}"
        )

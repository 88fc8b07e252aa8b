"""The folder of a project: open it, read its parts, and lock it for writing."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from jumpscore.builder.project.journal import Journal, read_annotation
from jumpscore.builder.project.marks import ADJUDICATED, Annotation
from jumpscore.builder.project.videos import ProjectVideo
from jumpscore.data.events import EVENTS, EventDefinition, parse_definition
from jumpscore.data.layout import data_file
from jumpscore.data.links import link_problem
from jumpscore.errors import DataError, UsageError, nearest_names
from jumpscore.jsonio import (
    is_scratch,
    lock_file,
    parse_json,
    read_object,
    write_json,
    write_text,
)

PROJECT, VIDEOS, LOCK = "project.json", "videos.jsonl", ".lock"
FORMAT = 1
"""Version of the folder's layout."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")
_ID = re.compile(r"[0-9a-f]{20}")
_VIDEOS = TypeAdapter(ProjectVideo)


@dataclass(frozen=True, slots=True)
class Project:
    """A project on disk.

    Attributes:
        root: Its folder.
        event: What is marked.
    """

    root: Path
    event: EventDefinition

    @classmethod
    def create(cls, root: Path, event: EventDefinition = EVENTS["jump_rope"]) -> Project:
        """Create a project in a new or empty folder.

        Raises:
            UsageError: The folder has other content, or cannot be written.
        """
        # A process that was killed while writing the project leaves a scratch file.
        if root.exists() and (
            not root.is_dir() or not all(is_scratch(entry.name) for entry in root.iterdir())
        ):
            raise UsageError(f"{root}: exists already and is not empty; choose another folder")
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                f"{root}: cannot be created ({error.strerror}); choose another folder"
            ) from error
        write_json(root / PROJECT, {"format": FORMAT, "event": asdict(event)})
        return cls(root, event)

    @classmethod
    def open(cls, root: Path) -> Project:
        """Open a project.

        Raises:
            UsageError: The folder is not a project.
            DataError: ``project.json`` is damaged or of another version.
        """
        file = root / PROJECT
        if not file.is_file():
            raise UsageError(
                f"{root}: is not a project (it has no {PROJECT}); create one with 'jumpscore data "
                "ingest'"
            )
        content = read_object(file, fix="restore it from a copy", unique_keys=True)
        if content.get("format") != FORMAT:
            raise DataError(
                f"{file}: format is {content.get('format')!r:.20}, this version reads {FORMAT}; "
                "use the version of jumpscore that wrote it"
            )
        try:
            event = content.get("event")
            return cls(root, parse_definition(event if isinstance(event, dict) else {}))
        except ValueError as error:
            raise DataError(f"{file}: event {error}; restore it from a copy") from error

    def videos(self) -> list[ProjectVideo]:
        """Return the videos in order of ingestion.

        Raises:
            DataError: A line is damaged, or a path leaves the project.
        """
        file = self.root / VIDEOS
        try:
            lines = file.read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"{file}: cannot be read ({error}); restore it from a copy") from error
        if not lines:  # it is written with its first video
            raise DataError(f"{file}: is empty; restore it from a copy")
        rows: dict[str, ProjectVideo] = {}
        for number, line in enumerate(lines, start=1):
            try:
                row = _VIDEOS.validate_python(parse_json(line))
                problem = self._problem(row) or ("the id is repeated" if row.id in rows else None)
            except (ValueError, ValidationError) as error:
                problem = f"is damaged ({str(error).splitlines()[0]:.100})"
            if problem:
                raise DataError(f"{file}, line {number}: {problem}; restore it from a copy")
            rows[row.id] = row
        return list(rows.values())

    def _problem(self, video: ProjectVideo) -> str | None:
        """Return why a line of ``videos.jsonl`` cannot be used, or ``None``."""
        if not _ID.fullmatch(video.id):
            return f"the id {video.id!r:.60} is not 20 hexadecimal digits"
        facts = (video.duration, video.fps, video.frames, video.width, video.height)
        if not all(0 < fact < 1e9 for fact in facts):
            return "the length, rate or size of the video is invalid"
        return data_file(self.root, video.path, column="path")[1]

    def video(self, video_id: str) -> ProjectVideo:
        """Return one video.

        Raises:
            UsageError: The id is unknown.
        """
        by_id = {video.id: video for video in self.videos()}
        if video_id not in by_id:
            raise UsageError(f"unknown video {video_id!r:.60}{nearest_names(video_id, by_id)}")
        return by_id[video_id]

    def write_videos(self, videos: Sequence[ProjectVideo]) -> None:
        """Replace the list of videos."""
        lines = [json.dumps(asdict(video)) + "\n" for video in videos]
        write_text(self.root / VIDEOS, "".join(lines))

    def file(self, video: ProjectVideo) -> Path:
        """Return the path of a video's file."""
        return self.root / video.path

    def annotators(self) -> list[str]:
        """Return the names of all annotators, without that of adjudicated marks."""
        folder = self.root / "annotations"
        if not folder.is_dir():
            return []
        names = sorted(path.name for path in folder.iterdir() if path.is_dir())
        return [name for name in names if name != ADJUDICATED and _NAME.fullmatch(name)]

    def annotation(self, video: ProjectVideo, annotator: str) -> Annotation:
        """Read the annotation of one person.

        Raises:
            UsageError: The name is not valid.
            DataError: It is damaged, or a link out of the project.
        """
        file = self._journal_file(video, annotator)
        return read_annotation(file, video=video.id, annotator=annotator)

    def journal(self, video: ProjectVideo, annotator: str) -> Journal:
        """Open the annotation of one person for changes; lock the project first.

        Raises:
            UsageError: The name is not valid.
            DataError: It is damaged, or a link out of the project.
        """
        file = self._journal_file(video, annotator)
        return Journal(file, video=video.id, annotator=annotator)

    def _journal_file(self, video: ProjectVideo, annotator: str) -> Path:
        path = f"annotations/{check_name(annotator)}/{video.id}.jsonl"
        # A project from a stranger must not make edits reach other files.
        if problem := link_problem(self.root, path):
            raise DataError(f"{self.root}: {problem}")
        return self.root / path

    @contextmanager
    def lock(self, purpose: str) -> Iterator[None]:
        """Lock the project for writing.

        Args:
            purpose: What the process does, for the message that others get.

        Raises:
            UsageError: Another process has locked it; the message names that process.
        """
        file = self.root / LOCK
        if file.is_symlink():  # its target would be emptied
            raise UsageError(f"{file}: is a link; remove it")
        try:
            handle = file.open("ab+", buffering=0)
        except OSError as error:
            raise UsageError(
                f"{file}: cannot be written ({error.strerror}); check permissions and space"
            ) from error
        with handle:
            if not lock_file(handle):
                handle.seek(0)
                owner = handle.read(200).decode(errors="replace").strip()
                raise UsageError(
                    f"{self.root}: is in use by {owner or 'another process'}; stop that first"
                )
            handle.truncate(0)
            handle.write(f"{purpose} (process {os.getpid()} on {socket.gethostname()})".encode())
            try:
                yield
            finally:
                handle.truncate(0)


def check_name(annotator: str) -> str:
    """Return a name that is valid as an annotator's.

    Raises:
        UsageError: It is not.
    """
    if not _NAME.fullmatch(annotator):
        raise UsageError(
            f"annotator {annotator!r:.60} is not valid; use up to 40 letters, digits, '.', '_' or "
            "'-', beginning with a letter or digit"
        )
    return annotator

"""What goes into a version: videos with their final marks, and the record of the version."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from jumpscore.builder.project import Mark, ProjectVideo
from jumpscore.builder.verify.final import How
from jumpscore.data.events import EventDefinition
from jumpscore.data.layout import Row
from jumpscore.errors import DataError
from jumpscore.jsonio import read_object

RECORD = "version.json"


@dataclass(frozen=True, slots=True)
class FinishedVideo:
    """A video that goes into a version.

    Attributes:
        video: The video.
        marks: Its final marks in order of frame.
        how: How they were decided.
        annotators: Public names of the people who finished the video.
    """

    video: ProjectVideo
    marks: tuple[Mark, ...]
    how: How
    annotators: tuple[str, ...]

    @property
    def group(self) -> str:
        """The group that must not be divided over splits."""
        return self.video.group or self.video.source

    @property
    def times(self) -> tuple[float, ...]:
        """Times of the marks in seconds, as they are stored."""
        return tuple(round(mark.time, 6) for mark in self.marks)

    def row(self, event: EventDefinition) -> Row:
        """Return the row of the data set."""
        question = event.ask(self.video.label)
        return Row(self.video.id, self.video.path, question, json.dumps(list(self.times)))

    def facts(self) -> dict[str, Any]:
        """Return what the manifest states about the video; file names of people stay private."""
        video = self.video
        facts: dict[str, Any] = {
            "sha256": video.sha256,
            "bytes": video.bytes,
            "duration": round(video.duration, 6),
            "frames": video.frames,
            "width": video.width,
            "height": video.height,
            "codec": video.codec,
            "licence": video.licence,
            "source": video.source,
            "events": len(self.marks),
            "decided_by": self.how,
            "annotators": list(self.annotators),
        }
        optional = {
            "fps": round(video.fps, 6),
            "label": video.label,
            "notes": list(video.notes),
        }
        return facts | {key: value for key, value in optional.items() if value}


@dataclass(frozen=True, slots=True)
class VersionRecord:
    """The record of a version, ``version.json``.

    Attributes:
        name: Name of the data set.
        number: Number of the version.
        date: Day on which it was frozen, in UTC.
        shares: Name of a split -> share of the videos that was wanted.
        seed: Seed of the splits.
        left_out: Number of videos of the project whose marks were not final.
        notes: What is unusual about the splits.
    """

    name: str
    number: int
    date: str
    shares: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    left_out: int = 0
    notes: tuple[str, ...] = ()


_RECORD = TypeAdapter(VersionRecord)


def read_record(version: Path) -> VersionRecord:
    """Read the record of a version.

    Raises:
        DataError: It is damaged.
    """
    file, fix = version / RECORD, "restore the version from a copy"
    content = read_object(file, fix=fix, unique_keys=True)
    try:
        return _RECORD.validate_python(content)
    except ValidationError as error:
        raise DataError(f"{file}: {error.errors()[0]['msg']}; {fix}") from error

"""What every writer gets, and the table of formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from jumpscore.builder.imports.rates import rate_text
from jumpscore.data.events import EventDefinition
from jumpscore.data.layout import Row
from jumpscore.errors import UsageError, nearest_names, visible
from jumpscore.video import VideoInfo
from jumpscore.video.stored_frames import nearest_index


@dataclass(frozen=True)
class ExportVideo:
    """A video with its events.

    Attributes:
        row: Its row in the data set.
        info: Facts about the file.
        times: Times of the events in seconds, increasing.
        label: What one event is called.
    """

    row: Row
    info: VideoInfo
    times: tuple[float, ...]
    label: str

    @property
    def path(self) -> str:
        """Path of the video relative to the data set, which is also its path in the export."""
        return self.row.video_path

    @property
    def stem(self) -> str:
        """Name of the video without folder and suffix."""
        return PurePosixPath(self.path).stem

    @cached_property
    def frames(self) -> tuple[int, ...]:
        """Number of the frame at every event, from 0 in order of presentation."""
        return tuple(nearest_index(self.info.times, time) for time in self.times)

    @property
    def between(self) -> int:
        """Number of events that are not at a frame, within a millisecond."""
        nearest = self.info.times[list(self.frames)]
        return int((np.abs(nearest - np.array(self.times)) > 0.001).sum()) if self.times else 0

    @property
    def clock(self) -> str:
        """The clock of the export in words."""
        rate = rate_text(self.info.fps) if self.info.fps else "unknown"
        return (
            "Times are presentation times of frames, counted from the beginning of the file; "
            f"frames are counted from 0 in order of presentation. Average frame rate: {rate}."
        )


@dataclass(frozen=True, slots=True)
class ExportFormat:
    """A format that data sets are written in.

    Attributes:
        name: As in ``--format``.
        title: What it is for.
        resolution: Smallest difference of times in seconds; 0 if times are stored unchanged.
        module: Module with ``write(videos, event, out)``, which returns the written files.
    """

    name: str
    title: str
    resolution: float
    module: str

    def write(self, videos: Sequence[ExportVideo], event: EventDefinition, out: Path) -> list[Path]:
        """Write the events of a set into a folder and return the files."""
        writer: Any = import_module(f"jumpscore.builder.exports.{self.module}")
        files: list[Path] = writer.write(videos, event, out)
        return files


HUB = "hub"
FORMATS = (
    ExportFormat(HUB, "the layout of JumpScore on the hub: parquet and a zip of videos", 0, "hub"),
    ExportFormat("jsonl", "rows as JSON lines; a data set that can be used at once", 0, "rows"),
    ExportFormat("csv", "a table with one line per event", 0, "table"),
    ExportFormat("elan", "an ELAN file (.eaf) per video", 0.001, "elan"),
    ExportFormat("boris", "a BORIS project (.boris) of all videos", 0.001, "boris"),
    ExportFormat("webvtt", "subtitles (.vtt) next to each video", 0.001, "webvtt"),
)


def export_format(name: str) -> ExportFormat:
    """Return a format by its name.

    Raises:
        UsageError: The name is unknown.
    """
    names = [row.name for row in FORMATS]
    if name not in names:
        raise UsageError(
            f"unknown format {name!r:.60}{nearest_names(name, names)}; known: {', '.join(names)}"
        )
    return FORMATS[names.index(name)]


def one_line(text: str) -> str:
    """Return text in one line, without characters that XML and subtitles cannot contain."""
    return visible(" ".join(text.split()))

"""A table with one line per event: video, frame (from 0), time in seconds, label."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from jumpscore.builder.exports.formats import ExportVideo
from jumpscore.data.events import EventDefinition

COLUMNS = ("video", "frame", "time", "label")


def write(videos: Sequence[ExportVideo], event: EventDefinition, out: Path) -> list[Path]:
    """Write ``events.csv``."""
    file = out / "events.csv"
    with file.open("w", newline="", encoding="utf-8") as sink:
        table = csv.writer(sink, lineterminator="\n")
        table.writerow(COLUMNS)
        for video in videos:
            for frame, time in zip(video.frames, video.times, strict=True):
                table.writerow((video.path, frame, time, video.label))
    return [file]

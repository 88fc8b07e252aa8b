"""WebVTT subtitles: one file next to each video, with one cue per event."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path, PurePosixPath

from jumpscore.builder.exports.formats import ExportVideo, one_line
from jumpscore.data.events import EventDefinition

LONGEST = 200
"""Milliseconds that a cue is on screen, unless the next event is earlier."""


def write(videos: Sequence[ExportVideo], event: EventDefinition, out: Path) -> list[Path]:
    """Write one file per video, at the path of the video with the suffix ``.vtt``."""
    files = []
    for video in videos:
        file = out / PurePosixPath(video.path).with_suffix(".vtt")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(_document(video, event), encoding="utf-8")
        files.append(file)
    return files


def _document(video: ExportVideo, event: EventDefinition) -> str:
    notes = [
        f"Event: {event.name}, {event.definition}.",
        f"{video.clock} The start of a cue is the time of its event, rounded to milliseconds.",
    ]
    blocks = ["WEBVTT", *(f"NOTE {_text(note)}" for note in notes)]
    starts = [round(time * 1000) for time in video.times]
    for number, start in enumerate(starts):
        following = starts[number + 1] if number + 1 < len(starts) else start + LONGEST
        end = max(start + 1, min(start + LONGEST, following))
        timing = f"{_clock_time(start)} --> {_clock_time(end)}"
        blocks.append(f"{number + 1}\n{timing}\n{_text(video.label)}")
    return "\n\n".join(blocks) + "\n"


def _text(text: str) -> str:
    """Return text in one line that is neither markup nor a timing line."""
    return escape(one_line(text), quote=False)


def _clock_time(milliseconds: int) -> str:
    """Return a time as WebVTT writes it.

    >>> _clock_time(3_723_004)
    '01:02:03.004'
    """
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}.{rest:03d}"

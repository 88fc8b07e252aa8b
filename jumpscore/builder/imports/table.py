"""Tables with one row per mark: the video, a time or a frame number, and perhaps a label.

Times are seconds (``1.28``) or clock times (``0:01.28``) and are used unchanged. A table does not
state the number of its first frame, so frame numbers need ``--frame-base``.
"""

from __future__ import annotations

import re
from collections import defaultdict

from jumpscore.builder.imports.recordings import Frames, Mark, Recording, Seconds
from jumpscore.builder.imports.sources import Source

TIME_COLUMNS = ("time", "start", "onset", "seconds", "timestamp", "time_s", "start_s")
FRAME_COLUMNS = ("frame", "start_frame", "frame_number")
VIDEO_COLUMNS = ("video", "video_path", "file", "filename", "path", "name")
LABEL_COLUMNS = ("label", "event", "behavior", "behaviour", "type", "action")
_CLOCK_TIME = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:\.\d{1,9})?)", re.ASCII)


def read(source: Source) -> list[Recording]:
    """Return one recording per video; a table without a column of videos is about one video.

    Raises:
        DataError: The table has neither times nor frame numbers, or a value is malformed.
    """
    times = _column(source, TIME_COLUMNS)
    frames = _column(source, FRAME_COLUMNS)
    column = times or frames
    if column is None:
        raise source.error(
            f"has no column of times ({', '.join(TIME_COLUMNS)}) or frame numbers "
            f"({', '.join(FRAME_COLUMNS)}); it has {', '.join(source.header)[:200]}"
        )
    video, label = _column(source, VIDEO_COLUMNS), _column(source, LABEL_COLUMNS)
    marks: dict[str, list[Mark]] = defaultdict(list)
    for number, row in enumerate(source.rows(), start=1):
        what = f"row {number}: {column}"
        value = _seconds(source, row[column], what) if times else source.frame(row[column], what)
        marks[row[video] if video else ""].append(Mark(value, row[label] if label else ""))
    clock = Seconds(is_exact=True) if times else Frames(base=None)
    return [
        Recording(name or source.path.name, (name,) if name else (), tuple(items), clock)
        for name, items in marks.items()
    ]


def _column(source: Source, names: tuple[str, ...]) -> str | None:
    return next((name for name in names if name in source.header), None)


def _seconds(source: Source, text: str, what: str) -> float:
    if match := _CLOCK_TIME.fullmatch(text):
        hours, minutes, seconds = match.groups(default="0")
        return round(int(hours) * 3600 + int(minutes) * 60 + float(seconds), 9)
    return source.number(text, what)

"""WebVTT subtitles (``.vtt``): a mark is the start of a cue, its label the text of the cue."""

from __future__ import annotations

import re
from html import unescape

from jumpscore.builder.imports.recordings import Mark, Recording, Seconds
from jumpscore.builder.imports.sources import Source

_TIMING = re.compile(r"(?:(\d{2,6}):)?([0-5]\d):([0-5]\d)\.(\d{3})[ \t]+-->[ \t]", re.ASCII)
_TAG = re.compile(r"<[^<>]{0,200}>")


def read(source: Source) -> list[Recording]:
    """Return the one recording of a file; its video has the same name.

    Raises:
        DataError: The times of a cue are malformed.
    """
    marks = []
    for block in re.split(r"\n{2,}", source.text.replace("\r\n", "\n").replace("\r", "\n"))[1:]:
        lines = block.strip("\n").split("\n")
        place = next((place for place, line in enumerate(lines[:2]) if "-->" in line), None)
        if place is None:
            continue  # a note, a style or a region
        match = _TIMING.match(lines[place])
        if match is None:
            raise source.error(f"the times of a cue are malformed: {lines[place][:80]!r}")
        hours, minutes, seconds, rest = (int(group or 0) for group in match.groups())
        text = unescape(_TAG.sub("", " ".join(lines[place + 1 :]))).strip()
        time = hours * 3600 + minutes * 60 + seconds + rest / 1000
        marks.append(Mark(round(time, 3), text))
    return [Recording(source.path.stem, (), tuple(marks), Seconds())]

"""BORIS projects (``.boris``): observations with events in seconds.

A mark is a point event, or the start of a state event; its label is the behaviour. Event times
include the time offset of their observation and run on in queued videos; both are undone here.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import accumulate
from typing import Any

from jumpscore.builder.imports.recordings import Mark, Recording, Seconds, Stated
from jumpscore.builder.imports.sources import Source, as_number


def read(source: Source) -> list[Recording]:
    """Return one recording per video of every observation.

    Raises:
        DataError: An observation is malformed, or its times cannot be assigned to videos.
    """
    project = source.json
    observations = project.get("observations") if isinstance(project, dict) else None
    if not isinstance(observations, dict):
        raise source.error("has no observations; choose a .boris project")
    states = _state_behaviours(project)
    recordings: list[Recording] = []
    left_out: list[str] = []
    for name, observation in observations.items():
        if not isinstance(observation, dict):
            raise source.error(f"observation {name!r:.60} is not a JSON object")
        if observation.get("type") == "MEDIA":
            recordings += _recordings(source, name, observation, states)
        else:
            left_out.append(f"observation {name!r:.60} has no video and is left out")
    if recordings:
        recordings[0] = replace(recordings[0], notes=tuple(left_out))
    return recordings


def _state_behaviours(project: Mapping[str, Any]) -> set[str]:
    configured = project.get("behaviors_conf")
    rows = configured.values() if isinstance(configured, dict) else ()
    return {
        str(row.get("code"))
        for row in rows
        if isinstance(row, dict) and "state" in str(row.get("type", "")).lower()
    }


def _recordings(
    source: Source, name: str, observation: Mapping[str, Any], states: set[str]
) -> Iterator[Recording]:
    if observation.get("media_creation_date_as_offset"):
        raise source.error(
            f"observation {name!r:.60}: its times are dates (media creation date as offset); "
            "turn this option off in BORIS"
        )
    files = observation.get("file")
    videos = files.get("1") if isinstance(files, dict) else None
    if not isinstance(videos, list) or not videos or not all(isinstance(v, str) for v in videos):
        raise source.error(f"observation {name!r:.60}: player 1 has no video")
    info = observation.get("media_info")
    info = info if isinstance(info, dict) else {}
    lengths = [_fact(info, "length", video) for video in videos]
    marks = _marks(source, name, observation, states)
    for place, items in enumerate(_by_video(source, name, marks, lengths)):
        yield Recording(
            name if len(videos) == 1 else f"{name}, video {place + 1}",
            (videos[place],),
            tuple(items),
            Seconds(),
            Stated(fps=_fact(info, "fps", videos[place]), duration=lengths[place]),
        )


def _fact(info: Mapping[str, Any], key: str, video: str) -> float | None:
    facts = info.get(key)
    return as_number(facts.get(video)) if isinstance(facts, dict) else None


def _marks(
    source: Source, name: str, observation: Mapping[str, Any], states: set[str]
) -> list[Mark]:
    """Return the marks of an observation; of a state event, every second one is its end."""
    offset = source.number(observation.get("time offset", 0), f"{name}: time offset")
    rows = observation.get("events", [])
    if not isinstance(rows, list) or not all(
        isinstance(row, list) and len(row) > 3 for row in rows
    ):
        raise source.error(f"observation {name!r:.60}: its events are not lists of values")
    marks = []
    running: set[tuple[str, ...]] = set()
    for row in sorted(rows, key=lambda row: source.number(row[0], f"{name}: time of an event")):
        behaviour = str(row[2])
        if behaviour in states:
            state = (str(row[1]), behaviour, str(row[3]))
            running ^= {state}
            if state not in running:
                continue
        frame = as_number(row[5]) if len(row) > 5 else None
        time = round(float(row[0]) - offset, 6)
        marks.append(Mark(time, behaviour, None if frame is None else int(frame)))
    return marks


def _by_video(
    source: Source, name: str, marks: list[Mark], lengths: list[float | None]
) -> list[list[Mark]]:
    """Return the marks of every queued video, with times from its own start."""
    if len(lengths) == 1:
        return [marks]
    known = [length for length in lengths if length is not None]
    if len(known) != len(lengths):
        raise source.error(f"observation {name!r:.60}: the length of a queued video is missing")
    # BORIS counts the length of a queued video in whole milliseconds.
    starts = [0.0, *accumulate(int(length * 1000) / 1000 for length in known[:-1])]
    split: dict[int, list[Mark]] = defaultdict(list)
    for mark in marks:
        place = max(0, bisect_right(starts, mark.value) - 1)
        split[place].append(Mark(round(mark.value - starts[place], 6), mark.label, mark.frame))
    return [split[place] for place in range(len(lengths))]

"""Label Studio's JSON export: frame ranges (``timelinelabels``) and box tracks.

Frames are counted from 1 at the ``frameRate`` of the labelling configuration (29.97 unless it is
set), whatever the rate of the video. Frame n is at (n - 1) / rate in version 1.23; earlier ones
used n / rate (``--frame-base 0``). The export states the rate only if it has box tracks, through
their number of frames and duration.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

from jumpscore.builder.imports.rates import counted_rate
from jumpscore.builder.imports.recordings import Frames, Mark, Recording, Stated
from jumpscore.builder.imports.sources import Source, as_number


def read(source: Source) -> list[Recording]:
    """Return one recording per task and annotation.

    Raises:
        DataError: A task has no video, or a result is malformed.
    """
    tasks = source.json if isinstance(source.json, list) else [source.json]
    recordings: list[Recording] = []
    for number, task in enumerate(tasks, start=1):
        if not isinstance(task, dict) or not isinstance(task.get("annotations"), list):
            raise source.error(f"task {number} has no list of annotations; export as JSON")
        annotations = [item for item in task["annotations"] if isinstance(item, dict)]
        name = f"task {task.get('id', number)}"
        recordings += [
            _recording(
                source,
                name if len(annotations) == 1 else f"{name}, annotation {item.get('id', place)}",
                task,
                item,
            )
            for place, item in enumerate(annotations, start=1)
            if not item.get("was_cancelled")
        ]
    return recordings


def _recording(
    source: Source, name: str, task: dict[str, Any], annotation: dict[str, Any]
) -> Recording:
    data = task.get("data")
    video = data.get("video") if isinstance(data, dict) else None
    if not isinstance(video, str):
        raise source.error(f"{name}: data has no video")
    results = annotation.get("result")
    if not isinstance(results, list):
        raise source.error(f"{name}: its annotation has no list of results")
    values = [
        item["value"]
        for item in results
        if isinstance(item, dict) and isinstance(item.get("value"), dict)
    ]
    stated, rate = _stated(values)
    return Recording(
        name,
        (video,),
        tuple(mark for value in values for mark in _marks(source, name, value)),
        Frames(base=1, counted_by="tool", rate=rate),
        stated,
    )


def _stated(values: list[dict[str, Any]]) -> tuple[Stated, Fraction | None]:
    """Return what box tracks state about the video, and the rate that follows from it."""
    for value in values:
        frames, duration = as_number(value.get("framesCount")), as_number(value.get("duration"))
        if frames and duration and duration > 0:
            return Stated(duration=duration), counted_rate(frames, duration)
    return Stated(), None


def _marks(source: Source, name: str, value: dict[str, Any]) -> Iterator[Mark]:
    """Yield the start of every range, and of every stretch in which a box is visible."""
    labels = value.get("timelinelabels") or value.get("labels") or [""]
    label = ", ".join(map(str, labels)) if isinstance(labels, list) else str(labels)
    for item in _list(source, name, value, "ranges"):
        yield Mark(source.frame(item.get("start"), f"{name}: start of a range"), label)
    is_enabled = False
    for item in sorted(
        _list(source, name, value, "sequence"),
        key=lambda item: source.frame(item.get("frame"), f"{name}: frame of a box"),
    ):
        if not is_enabled:  # a box that is not enabled is visible at its own frame only
            yield Mark(float(item["frame"]), label)
        is_enabled = bool(item.get("enabled", True))


def _list(source: Source, name: str, value: dict[str, Any], key: str) -> list[dict[str, Any]]:
    items = value.get(key) or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise source.error(f"{name}: {key} is not a list of objects")
    return items

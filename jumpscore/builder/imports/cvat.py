"""CVAT's ``annotations.xml``: tracks ("CVAT for video 1.1") or tagged frames ("... for images").

Frame numbers are those of the source video, from 0. A mark is a frame with a tag, or the first
frame of every stretch in which a track is visible. The video format contains no tags.
"""

from __future__ import annotations

import re
from collections import defaultdict
from xml.etree.ElementTree import Element

from jumpscore.builder.imports.recordings import Frames, Mark, Recording, Stated
from jumpscore.builder.imports.sources import Source, as_number

SHAPES = ("box", "polygon", "polyline", "points", "ellipse", "cuboid", "mask", "skeleton")
_FRAME_NAME = re.compile(r"frame_(\d{1,9})", re.ASCII)


def read(source: Source) -> list[Recording]:
    """Return one recording per task of the export.

    Raises:
        DataError: A frame number is malformed, or the task of a track cannot be identified.
    """
    root = source.xml
    if root is None:
        raise source.error("is not XML; choose annotations.xml of a CVAT export, unpacked")
    tasks = {task.findtext("id", ""): task for task in _tasks(root)}
    marks: dict[str, list[Mark]] = defaultdict(list)
    for element in root:
        if element.tag == "track":
            marks[_task_of(source, element, tasks)] += _starts(source, element)
        elif element.tag == "image":
            marks[_task_of(source, element, tasks)] += _tags(source, element)
    return [_recording(source, task, tuple(marks[name])) for name, task in tasks.items()]


def _tasks(root: Element) -> list[Element]:
    meta = root.find("meta")
    if meta is None:
        return []
    return [*meta.iterfind("project/tasks/task"), *meta.iterfind("task"), *meta.iterfind("job")]


def _task_of(source: Source, element: Element, tasks: dict[str, Element]) -> str:
    name = element.get("task_id")
    if name in tasks:
        return name
    if len(tasks) != 1:
        raise source.error(
            f"a {element.tag} belongs to the task {name!r:.40}, which is not one of the "
            f"{len(tasks)} tasks in <meta>; export one task at a time"
        )
    return next(iter(tasks))


def _recording(source: Source, task: Element, marks: tuple[Mark, ...]) -> Recording:
    video = task.findtext("source") or task.findtext("name") or ""
    size, step = as_number(task.findtext("size")), task.findtext("frame_filter")
    # Otherwise, the size counts images, or the frames that a filter left.
    is_video = task.findtext("mode") == "interpolation" and not step and task.tag == "task"
    frames = int(size) if is_video and size is not None else None
    return Recording(
        task.findtext("name") or source.path.stem,
        tuple(name for name in (video, source.path.stem) if name),
        marks,
        Frames(base=0),
        Stated(frames=frames),
    )


def _starts(source: Source, track: Element) -> list[Mark]:
    """Return the frames at which a track becomes visible; ``outside`` ends each stretch."""
    label = track.get("label", "")
    shapes = sorted(
        (source.frame(shape.get("frame"), "frame of a track"), shape.get("outside") == "1")
        for shape in track
        if shape.tag in SHAPES
    )
    marks, is_visible = [], False
    for frame, is_outside in shapes:
        if not is_outside and not is_visible:
            marks.append(Mark(frame, label))
        is_visible = not is_outside
    return marks


def _tags(source: Source, image: Element) -> list[Mark]:
    name = _FRAME_NAME.search(image.get("name", ""))
    frame = float(name[1]) if name else source.frame(image.get("id"), "id of an image")
    return [Mark(frame, tag.get("label", "")) for tag in image.iterfind("tag")]

"""VIA 3 projects (JSON) and its two CSV exports: points and segments in seconds.

A mark is a point, or the start of a segment; its label is the text of its attributes. A project
stores the id of a chosen option, and the tables do not list the texts of options.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from jumpscore.builder.imports.recordings import Mark, Recording, Seconds
from jumpscore.builder.imports.sources import Source
from jumpscore.jsonio import parse_json

HEADER = "CSV_HEADER"


def read(source: Source) -> list[Recording]:
    """Return one recording per video.

    Raises:
        DataError: A time, a view or a cell is malformed.
    """
    project = source.json
    if isinstance(project, list):
        raise source.error("is a JSON list, not a VIA project")
    return _table(source) if project is None else _project(source, project)


def _project(source: Source, project: Mapping[str, Any]) -> list[Recording]:
    parts = [_part(source, project, key) for key in ("view", "file", "metadata")]
    views, files, metadata = parts
    options = _options(project.get("attribute"))
    marks: dict[str, list[Mark]] = {view: [] for view in views}
    for name, item in metadata.items():
        view = str(item.get("vid"))
        if view not in marks:
            raise source.error(f"metadata {name!r:.40} is about the missing view {view!r:.40}")
        if times := _times(source, item.get("z"), f"z of metadata {name!r:.40}"):
            marks[view].append(Mark(times[0], _label(item.get("av"), options)))
    return [
        Recording(
            f"view {view}", _videos(source, view, views[view], files), tuple(items), Seconds()
        )
        for view, items in marks.items()
    ]


def _part(source: Source, project: Mapping[str, Any], key: str) -> dict[str, dict[str, Any]]:
    part = project.get(key, {})
    if not isinstance(part, dict) or not all(isinstance(item, dict) for item in part.values()):
        raise source.error(f"{key} is not an object of objects; save the project again")
    return part


def _videos(
    source: Source, view: str, facts: Mapping[str, Any], files: Mapping[str, Mapping[str, Any]]
) -> tuple[str, ...]:
    ids = facts.get("fid_list")
    if not isinstance(ids, list) or len(ids) != 1 or str(ids[0]) not in files:
        raise source.error(f"view {view!r:.40} does not show exactly one file")
    file = files[str(ids[0])]
    return tuple(str(file[key]) for key in ("src", "fname") if file.get(key))


def _options(attributes: object) -> dict[str, dict[str, str]]:
    """Return attribute id -> option id -> text."""
    if not isinstance(attributes, dict):
        return {}
    return {
        str(name): {str(key): str(text) for key, text in options.items()}
        for name, attribute in attributes.items()
        if isinstance(attribute, dict) and isinstance(options := attribute.get("options"), dict)
    }


def _label(values: object, options: Mapping[str, Mapping[str, str]]) -> str:
    if not isinstance(values, dict):
        return ""
    texts = [options.get(str(k), {}).get(str(v), str(v)) for k, v in sorted(values.items())]
    return ", ".join(text for text in texts if text)


def _times(source: Source, value: object, what: str) -> list[float]:
    if not isinstance(value, list):
        raise source.error(f"{what} is {value!r:.60}, which is not a list of times")
    return [source.number(time, what) for time in value]


def _table(source: Source) -> list[Recording]:
    columns = _columns(source)
    marks: dict[str, list[Mark]] = defaultdict(list)
    for row in source.commented_rows(columns):
        files = _cell(source, row, "file_list")
        if not isinstance(files, list) or len(files) != 1:
            raise source.error(f"file_list is {files!r:.60}, which is not a list of one file")
        label = _label(_cell(source, row, "metadata"), {})
        if "temporal_coordinates" in row:
            times = _times(source, _cell(source, row, "temporal_coordinates"), "a time")
        else:
            times = [source.number(row.get("temporal_segment_start"), "temporal_segment_start")]
        if times:
            marks[str(files[0])].append(Mark(times[0], label))
    return [Recording(name, (name,), tuple(items), Seconds()) for name, items in marks.items()]


def _columns(source: Source) -> list[str]:
    for line in source.text.splitlines():
        if line.startswith("#") and HEADER in line:
            return [name.strip() for name in line.partition("=")[2].split(",")]
    raise source.error(f"has no line '# {HEADER} = ...'; export it from VIA again")


def _cell(source: Source, row: Mapping[str, str], column: str) -> Any:
    try:
        return parse_json(row.get(column, ""))
    except ValueError as error:
        raise source.error(f"{column} is {row.get(column)!r:.60}, not JSON ({error})") from error

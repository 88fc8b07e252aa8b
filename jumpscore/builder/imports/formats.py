"""The table of formats: how each is recognised, and what reads it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from jumpscore.builder.imports.recordings import Recording
from jumpscore.builder.imports.sources import Source
from jumpscore.errors import DataError, UsageError, nearest_names


@dataclass(frozen=True, slots=True)
class Format:
    """A format of annotation files.

    Attributes:
        name: Name, as in ``--format NAME``.
        title: The tool and its usual suffix.
        clock: One line on what the format counts in.
        fits: Whether a file has this format, judged by its content.
        module: Module of ``jumpscore.builder.imports`` with ``read(source)``.
    """

    name: str
    title: str
    clock: str
    fits: Callable[[Source], bool]
    module: str

    def read(self, source: Source) -> list[Recording]:
        """Return the recordings in a file.

        Raises:
            DataError: The file does not have this format, or is damaged.
        """
        reader: Any = import_module(f"jumpscore.builder.imports.{self.module}")
        recordings: list[Recording] = reader.read(source)
        if not recordings:
            raise source.error(f"contains no recordings in the format {self.name}")
        return recordings


def _root(tag: str) -> Callable[[Source], bool]:
    return lambda source: source.xml is not None and source.xml.tag == tag


def _keys(*keys: str) -> Callable[[Source], bool]:
    return lambda source: isinstance(source.json, dict) and set(keys) <= source.json.keys()


def _columns(*columns: str) -> Callable[[Source], bool]:
    return lambda source: set(columns) <= set(source.header)


def _is_hub(source: Source) -> bool:
    if source.path.is_dir() or source.content[:4] == b"PAR1":
        return True
    return source.path.suffix == ".jsonl" or _columns("video_path", "answer")(source)


def _is_label_studio(source: Source) -> bool:
    tasks = source.json if isinstance(source.json, list) else [source.json]
    return bool(tasks) and all(
        isinstance(task, dict) and {"data", "annotations"} <= task.keys() for task in tasks
    )


def _is_via(source: Source) -> bool:
    is_table = source.start == b"#" and b"CSV_HEADER" in source.content[:4096]
    return is_table or _keys("project", "view", "metadata")(source)


def _is_table(source: Source) -> bool:
    from jumpscore.builder.imports.table import FRAME_COLUMNS, TIME_COLUMNS

    return bool({*TIME_COLUMNS, *FRAME_COLUMNS} & set(source.header))


def _is_webvtt(source: Source) -> bool:
    return source.content.removeprefix(b"\xef\xbb\xbf").startswith(b"WEBVTT")


FORMATS = (
    Format(
        "webvtt",
        "WebVTT (.vtt)",
        "milliseconds of the media",
        _is_webvtt,
        "webvtt",
    ),
    Format(
        "hub",
        "the layout of JumpScore on the hub (a folder, .parquet, .jsonl, .csv)",
        "seconds, used unchanged",
        _is_hub,
        "hub",
    ),
    Format(
        "elan",
        "ELAN (.eaf)",
        "milliseconds of the media, plus its TIME_ORIGIN",
        _root("ANNOTATION_DOCUMENT"),
        "elan",
    ),
    Format(
        "kinovea",
        "Kinovea (.kva)",
        "the video's own time stamps",
        _root("KinoveaVideoAnalysis"),
        "kinovea",
    ),
    Format(
        "cvat",
        "CVAT for video or images 1.1 (annotations.xml)",
        "frame numbers of the video from 0",
        _root("annotations"),
        "cvat",
    ),
    Format(
        "boris",
        "BORIS (.boris)",
        "seconds of the media, less the time offset of the observation",
        _keys("observations", "behaviors_conf"),
        "boris",
    ),
    Format(
        "via",
        "VIA 3 (project .json, or .csv)",
        "seconds of the media",
        _is_via,
        "via",
    ),
    Format(
        "label_studio",
        "Label Studio (.json)",
        "frame numbers from 1 at the frame rate of its labelling configuration",
        _is_label_studio,
        "label_studio",
    ),
    Format(
        "repcount",
        "RepCount (.csv with the columns type, name, count, L1, L2, ...)",
        "frame numbers of the video from 0",
        _columns("name", "count", "l1"),
        "repcount",
    ),
    Format(
        "csv",
        "a table with one row per mark (.csv, .tsv)",
        "seconds, used unchanged; or frame numbers of the video",
        _is_table,
        "table",
    ),
)
"""All formats; the first that fits is used."""


def format_of(source: Source, name: str | None = None) -> Format:
    """Return the format of a file: as chosen, or recognised by its content.

    Raises:
        UsageError: The chosen name is unknown.
        DataError: No format fits.
    """
    names = [row.name for row in FORMATS]
    if name is None:
        for row in FORMATS:
            if row.fits(source):
                return row
        raise DataError(
            f"{source.path}: has none of the supported formats ({', '.join(names)}); if it does, "
            "state it with --format"
        )
    if name not in names:
        raise UsageError(
            f"unknown format {name!r}{nearest_names(name, names)}; known: {', '.join(names)}"
        )
    return FORMATS[names.index(name)]

"""Write a data set, or every split of a version, in a format of another tool."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jumpscore.builder.exports import hub
from jumpscore.builder.exports.formats import HUB, ExportFormat, ExportVideo
from jumpscore.data.convert import new_folder, place
from jumpscore.data.events import EVENTS
from jumpscore.data.layout import (
    MANIFEST,
    Manifest,
    Row,
    data_file,
    parse_truth,
    read_manifest,
    read_rows,
)
from jumpscore.data.versions import splits_of
from jumpscore.errors import DataError
from jumpscore.records import Progress
from jumpscore.video import probe


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        files: The annotation files, relative to the new folder.
        videos: Number of videos.
        events: Number of events.
        notes: What the format cannot store.
    """

    files: tuple[str, ...]
    videos: int
    events: int
    notes: tuple[str, ...]


def export_data(
    data: Path,
    out: Path,
    form: ExportFormat,
    *,
    videos: bool = True,
    on_progress: Progress | None = None,
) -> Exported:
    """Write a data set or a version in a format.

    Args:
        data: Folder of a data set or of a version. Of a version, every split is written: as the
            splits of one folder in the hub's layout, in a folder of its own in other formats.
        out: New folder, which is complete or absent afterwards.
        form: The format.
        videos: Whether the videos are part of the export (hard links if possible).
        on_progress: Called with (videos done, videos).

    Raises:
        DataError: A row or a video is missing or damaged. Nothing is written.
        UsageError: ``out`` is not empty.
    """
    splits = splits_of(data)
    sets = splits or {"": data}
    total = sum(len(read_rows(folder)) for folder in sets.values())
    read: dict[str, list[ExportVideo]] = {}
    done = 0
    for name, folder in sets.items():
        manifest = read_manifest(folder)
        read[name] = []
        for row in read_rows(folder):
            read[name].append(_video(folder, row, manifest))
            done += 1
            if on_progress:
                on_progress(done, total)
        _check_names(read[name])
    with new_folder(out) as target:
        if form.name == HUB:
            names = {name: name or read_manifest(data).split or "test" for name in sets}
            by_split = {names[name]: read[name] for name in sets}
            files = hub.write_hub(by_split, target, card=data / "README.md", videos=videos)
        else:
            files = []
            for name, folder in sets.items():
                files += _write_set(folder, read[name], target / name, form, videos=videos)
        listed = tuple(file.relative_to(target).as_posix() for file in files)
    every = [video for part in read.values() for video in part]
    events = sum(len(video.times) for video in every)
    return Exported(listed, len(every), events, _notes(form, every))


def _check_names(videos: Sequence[ExportVideo]) -> None:
    """Check that files can be named after the videos.

    Raises:
        DataError: Two videos have the same name.
    """
    counts = Counter(video.stem for video in videos)
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise DataError(
            f"{counts[repeated[0]]} videos are called {repeated[0]!r:.80}, and exported files are "
            "named after their video; rename all but one"
        )


def _write_set(
    folder: Path, part: Sequence[ExportVideo], out: Path, form: ExportFormat, *, videos: bool
) -> list[Path]:
    manifest = read_manifest(folder)
    out.mkdir(parents=True, exist_ok=True)
    files = form.write(part, manifest.event or EVENTS["jump_rope"], out)
    if (folder / MANIFEST).is_file() and form.name == "jsonl":
        shutil.copyfile(folder / MANIFEST, out / MANIFEST)  # a link would share later changes
    for path in {video.path for video in part} if videos else ():
        place(folder / path, out / path)
    return files


def _video(folder: Path, row: Row, manifest: Manifest) -> ExportVideo:
    """Return a video with its events.

    Raises:
        DataError: The row or its video cannot be used.
    """
    path, problem = data_file(folder, row.video_path)
    if problem:
        raise DataError(f"{folder}, id {row.id}: {problem}")
    info = probe(path)
    times, problem = parse_truth(row.answer, duration=info.duration)
    if problem:
        raise DataError(f"{folder}, id {row.id}: {problem}")
    facts: Mapping[str, object] = manifest.videos.get(row.id, {})
    event = manifest.event or EVENTS["jump_rope"]
    label = str(facts.get("label") or event.name)
    return ExportVideo(row, info, tuple(times), label)


def _notes(form: ExportFormat, videos: Sequence[ExportVideo]) -> tuple[str, ...]:
    """Return what the format cannot store."""
    notes = []
    if form.resolution:
        notes.append(f"{form.name} stores times in whole milliseconds")
    if form.name == "elan":
        notes.append("ELAN has no instants: every event is an interval of 1 ms from its time")
    empty = sum(not video.times for video in videos)
    if form.name == "csv" and empty:
        notes.append(f"videos without events, which have no line in a table: {empty:,}")
    between = sum(video.between for video in videos)
    if form.resolution and between:
        notes.append(f"events between two frames, which tools that count frames move: {between:,}")
    return tuple(notes)

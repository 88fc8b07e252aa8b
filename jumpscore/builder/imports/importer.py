"""Write a data set from annotation files and their videos."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

from jumpscore.builder.imports.clocks import ClockOptions, Placement, TrackTimes, place_marks
from jumpscore.builder.imports.formats import Format, format_of
from jumpscore.builder.imports.recordings import Recording
from jumpscore.builder.imports.sources import Source
from jumpscore.builder.imports.videos import VideoFinder
from jumpscore.data.convert import new_folder, place
from jumpscore.data.events import EVENTS, EventDefinition
from jumpscore.data.layout import Manifest, Row, data_file, write_set
from jumpscore.errors import UsageError
from jumpscore.records import Progress
from jumpscore.video import VideoInfo, content_hash

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
MOST_LISTED = 10
"""Names listed in a message."""


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What to import and how.

    Attributes:
        format: Name of the format; by default recognised by content.
        event: What the marks are.
        labels: Labels to import; required if a video has marks with several labels.
        recordings: Names of the recordings to import; by default all.
        clock: What the user states about the clock.
    """

    format: str | None = None
    event: EventDefinition = EVENTS["jump_rope"]
    labels: Sequence[str] = ()
    recordings: Sequence[str] = ()
    clock: ClockOptions = field(default_factory=ClockOptions)


@dataclass(frozen=True, slots=True)
class ImportedVideo:
    """One video of the new set, for a report.

    Attributes:
        id: Its sample id.
        file: Its annotation file.
        recording: Name of the recording in it.
        video: The original video.
        format: Name of the format.
        clock: What the format counts in.
        events: Number of marks.
        difference: Largest distance of a mark from the frame that was on screen, in seconds.
        notes: What is unusual about the clock or the file.
    """

    id: str
    file: Path
    recording: str
    video: Path
    format: str
    clock: str
    events: int
    difference: float
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Item:
    source: Source
    format: Format
    recording: Recording
    video: Path


def import_set(
    files: Sequence[Path],
    out: Path,
    *,
    videos: Path | None = None,
    options: ImportOptions = ImportOptions(),
    on_progress: Progress | None = None,
) -> list[ImportedVideo]:
    """Write a data set with the marks of annotation files; every mark is kept.

    Args:
        files: Annotation files.
        out: New folder for the data set, which is complete or absent afterwards.
        videos: Folder to search for videos.
        options: What to import and how.
        on_progress: Called with (videos done, videos).

    Raises:
        DataError: A file or a video is missing, damaged or ambiguous, or the clock of a file
            contradicts its video. Nothing is written.
        UsageError: ``out`` is not empty, or an option is missing or invalid.
    """
    finder = VideoFinder(videos)
    items = list(_items(files, finder, options))
    _check_videos(items)
    names = _names(items)
    with new_folder(out) as folder:
        rows, facts, imported = [], {}, []
        for done, (item, name) in enumerate(zip(items, names, strict=True), start=1):
            track = TrackTimes.read(item.video)
            placed = place_marks(item.recording, track, options.clock)
            path = _video_path(item, name)
            target, problem = data_file(folder, path)
            if not problem and target.exists():
                problem = f"the path {path!r} is that of another video, too; import the sets alone"
            if problem:
                raise item.source.error(problem)
            place(item.video, target)
            label = _label(item.recording)
            question = item.recording.question or options.event.ask(label)
            rows.append(Row(name, path, question, json.dumps(list(placed.times))))
            facts[name] = _facts(item, track.info, placed, label)
            imported.append(_report(item, name, placed))
            if on_progress:
                on_progress(done, len(items))
        write_set(folder, rows, _manifest(out, items, facts, options))
    return imported


def _items(files: Sequence[Path], finder: VideoFinder, options: ImportOptions) -> Iterator[_Item]:
    """Yield the chosen recordings with their videos."""
    sources = [Source(file) for file in files]
    formats = [format_of(source, options.format) for source in sources]
    read = [
        (source, row, recording)
        for source, row in zip(sources, formats, strict=True)
        for recording in row.read(source)
    ]
    names = [recording.name for _, _, recording in read]
    _check_known("recording", options.recordings, names)
    labels = [mark.label for _, _, recording in read for mark in recording.marks]
    _check_known("label", options.labels, labels)
    for source, row, recording in read:
        if options.recordings and recording.name not in options.recordings:
            continue
        chosen = _with_labels(source, recording, options.labels)
        yield _Item(source, row, chosen, finder.find(source.path, recording.videos))


def _check_known(what: str, chosen: Sequence[str], names: Sequence[str]) -> None:
    known = sorted(set(names))
    for name in chosen:
        if name not in known:
            listed = ", ".join(map(repr, known[:MOST_LISTED]))
            raise UsageError(f"no {what} is called {name!r:.80}; the files have {listed}")


def _with_labels(source: Source, recording: Recording, labels: Sequence[str]) -> Recording:
    """Return a recording with the marks of the chosen labels.

    Raises:
        UsageError: No label is chosen, and the marks have several.
    """
    known = sorted({mark.label for mark in recording.marks})
    if labels:
        marks = tuple(mark for mark in recording.marks if mark.label in labels)
        return replace(recording, marks=marks)
    if len(known) > 1:
        listed = ", ".join(map(repr, known[:MOST_LISTED]))
        raise UsageError(
            f"{source.path}, {recording.name}: has marks with {len(known)} labels ({listed}); "
            "choose with --label, which can be repeated"
        )
    return recording


def _check_videos(items: Sequence[_Item]) -> None:
    """Check that no two recordings are about the same video.

    Raises:
        UsageError: Two are; or there is nothing to import.
    """
    if not items:
        raise UsageError("the files contain no recordings; check the format")
    counts = Counter(item.video.resolve() for item in items)
    for video, count in counts.items():
        if count > 1:
            same = [item for item in items if item.video.resolve() == video]
            names = ", ".join(f"{item.recording.name!r}" for item in same[:MOST_LISTED])
            raise UsageError(
                f"{video}: has {count} recordings ({names}); choose one with --recording, and "
                "import the others as sets of their own"
            )


def _names(items: Sequence[_Item]) -> list[str]:
    """Return the sample ids: those of the format, or the videos' names without suffix."""
    stems = [
        item.recording.id or _UNSAFE.sub("-", item.video.stem).strip("-.") or "video"
        for item in items
    ]
    counts = Counter(stems)
    return [
        stem if counts[stem] == 1 else f"{stem}-{content_hash(item.video)[:8]}"
        for stem, item in zip(stems, items, strict=True)
    ]


def _video_path(item: _Item, name: str) -> str:
    """Return the path in the set: that of the format if it has one."""
    stored = item.recording.videos[0] if item.recording.id and item.recording.videos else ""
    if stored and not PurePosixPath(stored).is_absolute():
        return stored
    return f"videos/{_UNSAFE.sub('-', name)}{item.video.suffix.lower()}"


def _label(recording: Recording) -> str:
    return next((mark.label for mark in recording.marks), "")


def _facts(item: _Item, info: VideoInfo, placed: Placement, label: str) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "sha256": content_hash(item.video),
        "bytes": item.video.stat().st_size,
        "duration": round(info.duration, 6),
        "frames": info.frames,
        "width": info.width,
        "height": info.height,
        "codec": info.codec,
        "rotation": info.rotation,
        "events": len(placed.times),
        "imported_from": item.source.path.name,
        "largest_difference": round(placed.difference, 6),
    }
    optional = {"fps": round(info.fps, 6), "label": label, "notes": list(placed.notes)}
    return facts | {key: value for key, value in optional.items() if value}


def _report(item: _Item, name: str, placed: Placement) -> ImportedVideo:
    return ImportedVideo(
        name,
        item.source.path,
        item.recording.name,
        item.video,
        item.format.name,
        item.format.clock,
        len(placed.times),
        placed.difference,
        placed.notes,
    )


def _manifest(
    out: Path, items: Sequence[_Item], facts: dict[str, dict[str, Any]], options: ImportOptions
) -> Manifest:
    titles = dict.fromkeys(f"{item.format.title}, {item.format.clock}" for item in items)
    return Manifest(
        out.resolve().name,
        source=f"imported from {'; '.join(titles)}",
        videos=facts,
        event=options.event,
    )

"""Take the marks of a data set into a project, as the annotation of one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jumpscore.builder.ingest.files import FileList, SourceFile
from jumpscore.builder.ingest.provenance import Provenance
from jumpscore.builder.project import Change, Details, Edit, Mark, Project, ProjectVideo
from jumpscore.data.layout import Manifest, Row, data_file, parse_truth
from jumpscore.video import probe
from jumpscore.video.stored_frames import nearest_index

UNKNOWN = "unknown"
"""Licence in the manifest of a set whose licence was not stated."""


@dataclass(frozen=True, slots=True)
class ImportedMarks:
    """What became of the marks of one video.

    Attributes:
        video: Id of the video.
        marks: Number of marks that were imported.
        difference: Largest distance of a time from its frame in seconds.
        problem: Why nothing was imported, or ``None``.
    """

    video: str
    marks: int = 0
    difference: float = 0.0
    problem: str | None = None


def file_name(row: Row) -> str:
    """Return the name of a video for people: its path without the usual folder."""
    return row.video_path.removeprefix("videos/")


def set_files(root: Path, rows: Sequence[Row]) -> FileList:
    """Return the videos of a data set."""
    videos: dict[str, SourceFile] = {}
    for row in rows:
        path, problem = data_file(root, row.video_path)
        if problem is None and not path.is_file():
            problem = "is missing"
        videos[file_name(row)] = SourceFile(path, file_name(row), problem)
    return FileList(tuple(videos.values()), 0)


def set_provenance(rows: Sequence[Row], manifest: Manifest) -> dict[str, Provenance]:
    """Return what the manifest states about each video, by its name."""
    licence = "" if manifest.licence == UNKNOWN else manifest.licence
    return {
        file_name(row): Provenance(
            licence,
            manifest.source,
            str(manifest.videos.get(row.id, {}).get("label", "")),
            # Rendered clips share nothing but their source.
            row.id if manifest.synthetic else "",
        )
        for row in rows
    }


def import_marks(
    project: Project,
    annotator: str,
    root: Path,
    *,
    rows: Sequence[Row],
    videos: Mapping[str, ProjectVideo],
) -> list[ImportedMarks]:
    """Write the marks of a data set as finished annotations; earlier annotations stay.

    Args:
        project: The project, locked by the caller.
        annotator: Who made the marks.
        root: Folder of the data set.
        rows: Its rows.
        videos: Name of a file of the data set -> the video in the project.

    Raises:
        UsageError: The name is not valid, or an annotation cannot be stored.
        DataError: An annotation in the project is damaged.
        VideoError: A video cannot be read any more.
    """
    return [
        _import_row(project, annotator, root, row=row, video=videos[file_name(row)])
        for row in rows
        if file_name(row) in videos
    ]


def _import_row(
    project: Project, annotator: str, root: Path, *, row: Row, video: ProjectVideo
) -> ImportedMarks:
    journal = project.journal(video, annotator)
    if journal.annotation.is_started:
        return ImportedMarks(video.id, problem=f"{annotator} has annotated it already")
    times, problem = parse_truth(row.answer, duration=video.duration)
    if problem is not None:
        return ImportedMarks(video.id, problem=problem)
    # The frames of a re-encoded video are the same, but the first one is at 0 s.
    original = data_file(root, row.video_path)[0] if video.original_sha256 else project.file(video)
    answered, stored = probe(original).times, probe(project.file(video)).times
    frames = [nearest_index(answered, time) for time in times]
    changes = tuple(
        Change(None, Mark(f"import-{place}", frame, float(stored[frame]), "import"))
        for place, frame in enumerate(frames, start=1)
    )
    if changes:
        journal.edit(Edit(f"import {len(changes)} marks", changes))
    journal.describe(Details(done=True))
    differences = [abs(float(answered[f]) - t) for f, t in zip(frames, times, strict=True)]
    return ImportedMarks(video.id, len(frames), max(differences, default=0.0))

"""Create a project from videos or from a data set, or add to one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from jumpscore.builder.ingest.files import find_files
from jumpscore.builder.ingest.intake import IngestReport, take_in
from jumpscore.builder.ingest.marks import ImportedMarks, import_marks, set_files, set_provenance
from jumpscore.builder.ingest.provenance import Provenance, state_provenance
from jumpscore.builder.project import ADJUDICATED, Project
from jumpscore.builder.project.project import PROJECT, check_name
from jumpscore.data.events import EVENTS, EventDefinition
from jumpscore.data.layout import read_manifest, read_rows
from jumpscore.errors import UsageError
from jumpscore.records import Progress


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """What the user states, and what to store.

    Attributes:
        provenance: Licence and source of videos for which nothing else is stated.
        table: Table with the licence and source of each file.
        event: What is marked; by default that of the project, of the data set, or ``jump_rope``.
        re_encode: Whether to store normalised versions instead of the files themselves.
    """

    provenance: Provenance = field(default_factory=Provenance)
    table: Path | None = None
    event: EventDefinition | None = None
    re_encode: bool = False


def ingest_videos(
    paths: Sequence[Path],
    out: Path,
    *,
    options: IngestOptions = IngestOptions(),
    on_progress: Progress | None = None,
) -> IngestReport:
    """Take the videos below folders into a new or existing project.

    Args:
        paths: Folders and files.
        out: Folder of the project.
        options: What the user states.
        on_progress: Called with (files done, files).

    Raises:
        UsageError: No video is there, a licence or source is missing, or the project is in use or
            cannot be written.
        DataError: The table or the project is damaged.
    """
    files = find_files(paths, project=out)
    if not files.videos:
        raise UsageError(f"{paths[0]}: contains no video files; choose another folder")
    defaults = {file.name: options.provenance for file in files.videos}
    stated = state_provenance(defaults, options.table)
    project = _project(out, options.event)
    with project.lock("jumpscore data ingest"):
        return take_in(project, files, stated, re_encode=options.re_encode, on_progress=on_progress)


def ingest_set(
    root: Path,
    out: Path,
    annotator: str,
    *,
    options: IngestOptions = IngestOptions(),
    on_progress: Progress | None = None,
) -> tuple[IngestReport, list[ImportedMarks]]:
    """Take the videos of a data set into a project, and its marks as those of one annotator.

    Args:
        root: Folder of the data set.
        out: Folder of the project.
        annotator: Who made the marks.
        options: What the user states; by default, licence, source and event of the data set.
        on_progress: Called with (files done, files).

    Raises:
        UsageError: As ``ingest_videos``, or the annotator's name is not valid.
        DataError: The data set, the table or the project is damaged.
        VideoError: A video cannot be read any more.
    """
    if check_name(annotator) == ADJUDICATED:
        raise UsageError(
            f"annotator {ADJUDICATED!r} is the result of adjudication; choose another name"
        )
    rows, manifest = read_rows(root), read_manifest(root)
    files = set_files(root, rows)
    chosen = {
        key: text for key in ("licence", "source") if (text := getattr(options.provenance, key))
    }
    defaults = {
        name: replace(provenance, **chosen)
        for name, provenance in set_provenance(rows, manifest).items()
    }
    stated = state_provenance(defaults, options.table)
    project = _project(out, options.event or manifest.event)
    with project.lock("jumpscore data ingest"):
        report = take_in(
            project, files, stated, re_encode=options.re_encode, on_progress=on_progress
        )
        videos = report.taken | report.present
        return report, import_marks(project, annotator, root, rows=rows, videos=videos)


def _project(out: Path, event: EventDefinition | None) -> Project:
    """Return the project in a folder, created if it does not exist.

    Raises:
        UsageError: Another event is marked in it.
    """
    if not (out / PROJECT).exists():
        return Project.create(out, event or EVENTS["jump_rope"])
    project = Project.open(out)
    if event is not None and event != project.event:
        raise UsageError(
            f"{out}: marks {project.event.name!r:.60}, not {event.name!r:.60}; choose another "
            "--event or --out"
        )
    return project

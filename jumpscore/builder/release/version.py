"""Write a version: splits with videos and rows, and the files that describe them."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from jumpscore.builder.project import Project, ProjectVideo
from jumpscore.builder.release.audit import AuditLine
from jumpscore.builder.release.card import PLOTS, Card, card
from jumpscore.builder.release.contents import RECORD, FinishedVideo, VersionRecord, read_record
from jumpscore.builder.release.statistics import figures
from jumpscore.data.convert import place
from jumpscore.data.layout import Manifest, Row, parse_truth, read_manifest, read_rows, write_set
from jumpscore.data.versions import VERSIONS, splits_of, version_numbers, write_sums
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import sync_tree, write_json, write_text
from jumpscore.records import Progress
from jumpscore.report.exports.figure import svg
from jumpscore.video import content_hash


@dataclass(frozen=True, slots=True)
class LastVersion:
    """The last version of a project.

    Attributes:
        record: Its record.
        folder: Its folder.
        rows: Name of a split -> its rows.
        manifests: Name of a split -> its manifest.
    """

    record: VersionRecord
    folder: Path
    rows: Mapping[str, Sequence[Row]]
    manifests: Mapping[str, Manifest]

    @classmethod
    def of(cls, project: Project) -> LastVersion | None:
        """Read the last version, if any.

        Raises:
            DataError: It is damaged.
        """
        numbers = version_numbers(project.root)
        if not numbers:
            return None
        folder = project.root / VERSIONS / str(numbers[-1])
        splits = splits_of(folder)
        return cls(
            read_record(folder),
            folder,
            {name: read_rows(path) for name, path in splits.items()},
            {name: read_manifest(path) for name, path in splits.items()},
        )

    @property
    def times(self) -> dict[str, tuple[float, ...]]:
        """Video id -> times in seconds."""
        every = [row for rows in self.rows.values() for row in rows]
        return {row.id: tuple(parse_truth(row.answer)[0]) for row in every}

    @property
    def split_of(self) -> dict[str, str]:
        """Video id -> split."""
        return {row.id: name for name, rows in self.rows.items() for row in rows}


def split_manifest(
    project: Project, record: VersionRecord, split: str, videos: Sequence[FinishedVideo]
) -> Manifest:
    """Return the manifest of a split."""
    licences = sorted({video.video.licence for video in videos})
    sources = sorted({video.video.source for video in videos})
    return Manifest(
        f"{record.name}-{record.number}-{split}",
        licence="; ".join(licences),
        source="; ".join(sources),
        videos={video.video.id: video.facts() for video in videos},
        event=project.event,
        version=record.number,
        split=split,
    )


def write_version(
    project: Project,
    content: Card,
    lines: Sequence[AuditLine],
    before: LastVersion | None,
    on_progress: Progress | None,
) -> Path:
    """Write a version and return its folder.

    Args:
        project: The project, locked.
        content: What the version contains.
        lines: What changed since the last version.
        before: The last version, if any.
        on_progress: Called with (videos done, videos).

    Raises:
        UsageError: It cannot be written; no version is left.
        DataError: A video was changed after ingestion.
    """
    record = content.record
    versions = project.root / VERSIONS
    folder = versions / str(record.number)
    scratch = versions / f".{record.number}.{os.getpid()}"
    try:
        for leftover in versions.glob(".*"):  # the project is locked, so no process writes them
            if leftover.is_dir():
                shutil.rmtree(leftover)
        scratch.mkdir(parents=True)
        done, total = 0, len(content.videos)
        for name, videos in content.splits.items():
            for video in videos:
                _place_video(project, video.video, scratch / name / video.video.path)
                done += 1
                if on_progress:
                    on_progress(done, total)
            rows = [video.row(project.event) for video in videos]
            write_set(scratch / name, rows, split_manifest(project, record, name, videos))
        _write_texts(scratch, content, lines, before)
        write_sums(scratch)
        for path in scratch.rglob("*"):
            # Hard links share their permissions with the files of the project.
            if path.is_file() and path.stat().st_nlink == 1:
                path.chmod(0o444)
        sync_tree(scratch)
        scratch.replace(folder)
    except OSError as error:
        raise UsageError(
            f"{folder}: cannot be written ({error.strerror or error}); free space or check the "
            "permissions; no version was written"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return folder


def _place_video(project: Project, video: ProjectVideo, target: Path) -> None:
    file = project.file(video)
    if content_hash(file) != video.sha256:
        raise DataError(
            f"{file}: was changed after it was ingested (SHA-256); restore the file, or ingest the "
            "new one as another video"
        )
    place(file, target)


def _write_texts(
    folder: Path, content: Card, lines: Sequence[AuditLine], before: LastVersion | None
) -> None:
    """Write the files at the top of a version."""
    record = content.record
    write_json(folder / RECORD, asdict(record))
    write_json(
        folder / "statistics.json",
        {name: asdict(numbers) for name, numbers in content.statistics.items()},
    )
    (folder / PLOTS).mkdir()
    for name, figure in figures(content.videos).items():
        write_text(folder / PLOTS / f"{name}.svg", svg(figure).decode())
    write_text(folder / "audit.jsonl", "".join(json.dumps(line.content()) + "\n" for line in lines))
    earlier = ""
    if before is not None:
        text = (before.folder / "CHANGELOG.md").read_text(encoding="utf-8")
        earlier = text.partition("\n")[2]
    entry = f"\n## {record.number} - {record.date}\n\n- {content.changes}.\n"
    write_text(folder / "CHANGELOG.md", f"# Changelog\n{entry}{earlier}")
    write_text(folder / "README.md", card(content))

"""Take videos into a project, one after another; a rerun takes what is new."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from jumpscore.builder.curves import curves_of, store_curves
from jumpscore.builder.ingest.examine import Examined, examine
from jumpscore.builder.ingest.files import FileList, SourceFile
from jumpscore.builder.ingest.fingerprints import (
    Fingerprint,
    are_similar,
    read_fingerprint,
    store_fingerprint,
)
from jumpscore.builder.ingest.normalise import normalise
from jumpscore.builder.ingest.provenance import Provenance, Statements
from jumpscore.builder.project import Project, ProjectVideo
from jumpscore.data.convert import place
from jumpscore.errors import UsageError, VideoError
from jumpscore.jsonio import parse_json, replacing, write_text
from jumpscore.records import Progress
from jumpscore.video import VideoInfo, content_hash

logger = logging.getLogger(__name__)

REJECTED = "rejected.jsonl"
NEAR = "near duplicate of "
MOST_LISTED = 3
"""Near duplicates named in a note."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A file that was not taken; a line of ``rejected.jsonl``.

    Attributes:
        file: Its path.
        reason: Why.
    """

    file: str
    reason: str


@dataclass(slots=True)
class IngestReport:
    """What became of every file.

    Attributes:
        taken: Name of a file -> its video, which is new in the project.
        present: Name of a file -> its video, which was in the project before.
        corrected: Name of a file -> its video, if the table changed what is stated about it.
        rejected: Files that were not taken.
        others: Number of files below the folders that are not named like videos.
    """

    taken: dict[str, ProjectVideo] = field(default_factory=dict)
    present: dict[str, ProjectVideo] = field(default_factory=dict)
    corrected: dict[str, ProjectVideo] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)
    others: int = 0


def take_in(
    project: Project,
    files: FileList,
    statements: Statements,
    *,
    re_encode: bool = False,
    on_progress: Progress | None = None,
) -> IngestReport:
    """Take videos into a project that the caller has locked.

    Args:
        project: The project.
        files: The files.
        statements: What the user states about the file of each name.
        re_encode: Whether to store normalised versions instead of the files themselves.
        on_progress: Called with (files done, files).

    Raises:
        UsageError: The project cannot be written; videos that were taken before stay.
        DataError: The project is damaged.
    """
    intake = _Intake(project, re_encode)
    for done, file in enumerate(files.videos, start=1):
        corrections = statements.corrections.get(file.name, {})
        intake.add(file, statements.stated[file.name], corrections)
        if on_progress:
            on_progress(done, len(files.videos))
    intake.report.others = files.others
    _note_rejected(project, files.videos, intake.report.rejected)
    return intake.finish()


class _Intake:
    """The state of one ingestion."""

    def __init__(self, project: Project, re_encode: bool) -> None:
        self.project = project
        self.report = IngestReport()
        self._re_encode = re_encode
        self._videos = project.videos()
        self._seen: dict[str, str] = {}
        self._fingerprints: dict[str, Fingerprint | None] = {}

    def add(self, file: SourceFile, provenance: Provenance, corrections: Mapping[str, str]) -> None:
        """Take one file, or note why not."""
        try:
            if file.problem is not None:
                raise VideoError(f"{file.path}: {file.problem}")
            self._add(file, provenance, corrections)
        except VideoError as error:
            reason = str(error).removeprefix(f"{file.path}: ")
            self.report.rejected.append(Rejection(str(file.path), reason))

    def finish(self) -> IngestReport:
        """Return the report, with the groups that later videos may have joined."""
        latest = {video.id: video for video in self._videos}
        report = self.report
        report.taken = {name: latest[video.id] for name, video in report.taken.items()}
        report.present = {name: latest[video.id] for name, video in report.present.items()}
        report.corrected = {name: latest[video.id] for name, video in report.corrected.items()}
        return report

    def _add(
        self, file: SourceFile, provenance: Provenance, corrections: Mapping[str, str]
    ) -> None:
        digest = _digest(file.path)
        if digest in self._seen:
            raise VideoError(f"is an exact copy of {self._seen[digest]}")
        known = next((v for v in self._videos if digest in (v.sha256, v.original_sha256)), None)
        if known is not None:
            self._seen[digest] = file.name
            self.report.present[file.name] = known
            self._correct(file.name, known, corrections)
            return
        examined = examine(file.path)
        if self._re_encode:
            # The project is locked, so no other process uses this file.
            scratch = _folder(self.project.root / ".cache") / "normalised.mp4"
            try:
                info = normalise(examined.info, scratch)
                video, notes = self._store(info), info.note_lines
            finally:
                scratch.unlink(missing_ok=True)
            video = replace(video, original_sha256=digest)
        else:
            info = examined.info
            video, notes = self._store(info), (*info.note_lines, *examined.private)
        video = replace(video, name=file.name, notes=notes, **asdict(provenance))
        video = self._grouped(video, examined.fingerprint)
        self._videos.append(video)
        self.project.write_videos(self._videos)
        self._seen[digest] = file.name
        self.report.taken[file.name] = video
        self._cache(video, info, examined)

    def _correct(self, name: str, known: ProjectVideo, corrections: Mapping[str, str]) -> None:
        """Change what is stated about a video of the project."""
        changes: dict[str, Any] = dict(corrections)
        video = replace(known, **changes)
        if video != known:
            self._videos[self._videos.index(known)] = video
            self.project.write_videos(self._videos)
            self.report.corrected[name] = video

    def _store(self, info: VideoInfo) -> ProjectVideo:
        """Put a file into the project under the name of its content.

        Raises:
            VideoError: The project has this content.
        """
        digest = content_hash(info.path)
        same = next((video for video in self._videos if video.sha256 == digest), None)
        if same is not None:
            raise VideoError(f"has the same frames as {same.name}")
        path = f"videos/{digest[:32]}{info.path.suffix.lower()}"
        _folder(self.project.root / "videos")
        with replacing(self.project.root / path) as scratch:
            place(info.path, scratch)
        return ProjectVideo(
            id=digest[:20],
            path=path,
            name="",
            sha256=digest,
            bytes=info.path.stat().st_size,
            licence="",
            source="",
            duration=round(info.duration, 6),
            frames=info.frames,
            width=info.width,
            height=info.height,
            fps=round(info.fps, 6),
            codec=info.codec,
        )

    def _grouped(self, video: ProjectVideo, fingerprint: Fingerprint) -> ProjectVideo:
        """Return the video in one group with its near duplicates, if it has any.

        The groups of all of them are joined, so that no two are in different splits.
        """
        similar = [other for other in self._videos if self._is_similar(other, fingerprint)]
        if not similar:
            return video
        group = _group(similar[0])
        joined = {_group(other) for other in (*similar, video)} - {group}
        self._videos = [
            replace(other, group=group) if _group(other) in joined else other
            for other in self._videos
        ]
        names = ", ".join(other.name for other in similar[:MOST_LISTED])
        return replace(video, group=group, notes=(*video.notes, f"{NEAR}{names}"))

    def _cache(self, video: ProjectVideo, info: VideoInfo, examined: Examined) -> None:
        """Store what was computed, so that nothing needs to be decoded again."""
        self._fingerprints[video.id] = examined.fingerprint
        try:
            store_fingerprint(self._fingerprint_file(video), examined.fingerprint)
        except OSError as error:
            logger.warning("the fingerprint of %s is not cached: %s", video.name, error)
        stored = replace(info, path=self.project.file(video))
        store_curves(self.project, video.id, curves_of(stored, examined.changes))

    def _is_similar(self, video: ProjectVideo, fingerprint: Fingerprint) -> bool:
        if video.id not in self._fingerprints:
            self._fingerprints[video.id] = self._read_fingerprint(video)
        stored = self._fingerprints[video.id]
        return stored is not None and are_similar(stored, fingerprint)

    def _read_fingerprint(self, video: ProjectVideo) -> Fingerprint | None:
        """Return the fingerprint of an earlier video, from the cache if it is there."""
        try:
            stored = read_fingerprint(self._fingerprint_file(video))
            return stored or examine(self.project.file(video)).fingerprint
        except VideoError as error:
            logger.warning("new videos are not compared with %s: %s", video.name, error)
            return None

    def _fingerprint_file(self, video: ProjectVideo) -> Path:
        return _folder(self.project.root / ".cache" / "fingerprints") / f"{video.id}.npz"


def _group(video: ProjectVideo) -> str:
    """Return what keeps a video in one split with others."""
    return video.group or video.source


def _digest(path: Path) -> str:
    try:
        return content_hash(path)
    except OSError as error:
        raise VideoError(f"{path}: cannot be read ({error.strerror})") from error


def _folder(path: Path) -> Path:
    """Return a folder of the project, created if it is missing."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be created ({error.strerror}); check permissions and space"
        ) from error
    return path


def read_rejected(project: Project) -> list[Rejection]:
    """Return the files that were not taken; damaged lines are left out."""
    try:
        lines = (project.root / REJECTED).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    rejected = []
    for line in lines:
        try:
            rejected.append(Rejection(**parse_json(line)))
        except (ValueError, TypeError):
            logger.warning("%s: a damaged line is removed", REJECTED)
    return rejected


def _note_rejected(
    project: Project, files: Sequence[SourceFile], rejected: Sequence[Rejection]
) -> None:
    """Replace what is noted about these files; other files stay noted."""
    paths = {str(file.path) for file in files}
    others = [rejection for rejection in read_rejected(project) if rejection.file not in paths]
    lines = [json.dumps(asdict(rejection)) + "\n" for rejection in (*others, *rejected)]
    if lines or (project.root / REJECTED).exists():
        write_text(project.root / REJECTED, "".join(lines))

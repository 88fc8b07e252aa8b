"""Freeze the final marks of a project as a version that never changes.

A version is written in a scratch folder and renamed, so it is complete or absent. Its videos are
hard links to those of the project. If nothing has changed since the last version, none is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from jumpscore.builder.project import ADJUDICATED, Project, ProjectVideo
from jumpscore.builder.release.audit import AuditLine, Reasons, audit, reasons_of, summary
from jumpscore.builder.release.card import Card
from jumpscore.builder.release.contents import FinishedVideo, VersionRecord
from jumpscore.builder.release.splits import assign_splits, check_shares
from jumpscore.builder.release.statistics import set_statistics
from jumpscore.builder.release.version import LastVersion, split_manifest, write_version
from jumpscore.builder.verify.agreement import PairAgreement, pair_agreements
from jumpscore.builder.verify.final import FinalMarks, done_annotations, final_marks
from jumpscore.data.versions import VERSIONS
from jumpscore.errors import UsageError
from jumpscore.jsonio import read_object, write_json
from jumpscore.records import Progress
from jumpscore.report.text import plural
from jumpscore.video import probe

ANNOTATORS = "annotators.json"
"""File in the folder of versions: name of an annotator -> public name. It is not published."""
SAME_TIME = 0.0005
"""Seconds by which the time of a mark may differ from that of its frame, because of rounding."""
MOST_LISTED = 10
"""Videos listed in a message."""
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class FreezeOptions:
    """How a project is frozen.

    Attributes:
        shares: Name of a split -> share of the videos; by default those of the last version, or
            one split ``test``.
        seed: Seed of the splits; new videos only.
        leave_out_unfinished: Whether videos without final marks are left out.
    """

    shares: Mapping[str, float] = field(default_factory=dict)
    seed: int = 0
    leave_out_unfinished: bool = False


@dataclass(frozen=True, slots=True)
class FrozenVersion:
    """The version after freezing.

    Attributes:
        folder: Its folder.
        record: Its record.
        splits: Name of a split -> number of videos.
        events: Number of events.
        changes: What changed since the version before, in words.
        is_new: False if nothing had changed, so that it is the last version.
    """

    folder: Path
    record: VersionRecord
    splits: Mapping[str, int]
    events: int
    changes: str
    is_new: bool


def freeze_project(
    root: Path,
    options: FreezeOptions = FreezeOptions(),
    *,
    on_progress: Progress | None = None,
) -> FrozenVersion:
    """Freeze the final marks of a project as its next version.

    Args:
        root: Folder of the project.
        options: How it is frozen.
        on_progress: Called with (videos done, videos).

    Raises:
        UsageError: The marks of some videos are not final, a licence or source is missing, the
            splits are invalid, or the disk cannot be written. Nothing is written.
        DataError: A file of the project is damaged, or a video was changed after ingestion.
        VideoError: A video cannot be read.
    """
    project = Project.open(root)
    with project.lock("jumpscore data freeze"):
        before = LastVersion.of(project)
        letters = _public_names(project)
        videos, left_out = _finished(project, letters, options)
        groups = {video.video.id: video.group for video in videos}
        shares = check_shares(
            options.shares or (dict(before.record.shares) if before else {"test": 1.0})
        )
        splits = assign_splits(
            groups, shares, seed=options.seed, before=before.split_of if before else None
        )
        record = VersionRecord(
            name=_UNSAFE.sub("-", root.resolve().name).strip("-.") or "data",
            number=before.record.number + 1 if before else 1,
            date=datetime.now(UTC).date().isoformat(),
            shares=shares,
            seed=options.seed,
            left_out=left_out,
            notes=splits.notes,
        )
        by_split = {
            name: [video for video in videos if splits.by_video[video.video.id] == name]
            for name in shares
        }
        if before and _is_unchanged(project, before, by_split):
            return _report(before.folder, before.record, by_split, "nothing has changed", False)
        lines = _audit(project, before, videos)
        changes = _changes_in_words(before, lines)
        content = Card(
            record,
            project.event,
            by_split,
            {name: set_statistics(part) for name, part in by_split.items()},
            _agreement(project, videos, letters),
            changes,
        )
        folder = write_version(project, content, lines, before, on_progress)
        return _report(folder, record, by_split, changes, True)


def _report(
    folder: Path,
    record: VersionRecord,
    by_split: Mapping[str, Sequence[FinishedVideo]],
    changes: str,
    is_new: bool,
) -> FrozenVersion:
    sizes = {name: len(part) for name, part in by_split.items()}
    events = sum(len(video.marks) for part in by_split.values() for video in part)
    return FrozenVersion(folder, record, sizes, events, changes, is_new)


def _finished(
    project: Project, letters: Mapping[str, str], options: FreezeOptions
) -> tuple[list[FinishedVideo], int]:
    """Return the videos with final marks, and how many others are left out.

    Raises:
        UsageError: Some are not final and must not be left out, or nothing is left.
    """
    videos = project.videos()
    finals = [final_marks(project, video) for video in videos]
    pairs = list(zip(videos, finals, strict=True))
    problems = [
        f"{video.name} ({video.id}): {final.problem}" for video, final in pairs if final.problem
    ]
    if problems and not options.leave_out_unfinished:
        raise UsageError(
            f"{len(problems):,} of {plural(len(videos), 'video')} have no final marks; finish them "
            "with 'jumpscore data annotate', or add --leave-out-unfinished:"
            f"{_listed(problems)}"
        )
    problems = [problem for video, final in pairs if (problem := _unusable(project, video, final))]
    if problems:
        raise UsageError(f"{plural(len(problems), 'video')} cannot be frozen:{_listed(problems)}")
    finished = [
        _finished_video(video, final, letters) for video, final in pairs if not final.problem
    ]
    if not finished:
        raise UsageError(f"{project.root}: has no video with final marks, so nothing can be frozen")
    return finished, len(videos) - len(finished)


def _listed(problems: Sequence[str]) -> str:
    more = len(problems) - MOST_LISTED
    lines = [*problems[:MOST_LISTED], *([f"and {more} more"] if more > 0 else [])]
    return "".join(f"\n  {line}" for line in lines)


def _unusable(project: Project, video: ProjectVideo, final: FinalMarks) -> str | None:
    """Return why a video with final marks cannot be frozen, or ``None``."""
    if final.problem:
        return None
    name = f"{video.name} ({video.id})"
    for what in ("licence", "source"):
        if not getattr(video, what).strip():
            return f"{name}: has no {what}; state it with 'jumpscore data ingest'"
    times = probe(project.file(video)).times
    for mark in final.marks:
        if mark.frame >= len(times) or abs(times[mark.frame] - mark.time) > SAME_TIME:
            return (
                f"{name}: the mark at {mark.time:.3f} s is not at frame {mark.frame}; 'jumpscore "
                "data verify' lists such marks"
            )
    return None


def _finished_video(
    video: ProjectVideo, final: FinalMarks, letters: Mapping[str, str]
) -> FinishedVideo:
    assert final.how is not None  # it has no problem
    names = tuple(sorted(letters[name] for name in final.annotators))
    return FinishedVideo(video, final.marks, final.how, names)


def _public_names(project: Project) -> dict[str, str]:
    """Return annotator -> public name (A, B, ...), the same in every version."""
    file = project.root / VERSIONS / ANNOTATORS
    known: dict[str, str] = {}
    if file.is_file():
        content = read_object(file, fix="restore it from a copy")
        known = {name: str(letter) for name, letter in content.items()}
    new = [name for name in project.annotators() if name not in known]
    for name in new:
        known[name] = _letters(len(known))
    if new:
        file.parent.mkdir(exist_ok=True)
        write_json(file, known)
    return known


def _letters(number: int) -> str:
    """Return the name of the person with a number.

    >>> _letters(0), _letters(25), _letters(26)
    ('A', 'Z', 'AA')
    """
    text = ""
    while number >= 0:
        text = chr(ord("A") + number % 26) + text
        number = number // 26 - 1
    return text


def _is_unchanged(
    project: Project,
    before: LastVersion,
    by_split: Mapping[str, Sequence[FinishedVideo]],
) -> bool:
    """Whether the new version would have the same rows and facts as the last one."""
    for name, videos in by_split.items():
        rows = [video.row(project.event) for video in videos]
        manifest = split_manifest(project, before.record, name, videos)
        if before.rows.get(name) != rows or before.manifests[name].content() != manifest.content():
            return False
    return set(before.rows) == set(by_split)


def _audit(
    project: Project, before: LastVersion | None, videos: Sequence[FinishedVideo]
) -> list[AuditLine]:
    """Return what changed since the last version."""
    earlier = before.times if before else {}
    reasons = {
        video.video.id: _reasons(project, video)
        for video in videos
        if earlier.get(video.video.id, video.times) != video.times
    }
    return audit(earlier, {video.video.id: video.times for video in videos}, reasons)


def _reasons(project: Project, video: FinishedVideo) -> Reasons:
    """Return the actions of those whose marks are used."""
    if video.how == "adjudicated":
        return reasons_of([project.annotation(video.video, ADJUDICATED)], ["adjudicator"])
    return reasons_of(done_annotations(project, video.video), video.annotators)


def _agreement(
    project: Project, videos: Sequence[FinishedVideo], letters: Mapping[str, str]
) -> list[PairAgreement]:
    """Return the agreement of every two annotators under their public names."""
    annotations = [
        replace(annotation, annotator=letters[annotation.annotator])
        for video in videos
        for annotation in done_annotations(project, video.video)
    ]
    return list(pair_agreements(annotations))


def _changes_in_words(before: LastVersion | None, lines: Sequence[AuditLine]) -> str:
    if before is None:
        return "first version"
    return summary(lines) if lines else "facts about the videos or their splits changed"

"""What changed since the last version: every mark that was added, removed or moved, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from jumpscore.builder.project import Annotation
from jumpscore.report.text import plural
from jumpscore.scoring.matching import match_events

LARGEST_MOVE = 0.3
"""Largest move in seconds; marks that are further apart are a removed and an added one."""
ChangeKind = Literal["video_added", "video_removed", "added", "removed", "moved"]


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One change since the last version.

    Attributes:
        video: Id of the video.
        change: What happened. Marks of added and removed videos are counted, not listed.
        before: Time of the mark in the last version in seconds, if it was there.
        after: Time of the mark in this version in seconds, if it is there.
        seconds: How far the mark was moved; positive if it is later now.
        marks: Number of marks of an added or removed video.
        annotators: Public names of the people whose marks are used now.
        why: Actions and notes of the annotators about this mark, if any.
    """

    video: str
    change: ChangeKind
    before: float | None = None
    after: float | None = None
    seconds: float | None = None
    marks: int | None = None
    annotators: tuple[str, ...] = ()
    why: str = ""

    def content(self) -> dict[str, Any]:
        """Return the line as a JSON object without what does not apply."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "", ())}


@dataclass(frozen=True, slots=True)
class Reasons:
    """Why the marks of a video are where they are.

    Attributes:
        annotators: Public names of the people whose marks are used.
        set_at: Time of a mark in seconds -> the action that set it there.
        gone_from: Time in seconds -> the action that removed a mark from there.
    """

    annotators: tuple[str, ...] = ()
    set_at: Mapping[float, str] = field(default_factory=dict)
    gone_from: Mapping[float, str] = field(default_factory=dict)


def reasons_of(annotations: Iterable[Annotation], annotators: Sequence[str]) -> Reasons:
    """Return the latest action at every time, from the edits of annotations."""
    set_at: dict[float, str] = {}
    gone_from: dict[float, str] = {}
    for annotation in annotations:
        for edit in annotation.undoable:
            for change in edit.changes:
                after = change.after
                if change.before is not None:
                    gone_from[round(change.before.time, 6)] = edit.name
                if after is not None:
                    set_at[round(after.time, 6)] = (
                        f"{edit.name}: {after.note}" if after.note else edit.name
                    )
    return Reasons(tuple(annotators), set_at, gone_from)


def audit(
    before: Mapping[str, Sequence[float]],
    after: Mapping[str, Sequence[float]],
    reasons: Mapping[str, Reasons],
) -> list[AuditLine]:
    """Return all changes between two versions, by video and time.

    Args:
        before: Video id -> times of its marks in the last version in seconds; empty for the first.
        after: The same in the new version.
        reasons: Video id -> why its marks are where they are, for videos whose marks changed.
    """
    lines: list[AuditLine] = []
    for video in sorted({*before, *after}):
        if video not in after:
            lines.append(AuditLine(video, "video_removed", marks=len(before[video])))
        elif video not in before:
            lines.append(AuditLine(video, "video_added", marks=len(after[video])))
        elif tuple(before[video]) != tuple(after[video]):
            changes = _changes(video, before[video], after[video], reasons[video])
            lines += sorted(changes, key=lambda line: line.before or line.after or 0.0)
    return lines


def _changes(
    video: str, before: Sequence[float], after: Sequence[float], reasons: Reasons
) -> Iterator[AuditLine]:
    """Yield the changed marks of one video. Unchanged ones are paired first."""
    gone = sorted((Counter(before) - Counter(after)).elements())
    new = sorted((Counter(after) - Counter(before)).elements())
    pairs = match_events(new, gone, LARGEST_MOVE)
    names = reasons.annotators
    for pair in pairs:
        old, now = gone[pair.truth], new[pair.prediction]
        why = reasons.set_at.get(now, "")
        moved = round(now - old, 6)
        yield AuditLine(video, "moved", old, now, moved, annotators=names, why=why)
    for place in set(range(len(gone))) - {pair.truth for pair in pairs}:
        old = gone[place]
        why = reasons.gone_from.get(old, "")
        yield AuditLine(video, "removed", before=old, annotators=names, why=why)
    for place in set(range(len(new))) - {pair.prediction for pair in pairs}:
        now = new[place]
        why = reasons.set_at.get(now, "")
        yield AuditLine(video, "added", after=now, annotators=names, why=why)


def summary(lines: Sequence[AuditLine]) -> str:
    """Return the numbers of changes in words.

    >>> summary([AuditLine("a", "moved", 1.0, 1.04, 0.04), AuditLine("a", "added", after=2.0)])
    '1 mark added, 1 mark moved'
    """
    counts = Counter(line.change for line in lines)
    words: dict[ChangeKind, str] = {
        "video_added": "video added",
        "video_removed": "video removed",
        "added": "mark added",
        "removed": "mark removed",
        "moved": "mark moved",
    }
    parts = []
    for change, text in words.items():
        if count := counts[change]:
            noun, verb = text.split()
            parts.append(f"{plural(count, noun)} {verb}")
    return ", ".join(parts) or "no marks or videos changed"

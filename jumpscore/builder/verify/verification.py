"""Verify a project: every annotation, what is final, and what is left to decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from jumpscore.builder.project import ADJUDICATED, Annotation, Project, ProjectVideo
from jumpscore.builder.verify.agreement import PairAgreement, pair_agreements
from jumpscore.builder.verify.checks import (
    Series,
    check_frames,
    check_gaps,
    check_range,
    length_outliers,
    rate_outliers,
)
from jumpscore.builder.verify.consensus import TOLERANCE
from jumpscore.builder.verify.disagreements import agreed_marks, disagreements
from jumpscore.builder.verify.final import FinalMarks, decide
from jumpscore.builder.verify.findings import Finding
from jumpscore.errors import DataError, VideoError
from jumpscore.scoring import count_pairs
from jumpscore.video import VideoInfo, probe


@dataclass(frozen=True, slots=True)
class VideoState:
    """How far one video is.

    Attributes:
        video: The video.
        final: Its final marks, or why it has none yet.
    """

    video: ProjectVideo
    final: FinalMarks


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of verifying a project.

    Attributes:
        videos: One per video, in order of ingestion.
        agreement: Agreement of every two annotators.
        findings: What was noticed, by video.
    """

    videos: tuple[VideoState, ...]
    agreement: tuple[PairAgreement, ...]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Reading:
    """What could be read about one video; problems become findings."""

    video: ProjectVideo
    info: VideoInfo | None = None
    annotations: list[Annotation] = field(default_factory=list)
    adjudicated: Annotation | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def done(self) -> list[Annotation]:
        """Finished annotations."""
        return [annotation for annotation in self.annotations if annotation.details.done]


def verify_project(
    project: Project,
    *,
    tolerance: float = TOLERANCE,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Verification:
    """Compare the annotators of a project and check all marks.

    Marks are checked for gaps and rates after adjudication or consensus, or else as each person
    has finished them.

    Args:
        project: The project.
        tolerance: Largest distance between two marks of one event in seconds.
        on_progress: Called with (videos done, all videos).

    Raises:
        DataError: The list of videos is damaged.
        UsageError: Three or more people are compared and scikit-learn is not installed.
    """
    videos, names = project.videos(), project.annotators()
    states, findings, done = [], [], []
    judged: list[tuple[Series, float]] = []
    for number, video in enumerate(videos, start=1):
        reading = _read(project, video, names)
        final = _final(reading, tolerance)
        series = _judged(reading, final)
        findings += reading.findings
        findings += _check_marks(reading, series, least_gap=project.event.least_gap)
        findings += _check_adjudication(reading, final, tolerance)
        findings += _check_progress(reading, final)
        states.append(VideoState(video, final))
        done += reading.done
        judged += [(one, video.duration) for one in series]
        on_progress(number, len(videos))
    findings += rate_outliers(judged)
    findings += length_outliers({video.id: video.duration for video in videos})
    return Verification(tuple(states), pair_agreements(done), tuple(findings))


def _read(project: Project, video: ProjectVideo, names: Sequence[str]) -> _Reading:
    reading, file = _Reading(video), project.file(video)
    try:
        reading.info = probe(file)
        if (size := file.stat().st_size) != video.bytes:
            message = f"the file has {size:,} bytes instead of {video.bytes:,}; restore it"
            reading.findings.append(Finding("replaced", "error", video.id, message))
    except VideoError as error:
        reading.findings.append(Finding("unreadable", "error", video.id, str(error)))
    for name in (*names, ADJUDICATED):
        try:
            annotation = project.annotation(video, name)
        except DataError as error:
            reading.findings.append(Finding("unreadable", "error", video.id, str(error), name))
            continue
        if name == ADJUDICATED:
            reading.adjudicated = annotation
        elif annotation.is_started:
            reading.annotations.append(annotation)
    return reading


def _final(reading: _Reading, tolerance: float) -> FinalMarks:
    """Return the final marks; a file that cannot be read leaves the video open."""
    problems = [finding.message for finding in reading.findings if finding.kind == "unreadable"]
    if problems or reading.info is None or reading.adjudicated is None:
        return FinalMarks((), None, (), "; ".join(problems))
    return decide(reading.done, reading.adjudicated, reading.info.times, tolerance=tolerance)


def _series(video: ProjectVideo, annotation: Annotation) -> Series:
    frames = tuple(mark.frame for mark in annotation.marks)
    return Series(video.id, annotation.annotator, annotation.times, video.label, frames)


def _judged(reading: _Reading, final: FinalMarks) -> list[Series]:
    """Return the marks whose gaps and rates count: the final ones, else all finished ones."""
    video = reading.video
    if final.how is None:
        return [_series(video, annotation) for annotation in reading.done]
    name = final.annotators[0] if final.how == "single" else final.how
    times = tuple(mark.time for mark in final.marks)
    return [Series(video.id, name, times, video.label)]


def _check_marks(
    reading: _Reading, judged: Sequence[Series], *, least_gap: float
) -> Iterator[Finding]:
    for series in judged:
        if not series.times:
            yield series.finding("empty", "warning", "finished without a mark")
        yield from check_gaps(series, least_gap=least_gap)
    everyone = [*reading.annotations, *([reading.adjudicated] if reading.adjudicated else [])]
    if reading.info is not None:
        for annotation in everyone:
            series = _series(reading.video, annotation)
            yield from check_range(series, start=reading.info.times[0], end=reading.info.duration)
            yield from check_frames(series, reading.info.times)


def _check_adjudication(
    reading: _Reading, final: FinalMarks, tolerance: float
) -> Iterator[Finding]:
    """Yield disagreements without a decision, and agreed events that adjudication dropped.

    Either may also be newer than the adjudication.
    """
    if final.how != "adjudicated" or reading.info is None or len(reading.done) < 2:
        return
    assert reading.adjudicated is not None  # it is what is final
    frames = [*reading.adjudicated.declined, *(mark.frame for mark in final.marks)]
    undecided = [
        one
        for one in disagreements(reading.done, tolerance=tolerance)
        if not any(one.first_frame <= frame <= one.last_frame for frame in frames)
    ]
    if undecided:
        first, count = undecided[0].time, len(undecided)
        message = (
            f"disagreements with no mark and no decision for none: {count}, first at {first:.3f} s"
        )
        yield Finding("undecided", "warning", reading.video.id, message, time=first, value=count)
    agreed = agreed_marks(reading.done, reading.info.times, tolerance=tolerance)
    times = [mark.time for mark in agreed], [mark.time for mark in final.marks]
    if missing := len(agreed) - count_pairs(*times, tolerance):
        message = f"agreed events that are not among the adjudicated marks: {missing}"
        yield Finding("overruled", "note", reading.video.id, message, value=missing)


def _check_progress(reading: _Reading, final: FinalMarks) -> Iterator[Finding]:
    """Yield what is left to do in a video, and what its annotators noted, until it is decided."""
    video = reading.video.id
    if final.how == "adjudicated":
        return
    for annotation in reading.annotations:
        yield from _remarks(annotation)
        if not annotation.details.done:
            message = f"started, {len(annotation.marks)} marks so far"
            yield Finding("unfinished", "note", video, message, annotation.annotator)
    if not reading.annotations:
        yield Finding("unfinished", "note", video, "not started")
    if final.how == "single":
        message = "no second annotator, so agreement is unknown"
        yield Finding("one_annotator", "note", video, message, final.annotators[0])
    if left := final.disagreements:
        first = left[0].time
        message = f"{len(left)} to decide, the first at {first:.3f} s"
        yield Finding("disagreement", "warning", video, message, time=first, value=len(left))
    if reading.adjudicated and reading.adjudicated.is_started:
        yield Finding("adjudicating", "note", video, "started, but not marked as done")


def _remarks(annotation: Annotation) -> Iterator[Finding]:
    """Yield the flags and notes of an annotator."""
    video, name, details = annotation.video, annotation.annotator, annotation.details
    if details.flagged:
        message = f"the video is flagged{': ' * bool(details.note)}{details.note}"
        yield Finding("flagged", "warning", video, message, name)
    elif details.note:
        yield Finding("remark", "note", video, details.note, name)
    for mark in annotation.marks:
        if mark.flagged:
            message = f"the mark at {mark.time:.3f} s is flagged{': ' * bool(mark.note)}{mark.note}"
            yield Finding("flagged", "warning", video, message, name, mark.time)
        elif mark.note:
            message = f"at {mark.time:.3f} s: {mark.note}"
            yield Finding("remark", "note", video, message, name, mark.time)

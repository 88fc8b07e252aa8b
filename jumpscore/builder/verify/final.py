"""The final marks of a video: adjudicated, agreed by several people, or those of one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from jumpscore.builder.project import ADJUDICATED, Annotation, Mark, Project, ProjectVideo
from jumpscore.builder.verify.consensus import TOLERANCE
from jumpscore.builder.verify.disagreements import Disagreement, agreed_marks, disagreements
from jumpscore.errors import DataError, VideoError
from jumpscore.video import probe

How = Literal["adjudicated", "consensus", "single"]


@dataclass(frozen=True, slots=True)
class FinalMarks:
    """The final marks of a video, or why it has none yet.

    Attributes:
        marks: The marks in order of frame; empty if there is a problem.
        how: How they were decided, ``None`` if there is a problem.
        annotators: The people who have finished the video.
        problem: Why the marks are not final, else ``None``.
        disagreements: What is left to adjudicate, in order of time.
    """

    marks: tuple[Mark, ...]
    how: How | None
    annotators: tuple[str, ...]
    problem: str | None = None
    disagreements: tuple[Disagreement, ...] = ()


def done_annotations(project: Project, video: ProjectVideo) -> list[Annotation]:
    """Return the finished annotations of a video, without adjudicated marks.

    Raises:
        DataError: An annotation is damaged.
    """
    annotations = [project.annotation(video, name) for name in project.annotators()]
    return [annotation for annotation in annotations if annotation.details.done]


def final_marks(
    project: Project, video: ProjectVideo, *, tolerance: float = TOLERANCE
) -> FinalMarks:
    """Return the final marks of a video.

    They are the adjudicated marks if adjudication is finished, else the consensus of two or more
    people without a disagreement, else the marks of the only person who has finished the video.

    Args:
        project: The project.
        video: One of its videos.
        tolerance: Largest distance between two marks of one event in seconds.

    Raises:
        UsageError: Three or more people are compared and scikit-learn is not installed.
    """
    try:
        done = done_annotations(project, video)
        adjudicated = project.annotation(video, ADJUDICATED)
        unread = len(done) < 2 or adjudicated.details.done
        times = () if unread else probe(project.file(video)).times
    except (DataError, VideoError) as error:
        return FinalMarks((), None, (), str(error))
    return decide(done, adjudicated, times, tolerance=tolerance)


def decide(
    done: Sequence[Annotation],
    adjudicated: Annotation,
    times: Sequence[float] | npt.NDArray[np.float64],
    *,
    tolerance: float = TOLERANCE,
) -> FinalMarks:
    """Return the final marks of a video whose annotations and frame times have been read.

    Args:
        done: The finished annotations of different people.
        adjudicated: The adjudicated marks, finished or not.
        times: Presentation time of every frame in seconds; needed for two or more people.
        tolerance: Largest distance between two marks of one event in seconds.

    Raises:
        UsageError: Three or more people are compared and scikit-learn is not installed.
    """
    annotators = tuple(annotation.annotator for annotation in done)
    if adjudicated.details.done:
        return FinalMarks(adjudicated.marks, "adjudicated", annotators)
    if not done:
        return FinalMarks((), None, (), "no annotator has finished the video")
    if len(done) == 1:
        return FinalMarks(done[0].marks, "single", annotators)
    if left := disagreements(done, tolerance=tolerance):
        problem = f"open disagreements between {' and '.join(annotators)}: {len(left)}"
        return FinalMarks((), None, annotators, problem, left)
    return FinalMarks(agreed_marks(done, times, tolerance=tolerance), "consensus", annotators)

"""Where annotators of one video disagree, and the marks on which they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from jumpscore.builder.project import Annotation, Mark
from jumpscore.builder.verify.consensus import TOLERANCE, Cluster, Consensus, consensus
from jumpscore.scoring.matching import EDGE
from jumpscore.video.stored_frames import nearest_index

JOINED = 3.0
"""Multiple of the tolerance up to which neighbouring disputed marks are one disagreement."""
Kind = Literal["missing", "time", "number"]


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A stretch of a video in which annotators disagree.

    Attributes:
        first_frame: Frame of the first disputed mark.
        last_frame: Frame of the last one.
        time: Time of the first one in seconds.
        kind: ``missing`` if somebody has no disputed mark there, ``time`` if all have the same
            number of them, else ``number``.
        by: Annotator -> frames of their disputed marks, for all annotators.
    """

    first_frame: int
    last_frame: int
    time: float
    kind: Kind
    by: Mapping[str, tuple[int, ...]]


def disagreements(
    annotations: Sequence[Annotation], *, tolerance: float = TOLERANCE
) -> tuple[Disagreement, ...]:
    """Return the disagreements of the annotations of one video, in order of time.

    Disputed marks are one disagreement if they are close and no agreed mark lies between them.

    Raises:
        UsageError: Three or more people are compared and scikit-learn is not installed.
    """
    marks = {annotation.annotator: annotation.marks for annotation in annotations}
    result = _consensus(annotations, tolerance)
    agreed = np.array([cluster.time for cluster in result.agreed])
    groups: list[list[Cluster]] = []
    for cluster in result.disputed:
        before = groups[-1][-1].time if groups else -np.inf
        between = np.searchsorted(agreed, [before, cluster.time])
        if cluster.time - before <= JOINED * tolerance and between[0] == between[1]:
            groups[-1].append(cluster)
        else:
            groups.append([cluster])
    return tuple(_disagreement(group, marks) for group in groups)


def agreed_marks(
    annotations: Sequence[Annotation],
    times: Sequence[float] | npt.NDArray[np.float64],
    *,
    tolerance: float = TOLERANCE,
) -> tuple[Mark, ...]:
    """Return the marks on which the annotations of one video agree, in order of time.

    A mark is at the frame nearest to the median of the times, never at a time between frames.

    Args:
        annotations: Those of different people.
        times: Presentation time of every frame of the video in seconds.
        tolerance: Largest distance between two marks of one event in seconds.

    Raises:
        UsageError: Three or more people are compared and scikit-learn is not installed.
    """
    agreed = _consensus(annotations, tolerance).agreed
    # In the middle between two frames, rounding would decide; so it is always the earlier one.
    frames = [nearest_index(times, cluster.time - EDGE) for cluster in agreed]
    return tuple(
        Mark(f"agreed-{number}", frame, float(times[frame]), origin="consensus")
        for number, frame in enumerate(frames)
    )


def _consensus(annotations: Sequence[Annotation], tolerance: float) -> Consensus:
    times = {annotation.annotator: annotation.times for annotation in annotations}
    return consensus(times, tolerance=tolerance)


def _disagreement(clusters: Sequence[Cluster], marks: Mapping[str, Sequence[Mark]]) -> Disagreement:
    members = [member for cluster in clusters for member in cluster.members]
    by: dict[str, tuple[int, ...]] = {}
    for name, own in marks.items():
        frames = [own[member.place].frame for member in members if member.annotator == name]
        by[name] = tuple(sorted(frames))
    everything = [frame for frames in by.values() for frame in frames]
    numbers = {len(frames) for frames in by.values()}
    kind: Kind = "missing" if 0 in numbers else "time" if len(numbers) == 1 else "number"
    first = min(member.time for member in members)
    return Disagreement(min(everything), max(everything), first, kind, by)

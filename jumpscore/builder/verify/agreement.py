"""Agreement of two annotators: per video, and over all videos that both have finished.

The numbers are those of ``jumpscore score``, with one person's marks in the place of the answer.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from jumpscore.builder.project import Annotation
from jumpscore.records import Estimate
from jumpscore.scoring import Ratio, bootstrap, event_scores

TOLERANCES = (0.04, 0.1, 0.2)
"""Tolerances of F1 in seconds: about a frame at 25 frames per second, that of the consensus, and
one at which only missing and extra marks are left. Times are compared at the last one."""


@dataclass(frozen=True, slots=True)
class VideoAgreement:
    """Agreement of two people in one video.

    Attributes:
        video: Id of the video.
        marks: Numbers of marks of the first and the second person.
        f1: F1 at every tolerance of ``TOLERANCES``, 0 to 1.
        bias: Median time of the second person minus that of the first in seconds, over pairs of
            marks; ``None`` without pairs. Positive if the second person marks later.
        spread: Median absolute deviation from the bias in seconds.
        frames: The same differences in frames, one per pair.
    """

    video: str
    marks: tuple[int, int]
    f1: tuple[float, ...]
    bias: float | None
    spread: float | None
    frames: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """Agreement of two people over the videos that both have finished.

    Attributes:
        annotators: The first and the second person.
        videos: One per video.
        f1: Mean F1 over videos at every tolerance of ``TOLERANCES``, with 95% intervals.
        bias: Mean of the videos' bias in seconds.
        spread: Mean of the videos' spread in seconds.
    """

    annotators: tuple[str, str]
    videos: tuple[VideoAgreement, ...]
    f1: tuple[Estimate, ...]
    bias: Estimate
    spread: Estimate

    @property
    def offset(self) -> int:
        """Frames by which the second person marks later throughout (negative: earlier), else 0.

        It is the median over all pairs, unless the interval of the bias contains 0.
        """
        low, high = self.bias.ci_low, self.bias.ci_high
        if low is not None and high is not None and low <= 0 <= high:
            return 0
        frames = [difference for video in self.videos for difference in video.frames]
        return math.trunc(statistics.median(frames)) if frames else 0


def pair_agreements(annotations: Sequence[Annotation]) -> tuple[PairAgreement, ...]:
    """Return the agreement of every two people who have finished a video in common.

    Args:
        annotations: The finished annotations of all videos.
    """
    by_name: dict[str, dict[str, Annotation]] = {}
    for annotation in annotations:
        by_name.setdefault(annotation.annotator, {})[annotation.video] = annotation
    pairs = []
    for a, b in combinations(sorted(by_name), 2):
        shared = [video for video in by_name[a] if video in by_name[b]]
        videos = [video_agreement(by_name[a][video], by_name[b][video]) for video in shared]
        if videos:
            pairs.append(_over_videos((a, b), videos))
    return tuple(pairs)


def video_agreement(a: Annotation, b: Annotation) -> VideoAgreement:
    """Return the agreement of two annotations of one video."""
    scores = event_scores(b.times, a.times, tolerances=TOLERANCES)
    values, marks_a, marks_b = scores.values, a.marks, b.marks
    frames = (marks_b[pair.prediction].frame - marks_a[pair.truth].frame for pair in scores.pairs)
    return VideoAgreement(
        video=a.video,
        marks=(len(marks_a), len(marks_b)),
        f1=tuple(values[f"f1@{tolerance:g}"] or 0.0 for tolerance in TOLERANCES),
        bias=values["timing_bias"],
        spread=values["timing_spread"],
        frames=tuple(frames),
    )


def _over_videos(names: tuple[str, str], videos: Sequence[VideoAgreement]) -> PairAgreement:
    columns = {str(k): [video.f1[k] for video in videos] for k in range(len(TOLERANCES))}
    columns["bias"] = [math.nan if video.bias is None else video.bias for video in videos]
    columns["spread"] = [math.nan if video.spread is None else video.spread for video in videos]
    estimates = bootstrap({name: Ratio.mean(values) for name, values in columns.items()})
    f1 = tuple(estimates[str(k)] for k in range(len(TOLERANCES)))
    return PairAgreement(names, tuple(videos), f1, estimates["bias"], estimates["spread"])

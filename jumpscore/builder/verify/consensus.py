"""Consensus of several people about when events happened.

Marks that are close together and come from different people form a cluster, the mark of one event.
Two people are compared by the optimal matching of the scorer. With three or more, marks are
clustered by complete linkage (scikit-learn): the closest marks join first, and a cluster never
spans more than the tolerance or contains two marks of one person. Density clustering such as DBSCAN
would instead chain the marks of rapid jumps into one cluster.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from jumpscore.errors import UsageError
from jumpscore.scoring.matching import EDGE, match_events

TOLERANCE = 0.1
"""Default largest distance between the marks of one event in seconds: 3 frames at 30 frames per
second, the scorer's middle tolerance, and below the 0.12 s between the fastest jumps."""
LARGEST = 1000
"""Marks that are clustered at once; the time and memory of clustering grow with their square."""
_APART = 1e9
"""Distance in seconds between two marks of one person, which never join."""


class Member(NamedTuple):
    """A mark in a cluster: its time in seconds, whose it is, and its place in their list."""

    time: float
    annotator: str
    place: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """Marks of one event, at most one per person.

    Attributes:
        members: The marks in order of time, then annotator; at least one.
    """

    members: tuple[Member, ...]

    @property
    def time(self) -> float:
        """Median of the times; between two frames, it has to be moved to one of them."""
        return statistics.median(member.time for member in self.members)


@dataclass(frozen=True, slots=True)
class Consensus:
    """All marks of a video in clusters; each mark is in exactly one.

    Attributes:
        agreed: Events that more than half of the people marked, in order of time.
        disputed: All other clusters, in order of time.
    """

    agreed: tuple[Cluster, ...]
    disputed: tuple[Cluster, ...]


def consensus(marks: Mapping[str, Sequence[float]], *, tolerance: float = TOLERANCE) -> Consensus:
    """Return the events on which people agree, and the marks that are left.

    The result does not depend on the order of the people, or of the times in a list (apart from the
    places of the members).

    Args:
        marks: Annotator -> finite times in seconds, any order.
        tolerance: Largest distance between two marks of one event in seconds, plus 1e-9.

    Raises:
        UsageError: Three or more people are compared and scikit-learn is not installed.

    >>> result = consensus({"ann": [1.0, 2.0], "bob": [1.06]})
    >>> [round(cluster.time, 2) for cluster in result.agreed], len(result.disputed)
    ([1.03], 1)
    """
    members = sorted(
        Member(time, annotator, place)
        for annotator, times in marks.items()
        for place, time in enumerate(times)
    )
    group = _matched if len(marks) == 2 else _clustered
    clusters = [Cluster(tuple(sorted(cluster))) for cluster in group(members, tolerance)]
    clusters.sort(key=lambda cluster: (cluster.time, cluster.members))
    majority = [2 * len(cluster.members) > len(marks) for cluster in clusters]
    return Consensus(
        agreed=tuple(cluster for cluster, agreed in zip(clusters, majority, strict=True) if agreed),
        disputed=tuple(
            cluster for cluster, agreed in zip(clusters, majority, strict=True) if not agreed
        ),
    )


def _matched(members: Sequence[Member], tolerance: float) -> list[list[Member]]:
    """Return the optimal pairs of the marks of two people, and single marks."""
    name = members[0].annotator if members else ""
    first = [member for member in members if member.annotator == name]
    second = [member for member in members if member.annotator != name]
    times = [member.time for member in first], [member.time for member in second]
    pairs = match_events(*times, tolerance)
    clusters = [[first[pair.prediction], second[pair.truth]] for pair in pairs]
    paired = {member for cluster in clusters for member in cluster}
    return clusters + [[member] for member in members if member not in paired]


def _clustered(members: Sequence[Member], tolerance: float) -> list[list[Member]]:
    """Return the clusters of the marks of any number of people."""
    clusters: list[list[Member]] = []
    batches: list[list[Member]] = [[]]
    for part in _parts(members, tolerance):
        people = {member.annotator for member in part}
        if len(people) == 1:
            clusters += [[member] for member in part]
        elif len(people) == len(part) and part[-1].time - part[0].time <= tolerance + EDGE:
            clusters.append(list(part))  # nothing to decide; most events are of this kind
        elif len(batches[-1]) + len(part) > LARGEST:
            batches.append(list(part))
        else:
            batches[-1] += part  # one call for many runs: each takes milliseconds to begin
    for batch in filter(None, batches):
        by_label: dict[int, list[Member]] = {}
        for label, member in zip(_labels(batch, tolerance), batch, strict=True):
            by_label.setdefault(label, []).append(member)
        clusters += by_label.values()
    return clusters


def _parts(members: Sequence[Member], tolerance: float) -> Iterator[Sequence[Member]]:
    """Yield runs of marks without a wider gap than the tolerance.

    Runs of more than ``LARGEST`` marks are cut at the widest gap of their second half.
    """
    times = np.array([member.time for member in members])
    gaps = np.diff(times)
    ends = [*(np.flatnonzero(gaps > tolerance + EDGE) + 1), len(members)]
    start = 0
    for end in ends:
        while end - start > LARGEST:
            half = start + LARGEST // 2
            cut = half + 1 + int(np.argmax(gaps[half : start + LARGEST - 1]))
            yield members[start:cut]
            start = cut
        if start < end:
            yield members[start:end]
        start = end


def _labels(members: Sequence[Member], tolerance: float) -> Sequence[int]:
    """Return the number of each mark's cluster, by complete linkage.

    Raises:
        UsageError: scikit-learn is not installed.
    """
    try:
        from sklearn.cluster import AgglomerativeClustering
    except ImportError as error:
        raise UsageError(
            "comparing three or more annotators needs scikit-learn: pip install "
            "'jumpscore[builder]'"
        ) from error
    times = np.array([member.time for member in members])
    people = np.array([member.annotator for member in members])
    distances = np.abs(times[:, None] - times)
    distances[(people[:, None] == people) & ~np.eye(len(members), dtype=bool)] = _APART
    clustering = AgglomerativeClustering(
        n_clusters=None,
        metric="precomputed",
        linkage="complete",
        distance_threshold=tolerance + EDGE,
    )
    labels: Sequence[int] = clustering.fit_predict(distances).tolist()
    return labels

"""The values of many samples as one array per metric: 8 bytes each, instead of one object."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from jumpscore.records import STATUSES, SampleScore, Status, TimelineView

Floats = npt.NDArray[np.float64]
_STATUSES = {status: status for status in STATUSES}
_MISSING = float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class ScoreColumns:
    """What is computed over all samples of a run, in the order of the data set.

    Attributes:
        ids: Id of every sample.
        statuses: Status of every sample.
        clusters: Cluster of every sample.
        groups: Groups of every sample, outermost first.
        values: Metric name -> float64 [samples], NaN if it is not defined; of all samples that
            the columns were gathered from, not only those in ``places``.
        notes: Note -> count, over all samples.
        kinds: Kinds of the samples' views.
        durations: Place of a sample -> length of its video in seconds, if its view states it; of
            all samples that the columns were gathered from.
        places: Places in ``values`` of the samples; ``None`` if these are all samples.
    """

    ids: Sequence[str]
    statuses: Sequence[Status]
    clusters: Sequence[str | None]
    groups: Sequence[tuple[str, ...]]
    values: Mapping[str, Floats]
    notes: Mapping[str, int] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    durations: Mapping[int, float] = field(default_factory=dict)
    places: npt.NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def defined(self) -> list[str]:
        """Names of the metrics that at least one sample defines."""
        return [name for name in self.values if not np.isnan(self.column(name)).all()]

    def column(self, name: str) -> Floats:
        """Return the values of a metric, float64 [samples]; NaN if it is not defined."""
        values = self.values.get(name)
        if values is None:
            return np.full(len(self), np.nan)
        return values if self.places is None else values[self.places]

    def select(self, places: Sequence[int]) -> ScoreColumns:
        """Return the columns of some samples, by their places in these columns."""
        chosen = np.asarray(places, dtype=np.intp)
        return replace(
            self,
            ids=[self.ids[place] for place in places],
            statuses=[self.statuses[place] for place in places],
            clusters=[self.clusters[place] for place in places],
            groups=[self.groups[place] for place in places],
            places=chosen if self.places is None else self.places[chosen],
        )

    def scored(self) -> ScoreColumns:
        """Return the columns of the samples that have a score."""
        if "error" not in self.statuses:
            return self
        return self.select([k for k, status in enumerate(self.statuses) if status != "error"])


class ColumnBuilder:
    """Collects the columns of samples one by one."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._statuses: list[Status] = []
        self._clusters: list[str | None] = []
        self._groups: list[tuple[str, ...]] = []
        self._values: dict[str, array[float]] = {}
        self._notes: Counter[str] = Counter()
        self._kinds: set[str] = set()
        self._durations: dict[int, float] = {}
        self._shared: dict[Any, Any] = {}

    def add(self, score: SampleScore) -> None:
        """Add the next sample."""
        before = len(self._ids)
        # Texts from a file are new objects in every line; equal ones are stored once.
        share = self._shared.setdefault
        self._ids.append(score.id)
        self._statuses.append(_STATUSES[score.status])
        cluster = score.cluster
        self._clusters.append(share(cluster, cluster))
        group = tuple(score.group)
        self._groups.append(share(group, group))
        if score.notes:
            self._notes.update(score.notes)
        if score.view is not None:
            self._kinds.add(score.view.kind)
            if isinstance(score.view, TimelineView) and score.view.duration:
                self._durations[before] = score.view.duration
        for name, value in score.values.items():
            column = self._values.get(name)
            if column is None or len(column) < before:
                column = self._padded(name, before)
            column.append(_MISSING if value is None else value)

    def _padded(self, name: str, length: int) -> array[float]:
        """Return the column of a metric that the last samples lacked, at its full length."""
        column = self._values.setdefault(name, array("d"))
        column.extend([_MISSING] * (length - len(column)))
        return column

    def columns(self) -> ScoreColumns:
        """Return the columns of all samples so far; add no more to this builder."""
        count = len(self._ids)
        return ScoreColumns(
            self._ids,
            self._statuses,
            self._clusters,
            self._groups,
            {name: np.frombuffer(self._padded(name, count)) for name in self._values},
            dict(self._notes),
            frozenset(self._kinds),
            self._durations,
        )


@runtime_checkable
class HasColumns(Protocol):
    """Scores that come with their columns, such as those of a long run."""

    @property
    def columns(self) -> ScoreColumns:
        """The columns of all samples."""


def columns_of(scores: Iterable[SampleScore] | ScoreColumns) -> ScoreColumns:
    """Return the columns of scores, in one pass over them.

    >>> columns_of([SampleScore("a", "ok", {"f1": 0.5}), SampleScore("b", "error")]).column("f1")
    array([0.5, nan])
    """
    if isinstance(scores, ScoreColumns):
        return scores
    if isinstance(scores, HasColumns):
        return scores.columns
    builder = ColumnBuilder()
    for score in scores:
        builder.add(score)
    return builder.columns()

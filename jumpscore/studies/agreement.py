"""Several runs next to each other: which true events all, some or none of them match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jumpscore.errors import UsageError
from jumpscore.harness.repeats import AnyRun, RepeatedRun
from jumpscore.records import SampleScore, TimelineView
from jumpscore.runs.reader import StoredRun
from jumpscore.scoring import TOLERANCES, match_events

MOST_RUNS = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """One run of a comparison.

    Attributes:
        letter: Short name: ``A``, ``B``, ...; repeats have a number too.
        name: Name of the model; of the folder if several have the same model.
        run: The stored run.
        place: Place of the compared run that it belongs to; repeats share one.
    """

    letter: str
    name: str
    run: StoredRun
    place: int


def entries_of(runs: Sequence[AnyRun]) -> tuple[Entry, ...]:
    """Return the stored runs of a comparison with their names, repeats one by one.

    Raises:
        UsageError: There are fewer than two runs, or too many.
    """
    names = [run.result.model for run in runs]
    if len(set(names)) < len(names):
        names = [run.folder.name for run in runs]
    entries = []
    for place, (run, name) in enumerate(zip(runs, names, strict=True)):
        letter = chr(ord("A") + place)
        if isinstance(run, RepeatedRun):
            numbered = enumerate(run.runs)
            entries += [Entry(f"{letter}{i}", f"{name}, repeat {i}", r, place) for i, r in numbered]
        else:
            entries.append(Entry(letter, name, run, place))
    if len(runs) < 2 or len(entries) > MOST_RUNS:
        raise UsageError(
            f"{len(entries)} runs cannot be shown next to each other; name 2 to {MOST_RUNS}, "
            "where every repeat counts as a run"
        )
    return tuple(entries)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Which true events of a video the runs match at one tolerance.

    Attributes:
        tolerance: Largest distance of a matched answer in seconds.
        true: Number of true events.
        matched: Per run, the places of the true events that it matches; ``None`` if the run has no
            score of the video, which is then left out.
    """

    tolerance: float
    true: int
    matched: tuple[frozenset[int] | None, ...]

    @property
    def by_all(self) -> frozenset[int]:
        """Places of the true events that every scored run matches."""
        scored = [places for places in self.matched if places is not None]
        return frozenset.intersection(*scored) if scored else frozenset()

    @property
    def parted(self) -> frozenset[int]:
        """Places of the true events that some scored runs match and others do not."""
        return frozenset().union(*(places or () for places in self.matched)) - self.by_all

    def by_only(self, run: int) -> frozenset[int]:
        """Return the places of the parted events that no other run matches."""
        others = (places or () for i, places in enumerate(self.matched) if i != run)
        return (self.parted & (self.matched[run] or frozenset())).difference(*others)

    @property
    def complete(self) -> bool:
        """Whether every run has a score of the video."""
        return None not in self.matched


def agreements(scores: Sequence[SampleScore | None]) -> tuple[Agreement, ...]:
    """Return the agreement of runs on one video at every tolerance, narrowest first.

    Args:
        scores: Score of the video in every run; ``None`` if a run does not have it.

    Returns:
        Empty if no score has a timeline.
    """
    views = [score.view if score is not None else None for score in scores]
    truth = next((view.truth for view in views if isinstance(view, TimelineView)), None)
    if truth is None:
        return ()
    return tuple(
        Agreement(
            tolerance,
            len(truth),
            tuple(
                frozenset(pair.truth for pair in match_events(view.answered, truth, tolerance))
                if isinstance(view, TimelineView)
                else None
                for view in views
            ),
        )
        for tolerance in TOLERANCES
    )

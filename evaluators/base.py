"""The one interface to every task: load samples, score a response, aggregate scores.

Per-sample and over-samples are separate seams. ``score`` is pure: a stored response is scored again
at any time, without its model.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from jumpscore.records import Estimate, Metric, Question, Response, Sample, SampleScore
from jumpscore.scoring import Ratio, bootstrap

TruthT = TypeVar("TruthT")
PER_SAMPLE = ".sample"
"""Behind the name of a metric that is no mean: what it is made of, per sample."""


class TaskOptions(BaseModel):
    """Options of a task, as its YAML and the command line set them; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class DataFacts:
    """Which data a task asks about.

    Attributes:
        name: Of the data set.
        checksum: SHA-256 of its annotations.
        synthetic: Whether its media are generated.
        source: Folder or hub address.
        revision: Commit of the hub that the data came from, where it is known.
    """

    name: str
    checksum: str
    synthetic: bool
    source: str
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """The scores of all samples, combined.

    Attributes:
        estimates: Metric name -> estimate.
        metrics: What each estimate is, in the order of tables.
        caveats: What a reader must know about these estimates.
    """

    estimates: Mapping[str, Estimate]
    metrics: tuple[Metric, ...]
    caveats: tuple[str, ...] = ()


class Task(ABC, Generic[TruthT]):
    """A set of samples and the rule that scores answers to them.

    ``version``, ``metrics`` and ``headline`` are plain values of most classes; where they depend on
    the data, a class has properties.

    Class attributes:
        name: Registry name.
        headlines: Possible headline metrics, if ``headline`` depends on data or options.
    """

    name: ClassVar[str]
    headlines: ClassVar[tuple[str, ...]] = ()
    Options: ClassVar[type[TaskOptions]] = TaskOptions

    def __init__(self, options: Any = None) -> None:
        self.options = options if options is not None else self.Options()

    @property
    @abstractmethod
    def version(self) -> str:
        """Raised whenever a score of the same answer changes."""

    @property
    @abstractmethod
    def metrics(self) -> tuple[Metric, ...]:
        """What a run shows, in the order in which tables show it."""

    @property
    @abstractmethod
    def headline(self) -> tuple[str, ...]:
        """Names of the metrics that a one-line summary shows."""

    @abstractmethod
    def load(self) -> list[Sample[TruthT]]:
        """Return every sample, the unusable ones with their ``problem``.

        Raises:
            DataError: The data set as a whole cannot be read.
        """

    @abstractmethod
    def data(self) -> DataFacts:
        """Return which data ``load`` reads."""

    @property
    def protocol(self) -> str:
        """Name of the prompt protocol."""
        return "default"

    def caveats(self) -> tuple[str, ...]:
        """Return what a reader must know about every result under these options."""
        return ()

    def complete(self, question: Question) -> Question:
        """Return a question with all that a model needs; called when its turn comes.

        For tasks whose questions are costly to make (pictures out of a table, say): ``load`` may
        leave out media and prompt then. Called from several threads.

        Raises:
            Exception: Whatever it raises makes the sample an ``error``, asked again on resume.
        """
        return question

    def release(self, name: str) -> None:
        """Give back what ``complete`` made for the question of this id; it is answered."""

    def close(self) -> None:
        """Give back what the task holds (processes, files); it may be used again."""

    def missing(self) -> list[Path]:
        """Return the files that samples need and that are not there, for a word before a run."""
        found: dict[Path, None] = {}
        for sample in self.load():
            for media in sample.question.media:
                if not media.path.is_file():
                    found[media.path] = None
        return list(found)

    def derivation(self) -> str | None:
        """Return what ``derive`` does, with versions, or ``None`` where it derives nothing.

        What was derived under another word is derived anew.
        """
        return None

    def derive(self, question: Question, response: Response) -> Any:
        """Return what ``score`` needs beyond the response (masks from points), as JSON values.

        It is stored beside the response and made once; it may be slow and use a GPU.

        Raises:
            Exception: Whatever it raises makes the sample an ``error``, derived again on resume.
        """
        return None

    @abstractmethod
    def score(self, truth: TruthT, response: Response, derived: Any = None) -> SampleScore:
        """Score one response. Pure, and safe against any text."""

    def aggregate(self, scores: Sequence[SampleScore], *, seed: int = 0) -> Aggregate:
        """Return every metric with its interval over the scored samples. Pure."""
        scored = [score for score in scores if score.status != "error"]
        estimates = bootstrap(ratios(self.metrics, scored), seed=seed, clusters=clusters_of(scored))
        return Aggregate(estimates, tuple(self.metrics), self.caveats())


def ratios(metrics: Sequence[Metric], scores: Sequence[SampleScore]) -> dict[str, Ratio]:
    """Return every metric as a ratio over samples, in the order of ``scores``.

    >>> score = SampleScore("a", "ok", {"f1": 0.5})
    >>> float(ratios([Metric("f1", "F1")], [score])["f1"].numerator[0])
    0.5
    """
    values = [score.values for score in scores]
    found: dict[str, Ratio] = {}
    for metric in metrics:
        if metric.grouped:
            cells = [tuple(score.group) for score in scores]
            found[metric.name] = grouped_ratio(_column(values, metric.name), cells)
        elif metric.over is None:
            found[metric.name] = Ratio.mean(_column(values, metric.name))
        else:
            above, below = (np.nan_to_num(_column(values, name)) for name in metric.over)
            found[metric.name] = Ratio(above, below)
    return found


def grouped_ratio(values: npt.NDArray[np.float64], cells: Sequence[tuple[str, ...]]) -> Ratio:
    """Return the mean over groups of the mean of each group as a ratio over samples.

    The ratio is exactly the nested mean ``m`` of the samples at hand: each has the weight ``w``
    that its cell gives it. So that it can be resampled like any other ratio, the numerator of a
    sample with value ``s`` is ``w (s - c + m)``, with ``c`` the mean of its cell: to first order
    the nested mean moves by ``w (s - c)`` when the sample is drawn once more. Intervals then say
    how far the nested mean moves when samples (or videos, with all their samples) are drawn anew
    *within* the groups: how many of each group a draw happens to hold adds nothing, and no draw
    can lack a group.

    Args:
        values: Of every sample, NaN where it has none and takes no part.
        cells: Groups of every sample, outermost first.

    >>> ratio = grouped_ratio(np.array([1.0, 1.0, 0.0]), [("a",), ("a",), ("b",)])
    >>> float(ratio.numerator.sum() / ratio.denominator.sum())
    0.5
    """
    taking_part = np.flatnonzero(~np.isnan(values))
    weights, means = np.zeros(len(values)), np.zeros(len(values))
    _share(1.0, taking_part, 0, values, cells, weights, means)
    # Exact sums: those of a matrix product depend on the processor.
    overall = math.fsum((weights[taking_part] * values[taking_part]).tolist())
    moved = np.where(np.isnan(values), 0.0, values - means + overall)
    return Ratio(weights * moved, weights, is_mean=True)


def _share(
    weight: float,
    places: npt.NDArray[np.intp],
    depth: int,
    values: npt.NDArray[np.float64],
    cells: Sequence[tuple[str, ...]],
    weights: npt.NDArray[np.float64],
    means: npt.NDArray[np.float64],
) -> None:
    """Give every group at a depth the same share of a weight, and so on down to samples."""
    children: dict[tuple[str, ...], list[int]] = {}
    for place in places.tolist():
        children.setdefault(cells[place][depth : depth + 1], []).append(place)
    for name, members in children.items():
        inside = np.array(members)
        part = weight / len(children)
        if name:
            _share(part, inside, depth + 1, values, cells, weights, means)
        else:  # they belong to no further group
            weights[inside], means[inside] = part / len(inside), _mean(values[inside])


def _mean(values: npt.NDArray[np.float64]) -> float:
    return math.fsum(values.tolist()) / len(values)


def clusters_of(scores: Sequence[SampleScore]) -> list[str] | None:
    """Return what is resampled together, by sample; ``None`` where every sample stands alone.

    >>> clusters_of([SampleScore("a", "ok", cluster="v"), SampleScore("b", "ok", cluster="v")])
    ['in:v', 'in:v']
    """
    if all(score.cluster is None for score in scores):
        return None
    # A prefix: an id may read like a cluster's name.
    return [f"id:{s.id}" if s.cluster is None else f"in:{s.cluster}" for s in scores]


def _column(values: Sequence[Mapping[str, float | None]], name: str) -> np.ndarray[Any, Any]:
    column = [np.nan if (value := row.get(name)) is None else value for row in values]
    return np.asarray(column, dtype=np.float64)

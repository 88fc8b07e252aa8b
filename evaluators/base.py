"""The interface of every task: load samples, score a response, aggregate scores.

``score`` works on one sample and ``aggregate`` on all of them. Both are pure, so a stored response
can be scored again at any time without its model.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from evaluators.columns import ScoreColumns, columns_of
from jumpscore.records import Estimate, Metric, Question, Response, Sample, SampleScore
from jumpscore.scoring import Ratio, bootstrap

TruthT = TypeVar("TruthT")
PER_SAMPLE = ".sample"
"""Suffix of the per-sample values of a metric that is not their mean."""


class TaskOptions(BaseModel):
    """Options of a task, set by its YAML and the command line; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class DataFacts:
    """Provenance of a task's data.

    Attributes:
        name: Data set name.
        checksum: SHA-256 of the annotations.
        synthetic: Whether the media are generated.
        source: Folder or hub address.
        revision: Commit on the hub that the data came from, if known.
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
        caveats: Warnings about these estimates.
    """

    estimates: Mapping[str, Estimate]
    metrics: tuple[Metric, ...]
    caveats: tuple[str, ...] = ()


class Task(ABC, Generic[TruthT]):
    """A set of samples and the rule that scores answers to them.

    ``version``, ``metrics`` and ``headline`` are class attributes of most tasks, and properties if
    they depend on the data.

    Class attributes:
        name: Registry name.
        headlines: Possible headline metrics, if ``headline`` depends on data or options.
        explanations: Name of a metric, without ``@...`` and ``_reference...`` -> a title and a few
            sentences for people who read a report.
    """

    name: ClassVar[str]
    headlines: ClassVar[tuple[str, ...]] = ()
    explanations: ClassVar[Mapping[str, tuple[str, str]]] = {}
    Options: ClassVar[type[TaskOptions]] = TaskOptions

    def __init__(self, options: Any = None) -> None:
        self.options = options if options is not None else self.Options()

    @property
    @abstractmethod
    def version(self) -> str:
        """Version of the scores; changes whenever the same answer would score differently."""

    @property
    @abstractmethod
    def metrics(self) -> tuple[Metric, ...]:
        """The metrics of a run, in the order of tables."""

    @property
    @abstractmethod
    def headline(self) -> tuple[str, ...]:
        """Names of the metrics in a one-line summary."""

    @abstractmethod
    def load(self) -> list[Sample[TruthT]]:
        """Return every sample; an unusable one has a ``problem``.

        Raises:
            DataError: The whole data set cannot be read.
        """

    @abstractmethod
    def data(self) -> DataFacts:
        """Return the provenance of the data that ``load`` reads."""

    @property
    def protocol(self) -> str:
        """Name of the prompt protocol."""
        return "default"

    @property
    def windows_problem(self) -> str | None:
        """Why answers about windows of a video cannot be merged; ``None`` if they list times."""
        return "only lists of times can be merged over windows, as in task=jumpscore"

    def caveats(self) -> tuple[str, ...]:
        """Return warnings that apply to every result with these options."""
        return ()

    def complete(self, question: Question) -> Question:
        """Return the question with media and prompt, just before it is asked.

        For tasks whose questions are expensive to build, such as pictures from a table: their
        ``load`` may omit media and prompt. Called from several threads.

        Raises:
            Exception: Any exception makes the sample an ``error``, which is retried on resume.
        """
        return question

    def release(self, name: str) -> None:
        """Delete what ``complete`` created for this question, which has been answered."""

    def close(self) -> None:
        """Release processes and files; the task can be used again."""

    def missing(self) -> list[Path]:
        """Return the files that samples need and that do not exist, to warn before a run."""
        paths: dict[Path, None] = {}
        for sample in self.load():
            for media in sample.question.media:
                if not media.path.is_file():
                    paths[media.path] = None
        return list(paths)

    def derivation(self) -> str | None:
        """Describe what ``derive`` does, with versions, or return ``None`` if it does nothing.

        If the description changes, stored values are derived again.
        """
        return None

    def derive(self, question: Question, response: Response) -> Any:
        """Return what ``score`` needs besides the response (masks from points), as JSON values.

        It is derived once and stored; it may be slow and use a GPU.

        Raises:
            Exception: Any exception makes the sample an ``error``, which is retried on resume.
        """
        return None

    @abstractmethod
    def score(self, truth: TruthT, response: Response, derived: Any = None) -> SampleScore:
        """Score one response. Pure; must accept any text."""

    def aggregate(self, scores: Sequence[SampleScore], *, seed: int = 0) -> Aggregate:
        """Return every metric with its interval over the scored samples. Pure."""
        scored = columns_of(scores).scored()
        estimates = bootstrap(ratios(self.metrics, scored), seed=seed, clusters=clusters_of(scored))
        return Aggregate(estimates, tuple(self.metrics), self.caveats())


def ratios(
    metrics: Sequence[Metric], scores: Iterable[SampleScore] | ScoreColumns
) -> dict[str, Ratio]:
    """Return every metric as a ratio over samples, in the order of ``scores``.

    >>> score = SampleScore("a", "ok", {"f1": 0.5})
    >>> float(ratios([Metric("f1", "F1")], [score])["f1"].numerator[0])
    0.5
    """
    columns = columns_of(scores)
    by_name: dict[str, Ratio] = {}
    for metric in metrics:
        if metric.grouped:
            by_name[metric.name] = grouped_ratio(columns.column(metric.name), columns.groups)
        elif metric.form == "root":
            squares = columns.column(metric.name) ** 2
            by_name[metric.name] = replace(Ratio.mean(squares), is_root=True)
        elif metric.over is None:
            by_name[metric.name] = Ratio.mean(columns.column(metric.name))
        elif metric.form == "explained":
            errors, truth = (columns.column(name) for name in metric.over)
            by_name[metric.name] = Ratio.mean(explained(errors, truth))
        else:
            above, below = (np.nan_to_num(columns.column(name)) for name in metric.over)
            by_name[metric.name] = Ratio(above, below)
    return by_name


def explained(
    errors: npt.NDArray[np.float64], truth: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return one value per sample whose mean is R2, the share of variance that is explained.

    R2 is 1 - sum(errors^2) / sum((truth - mean)^2), and every sample gets 1 - error^2 / variance.
    Resampling changes the errors; the variance stays that of the whole set. NaN if the truth does
    not vary.

    >>> float(explained(np.array([1.0, 0.0]), np.array([3.0, 5.0])).mean())
    0.5
    """
    usable = ~np.isnan(errors + truth)
    variance = _mean((truth[usable] - _mean(truth[usable])) ** 2) if usable.any() else 0.0
    return 1 - errors**2 / variance if variance > 0 else np.full(len(truth), np.nan)


def grouped_ratio(values: npt.NDArray[np.float64], cells: Sequence[tuple[str, ...]]) -> Ratio:
    """Return the mean over groups of the mean of each group as a ratio over samples.

    The ratio equals the nested mean ``m`` of the samples, each with the weight ``w`` of its cell.
    To resample it like any other ratio, the numerator of a sample with value ``s`` is
    ``w (s - c + m)``, where ``c`` is the mean of its cell: to first order the nested mean moves by
    ``w (s - c)`` when the sample is drawn once more. Intervals then measure how far the nested mean
    moves if samples (or videos, with all their samples) are redrawn *within* the groups: the number
    of samples that a draw takes from each group adds no variance, and no draw misses a group.

    Args:
        values: One per sample, NaN for samples that are ignored.
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
    return Ratio(weights * moved, weights, is_mean=True, plain=weights * np.nan_to_num(values))


def _share(
    weight: float,
    places: npt.NDArray[np.intp],
    depth: int,
    values: npt.NDArray[np.float64],
    cells: Sequence[tuple[str, ...]],
    weights: npt.NDArray[np.float64],
    means: npt.NDArray[np.float64],
) -> None:
    """Divide a weight equally among the groups at a depth, recursively down to the samples."""
    children: dict[tuple[str, ...], list[int]] = {}
    for place in places.tolist():
        children.setdefault(cells[place][depth : depth + 1], []).append(place)
    for name, members in children.items():
        inside = np.array(members)
        part = weight / len(children)
        if name:
            _share(part, inside, depth + 1, values, cells, weights, means)
        else:  # no further subgroup
            weights[inside], means[inside] = part / len(inside), _mean(values[inside])


def _mean(values: npt.NDArray[np.float64]) -> float:
    return math.fsum(values.tolist()) / len(values)


def clusters_of(scores: Iterable[SampleScore] | ScoreColumns) -> list[str] | None:
    """Return the cluster of every sample for resampling, or ``None`` if all are independent.

    >>> clusters_of([SampleScore("a", "ok", cluster="v"), SampleScore("b", "ok", cluster="v")])
    ['in:v', 'in:v']
    """
    columns = columns_of(scores)
    return cluster_names(columns.ids, columns.clusters)


def cluster_names(ids: Sequence[str], clusters: Sequence[str | None]) -> list[str] | None:
    """Return the same from the id and the cluster of every sample."""
    if all(cluster is None for cluster in clusters):
        return None
    # Prefixed, because an id may equal a cluster's name.
    return [
        f"id:{name}" if cluster is None else f"in:{cluster}"
        for name, cluster in zip(ids, clusters, strict=True)
    ]

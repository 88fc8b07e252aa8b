"""``task=lmms``: any generative benchmark of lmms-eval, asked by this harness."""

from __future__ import annotations

import math
import sys
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from evaluators.base import PER_SAMPLE, Aggregate, DataFacts, Task, TaskOptions, clusters_of
from evaluators.lmms.benchmarks import BY_TASK, in_the_paper
from evaluators.lmms.messages import convert
from evaluators.lmms.pictures import PictureFolder
from evaluators.lmms.provider import GroupError, NoLmmsEvalError, Provider, TaskError
from jumpscore.data.layout import MANIFEST, read_manifest
from jumpscore.errors import UsageError
from jumpscore.records import (
    Convention,
    Estimate,
    Media,
    Metric,
    Question,
    Response,
    Sample,
    SampleScore,
    Status,
)
from jumpscore.scoring import Ratio, bootstrap
from jumpscore.scoring.reasoning_tags import COMMAND_DEFAULT, ReasoningTags

VERSION = "2"
"""Version of the conversion to records; ``LmmsTask.version`` appends those of the scorer."""
SCALES = (1.0, 100.0)
"""Scales in which benchmarks report a mean: fractions and per cent."""
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tiff", ".webp")
HEADLINE = 3


@dataclass(frozen=True, slots=True)
class DocumentTruth:
    """Ground truth of one document of lmms-eval.

    Attributes:
        number: Index in the data set.
        target: The right answer as text, if the task states one.
    """

    number: int
    target: str | None

    def answer(self, convention: Convention) -> str:
        """Return the text of a right answer."""
        return self.target or ""


class LmmsOptions(TaskOptions):
    """Options of the task.

    Attributes:
        benchmark: Task of lmms-eval, external task in ``include_path``, or the rendered
            ``mini_lmms``.
        include_path: Folder with external tasks (YAML and Python, as lmms-eval reads them).
        python: Interpreter that has lmms-eval; by default this one.
        prompts: Model-specific prompts of the benchmark to use, such as ``qwen3_vl``.
        offline: Do not use the network; if false, lmms-eval downloads missing data.
        data_root: Folder of data sets, instead of ``HF_HOME``.
        timeout: Seconds allowed for one document or one score.
        reasoning_tags: Which reasoning lmms-eval removes before it scores: ``lmms_eval`` (its
            default) or ``none``. Tags that a benchmark names itself take precedence.
    """

    benchmark: str = "mini_lmms"
    include_path: str | None = None
    python: str | None = None
    prompts: str | None = None
    offline: bool = True
    data_root: str | None = None
    timeout: float = Field(default=600.0, gt=0)
    reasoning_tags: ReasoningTags = "lmms_eval"

    @field_validator("include_path", "data_root")
    @classmethod
    def _absolute(cls, value: str | None) -> str | None:
        # A stored run must find its data set from any working directory.
        return None if value is None else str(Path(value).resolve())


class LmmsTask(Task[DocumentTruth]):
    """Any benchmark of lmms-eval (videomme, mmstar, ...), scored by lmms-eval itself.

    Args:
        options: The task's options.
        fetching: Whether to download the data set; see ``Provider``.
    """

    name = "lmms"
    headlines = ("the benchmark's own",)
    Options = LmmsOptions
    options: LmmsOptions

    def __init__(self, options: LmmsOptions, *, fetching: bool = False) -> None:
        super().__init__(options)
        include = None if options.include_path is None else Path(options.include_path)
        if include is not None and not include.is_dir():
            raise UsageError(f"task.include_path={include}: no such folder")
        home = None if options.data_root is None else Path(options.data_root) / "huggingface"
        self.provider = Provider(
            options.python or sys.executable,
            {
                "benchmark": options.benchmark,
                "include_path": options.include_path,
                "prompts": options.prompts,
                "offline": options.offline,
            },
            home=home,
            timeout=options.timeout,
            folder=include,
            fetching=fetching,
        )
        self._pictures = PictureFolder()
        self._cleaner = weakref.finalize(self, self._pictures.remove)

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """Facts about the benchmark that lmms-eval reports; starts its process.

        Raises:
            UsageError: The task is unknown or unsupported, or lmms-eval is missing.
            DataError: The data set is missing.
        """
        try:
            return self.provider.facts()
        except (GroupError, NoLmmsEvalError):
            raise
        except UsageError as error:
            row = in_the_paper(self.options.benchmark)
            if row is None or row.task == self.options.benchmark:
                raise
            raise UsageError(f"{error}; the paper's {row.title} is {row.task!r}") from None

    @property
    def version(self) -> str:
        """Versions of everything that can change the score of an answer."""
        files = "" if self.facts["files"] is None else f", files {self.facts['files']}"
        scorer = f"lmms-eval {self.facts['lmms_eval']}, task {self.facts['version']}{files}"
        return f"{VERSION}, {scorer}"

    @property
    def protocol(self) -> str:
        return self.options.prompts or "default"

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """The benchmark's metrics, and their means over samples if lmms-eval computes another."""
        metrics: list[Metric] = []
        for key, metric in self._metric_list():
            name = self._metric_name(metric["name"], key)
            better = _better(metric["higher_is_better"])
            how = f"by lmms-eval's {metric['aggregation']}"
            title = f"{metric['name']}, {how}"
            metrics.append(Metric(name, title, "number", better, optional=True))
            if not metric["mean"]:
                title = f"mean over samples of what {metric['name']} is made of"
                metrics.append(Metric(name + PER_SAMPLE, title, "number", better, optional=True))
        return tuple(metrics)

    @property
    def headline(self) -> tuple[str, ...]:
        """The first metrics; for a benchmark of the paper, the one that it reports leads."""
        names = [self._metric_name(metric["name"], key) for key, metric in self._metric_list()]
        row = BY_TASK.get(self.options.benchmark)
        names.sort(key=lambda name: row is None or name.partition(",")[0] != row.metric)
        return tuple(names[:HEADLINE])

    def load(self) -> list[Sample[DocumentTruth]]:
        """Return every document without prompt and pictures, which ``complete`` adds."""
        return self._samples

    @cached_property
    def _samples(self) -> list[Sample[DocumentTruth]]:
        self.facts  # noqa: B018 - its errors are more specific
        return [
            Sample(
                Question(str(number), tuple(map(_media, document["files"])), ""),
                DocumentTruth(number, document["target"]),
            )
            for number, document in enumerate(self.provider.ask("documents"))
        ]

    def complete(self, question: Question) -> Question:
        folder = self._pictures.path()
        messages = self.provider.ask("question", number=int(question.id), folder=str(folder))
        return convert(question.id, messages, _no_picture).question

    def release(self, name: str) -> None:
        self._pictures.release(int(name))

    def data(self) -> DataFacts:
        facts = self.facts
        data = facts["data"]
        where = "/".join(str(data[key]) for key in ("path", "name", "split") if data[key])
        revision = f" at {data['revision']}" if data["revision"] else ""
        return DataFacts(
            name=self.options.benchmark,
            checksum=str(facts["checksum"]),
            synthetic=self._synthetic(),
            source=where + revision,
            revision=data["revision"] or None,
        )

    def caveats(self) -> tuple[str, ...]:
        benchmark = BY_TASK.get(self.options.benchmark)
        if benchmark is None or not benchmark.nearest:
            return ()
        return (
            f"{benchmark.task} is the nearest task of lmms-eval's release to the paper's "
            f"{benchmark.title}, not the same",
        )

    def score(self, truth: DocumentTruth, response: Response, derived: Any = None) -> SampleScore:
        try:
            tags = COMMAND_DEFAULT if self.options.reasoning_tags == "lmms_eval" else "none"
            results = self.provider.ask("score", number=truth.number, text=response.text, tags=tags)
        except TaskError as error:
            return SampleScore(
                response.id, "error", message=f"lmms-eval cannot score this answer: {error}"
            )
        values: dict[str, float | None] = {}
        cluster = None
        for key, metric in self._metric_list():
            result = results.get(key, {}).get(metric["name"])
            name = self._metric_name(metric["name"], key)
            values[name if metric["mean"] else name + PER_SAMPLE] = self._value(
                metric["name"], result
            )
            if self.facts["cluster_key"] and isinstance(result, dict):
                cluster = cluster or result.get(self.facts["cluster_key"])
        return SampleScore(
            id=response.id,
            status=_status(response),
            values=values,
            details={"target": truth.target, "results": results},
            cluster=None if cluster is None else str(cluster),
        )

    def aggregate(self, scores: Sequence[SampleScore], *, seed: int = 0) -> Aggregate:
        """Return lmms-eval's own numbers, and the means over samples of their inputs.

        A number of lmms-eval has an interval only if it equals the mean of the samples' values, or
        100 times that mean.
        """
        scored = [score for score in scores if score.status != "error"]
        columns = _columns(scored)
        answer = self.provider.ask("aggregate", results=columns)
        own = self.metrics
        means = {
            metric.name: Ratio.mean([_nan(score.values.get(metric.name)) for score in scored])
            for metric in own
        }
        estimates = bootstrap(means, seed=seed, clusters=clusters_of(scored))
        parts: list[Metric] = []
        for key, metric in self._metric_list():
            name = self._metric_name(metric["name"], key)
            value = answer["values"].get(key, {}).get(metric["name"])
            count = len(columns.get(key, {}).get(metric["name"], []))
            mean = estimates[name if metric["mean"] else name + PER_SAMPLE]
            estimates[name] = _estimate(value, mean, count)
            for part, number in _numbers(value):
                better = _better(metric["higher_is_better"])
                title = f"{part} of {metric['name']}, by lmms-eval"
                parts.append(Metric(f"{name}.{part}", title, "number", better, optional=True))
                estimates[parts[-1].name] = _estimate(number, None, count)
        failures = (
            f"lmms-eval could not aggregate {metric}: {reason}"
            for metric, reason in answer["failed"].items()
        )
        return Aggregate(estimates, (*own, *parts), (*failures, *self.caveats()))

    def close(self) -> None:
        self.provider.close()
        self._pictures.remove()

    def _metric_list(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Return (filter, facts) of every metric."""
        return [(key, metric) for key in self.facts["filters"] for metric in self.facts["metrics"]]

    def _metric_name(self, metric: str, key: str) -> str:
        return metric if len(self.facts["filters"]) == 1 else f"{metric},{key}"

    def _value(self, metric: str, result: Any) -> float | None:
        """Return a sample's value of a metric, or ``None`` if its result is not a number.

        Of a mapping: its score by lmms-eval's key, or the entry that the metric is named after
        (``map`` of ``jumpscore_map``).
        """
        if isinstance(result, dict):
            keys = (self.facts["score_key"], metric.rpartition("_")[2])
            result = next((result[key] for key in keys if key in result), None)
        return float(result) if _is_number(result) else None

    def _synthetic(self) -> bool:
        folder = self.options.include_path
        if folder is None or self.facts["files"] is None:  # one of lmms-eval's own
            return False
        return (Path(folder) / MANIFEST).is_file() and read_manifest(folder).synthetic


def _media(path: str) -> Media:
    return Media(Path(path), "image" if path.lower().endswith(PICTURES) else "video")


def _no_picture(picture: Any) -> Path:
    raise TaskError(f"the process of lmms-eval sent {picture!r:.60} instead of a file")


def _status(response: Response) -> Status:
    if response.finish_reason == "length":
        return "partial"
    return "ok" if response.text.strip() else "unparseable"


def _better(higher: Any) -> Any:
    """Return ``Metric.better`` of lmms-eval's ``higher_is_better``.

    >>> _better(True), _better(False), _better(None)
    ('higher', 'lower', None)
    """
    return {True: "higher", False: "lower"}.get(higher) if isinstance(higher, bool) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) and math.isfinite(value)


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _numbers(value: Any) -> list[tuple[str, float]]:
    """Return the numbers in an aggregate, if it is a mapping.

    >>> _numbers({"a": 1, "b": {"c": 0.5}, "d": "text"})
    [('a', 1.0), ('b.c', 0.5)]
    """
    if not isinstance(value, dict):
        return []
    numbers: list[tuple[str, float]] = []
    for key, item in value.items():
        if _is_number(item):
            numbers.append((key, float(item)))
        numbers += [(f"{key}.{inner}", number) for inner, number in _numbers(item)]
    return numbers


def _columns(scored: Sequence[SampleScore]) -> dict[str, dict[str, list[Any]]]:
    """Return filter -> metric -> results of the samples that have one, in order."""
    columns: dict[str, dict[str, list[Any]]] = {}
    for score in scored:
        for key, results in score.details["results"].items():
            for metric, result in results.items():
                columns.setdefault(key, {}).setdefault(metric, []).append(result)
    return columns


def _estimate(value: Any, mean: Estimate | None, count: int) -> Estimate:
    """Return an aggregate; it gets the interval of the samples' mean if it equals that mean.

    Args:
        value: lmms-eval's aggregate.
        mean: Mean of the samples' values.
        count: Number of samples in the aggregate.
    """
    if not _is_number(value):
        return Estimate(None, None, None, None, count if value is not None else 0)
    number = float(value)
    if mean is not None and mean.mean is not None and mean.n == count:
        for scale in SCALES:
            if math.isclose(number, scale * mean.mean, rel_tol=1e-12, abs_tol=1e-15):
                ends = [
                    None if end is None else scale * end
                    for end in (mean.stderr, mean.ci_low, mean.ci_high)
                ]
                return Estimate(number, ends[0], ends[1], ends[2], count)
    return Estimate(number, None, None, None, count)

"""``task=lmms``: any benchmark of lmms-eval that generates an answer, asked by this harness."""

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
"""Of how lmms-eval's results become records; the versions of what scores stand behind it."""
SCALES = (1.0, 100.0)
"""Factors by which benchmarks print a mean."""
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tiff", ".webp")
HEADLINE = 3


@dataclass(frozen=True, slots=True)
class DocumentTruth:
    """What is right about one document of lmms-eval.

    Attributes:
        number: Its place in the data set.
        target: The right answer as the task states it, where it states one.
    """

    number: int
    target: str | None

    def answer(self, convention: Convention) -> str:
        """Return how a right answer reads."""
        return self.target or ""


class LmmsOptions(TaskOptions):
    """Options of the task.

    Attributes:
        benchmark: Name of a task of lmms-eval, or of an external one in ``include_path``. The
            command line knows the rendered one, ``mini_lmms``.
        include_path: Folder with external tasks (YAML and Python, as lmms-eval reads them).
        python: Interpreter that has lmms-eval; by default this one.
        prompts: Which of the benchmark's model-specific wordings, such as ``qwen3_vl``.
        offline: Whether the network may not be used; without it, lmms-eval downloads what it lacks.
        data_root: Folder below which data sets lie, instead of ``HF_HOME``.
        timeout: Seconds that one document or one score may take.
        reasoning_tags: What lmms-eval takes off an answer before it scores: ``lmms_eval`` (as its
            command does by default) or ``none``. Tags that a benchmark names itself go before.
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
        # A stored run must find its data set from any folder.
        return None if value is None else str(Path(value).resolve())


class LmmsTask(Task[DocumentTruth]):
    """Ask any benchmark of lmms-eval (videomme, mmstar, ...); it scores, to the last bit.

    Args:
        options: Of the task.
        fetching: Whether it is made for its data set to be downloaded; see ``Provider``.
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
        """What lmms-eval says of the benchmark, before anything is asked.

        Raises:
            UsageError: There is no such task, none that can be asked, or no lmms-eval.
            DataError: Its data set is not here.
        """
        try:
            return self.provider.facts()
        except (GroupError, NoLmmsEvalError):
            raise
        except UsageError as error:
            known = in_the_paper(self.options.benchmark)
            if known is None or known.task == self.options.benchmark:
                raise
            raise UsageError(f"{error}; the paper's {known.title} is {known.task!r}") from None

    @property
    def version(self) -> str:
        """Everything that may change a score of the same answer."""
        files = "" if self.facts["files"] is None else f", files {self.facts['files']}"
        known = f"lmms-eval {self.facts['lmms_eval']}, task {self.facts['version']}{files}"
        return f"{VERSION}, {known}"

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
        """The metric that the paper reports first, where it is a benchmark of the paper's."""
        names = [self._metric_name(metric["name"], key) for key, metric in self._metric_list()]
        known = BY_TASK.get(self.options.benchmark)
        names.sort(key=lambda name: known is None or name.partition(",")[0] != known.metric)
        return tuple(names[:HEADLINE])

    def load(self) -> list[Sample[DocumentTruth]]:
        """Return every document, without its prompt and its pictures: ``complete`` makes them."""
        return self._samples

    @cached_property
    def _samples(self) -> list[Sample[DocumentTruth]]:
        self.facts  # noqa: B018 - its errors say more
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
            beneath = estimates[name if metric["mean"] else name + PER_SAMPLE]
            estimates[name] = _estimate(value, beneath, count)
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
        """Return filter and facts of every metric."""
        return [(key, metric) for key in self.facts["filters"] for metric in self.facts["metrics"]]

    def _metric_name(self, metric: str, key: str) -> str:
        return metric if len(self.facts["filters"]) == 1 else f"{metric},{key}"

    def _value(self, metric: str, result: Any) -> float | None:
        """Return what a sample counts with, where that is clear.

        A number; of several, the one that lmms-eval calls the score, or that the metric is named
        after (``map`` of ``jumpscore_map``).
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
    raise TaskError(f"the process of lmms-eval sent {picture!r:.60}, which is no file")


def _status(response: Response) -> Status:
    if response.finish_reason == "length":
        return "partial"
    return "ok" if response.text.strip() else "unparseable"


def _better(higher: Any) -> Any:
    """Return which way is up.

    >>> _better(True), _better(False), _better(None)
    ('higher', 'lower', None)
    """
    return {True: "higher", False: "lower"}.get(higher) if isinstance(higher, bool) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, (bool, int, float)) and math.isfinite(value)


def _nan(value: float | None) -> float:
    return math.nan if value is None else value


def _numbers(value: Any) -> list[tuple[str, float]]:
    """Return the numbers of an aggregate that is a mapping.

    >>> _numbers({"a": 1, "b": {"c": 0.5}, "d": "text"})
    [('a', 1.0), ('b.c', 0.5)]
    """
    if not isinstance(value, dict):
        return []
    found: list[tuple[str, float]] = []
    for key, item in value.items():
        if _is_number(item):
            found.append((key, float(item)))
        found += [(f"{key}.{inner}", number) for inner, number in _numbers(item)]
    return found


def _columns(scored: Sequence[SampleScore]) -> dict[str, dict[str, list[Any]]]:
    """Return filter -> metric -> results of the samples that have one, in their order."""
    found: dict[str, dict[str, list[Any]]] = {}
    for score in scored:
        for key, results in score.details["results"].items():
            for metric, result in results.items():
                found.setdefault(key, {}).setdefault(metric, []).append(result)
    return found


def _estimate(value: Any, mean: Estimate | None, count: int) -> Estimate:
    """Return an aggregate, with the interval of the samples' mean where it is that mean.

    Args:
        value: lmms-eval's.
        mean: Of the samples' values.
        count: Samples that the aggregate is made of.
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

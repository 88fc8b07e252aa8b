"""Results for the Hugging Face hub: ``.eval_results/*.yaml``, ``eval.yaml`` and its boards.

The hub's format has one value per result and no error bars. The interval goes into ``notes`` in one
fixed form, which ``parse_note`` reads back.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from jumpscore.errors import DataError, UsageError, visible
from jumpscore.records import Estimate, Metric
from jumpscore.report.exports.appendix import started_at
from jumpscore.report.text import plural
from jumpscore.runs import StoredRun

FRAMEWORK = "jumpscore"
LONGEST_NOTE = 2_000
"""Characters of a note that are read; ours are shorter."""
_NUMBER = r"-?\d{1,30}(?:\.\d{1,40})?(?:e[+-]\d{1,3})?"
_NAME = r"[A-Za-z0-9._~%-]{1,200}"
_NOTE = re.compile(
    rf"95% interval (?P<low>{_NUMBER}) to (?P<high>{_NUMBER}); stderr (?P<stderr>{_NUMBER}); "
    rf"n (?P<n>\d{{1,9}}); task (?P<task>{_NAME}); version (?P<version>{_NAME}); "
    rf"protocol (?P<protocol>{_NAME}); data (?P<data>{_NAME})(?: \| .*)?",
    re.DOTALL | re.ASCII,
)


@dataclass(frozen=True, slots=True)
class HubNote:
    """What the notes of a result state, in the unit of its value.

    Attributes:
        low: Lower end of the 95% interval.
        high: Upper end of the 95% interval.
        stderr: Standard error.
        n: Number of samples.
        task: Name of the task.
        version: Version of the task's scores.
        protocol: Prompt protocol.
        data: SHA-256 of the data set, or its beginning.
    """

    low: float
    high: float
    stderr: float
    n: int
    task: str
    version: str
    protocol: str
    data: str

    def __str__(self) -> str:
        names = (self.task, self.version, self.protocol, self.data)
        task, version, protocol, data = (quote(name, safe="") for name in names)
        return (
            f"95% interval {self.low!r} to {self.high!r}; stderr {self.stderr!r}; n {self.n}; "
            f"task {task}; version {version}; protocol {protocol}; data {data}"
        )


@dataclass(frozen=True, slots=True)
class BoardRow:
    """A row of a board on the hub.

    Attributes:
        rank: Rank on the hub, from 1.
        model: Repository of the model.
        value: Its score, as the hub states it.
        verified: Whether the hub verified it.
        note: Interval and protocol, if the notes are in our form.
    """

    rank: int
    model: str
    value: float
    verified: bool
    note: HubNote | None


def parse_note(text: object) -> HubNote | None:
    """Return what notes in our form state; ``None`` for all others, whatever they contain.

    >>> parse_note("95% interval 1.5 to 2.5; stderr 0.25; n 12; task a; version 1; protocol v2; "
    ...            "data 27e7").high
    2.5
    >>> parse_note("no-tools")
    """
    match = _NOTE.fullmatch(text) if isinstance(text, str) and len(text) <= LONGEST_NOTE else None
    if match is None:
        return None
    low, high, stderr = (float(match[name]) for name in ("low", "high", "stderr"))
    if not (math.isfinite(low) and math.isfinite(high) and low <= high and 0 <= stderr < math.inf):
        return None
    names = (unquote(match[name]) for name in ("task", "version", "protocol", "data"))
    return HubNote(low, high, stderr, int(match["n"]), *names)


def task_id(task: str, metric: str) -> str:
    """Return the id of a metric on the hub, where every number is a task of its own.

    >>> task_id("jumpscore", "f1@0.1")
    'jumpscore_f1_at_0.1'
    """
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{task}_{metric.replace('@', '_at_')}")


def eval_results(run: StoredRun, dataset: str, *, source: str | None = None) -> str:
    """Return the YAML file ``.eval_results/NAME.yaml`` for a model's repository.

    Args:
        run: A finished run.
        dataset: Data set on the hub, ``owner/name``; its ``eval.yaml`` lists the task ids.
        source: Address of the logs.

    Raises:
        UsageError: The run is incomplete, or its model received the ground truth.
    """
    from huggingface_hub import EvalResultEntry, eval_result_entries_to_yaml

    _check_dataset(dataset)
    if run.result.unscored:
        raise UsageError(
            f"{run.folder}: {plural(run.result.unscored, 'sample')} without a score; rerun the "
            "same command to resume, then export"
        )
    if run.record.identity.expose_truth:
        raise UsageError(f"{run.folder}: the model received the ground truth; export another run")
    entries = [
        EvalResultEntry(
            dataset_id=dataset,
            task_id=task_id(run.result.task, metric.name),
            value=_scaled(estimate.mean, metric),
            dataset_revision=run.record.data.revision,
            date=started_at(run).isoformat() if "started_unix" in run.timing else None,
            source_url=source,
            notes=_note(run, metric, estimate),
        )
        for metric in run.result.described
        if metric.name in run.result.headline
        and (estimate := run.result.metrics[metric.name]).mean is not None
    ]
    return _yaml(eval_result_entries_to_yaml(entries))


def eval_yaml(run: StoredRun, name: str, *, split: str = "test") -> str:
    """Return the file ``eval.yaml`` that registers a data set as a benchmark on the hub.

    Args:
        run: A run on the data set; its headline metrics are the tasks.
        name: Name of the benchmark.
        split: Split of the data set.
    """
    titles = {metric.name: metric.title for metric in run.result.described}
    listed = "; ".join(f"{metric}: {titles[metric]}" for metric in run.result.headline)
    tasks = [
        {"id": task_id(run.result.task, metric), "config": "default", "split": split}
        for metric in run.result.headline
    ]
    description = f"Scores of jumpscore, task {run.result.task}, on a scale of 0 to 100 for shares."
    return _yaml(
        {
            "name": name,
            "description": f"{description} {listed}.",
            "evaluation_framework": FRAMEWORK,
            "tasks": tasks,
        }
    )


def read_board(dataset: str, *, everything: bool = True) -> list[BoardRow]:
    """Return the board of a data set on the hub (``$HF_ENDPOINT``), by rank.

    Args:
        dataset: Data set on the hub, ``owner/name``.
        everything: Whether to include models that are derived from another one.

    Raises:
        DataError: The hub cannot be reached, has no such board, or sends something else.
    """
    from huggingface_hub import HfApi

    _check_dataset(dataset)
    try:
        entries = HfApi().get_dataset_leaderboard(
            dataset, base_model_only=None if not everything else False, timeout=30
        )
        return sorted(map(_row, entries), key=lambda row: row.rank)
    except Exception as error:  # the client raises errors of its HTTP library and of any JSON
        short = visible(" ".join(str(error).split()))[:200]
        raise DataError(
            f"{dataset}: its board on the hub cannot be read ({type(error).__name__}: {short}); "
            "check the name and the network"
        ) from error


def _row(entry: Any) -> BoardRow:
    value = float(entry.value)
    if not math.isfinite(value):
        raise ValueError(f"the value of {str(entry.model_id)[:80]!r} is not finite")
    model = str(entry.model_id)[:200]
    return BoardRow(int(entry.rank), model, value, entry.verified is True, parse_note(entry.notes))


def _check_dataset(dataset: str) -> None:
    part = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}"
    if ".." in dataset or not re.fullmatch(f"{part}/{part}", dataset):
        raise UsageError(f"{dataset!r:.100} is not a data set of the hub; write owner/name")


def _scaled(value: float | None, metric: Metric) -> float:
    """Return a value as boards print it: shares from 0 to 100."""
    assert value is not None
    return round(100 * value if metric.unit == "percent" else value, 6)


def _note(run: StoredRun, metric: Metric, estimate: Estimate) -> str | None:
    """Return the notes of a result: the interval, then the caveats as free text."""
    identity = run.record.identity
    parts = []
    if None not in (estimate.ci_low, estimate.ci_high, estimate.stderr):
        low, high, stderr = (
            _scaled(value, metric) for value in (estimate.ci_low, estimate.ci_high, estimate.stderr)
        )
        task, data = identity.task, identity.data.checksum
        note = HubNote(low, high, stderr, estimate.n, task.name, task.version, task.protocol, data)
        parts.append(str(note))
    caveats: Sequence[str] = run.result.caveats
    return " | ".join([*parts, *caveats]) or None


def _yaml(content: object) -> str:
    import yaml

    return yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=1_000)

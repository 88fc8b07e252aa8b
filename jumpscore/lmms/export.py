"""Export of data sets as tasks for lmms-eval's ``--include_path``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from evaluators.base import Task
from jumpscore.errors import UsageError
from jumpscore.harness.blind_baseline import CONVENTION
from jumpscore.jsonio import write_text
from jumpscore.lmms.rows import metrics_of
from jumpscore.records import Metric, Sample


def export_task(task: Task[Any], out: Path, *, name: str | None = None) -> tuple[str, int]:
    """Write a task of lmms-eval and its documents from a task of ours.

    Documents name the data set by its absolute path, so lmms-eval needs no network and no copy of
    the data.

    Args:
        task: Task whose data set is a folder.
        out: Folder for ``<name>.yaml`` and ``<name>.jsonl``.
        name: Name of lmms-eval's task, by default that of the data set.

    Returns:
        The name of lmms-eval's task and the number of documents.

    Raises:
        UsageError: A metric is not a mean over samples, or scores need data derived from answers:
            lmms-eval supports neither.
        DataError: The data set cannot be read.
    """
    summed = [m.name for m in metrics_of(task) if m.over is not None or m.grouped]
    if summed:
        raise UsageError(
            f"{task.name}: {summed[0]} is not a mean over samples; lmms-eval computes only means"
        )
    if (derived := task.derivation()) is not None:
        raise UsageError(f"{task.name}: needs {derived}; lmms-eval scores only texts")
    samples = task.load()
    name = re.sub(r"\W+", "_", name or task.data().name)
    options = json.dumps(task.options.model_dump(mode="json"))
    lines = [json.dumps(_document(sample, task.name, options)) + "\n" for sample in samples]
    out.mkdir(parents=True, exist_ok=True)
    documents = (out / f"{name}.jsonl").resolve()
    write_text(documents, "".join(lines))
    write_text(out / f"{name}.yaml", _yaml(name, documents, metrics_of(task)))
    return name, len(samples)


def _document(sample: Sample[Any], task: str, options: str) -> dict[str, str]:
    """Return a sample as a document of lmms-eval, all texts, so that no types are guessed."""
    truth = sample.truth
    answer = ""
    if sample.problem is None and hasattr(truth, "answer"):
        answer = truth.answer(getattr(truth, "convention", None) or CONVENTION)
    question = sample.question
    return {
        "id": question.id,
        "task": task,
        "options": options,
        "prompt": question.prompt,
        "answer": answer,
    }


def _yaml(name: str, documents: Path, metrics: Sequence[Metric]) -> str:
    """Return the YAML of a task; JSON strings are valid YAML."""
    shared = files("jumpscore.lmms") / "rows.yaml"
    lines = [
        f"include: {json.dumps(str(shared))}",
        f"task: {json.dumps(name)}",
        "dataset_path: json",
        "dataset_kwargs:",
        "  data_files:",
        f"    test: {json.dumps(str(documents))}",
        "metric_list:",
    ]
    for metric in metrics:
        lines += [
            f"  - metric: {json.dumps(metric.name)}",
            "    aggregation: !function jumpscore.lmms.rows.mean",
            f"    higher_is_better: {json.dumps(metric.better == 'higher')}",
        ]
    return "\n".join([*lines, "metadata:", "  - version: 1.0"]) + "\n"

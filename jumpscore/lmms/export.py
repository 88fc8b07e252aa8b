"""Write tasks for lmms-eval's ``--include_path`` over data sets that are here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from evaluators.base import Task
from jumpscore.errors import UsageError
from jumpscore.jsonio import write_text
from jumpscore.lmms.rows import metrics_of
from jumpscore.records import Metric, Sample


def offer(task: Task[Any], out: Path, *, name: str | None = None) -> tuple[str, int]:
    """Write a task of lmms-eval, and its documents, over the data set of a task.

    Documents speak of the data set by an absolute path, so lmms-eval needs no network and no
    folder of its own.

    Args:
        task: With a folder as its data.
        out: For ``<name>.yaml`` and ``<name>.jsonl``.
        name: Of lmms-eval's task; by default the data set's.

    Returns:
        The name of lmms-eval's task and the number of documents.

    Raises:
        UsageError: A metric is no mean over samples, or something is derived from answers first:
            lmms-eval does neither.
        DataError: The data set cannot be read.
    """
    summed = [m.name for m in task.metrics if m.over is not None or m.grouped]
    if summed:
        raise UsageError(
            f"{task.name}: {summed[0]} is no mean over samples, and lmms-eval computes means only"
        )
    if (derived := task.derivation()) is not None:
        raise UsageError(f"{task.name}: needs {derived}, and lmms-eval scores texts only")
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
    """Return what lmms-eval holds of a sample: texts, so that its reader has no types to guess."""
    truth = sample.truth
    answer = ""
    if sample.problem is None and hasattr(truth, "answer"):
        answer = truth.answer(getattr(truth, "convention", None) or "relative_1000")
    question = sample.question
    return {
        "id": question.id,
        "task": task,
        "options": options,
        "prompt": question.prompt,
        "answer": answer,
    }


def _yaml(name: str, documents: Path, metrics: Sequence[Metric]) -> str:
    """Return a task's YAML; JSON's strings are YAML's."""
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

"""Write tasks for lmms-eval's ``--include_path`` over data sets that are here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import get_args

from evaluators.traces.rows import Rule, TraceRow
from jumpscore.data.layout import read_rows
from jumpscore.errors import DataError
from jumpscore.jsonio import write_text
from jumpscore.lmms_tasks.traces import document, metrics_of
from jumpscore.records import Convention, Metric


def offer(
    name: str, root: Path, out: Path, *, convention: Convention | None = None
) -> dict[str, int]:
    """Write a task, and its documents, per rule that the rows of a data set have.

    Documents speak of files by absolute paths, so lmms-eval needs no network and no folder of its
    own.

    Args:
        name: Of the data set; the task's name, with the rule where there are several.
        root: The data set's folder.
        out: For the tasks.
        convention: Of coordinates in answers; by default each row's own, which are the benchmark's.

    Returns:
        Task -> number of documents.

    Raises:
        DataError: The rows are no rows of traces.
    """
    rows = [row for row in read_rows(root, TraceRow) if row.rule in get_args(Rule)]
    if not rows:
        raise DataError(f"{root}: holds no rows with a rule of {', '.join(get_args(Rule))}")
    if convention is not None:
        rows = [replace(row, convention=convention) for row in rows]
    held: list[Rule] = [rule for rule in get_args(Rule) if any(row.rule == rule for row in rows)]
    out.mkdir(parents=True, exist_ok=True)
    found = {}
    for rule in held:
        task = name if len(held) == 1 else f"{name}_{rule}"
        own = [row for row in rows if row.rule == rule]
        lines = [json.dumps(document(row, root.resolve())) + "\n" for row in own]
        documents = (out / f"{task}.jsonl").resolve()
        write_text(documents, "".join(lines))
        write_text(out / f"{task}.yaml", _yaml(task, documents, metrics_of(rule)))
        found[task] = len(own)
    return found


def _yaml(task: str, documents: Path, metrics: Sequence[Metric]) -> str:
    """Return a task's YAML; JSON's strings are YAML's."""
    shared = files("jumpscore.lmms_tasks") / "traces.yaml"
    lines = [
        f"include: {json.dumps(str(shared))}",
        f"task: {json.dumps(task)}",
        "dataset_path: json",
        "dataset_kwargs:",
        "  data_files:",
        f"    test: {json.dumps(str(documents))}",
        "metric_list:",
    ]
    for metric in metrics:
        lines += [
            f"  - metric: {json.dumps(metric.name)}",
            "    aggregation: !function jumpscore.lmms_tasks.traces.mean",
            f"    higher_is_better: {json.dumps(metric.better == 'higher')}",
        ]
    return "\n".join([*lines, "metadata:", "  - version: 1.0"]) + "\n"

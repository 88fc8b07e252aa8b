"""A run in the files that lmms-eval 0.7.3 writes with ``--log_samples --output_path``.

``DATE_results.json`` contains the metrics, ``DATE_samples_TASK.jsonl`` one line per sample.
"""

from __future__ import annotations

import hashlib
import re
from typing import Any

from jumpscore.report.exports.appendix import run_command, started_at, wall_seconds
from jumpscore.report.exports.samples import LoggedSample, json_text, logged_samples
from jumpscore.runs import StoredRun

FILTER = "none"
"""Name of lmms-eval's filter that leaves answers as they are; part of the names of metrics."""
HIGHER = {"higher": True, "lower": False}


def lmms_results(run: StoredRun) -> dict[str, str]:
    """Return file name -> content."""
    samples = [_line(place, sample) for place, sample in enumerate(logged_samples(run))]
    date = started_at(run)
    prefix = f"{date:%Y%m%d_%H%M%S}"
    name = re.sub(r"\W+", "_", run.result.task, flags=re.ASCII)
    lines = "".join(json_text(sample) + "\n" for sample in samples)
    return {
        f"{prefix}_results.json": json_text(_results(run, name, samples), indent=2) + "\n",
        f"{prefix}_samples_{name}.jsonl": lines,
    }


def _results(run: StoredRun, name: str, samples: list[dict[str, Any]]) -> dict[str, Any]:
    result = run.result
    metrics: dict[str, Any] = {"alias": name}
    for metric in result.described:
        estimate = result.metrics[metric.name]
        if estimate.mean is not None:
            metrics[f"{metric.name},{FILTER}"] = estimate.mean
            stderr = "N/A" if estimate.stderr is None else estimate.stderr
            metrics[f"{metric.name}_stderr,{FILTER}"] = stderr
    hashes = "".join(f"sample_{n}{sample['doc_hash']}" for n, sample in enumerate(samples))
    model = run.record.config.model
    return {
        "results": {name: metrics},
        "group_subtasks": {name: []},
        "configs": {name: {"task": name, "metadata": {"version": result.task_version}}},
        "versions": {name: result.task_version},
        "n-shot": {name: 0},
        "higher_is_better": {name: {m.name: HIGHER.get(m.better or "") for m in result.described}},
        "n-samples": {name: {"original": result.total, "effective": _effective(run)}},
        "config": {
            "model": model.name,
            "model_args": ",".join(
                f"{key}={value}" for key, value in sorted(model.options.items())
            ),
            "limit": run.record.identity.selection.limit,
            "random_seed": run.record.identity.seed,
            "jumpscore_command": run_command(run.record),
        },
        "task_hashes": {name: hashlib.sha256(hashes.encode()).hexdigest()},
        "model_source": model.name,
        "model_name": result.model,
        "model_name_sanitized": re.sub(r"[^\w.-]+", "__", result.model),
        "date": started_at(run).isoformat(),
        "total_evaluation_time_seconds": str(wall_seconds(run)),
    }


def _effective(run: StoredRun) -> int:
    return run.result.total - run.result.unscored


def _line(place: int, sample: LoggedSample) -> dict[str, Any]:
    """Return a sample as lmms-eval logs it; metrics are keys next to its own."""
    response = sample.response
    text = None if response is None or response.error else response.text
    document = [sample.score.id, sample.prompt, sample.target]
    line = {
        "doc_id": place,
        "target": sample.target,
        "filtered_resps": text,
        "doc_hash": hashlib.sha256(json_text(document).encode()).hexdigest(),
        "input": sample.prompt,
    }
    facts = {"question_id": sample.score.id, "status": sample.score.status}
    facts |= {} if sample.problem is None else {"error": sample.problem}
    return sample.values | line | {"jumpscore_sample": facts}

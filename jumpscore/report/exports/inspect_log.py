"""A run as a log of inspect_ai, an ``.eval`` file for ``inspect view``.

The file is a zip archive of JSON documents: ``header.json`` (specification, results, usage),
``summaries.json`` (one row per sample) and ``samples/ID_epoch_1.json``. Only inspect_ai's reader
is needed to open it, so inspect_ai is not imported here.
"""

from __future__ import annotations

import hashlib
import io
import math
import re
import zipfile
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from jumpscore.records import Response
from jumpscore.report.exports.appendix import run_command, started_at, wall_seconds
from jumpscore.report.exports.samples import LoggedSample, json_text, logged_samples
from jumpscore.runs import StoredRun

VERSION = 2
"""Version of inspect_ai's log format."""
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Time of every member of the archive: the first that a zip archive can store."""
_SAFE_NAME = re.compile(r"[^\x00-\x1f\\/\ud800-\udfff][^\x00-\x1f\\\ud800-\udfff]{0,199}")
SUMMARY_LETTERS = 1000
"""Characters of a text in the list of samples."""
STOP_REASONS = {"stop": "stop", "length": "max_tokens", "error": "unknown"}


def inspect_log(run: StoredRun) -> bytes:
    """Return the ``.eval`` file of a run."""
    samples = logged_samples(run)
    spec, plan = _spec(run, samples), {"name": "jumpscore", "steps": [], "config": {}}
    started = started_at(run)
    header = {
        "version": VERSION,
        "status": "success",
        "eval": spec,
        "plan": plan,
        "results": _results(run),
        "stats": {
            "started_at": started.isoformat(),
            "completed_at": (started + timedelta(seconds=wall_seconds(run))).isoformat(),
            "model_usage": {run.result.model: _total_usage(run)},
        },
    }
    documents = {"_journal/start.json": {"version": VERSION, "eval": spec, "plan": plan}}
    for sample in samples:
        documents[f"samples/{_id(sample)}_epoch_1.json"] = _sample(run, sample)
    documents["summaries.json"] = [_summary(run, sample) for sample in samples]  # type: ignore[assignment]
    documents["header.json"] = header
    return _archive({name: json_text(content) for name, content in documents.items()})


def _archive(members: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), text, compress_type=zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _digest(*texts: str) -> str:
    """Return 22 characters that identify texts, the length of inspect_ai's own ids."""
    content = "\0".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(content).hexdigest()[:22]


def _spec(run: StoredRun, samples: Sequence[LoggedSample]) -> dict[str, Any]:
    record, result = run.record, run.result
    identity = _digest(json_text(record.identity.model_dump(mode="json")))
    return {
        "eval_id": identity,
        "run_id": identity,
        "created": started_at(run).isoformat(),
        "task": result.task,
        "task_id": _digest(result.task, result.data),
        "task_version": result.task_version,
        "dataset": {
            "name": result.data,
            "samples": result.total,
            "sample_ids": [_id(sample) for sample in samples],
            "shuffled": False,
        },
        "model": result.model,
        "config": {"epochs": 1, "limit": record.identity.selection.limit},
        "packages": record.versions,
        "metadata": {
            "command": run_command(record),
            "data_checksum": record.identity.data.checksum,
            "prompt_protocol": record.identity.task.protocol,
            "hardware": record.hardware,
            "environment": record.environment,
            "caveats": list(result.caveats),
        },
    }


def _results(run: StoredRun) -> dict[str, Any]:
    result = run.result
    scores = [
        {
            "name": metric.name,
            "scorer": metric.name,
            "scored_samples": result.metrics[metric.name].n,
            "unscored_samples": result.unscored,
            "params": {},
            "metrics": {
                name: {"name": name, "value": value, "params": {}}
                for name, value in (
                    ("mean", result.metrics[metric.name].mean),
                    ("stderr", result.metrics[metric.name].stderr),
                    ("ci_low", result.metrics[metric.name].ci_low),
                    ("ci_high", result.metrics[metric.name].ci_high),
                )
                if value is not None and math.isfinite(value)
            },
            "metadata": {"title": metric.title, "unit": metric.unit},
        }
        for metric in result.described
        if metric.name in result.headline
    ]
    done = result.total - result.unscored
    first = scores[0]["name"] if scores else None
    headline = {} if first is None else {"scorer": first, "score": first, "metric": "mean"}
    return {
        "total_samples": result.total,
        "completed_samples": done,
        "scores": scores,
        **({"headline": headline} if headline else {}),
    }


def _id(sample: LoggedSample) -> str:
    """Return the sample's id, which is part of its file name in the archive.

    An id that is not a safe file name is replaced by its digest; the metadata contain it.
    """
    name = sample.score.id
    return name if _SAFE_NAME.fullmatch(name) and ".." not in name else _digest(name)


def _sample(run: StoredRun, sample: LoggedSample) -> dict[str, Any]:
    response = sample.response or Response(sample.score.id)
    user = {"id": _digest(sample.score.id, "user"), "role": "user", "content": sample.prompt}
    message = {
        "id": _digest(sample.score.id, "assistant"),
        "role": "assistant",
        "content": response.text,
        "source": "generate",
        "model": run.result.model,
    }
    answered = sample.response is not None and response.error is None
    choice = {"message": message, "stop_reason": STOP_REASONS[response.finish_reason]}
    content = {
        "id": _id(sample),
        "epoch": 1,
        "input": sample.prompt,
        "target": sample.target,
        "messages": [user, *([message] if answered else [])],
        "output": {
            "model": run.result.model,
            "choices": [choice] if answered else [],
            "completion": response.text,
            "usage": _usage(response),
            "time": response.seconds,
        },
        "scores": _scores(run, sample),
        "metadata": _metadata(sample),
        "store": {},
        "events": [],
        "attachments": {},
        "model_usage": {run.result.model: _usage(response)} if answered else {},
        "total_time": response.seconds,
        "uuid": _digest(sample.score.id, "sample"),
    }
    return content | _error(sample)


def _metadata(sample: LoggedSample) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": sample.score.id,
        "status": sample.score.status,
        "media": list(sample.media),
    }
    if sample.score.notes:
        facts["notes"] = dict(sample.score.notes)
    return facts | {"values": _finite(sample)}


def _finite(sample: LoggedSample) -> dict[str, float]:
    return {name: value for name, value in sample.values.items() if math.isfinite(value)}


def _error(sample: LoggedSample) -> dict[str, Any]:
    if sample.problem is None:
        return {}
    text = sample.problem
    return {"error": {"message": text, "traceback": text, "traceback_ansi": text}}


def _scores(run: StoredRun, sample: LoggedSample) -> dict[str, Any]:
    """Return the values of the headline that are defined for one sample."""
    values = _finite(sample)
    answer = sample.response.text if sample.response else ""
    reason = {} if sample.score.message is None else {"explanation": sample.score.message}
    return {
        name: {"value": values[name], "answer": answer, **reason}
        for name in run.result.headline
        if name in values
    }


def _usage(response: Response) -> dict[str, int]:
    sent, answered = response.usage.prompt or 0, response.usage.output or 0
    return {"input_tokens": sent, "output_tokens": answered, "total_tokens": sent + answered}


def _total_usage(run: StoredRun) -> dict[str, int]:
    usages = [_usage(response) for response in run.responses.values()]
    names = ("input_tokens", "output_tokens", "total_tokens")
    return {name: sum(usage[name] for usage in usages) for name in names}


def _summary(run: StoredRun, sample: LoggedSample) -> dict[str, Any]:
    scores = {
        name: score | {"answer": score["answer"][:SUMMARY_LETTERS]}
        for name, score in _scores(run, sample).items()
    }
    summary = {
        "id": _id(sample),
        "epoch": 1,
        "input": sample.prompt[:SUMMARY_LETTERS],
        "target": sample.target[:SUMMARY_LETTERS],
        "scores": scores,
        "metadata": {"status": sample.score.status},
        "completed": True,
    }
    return summary | ({} if sample.problem is None else {"error": sample.problem})

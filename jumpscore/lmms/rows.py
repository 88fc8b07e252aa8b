"""The functions of ``rows.yaml``, which lmms-eval calls.

A document contains the names of its task and sample. A sample that cannot be scored for a reason of
ours (such as a missing file) is NaN and counted as ``unscored``: an exception would end lmms-eval's
run.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from evaluators.base import Task
from jumpscore.harness.factory import make_task
from jumpscore.harness.score import score_sample
from jumpscore.jsonio import parse_json
from jumpscore.records import Media, Metric, Response, Sample

UNSCORED = Metric(
    "unscored", "share of documents without a score, for a reason of ours", better="lower"
)


def metrics_of(task: Task[Any]) -> tuple[Metric, ...]:
    """Return the metrics of an exported task: those that lmms-eval can compute."""
    return (*(metric for metric in task.metrics if metric.form == "mean"), UNSCORED)


@lru_cache(maxsize=4)
def _loaded(name: str, options: str) -> tuple[Task[Any], dict[str, Sample[Any]]]:
    task = make_task(name, parse_json(options))
    return task, {sample.question.id: sample for sample in task.load()}


def _media(doc: Mapping[str, Any]) -> list[Media]:
    _, samples = _loaded(doc["task"], doc["options"])
    sample = samples.get(doc["id"])
    return [] if sample is None else list(sample.question.media)


def doc_to_visual(
    doc: Mapping[str, Any], lmms_eval_specific_kwargs: Mapping[str, Any] | None = None
) -> list[Any]:
    """Return the images, and the paths of the videos."""
    return [_content(media) for media in _media(doc)]


def _content(media: Media) -> Any:
    if media.kind == "video":
        return str(media.path)
    from PIL import Image

    with Image.open(media.path) as picture:
        return picture.convert("RGB")


def doc_to_text(
    doc: Mapping[str, Any], lmms_eval_specific_kwargs: Mapping[str, Any] | None = None
) -> str:
    """Return the prompt."""
    return str(doc["prompt"])


def doc_to_messages(
    doc: Mapping[str, Any], lmms_eval_specific_kwargs: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return media and prompt as one user turn."""
    content = [{"type": media.kind, "url": _content(media)} for media in _media(doc)]
    return [{"role": "user", "content": [*content, {"type": "text", "text": doc_to_text(doc)}]}]


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """Return every metric of the task; NaN if the answer does not define it."""
    values: dict[str, float] = {}
    try:
        task, samples = _loaded(doc["task"], doc["options"])
        values = dict.fromkeys((metric.name for metric in metrics_of(task)), math.nan)
        scored = score_sample(task, samples[doc["id"]], Response(doc["id"], results[0]))
    except Exception:  # one broken document must not end lmms-eval's run
        return values | {UNSCORED.name: 1.0}
    if scored.status == "error":
        return values | {UNSCORED.name: 1.0}
    known = {name: value for name, value in scored.values.items() if value is not None}
    return values | known | {UNSCORED.name: 0.0}


def mean(values: Iterable[float]) -> float:
    """Return the mean of the defined values, or NaN if there are none.

    >>> mean([1.0, float("nan"), 0.0])
    0.5
    """
    defined = [value for value in values if not math.isnan(value)]
    return sum(defined) / len(defined) if defined else math.nan

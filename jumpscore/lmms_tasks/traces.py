"""The functions of ``traces.yaml``; lmms-eval calls them.

A document holds a row of the data set as JSON text, and the folder that its files are in. What
cannot be scored for a reason of ours (a file that is gone) is NaN and counted as ``unscored``: an
exception here would end lmms-eval's run.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from evaluators.traces.rows import Rule, TraceRow, read_truth
from evaluators.traces.scoring import score_answer
from evaluators.traces.task import PARSED, RULE_METRICS
from jumpscore.data.layout import data_file
from jumpscore.errors import DataError
from jumpscore.records import Metric, Response

UNSCORED = Metric("unscored", "share of documents without a score, for a reason of ours")


def document(row: TraceRow, root: Path) -> dict[str, str]:
    """Return what lmms-eval holds of a row.

    Its columns are texts, so that its reader of JSON has no types to guess.
    """
    try:
        goal = read_truth(row, root)
        answer = goal.answer(goal.convention or "relative_1000")
    except DataError:
        answer = ""  # process_results counts it
    return {"id": row.id, "root": str(root), "answer": answer, "row": json.dumps(asdict(row))}


def metrics_of(rule: Rule) -> tuple[Metric, ...]:
    """Return the metrics of a task whose rows have one rule."""
    return (*RULE_METRICS[rule], PARSED, UNSCORED)


def _row(doc: Mapping[str, Any]) -> TraceRow:
    return TypeAdapter(TraceRow).validate_json(doc["row"])


def _file(doc: Mapping[str, Any], path: str) -> Path:
    place, problem = data_file(Path(doc["root"]), path, column="the file")
    if problem:
        raise DataError(f"{doc['root']}, id {doc['id']}: {problem}")
    return place


def doc_to_visual(
    doc: Mapping[str, Any], lmms_eval_specific_kwargs: Mapping[str, Any] | None = None
) -> list[Any]:
    """Return the picture."""
    from PIL import Image

    with Image.open(_file(doc, _row(doc).image)) as picture:
        return [picture.convert("RGB")]


def doc_to_text(
    doc: Mapping[str, Any], lmms_eval_specific_kwargs: Mapping[str, Any] | None = None
) -> str:
    """Return the prompt."""
    return _row(doc).prompt


def doc_to_messages(
    doc: Mapping[str, Any], lmms_eval_specific_kwargs: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return the picture and the prompt as one turn."""
    content = [{"type": "image", "url": picture} for picture in doc_to_visual(doc)]
    return [{"role": "user", "content": [*content, {"type": "text", "text": doc_to_text(doc)}]}]


def process_results(doc: Mapping[str, Any], results: Sequence[str]) -> dict[str, float]:
    """Return every metric of the document's rule; NaN where an answer does not define it."""
    row = _row(doc)
    names = [metric.name for metric in metrics_of(row.rule)]  # type: ignore[arg-type]
    found = dict.fromkeys(names, math.nan)
    try:
        for path in row.files():
            _file(doc, path)
        goal = read_truth(row, Path(doc["root"]))
        scored = score_answer(goal, Response(row.id, results[0]))
    except Exception:  # whatever it is: one broken document never ends lmms-eval's run
        return found | {"unscored": 1.0}
    if scored.status == "error":
        return found | {"unscored": 1.0}
    known = {name: value for name, value in scored.values.items() if value is not None}
    return found | known | {"unscored": 0.0}


def mean(values: Iterable[float]) -> float:
    """Return the mean of the values that are defined; NaN of none.

    >>> mean([1.0, float("nan"), 0.0])
    0.5
    """
    defined = [value for value in values if not math.isnan(value)]
    return sum(defined) / len(defined) if defined else math.nan

"""Answers from files that other tools write. Every form is told apart by what it holds.

* JSONL, one answer a line: ``{"id": ..., "text": "..."}`` or ``{"id": ..., "times": [...]}``,
  optionally with ``confidences`` (one per time) and ``finish_reason``;
* JSONL of ``{"id": ..., "masks": [...]}``: masks instead of words, run lengths per frame;
* one JSON object: ``{"id": [times], ...}`` or ``{"id": "text", ...}``;
* what ``lmms-eval --log_samples`` writes (``*_samples_*.jsonl``), where its documents have ids.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json
from jumpscore.records import FinishReason

FORMS = (
    'JSONL of {"id": ..., "text": ...} or {"id": ..., "times": [...]}, a JSON object '
    '{"id": [times]}, or an lmms-eval --log_samples file'
)


_RECORD_KEYS = {"id", "text", "times", "masks", "doc", "doc_id"}


@dataclass(frozen=True, slots=True)
class Prediction:
    """One stored answer: its text, whole, and what is known about it."""

    text: str
    finish_reason: FinishReason = "stop"
    confidences: tuple[float, ...] | None = None


def read_predictions(path: str | Path) -> dict[str, Prediction]:
    """Read id -> answer.

    Raises:
        DataError: The file is missing, no known form, or answers an id twice; the message names
            the line and the id.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from error
    # What Windows tools write: a byte-order mark, or UTF-16 that only the mark gives away.
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    text = content.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    records = list(_records(path, text))
    if not records:
        raise DataError(f"{path}: holds no answers; expected {FORMS}")
    found: dict[str, Prediction] = {}
    first_place: dict[str, str] = {}
    for place, record in records:
        name, prediction = _prediction(path, place, record)
        if name in found:
            raise DataError(
                f"{path}, {place}: id {name!r} is answered again (first in {first_place[name]}); "
                "keep one answer per id"
            )
        found[name] = prediction
        first_place[name] = place
    return found


def _records(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield (where it stands, record) of every answer in the file."""
    whole = _json(text) if text.lstrip()[:1] == "{" and "\n{" not in text.strip() else None
    if isinstance(whole, dict) and not _RECORD_KEYS & whole.keys():
        for name, answer in _members(path, text):
            key = "text" if isinstance(answer, str) else "times"
            yield f"key {name!r}", {"id": name, key: answer}
        return
    if text.lstrip()[:1] == "[" and isinstance(listed := _json(text), list):
        raise DataError(
            f"{path}: is a JSON list of {len(listed)} items; write each on a line of its own "
            "(JSONL), without the brackets"
        )
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        record = _json(line)
        if not isinstance(record, dict):
            raise DataError(
                f"{path}, line {number}: is no JSON object ({line.strip()[:60]!r}); "
                f"expected {FORMS}"
            )
        yield f"line {number}", record


def _json(text: str) -> Any:
    try:
        return parse_json(text)
    except ValueError:
        return None


def _members(path: Path, text: str) -> list[tuple[str, Any]]:
    """Return the members of a JSON object; a plain dict would keep only the last of equal keys."""
    pairs: list[tuple[str, Any]] = json.loads(text, object_pairs_hook=list)
    return pairs


def _prediction(path: Path, place: str, record: dict[str, Any]) -> tuple[str, Prediction]:
    if "doc_id" in record:
        return _lmms_prediction(path, place, record)
    name = record.get("id")
    if not isinstance(name, (str, int)) or isinstance(name, bool):
        raise DataError(f"{path}, {place}: has no id; expected {FORMS}")
    where = f"{path}, {place} (id {str(name)!r})"
    text, times, masks = record.get("text"), record.get("times"), record.get("masks")
    if text is None and times is None and masks is not None:
        # Whatever it is: what cannot be read as masks costs its own sample, not the whole file.
        text = json.dumps({"masks": masks})
    if isinstance(text, str) == isinstance(times, list):
        raise DataError(
            f"{where}: needs a 'text', a list 'times' or 'masks', one of them; found "
            f"{sorted(record)}"
        )
    reason = record.get("finish_reason", "stop")
    if reason not in ("stop", "length"):
        raise DataError(
            f"{where}: finish_reason is {reason!r}; allowed: stop, length (leave out an answer "
            "that failed, and it stays unscored)"
        )
    answer = text if isinstance(text, str) else json.dumps(times)
    return str(name), Prediction(
        text=answer,
        finish_reason=cast(FinishReason, reason),
        confidences=_confidences(where, record.get("confidences"), times),
    )


def _confidences(where: str, values: Any, times: Any) -> tuple[float, ...] | None:
    if values is None:
        return None
    numbers = isinstance(values, list) and all(
        isinstance(value, (int, float)) and not isinstance(value, bool) for value in values
    )
    if not numbers or (isinstance(times, list) and len(values) != len(times)):
        raise DataError(f"{where}: 'confidences' must be a list of one number per time")
    try:
        found = tuple(float(value) for value in values)
    except OverflowError:
        found = (math.inf,)
    if not all(map(math.isfinite, found)):
        raise DataError(f"{where}: 'confidences' must be finite numbers")
    return found


def _lmms_prediction(path: Path, place: str, record: dict[str, Any]) -> tuple[str, Prediction]:
    """Read one line of ``lmms-eval --log_samples``."""
    document = record.get("doc")
    name = document.get("id") if isinstance(document, dict) else None
    name = name or _logged_id(record)
    if not isinstance(name, (str, int)):
        raise DataError(
            f"{path}, {place}: the lmms-eval document {record.get('doc_id')!r} has no 'id'"
        )
    answer: Any = record.get("filtered_resps", record.get("resps"))
    while isinstance(answer, list) and answer:
        answer = answer[0]
    if not isinstance(answer, str):
        raise DataError(f"{path}, {place} (id {str(name)!r}): 'filtered_resps' holds no text")
    return str(name), Prediction(answer)


def _logged_id(record: dict[str, Any]) -> Any:
    """Return the id that the task's own result carries, where the document was not logged."""
    for value in record.values():
        if isinstance(value, dict) and "question_id" in value:
            return value["question_id"]
    return None

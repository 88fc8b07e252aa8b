"""Read stored answers from files of other tools, by the id of their sample.

Supported formats (see ``jumpscore.data.answer_files``):

* JSONL or a JSON list, one record per answer: ``{"id": ..., "text": "..."}`` or
  ``{"id": ..., "times": [...]}``, optionally with ``confidences`` (one per time) and
  ``finish_reason``; ``masks`` instead of a text are run lengths per frame;
* one JSON object: ``{"id": [times]}``, ``{"id": "text"}`` or ``{"id": {"times": [...]}}``;
* ``lmms-eval --log_samples`` (``*_samples_*.jsonl``), if its documents have ids;
* tables (``.xlsx``, ``.tsv``, ``.csv``, ``.parquet``), such as VLMEvalKit's results;
* logs of inspect_ai (``.eval``, ``.json``).
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from jumpscore.data.answer_files import FORMS, Record, read_records
from jumpscore.data.answer_tables import CUT
from jumpscore.data.ids import IdMatch, match_ids, match_row_numbers
from jumpscore.data.inspect_logs import FAILED, FURTHER_EPOCH
from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json
from jumpscore.records import FinishReason

ID_KEYS = ("id", "question_id", "sample_id", "index", "video_id", "video", "video_path")
"""Keys that may identify a sample; the one whose values fit the data set is used."""
TEXT_KEYS = ("text", "prediction", "response")
"""Keys of an answer's text. ``answer`` is not one of them: in most files it is the truth."""
VLMEVALKIT_FAILED = "Failed to obtain answer via API"
"""How VLMEvalKit marks a request that failed."""
UNREADABLE = "records of the answers file that cannot be read"
RESPELLED = "answers matched by another spelling of their id"
ROW_NUMBERS = "answers matched by row number, since no id fits"
REPEATED = "answers that the file contains twice, word for word"
FURTHER_EPOCHS = "answers of further epochs, not scored"


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """One stored answer: its complete text, why it ended, and confidences."""

    text: str
    finish_reason: FinishReason = "stop"
    confidences: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record that cannot be read: its place, the reason, and its id if that can be read."""

    place: str
    reason: str
    id: str | None = None


@dataclass(frozen=True, eq=False)
class StoredAnswers(Mapping[str, StoredAnswer]):
    """The answers of a file by id; compares equal to a dict.

    Attributes:
        answers: Id -> answer.
        names: Id -> all possible ids of its record: key of ``ID_KEYS`` -> id; only of records with
            more than one.
        unreadable: Records that cannot be read, in order.
        notes: Description of each oddity -> count.
    """

    answers: Mapping[str, StoredAnswer]
    names: Mapping[str, Mapping[str, str]]
    unreadable: tuple[Unreadable, ...]
    notes: Mapping[str, int]

    def __getitem__(self, name: str) -> StoredAnswer:
        return self.answers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.answers)

    def __len__(self) -> int:
        return len(self.answers)

    def match(self, expected: Mapping[str, Sequence[str]]) -> IdMatch:
        """Match the answers with samples; ``answer_ids`` of the result are ids of this mapping.

        Args:
            expected: Sample id -> paths of its files.
        """
        best = match_ids(self.answers, expected)
        for key in ID_KEYS:
            if not best.unknown:
                break
            ids: dict[str, str] = {}
            for name in self.answers:
                ids.setdefault(self.names.get(name, {}).get(key, name), name)
            if len(ids) < len(self.answers):
                continue  # several answers share a value
            match = match_ids(ids, expected)
            if len(match.answer_ids) > len(best.answer_ids):
                answer_ids = {sample: ids[name] for sample, name in match.answer_ids.items()}
                unknown = tuple(ids[name] for name in match.unknown)
                best = IdMatch(answer_ids, match.respelled, unknown, match.ambiguous)
        if not best.answer_ids:
            by_number = match_row_numbers(self.answers, expected)
            return by_number if by_number.answer_ids else best
        return best


def read_predictions(path: str | Path) -> StoredAnswers:
    """Read an answers file; records that cannot be read are listed in ``unreadable``.

    Raises:
        DataError: The file is missing, its format is not supported, no record can be read, or an id
            has two answers; the message contains the place and the id.
    """
    path = Path(path)
    answers: dict[str, StoredAnswer] = {}
    names: dict[str, Mapping[str, str]] = {}
    unreadable: list[Unreadable] = []
    notes: Counter[str] = Counter()
    places: dict[str, str] = {}
    for record in read_records(path):
        try:
            name, prediction = _prediction(record)
        except ValueError as error:
            unreadable.append(Unreadable(record.place, str(error), record.id or _id(record)))
            continue
        if FURTHER_EPOCH in record.content:
            notes[FURTHER_EPOCHS] += 1
        elif name not in answers:
            answers[name], places[name] = prediction, record.place
            others = _names(record.content)
            if others != {"id": name}:
                names[name] = others
        elif answers[name] == prediction:
            notes[REPEATED] += 1
        else:
            raise DataError(
                f"{path}, {record.place}: id {name!r} has a second answer (the first is in "
                f"{places[name]}); keep one answer per id"
            )
    if not answers:
        raise DataError(_nothing_read(path, unreadable))
    if unreadable:
        notes[UNREADABLE] = len(unreadable)
    return StoredAnswers(answers, names, tuple(unreadable), dict(notes))


def _nothing_read(path: Path, unreadable: Sequence[Unreadable]) -> str:
    if not unreadable:
        return f"{path}: contains no answers; expected {FORMS}"
    first = unreadable[0]
    name = "" if first.id is None else f" (id {first.id!r:.60})"
    others = f"; none of the {len(unreadable)} records can be read" if len(unreadable) > 1 else ""
    unknown_form = any(
        words in first.reason for words in ("not a JSON object", "not valid JSON", "has no id")
    )
    expected = f"; expected {FORMS}" if unknown_form else ""
    return f"{path}, {first.place}{name}: {first.reason}{others}{expected}"


def _prediction(record: Record) -> tuple[str, StoredAnswer]:
    """Return id and answer of a record.

    Raises:
        ValueError: The record cannot be read; the message is the reason.
    """
    content = record.content
    if record.problem is not None:
        raise ValueError(record.problem)
    if FAILED in content:
        raise ValueError(str(content[FAILED]))
    if "doc_id" in content:
        return _lmms_prediction(content)
    name = _id(record)
    if name is None:
        raise ValueError(f"has no id under any of the keys {', '.join(ID_KEYS)}")
    texts = [key for key in TEXT_KEYS if isinstance(content.get(key), str)]
    if len(texts) > 1:
        raise ValueError(f"has both {texts[0]!r} and {texts[1]!r}; keep the model's answer")
    text, times = (content[texts[0]] if texts else None), _list(content.get("times"))
    if text is None and times is None and content.get("masks") is not None:
        # Invalid masks are reported when the sample is scored.
        text = json.dumps({"masks": content["masks"]})
    if text is None and times is None and any(content.get(key, 0) is None for key in TEXT_KEYS):
        raise ValueError(
            "has no answer, because its text is null; add the answer or leave out the record"
        )
    given = content.get("times")
    if text is None and times is None and given not in (None, ""):
        raise ValueError(f"'times' is not a list of numbers ({given!r:.60})")
    if text is None and times is None and set(content) <= {*ID_KEYS, "times"}:
        raise ValueError("has no answer; add 'text' or 'times'")
    if (text is None) == (times is None):
        raise ValueError(
            "needs exactly one of 'text', a list 'times' or 'masks'; it has "
            f"{', '.join(map(repr, content))[:200]}. Rename the key of the model's answer to 'text'"
        )
    if text is not None and text.startswith(VLMEVALKIT_FAILED):
        raise ValueError(f"VLMEvalKit reports a failed request ({text[:60]!r})")
    reason = "length" if content.get(CUT) in texts else content.get("finish_reason", "stop")
    if reason not in ("stop", "length"):
        raise ValueError(
            f"finish_reason is {reason!r:.60}; allowed are stop and length. Leave out failed "
            "answers: their samples stay unscored"
        )
    return name, StoredAnswer(
        text=text if text is not None else json.dumps(times),
        finish_reason=cast(FinishReason, reason),
        confidences=_confidences(content.get("confidences"), times),
    )


def _id(record: Record) -> str | None:
    """Return the first id of a record."""
    if "doc_id" in record.content:
        name = _lmms_id(record.content)
        return None if name is None else str(name)
    return next(iter(_names(record.content).values()), None)


def _names(content: Mapping[str, Any]) -> dict[str, str]:
    """Return all possible ids of a record by key."""
    return {
        key: str(content[key])
        for key in ID_KEYS
        if isinstance(content.get(key), (str, int))
        and not isinstance(content[key], bool)
        and content[key] != ""
    }


def _list(value: Any) -> list[Any] | None:
    """Return a list, which cells of a table contain as JSON, or ``None``."""
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except ValueError:
            return None
    return value if isinstance(value, list) else None


def _confidences(value: Any, times: list[Any] | None) -> tuple[float, ...] | None:
    if value is None or value == "":
        return None
    values = _list(value)
    if (
        values is None
        or not all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
        or (times is not None and len(values) != len(times))
    ):
        raise ValueError("'confidences' must be a list of one number per time")
    try:
        confidences = tuple(float(value) for value in values)
    except OverflowError:
        confidences = (math.inf,)
    if not all(map(math.isfinite, confidences)):
        raise ValueError("'confidences' must be finite numbers")
    return confidences


def _lmms_prediction(record: Mapping[str, Any]) -> tuple[str, StoredAnswer]:
    """Return id and answer of a line of ``lmms-eval --log_samples``."""
    name = _lmms_id(record)
    if name is None:
        raise ValueError(f"the lmms-eval document {record.get('doc_id')!r:.60} has no 'id'")
    answer: Any = record.get("filtered_resps", record.get("resps"))
    while isinstance(answer, list) and answer:
        answer = answer[0]
    if not isinstance(answer, str):
        raise ValueError("neither 'filtered_resps' nor 'resps' contains a text")
    return str(name), StoredAnswer(answer)


def _lmms_id(record: Mapping[str, Any]) -> str | int | None:
    """Return the id of the document, or of the task's result if no document was logged."""
    document = record.get("doc")
    name = document.get("id") if isinstance(document, dict) else None
    if not name:
        results = (value for value in record.values() if isinstance(value, dict))
        name = next((value["question_id"] for value in results if "question_id" in value), None)
    return name if isinstance(name, (str, int)) else None

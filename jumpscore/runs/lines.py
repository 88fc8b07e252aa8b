"""The lines of ``responses.jsonl`` and ``scores.jsonl``: records to JSON and back, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json
from jumpscore.records import Response, SampleScore, View
from jumpscore.runs.record import FORMAT, READABLE


def response_line(response: Response) -> bytes:
    """Return a response as its line of ``responses.jsonl``."""
    record = _fields_of(response)
    for name in ("notes", "windows", "cached"):
        if not record[name]:
            del record[name]
    return json.dumps(record, default=_fields_of).encode() + b"\n"


def parse_responses(file: Path, content: bytes) -> dict[str, Response]:
    """Return the answers in the content of a ``responses.jsonl``; a torn last line is left out.

    Raises:
        DataError: Another line is not a valid response.
    """
    responses: dict[str, Response] = {}
    lines = content.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            response = parse_response(line)
        except ValueError as error:
            if number == len(lines):
                continue  # torn by a crash; the sample is asked again
            raise DataError(unreadable_line(file, number, reason_of(error))) from error
        responses[response.id] = response
    return responses


def parse_response(line: bytes) -> Response:
    """Return the response in one line of a ``responses.jsonl``.

    Raises:
        ValueError: The line is not a valid response; pydantic's errors are ValueErrors too.
    """
    response: Response = adapter(Response).validate_python(parse_json(line))
    return response


def unreadable_line(file: Path, number: int, reason: str) -> str:
    """Return the message about a line of a ``responses.jsonl`` that is not a valid response."""
    return (
        f"{file}, line {number}: is not a valid response ({reason}); delete the line, and the "
        "sample is asked again"
    )


def response_problem(response: Response) -> str | None:
    """Return why a response cannot be stored, or ``None``: whatever is stored must read back."""
    try:
        adapter(Response).validate_python(parse_json(response_line(response)))
    except (TypeError, ValueError) as error:
        return reason_of(error)
    return None


def score_line(score: SampleScore) -> str:
    """Return a score as its line of ``scores.jsonl``."""
    return json.dumps({"format": FORMAT, **_fields_of(score)}, default=_fields_of) + "\n"


def parse_scores(content: bytes) -> tuple[SampleScore, ...]:
    """Return the scores in the content of a ``scores.jsonl``, of this format or an older one.

    Raises:
        ValueError: A line is not a valid score; the message names its number.
    """
    scores = []
    for number, line in enumerate(content.splitlines(), start=1):
        try:
            scores.append(parse_score(line))
        except ValueError as error:
            raise ValueError(f"line {number}: {reason_of(error)}") from None
    return tuple(scores)


def parse_score(line: bytes) -> SampleScore:
    """Return the score in one line of a ``scores.jsonl``, of this format or an older one.

    Raises:
        ValueError: The line is not a valid score.
    """
    stored = parse_json(line)
    if isinstance(stored, dict):
        stored = _upgraded(stored)
    score: SampleScore = adapter(SampleScore).validate_python(stored)
    return score


def _upgraded(line: dict[str, Any]) -> dict[str, Any]:
    """Return a line in today's format. Format 2 had no number, and untyped details for reports."""
    version, details = line.pop("format", 2), line.get("details")
    if version not in READABLE:
        raise ValueError(f"has format {version!r:.40}, this version reads up to {FORMAT}")
    if version == FORMAT or not isinstance(details, dict):
        return line
    rejected = details.get("rejected")
    parse = {
        "parser": details.get("parser"),
        "rejected": rejected if isinstance(rejected, list) else [],
        "reasoning": details.get("reasoning", "none"),
    }
    return line | {"parse": parse if parse["parser"] else None, "view": _view_of(details)}


def _view_of(details: Mapping[str, Any]) -> View | None:
    """Return the view that untyped details of format 2 describe, if they describe any."""
    truth = details.get("truth")
    stored: dict[str, Any] = {}
    try:
        if "drawings" in details:
            stored = {"kind": "overlay", "drawings": list(map(_drawing, details["drawings"]))}
        elif "true_span" in details:
            answered = details.get("answered_span")
            stored = {"kind": "span", "truth": details["true_span"], "answered": answered}
        elif truth is not None:
            kind = "timeline" if isinstance(truth, list) else "count"
            stored = {**details, "kind": kind, "answered": details.get("prediction")}
        view: View | None = adapter(View).validate_python(stored) if stored else None
    except (ValueError, TypeError, KeyError):  # edited, or details of another package's task
        return None
    return view


def _drawing(stored: Mapping[str, Any]) -> dict[str, Any]:
    shapes = [{**shape, "side": shape["of"], "points": shape["xy"]} for shape in stored["shapes"]]
    return {**stored, "shapes": shapes}


def reason_of(error: Exception) -> str:
    """Return why a record is invalid, in one line."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        key = ".".join(str(part)[:40] for part in first["loc"])
        message = first["msg"].replace("Input should be", "must be", 1)
        return f"{key}: {message[:1].lower()}{message[1:]}"[:200]
    return " ".join(str(error).split())[:200]


@cache
def adapter(kind: Any) -> TypeAdapter[Any]:
    """Return pydantic's validator of a data class."""
    return TypeAdapter(kind)


def _fields_of(record: Any) -> dict[str, Any]:
    """Return a data class as a dict; ``asdict`` would copy every number of every list."""
    return {item.name: getattr(record, item.name) for item in fields(record)}

"""What a task derives from responses (masks from points, say): made once, stored beside them.

``derived.jsonl`` is append-only like the responses, and the last line of an id wins. A line counts
for the text that it was derived from and for the derivation that made it; under another text, or
another version of what derives, it is made anew.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evaluators.base import Task
from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json
from jumpscore.records import Progress, Response, Sample
from jumpscore.runs.failures import FailureLog, describe

DERIVED = "derived.jsonl"


@dataclass(frozen=True, slots=True)
class Derived:
    """What was derived from one response.

    Attributes:
        value: JSON values, in the task's own form.
        error: Why there is none; ours to fix, so the sample is unscored.
    """

    value: Any = None
    error: str | None = None


def derive_all(
    task: Task[Any],
    samples: Sequence[Sample[Any]],
    answers: Mapping[str, Response],
    folder: Path,
    *,
    on_progress: Progress | None = None,
) -> dict[str, Derived]:
    """Return what is derived from every answer, by id; what is stored is not made again.

    Args:
        task: Whose ``derive`` it is; one that derives nothing gives nothing.
        samples: Those with a problem are left out.
        answers: By id; those with an error are left out.
        folder: Of the run.
        on_progress: Told after each.

    Raises:
        DataError: What is stored cannot be read, or nothing can be written there.
    """
    by = task.derivation()
    if by is None:
        return {}
    wanted = [s for s in samples if s.problem is None and _answered(answers, s.question.id)]
    stored = _read(folder / DERIVED)
    failures = FailureLog(folder)
    found: dict[str, Derived] = {}
    fresh = []
    for sample in wanted:
        name = sample.question.id
        line = stored.get(name, {})
        if line.get("by") == by and line.get("of") == _fingerprint(answers[name]):
            found[name] = Derived(line.get("value"))
        else:
            fresh.append(sample)
    for done, sample in enumerate(fresh, start=1):
        name = sample.question.id
        found[name] = _derive(task, sample, answers[name], failures)
        if found[name].error is None:
            line = {"id": name, "by": by, "of": _fingerprint(answers[name])}
            _append(folder / DERIVED, line | {"value": found[name].value})
        if on_progress:
            on_progress(done, len(fresh))
    return found


def _answered(answers: Mapping[str, Response], name: str) -> bool:
    return name in answers and answers[name].error is None


def _derive(
    task: Task[Any], sample: Sample[Any], response: Response, failures: FailureLog
) -> Derived:
    try:
        value = task.derive(sample.question, response)
        return Derived(parse_json(json.dumps(value)))  # what is scored is what can be stored
    except Exception as problem:  # a task may raise anything; one bad sample never ends a run
        failures.add(sample.question.id, problem)
        return Derived(error=f"cannot be derived: {describe(problem)}")


def _fingerprint(response: Response) -> str:
    """Return a checksum of what a derivation may look at."""
    seen = [response.text, response.finish_reason, response.convention, response.image_size]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def _append(file: Path, line: Mapping[str, Any]) -> None:
    try:
        with file.open("ab") as sink:
            sink.write(json.dumps(line).encode() + b"\n")
    except OSError as error:
        raise DataError(f"{file}: cannot be written ({error.strerror})") from error


def _read(file: Path) -> dict[str, dict[str, Any]]:
    """Return the stored lines by id; a torn last one is cut off, so that the next begins anew."""
    if not file.exists():
        return {}
    try:
        content = file.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            with file.open("rb+") as torn:
                torn.truncate(whole)
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror})") from error
    found = {}
    for number, text in enumerate(content[:whole].split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            line = parse_json(text)
            found[str(line["id"])] = dict(line)
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"{file}, line {number}: is nothing derived ({error}); delete the file, and "
                "everything in it is derived again"
            ) from error
    return found

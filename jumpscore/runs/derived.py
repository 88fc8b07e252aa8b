"""What a task derives from responses (masks from points, for example): made once and stored.

``derived.jsonl`` is append-only like the responses, and the last line of an id wins. A line counts
only for the response and the derivation that it was made with; otherwise the value is derived
again.
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
        value: JSON values in the task's own form.
        error: Why the value is missing; our failure, so the sample is unscored.
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
    """Return what is derived from every answer, by id. Stored values are not derived again.

    Args:
        task: Its ``derivation`` names the derivation; ``None`` derives nothing.
        samples: Samples of the run; those with a problem are skipped.
        answers: Responses by id; those with an error are skipped.
        folder: Folder of the run.
        on_progress: Called with (derived, all) after each derivation.

    Raises:
        DataError: ``derived.jsonl`` is damaged or cannot be written.
    """
    derivation = task.derivation()
    if derivation is None:
        return {}
    file = folder / DERIVED
    stored = _read(file)
    results: dict[str, Derived] = {}
    pending: list[tuple[Sample[Any], dict[str, Any]]] = []
    for sample in samples:
        name = sample.question.id
        response = answers.get(name)
        if sample.problem is not None or response is None or response.error is not None:
            continue
        key = {"id": name, "by": derivation, "of": _fingerprint(response)}
        line = stored.get(name, {})
        if key.items() <= line.items():
            results[name] = Derived(line.get("value"))
        else:
            pending.append((sample, key))
    failures = FailureLog(folder)
    for done, (sample, key) in enumerate(pending, start=1):
        derived = _derive(task, sample, answers[key["id"]], failures)
        if derived.error is None:
            _append(file, key | {"value": derived.value})
        results[key["id"]] = derived
        if on_progress:
            on_progress(done, len(pending))
    return results


def _derive(
    task: Task[Any], sample: Sample[Any], response: Response, failures: FailureLog
) -> Derived:
    try:
        value = task.derive(sample.question, response)
        return Derived(parse_json(json.dumps(value)))  # scored as it reads back
    except Exception as problem:  # a task may raise anything; one bad sample never ends a run
        failures.add(sample.question.id, problem)
        return Derived(error=f"cannot be derived: {describe(problem)}")


def _fingerprint(response: Response) -> str:
    """Return a checksum of everything that a derivation may use."""
    used = [response.text, response.finish_reason, response.convention, response.image_size]
    return hashlib.sha256(json.dumps(used).encode()).hexdigest()


def _append(file: Path, line: Mapping[str, Any]) -> None:
    try:
        with file.open("ab") as sink:
            sink.write(json.dumps(line).encode() + b"\n")
    except OSError as error:
        raise DataError(f"{file}: cannot be written ({error.strerror})") from error


def _read(file: Path) -> dict[str, dict[str, Any]]:
    """Return the stored lines by id, and cut off a torn last line so that the next one is whole."""
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
    lines = {}
    for number, text in enumerate(content[:whole].split(b"\n"), start=1):
        if not text.strip():
            continue
        try:
            line = parse_json(text)
            lines[str(line["id"])] = dict(line)
        except (ValueError, TypeError, KeyError) as error:
            raise DataError(
                f"{file}, line {number}: is damaged ({error}); delete the file, and everything in "
                "it is derived again"
            ) from error
    return lines

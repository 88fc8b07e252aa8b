"""Reading a run from disk. Its files may have been edited, cut or lost: everything is checked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json, read_object
from jumpscore.records import Response, RunResult, SampleScore, Usage
from jumpscore.runs.record import RunRecord, parse_record

if TYPE_CHECKING:
    from pandas import DataFrame

RUN, RESPONSES, SCORES = "run.json", "responses.jsonl", "scores.jsonl"
RESULT, TIMING = "result.json", "timing.json"
REPEATS = "repeats.json"
"""Beside the folders of the repeats of a run: their spread."""


@dataclass(frozen=True, repr=False)
class StoredRun:
    """A finished run as read from disk.

    Attributes:
        folder: The run's folder.
        record: ``run.json``.
        responses: By id.
        scores: In the order of the data set.
        result: ``result.json``.
        timing: ``timing.json``; empty where it is gone, for no score depends on it.
        asked: Questions that were asked by the call that returned this; 0 of a run that was read.
    """

    folder: Path
    record: RunRecord
    responses: Mapping[str, Response]
    scores: tuple[SampleScore, ...]
    result: RunResult
    timing: Mapping[str, Any]
    asked: int = field(default=0, compare=False)

    @property
    def nothing_asked(self) -> bool:
        """Whether all of its answers were stored before."""
        return self.asked == 0 and bool(self.responses)

    def __repr__(self) -> str:
        return f"<StoredRun {self.folder}: {self.result.summary()}>"

    def samples(self) -> DataFrame:
        """Return a pandas data frame with one row per sample; see ``harness.tables``."""
        from jumpscore.runs.tables import samples_table

        return samples_table(self)


def read_run(folder: str | Path) -> StoredRun:
    """Read a finished run.

    Raises:
        DataError: The folder is no run, the run is not finished, or a file in it is damaged.
    """
    folder = Path(folder)
    record = read_record(folder)
    if not (folder / RESULT).exists():
        raise DataError(
            f"{folder}: the run is not finished; start the same command again to resume it"
        )
    fix = f"'jumpscore score {folder}' writes it anew"
    stored = read_object(folder / RESULT, fix=fix)
    digest = stored.pop("scores_sha256", None)
    try:
        result = _adapter(RunResult).validate_python(stored)
        content = (folder / SCORES).read_bytes()
    except (OSError, ValidationError) as error:
        raise DataError(f"{folder}: {RESULT} or {SCORES} is damaged ({error}); {fix}") from error
    if hashlib.sha256(content).hexdigest() != digest:
        raise DataError(f"{folder / SCORES}: is not what {RESULT} was made of; {fix}")
    scores = tuple(_score(parse_json(line)) for line in content.splitlines())
    return StoredRun(
        folder=folder,
        record=record,
        responses=read_responses(folder),
        scores=scores,
        result=result,
        timing=read_timing(folder),
    )


def _score(stored: dict[str, Any]) -> SampleScore:
    """Return a score as it was; JSON has lists for tuples."""
    return SampleScore(**{**stored, "group": tuple(stored.get("group", ()))})


def read_record(folder: Path) -> RunRecord:
    """Return ``run.json``.

    Raises:
        DataError: The folder is no run, or the file is damaged.
    """
    if holds_repeats(folder):
        repeats = repeat_folders(folder)
        raise DataError(
            f"{folder}: holds repeats of a run and is no run itself; name one of them: "
            f"{repeats[0]} ... {repeats[-1]}"
        )
    if not (folder / RUN).is_file():
        raise DataError(f"{folder}: is no run (it has no {RUN})")
    fix = "restore it, or delete the folder and run again"
    try:
        return parse_record(read_object(folder / RUN, fix=fix))
    except ValueError as error:
        raise DataError(f"{folder / RUN}: {error}; {fix}") from None


def repeat_folder(folder: Path, place: int) -> Path:
    """Return the folder of one repeat, counted from 0."""
    return folder / f"repeat-{place}"


def repeat_folders(folder: Path) -> list[Path]:
    """Return the folders of the repeats that were started, in order."""
    places = sorted(
        int(found[1])
        for path in folder.glob("repeat-*")
        if (found := re.fullmatch(r"repeat-(0|[1-9]\d{0,3})", path.name)) and (path / RUN).is_file()
    )
    return [repeat_folder(folder, place) for place in places]


def holds_repeats(folder: Path) -> bool:
    """Whether a folder is no run but holds repeats of one."""
    return not (folder / RUN).is_file() and bool(repeat_folders(folder))


def read_timing(folder: Path) -> dict[str, Any]:
    """Return ``timing.json``; empty where it is gone or damaged."""
    try:
        return read_object(folder / TIMING, fix="")
    except DataError:
        return {}


def read_responses(folder: Path) -> dict[str, Response]:
    """Return the stored answers by id; the last one of an id wins.

    Raises:
        DataError: A line is no response.
    """
    file = folder / RESPONSES
    if not file.exists():
        return {}
    try:
        return parse_responses(file, file.read_bytes())
    except OSError as error:
        raise DataError(
            f"{file}: cannot be read ({error.strerror}); remove what is in its place"
        ) from error


def parse_responses(file: Path, content: bytes) -> dict[str, Response]:
    """Return the answers in the content of a ``responses.jsonl``; a torn last line is left out.

    Raises:
        DataError: Another line is no response.
    """
    found: dict[str, Response] = {}
    lines = content.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            response = _adapter(Response).validate_python(parse_json(line))
        except ValueError as error:  # pydantic's errors are ValueErrors too
            if number == len(lines):
                continue  # torn by a crash; the sample is asked again
            reason = " ".join(str(error).split())[:200]
            raise DataError(
                f"{file}, line {number}: is no response ({reason}); delete the line, and the "
                "sample is asked again"
            ) from error
        found[response.id] = response
    return found


def response_line(response: Response) -> bytes:
    """Return a response as its line of ``responses.jsonl``."""
    record = record_of(response) | {"usage": record_of(response.usage)}
    if not response.notes:
        del record["notes"]
    return json.dumps(record).encode() + b"\n"


def record_of(record: Response | SampleScore | Usage) -> dict[str, Any]:
    """Return a record as a dict; ``asdict`` would copy every number of every list."""
    return {item.name: getattr(record, item.name) for item in fields(record)}


def response_problem(response: Response) -> str | None:
    """Return why a wrapper's response is none, or ``None``: only what reads back may be stored."""
    try:
        _adapter(Response).validate_python(parse_json(response_line(response)))
    except ValidationError as error:
        first = error.errors()[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
    except (TypeError, ValueError) as error:
        return str(error)
    return None


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)

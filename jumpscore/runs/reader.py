"""Reads a run from disk. Its files may have been edited, cut or lost: everything is checked."""

from __future__ import annotations

import re
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evaluators.columns import ScoreColumns, columns_of
from jumpscore.errors import DataError
from jumpscore.jsonio import read_object
from jumpscore.records import Response, RunResult, SampleScore
from jumpscore.runs.lines import adapter, parse_responses, parse_scores, reason_of
from jumpscore.runs.long_responses import LongResponses
from jumpscore.runs.long_scores import KEPT, LongScores, OpenedFile, indexed
from jumpscore.runs.record import RunRecord, parse_record

if TYPE_CHECKING:
    from pandas import DataFrame

RUN, RESPONSES, SCORES = "run.json", "responses.jsonl", "scores.jsonl"
RESULT, TIMING = "result.json", "timing.json"
REPEATS = "repeats.json"
"""Spread of the repeats of a run, next to their folders."""


@dataclass(frozen=True, repr=False)
class StoredRun:
    """A finished run as read from disk.

    Attributes:
        folder: Folder of the run.
        record: Content of ``run.json``.
        responses: Answers by id.
        scores: Scores in the order of the data set.
        result: Content of ``result.json``.
        timing: Content of ``timing.json``; empty if it is missing, since no score depends on it.
        asked: Number of questions asked by the call that returned this; 0 if the run was read.
    """

    folder: Path
    record: RunRecord
    responses: Mapping[str, Response]
    scores: Sequence[SampleScore]
    result: RunResult
    timing: Mapping[str, Any]
    asked: int = field(default=0, compare=False)

    @property
    def runs(self) -> tuple[StoredRun, ...]:
        """The run itself; repeats have several."""
        return (self,)

    @cached_property
    def columns(self) -> ScoreColumns:
        """The scores as arrays."""
        return columns_of(self.scores)

    @property
    def nothing_asked(self) -> bool:
        """Whether all answers had been stored before."""
        return self.asked == 0 and bool(self.responses)

    def __repr__(self) -> str:
        return f"<StoredRun {self.folder}: {self.result.summary()}>"

    def samples(self) -> DataFrame:
        """Return a pandas data frame with one row per sample; see ``runs.tables``."""
        from jumpscore.runs.tables import samples_table

        return samples_table(self)


def read_run(folder: str | Path) -> StoredRun:
    """Read a finished run.

    Raises:
        DataError: The folder is not a run, the run is not finished, or a file is damaged.
    """
    folder = Path(folder)
    record = read_record(folder)
    result, scores = _read_scores(folder)
    return StoredRun(
        folder=folder,
        record=record,
        responses=stored_responses(folder, long=isinstance(scores, LongScores)),
        scores=scores,
        result=result,
        timing=read_timing(folder),
    )


def _read_scores(folder: Path) -> tuple[RunResult, Sequence[SampleScore]]:
    """Return the result of a run and its scores, which stay in their file if there are many."""
    result, content, ends = _read_checked(folder)
    if len(ends) > KEPT:
        return result, LongScores(content, ends, folder / SCORES)
    try:
        return result, parse_scores(b"".join(content.blocks()))
    except ValueError as error:
        raise _damaged(folder, SCORES, error) from error


def read_result(folder: Path) -> RunResult:
    """Return the result of a run, after a check that it was computed from the scores.

    Raises:
        DataError: The run is not finished, or a file is damaged.
    """
    return _read_checked(folder)[0]


def _read_checked(folder: Path) -> tuple[RunResult, OpenedFile, array[int]]:
    """Return the result of a run, its ``scores.jsonl``, and the offset after each line of it."""
    if not (folder / RESULT).exists():
        raise DataError(f"{folder}: the run is not finished; rerun the same command to resume it")
    stored = read_object(folder / RESULT, fix=_fix(folder))
    digest = stored.pop("scores_sha256", None)
    file = RESULT
    try:
        result: RunResult = adapter(RunResult).validate_python(stored)
        named = {*result.headline, *(metric.name for metric in result.described)}
        if named - result.metrics.keys():
            raise ValueError(f"has no estimate of {min(named - result.metrics.keys())!r:.40}")
        file = SCORES
        content = OpenedFile(folder / SCORES)
        actual, ends = indexed(content)
        if actual != digest:
            raise ValueError(f"does not match {RESULT}")
    except (OSError, ValueError) as error:
        raise _damaged(folder, file, error) from error
    return result, content, ends


def _fix(folder: Path) -> str:
    return f"'jumpscore score {folder}' writes it again"


def _damaged(folder: Path, file: str, error: Exception) -> DataError:
    return DataError(f"{folder / file}: {reason_of(error)}; {_fix(folder)}")


def read_record(folder: Path) -> RunRecord:
    """Return ``run.json``.

    Raises:
        DataError: The folder is not a run, or the file is damaged.
    """
    if holds_repeats(folder):
        repeats = repeat_folders(folder)
        raise DataError(
            f"{folder}: contains repeats of a run and is not a run itself; choose one of "
            f"{repeats[0]} ... {repeats[-1]}"
        )
    if not (folder / RUN).is_file():
        if not folder.exists():
            raise DataError(f"{folder}: not found; give the folder of a run, such as runs/NAME")
        raise DataError(f"{folder}: is not a run folder (no {RUN} in it)")
    fix = "restore it, or delete the folder and run again"
    try:
        return parse_record(read_object(folder / RUN, fix=fix))
    except ValueError as error:
        raise DataError(f"{folder / RUN}: {reason_of(error)}; {fix}") from None


def repeat_folder(folder: Path, place: int) -> Path:
    """Return the folder of one repeat, counted from 0."""
    return folder / f"repeat-{place}"


def repeat_folders(folder: Path) -> list[Path]:
    """Return the folders of all repeats that were started, in order."""
    places = sorted(
        int(match[1])
        for path in folder.glob("repeat-*")
        if (match := re.fullmatch(r"repeat-(0|[1-9]\d{0,3})", path.name)) and (path / RUN).is_file()
    )
    return [repeat_folder(folder, place) for place in places]


def holds_repeats(folder: Path) -> bool:
    """Whether a folder contains repeats of a run and not a run itself."""
    return not (folder / RUN).is_file() and bool(repeat_folders(folder))


def read_timing(folder: Path) -> dict[str, Any]:
    """Return ``timing.json``; empty if it is missing or damaged."""
    try:
        return read_object(folder / TIMING, fix="")
    except DataError:
        return {}


def stored_responses(folder: Path, *, long: bool) -> Mapping[str, Response]:
    """Return the stored answers by id; those of a long run stay in their file.

    Raises:
        DataError: As ``read_responses``.
    """
    if not long:
        return read_responses(folder)
    try:
        return LongResponses(folder / RESPONSES)
    except OSError:
        return read_responses(folder)


def read_responses(folder: Path) -> dict[str, Response]:
    """Return the stored answers by id; the last line of an id wins.

    Raises:
        DataError: A line is not a valid response, or the file cannot be read.
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

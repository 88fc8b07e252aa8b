"""The scores of a long run, which stay in their file: objects would fill the memory."""

from __future__ import annotations

import hashlib
import os
import weakref
from array import array
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import IO, Any, overload

from evaluators.columns import ColumnBuilder, ScoreColumns
from jumpscore.errors import DataError
from jumpscore.records import SampleScore
from jumpscore.runs.lines import parse_score, reason_of, score_line

KEPT = 5_000
"""Largest number of samples whose scores are objects in memory."""
_BLOCK = 1 << 20


class OpenedFile:
    """The content of a file as it was when it was opened, even if the file is replaced.

    Where open files cannot be replaced (Windows), the content is read into memory.

    Raises:
        OSError: The file cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self._content: bytes | None = None
        self._handle = -1
        if hasattr(os, "pread"):
            self._handle = os.open(file, os.O_RDONLY)
            weakref.finalize(self, os.close, self._handle)
        else:
            self._content = file.read_bytes()

    def read(self, start: int, stop: int) -> bytes:
        """Return some bytes; any thread may read."""
        if self._content is not None:
            return self._content[start:stop]
        return os.pread(self._handle, stop - start, start)

    def blocks(self) -> Iterator[bytes]:
        """Yield the content in blocks."""
        start = 0
        while block := self.read(start, start + _BLOCK):
            yield block
            start += len(block)


class LongScores(Sequence[SampleScore]):
    """Scores in the order of the data set, parsed from their file whenever they are used.

    Attributes:
        name: Path of the file in the run's folder, for messages.
    """

    def __init__(
        self, content: OpenedFile, ends: array[int], name: Path, columns: ScoreColumns | None = None
    ) -> None:
        """Take the file, and the offset after each of its lines.

        Args:
            content: The file.
            ends: Offset after the line of each sample.
            name: Path of the file, for messages.
            columns: Columns of these scores, if they are known.
        """
        self.name = name
        self._content = content
        self._ends = ends
        if columns is not None:
            self.columns = columns

    def __len__(self) -> int:
        return len(self._ends)

    @overload
    def __getitem__(self, place: int) -> SampleScore: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[SampleScore, ...]: ...

    def __getitem__(self, place: int | slice) -> SampleScore | tuple[SampleScore, ...]:
        """Return the score of a sample, or those of some samples.

        Raises:
            DataError: A line is not a valid score.
        """
        if isinstance(place, slice):
            return tuple(self[k] for k in range(len(self))[place])
        place = range(len(self))[place]
        start = self._ends[place - 1] if place else 0
        return self._parsed(place, self._content.read(start, self._ends[place]))

    def __iter__(self) -> Iterator[SampleScore]:
        place = start = 0
        while place < len(self):
            last = place
            while last + 1 < len(self) and self._ends[last + 1] - start <= _BLOCK:
                last += 1
            block = self._content.read(start, self._ends[last])
            for line in block.splitlines():
                yield self._parsed(place, line)
                place += 1
            start = self._ends[last]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def columns(self) -> ScoreColumns:
        """The columns of all samples; the file is read once for them."""
        builder = ColumnBuilder()
        for score in self:
            builder.add(score)
        return builder.columns()

    def _parsed(self, place: int, line: bytes) -> SampleScore:
        try:
            return parse_score(line)
        except ValueError as error:
            fix = f"'jumpscore score {self.name.parent}' writes it again"
            raise DataError(f"{self.name}: line {place + 1}: {reason_of(error)}; {fix}") from None


def indexed(content: OpenedFile) -> tuple[str, array[int]]:
    """Return the SHA-256 of a file and the offset after each of its lines."""
    digest, ends, start = hashlib.sha256(), array("Q"), 0
    for block in content.blocks():
        digest.update(block)
        place = block.find(b"\n")
        while place >= 0:
            ends.append(start + place + 1)
            place = block.find(b"\n", place + 1)
        start += len(block)
    if start > (ends[-1] if ends else 0):
        ends.append(start)
    return digest.hexdigest(), ends


class ScoreWriter:
    """Writes scores to an open file one by one, and keeps those of a short run."""

    def __init__(self, sink: IO[str], scratch: Path, name: Path) -> None:
        """Take an open file, its path, and the path under which it will be stored."""
        self._sink, self._scratch, self._name = sink, scratch, name
        self._kept: list[SampleScore] | None = []
        self._builder = ColumnBuilder()
        self._digest = hashlib.sha256()
        self._ends = array("Q")
        self._end = 0

    def add(self, score: SampleScore) -> None:
        """Write the score of the next sample."""
        line = score_line(score)
        content = line.encode()
        self._digest.update(content)
        self._sink.write(line)
        self._end += len(content)
        self._ends.append(self._end)
        self._builder.add(score)
        if self._kept is not None:
            self._kept.append(score)
            if len(self._kept) > KEPT:
                self._kept = None

    @property
    def digest(self) -> str:
        """SHA-256 of what was written."""
        return self._digest.hexdigest()

    def scores(self) -> tuple[Sequence[SampleScore], ScoreColumns]:
        """Return all scores and their columns; nothing can be added after that."""
        self._sink.flush()
        columns = self._builder.columns()
        if self._kept is not None:
            return tuple(self._kept), columns
        return LongScores(OpenedFile(self._scratch), self._ends, self._name, columns), columns


def failed_scores(scores: Sequence[SampleScore]) -> Iterator[SampleScore]:
    """Yield the scores of the samples that failed on our side."""
    if isinstance(scores, LongScores):
        statuses: Sequence[Any] = scores.columns.statuses
        yield from (scores[k] for k, status in enumerate(statuses) if status == "error")
    else:
        yield from (score for score in scores if score.status == "error")

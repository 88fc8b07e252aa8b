"""What tasks share whose data are rows with one video each, in the published layout."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from pydantic import field_validator

from evaluators.base import DataFacts, Task, TaskOptions, TruthT
from jumpscore.data.layout import (
    Manifest,
    Row,
    read_manifest,
    read_rows,
    rows_checksum,
    video_file,
)
from jumpscore.errors import VideoError
from jumpscore.records import Sample
from jumpscore.video import header_duration


class RowTaskOptions(TaskOptions):
    """Options of a task over rows.

    Attributes:
        data: Folder of a data set in the published layout. The command line also knows the names
            ``mini`` (bundled, rendered on first use) and ``published``, both of JumpScore.
    """

    data: str = "mini"

    @field_validator("data")
    @classmethod
    def _absolute(cls, value: str) -> str:
        # A stored run must find its data set from any folder.
        return str(Path(value).resolve()) if Path(value).is_dir() else value


class RowTask(Task[TruthT]):
    """A task over rows: a question about a video, and a truth as JSON text."""

    Options: ClassVar[type[TaskOptions]] = RowTaskOptions
    options: RowTaskOptions

    @cached_property
    def _rows(self) -> list[Row]:
        return read_rows(self.options.data)

    @cached_property
    def _manifest(self) -> Manifest:
        return read_manifest(self.options.data)

    def data(self) -> DataFacts:
        return self._facts

    @cached_property
    def _facts(self) -> DataFacts:
        return DataFacts(
            name=self._manifest.name,
            checksum=rows_checksum(self._rows),
            synthetic=self._manifest.synthetic,
            source=self.options.data,
        )

    def load(self) -> list[Sample[TruthT]]:
        return [self._sample(row) for row in self._rows]

    def _sample(self, row: Row) -> Sample[TruthT]:
        path, problem = video_file(Path(self.options.data), row)
        duration = None if problem else self._duration(row, path)
        sample = self.sample(row, path, duration)
        problem = problem or sample.problem
        if problem is None:
            return sample
        told = f"{self.options.data}, id {row.id}: {problem}"
        return Sample(sample.question, sample.truth, problem=told)

    def _duration(self, row: Row, path: Path) -> float | None:
        known = self._manifest.videos.get(row.id, {}).get("duration")
        if known is not None:
            return float(known)
        try:
            return header_duration(path)
        except VideoError:
            return None  # without a video there is still an answer to score; a model will say so

    @abstractmethod
    def sample(self, row: Row, path: Path, duration: float | None) -> Sample[TruthT]:
        """Return a row's sample; its ``problem`` says what is wrong with the truth, if anything.

        Args:
            row: As stored.
            path: Where its video should be.
            duration: Of the video in seconds, where it is known.
        """

"""Base classes for tasks whose data set is a folder of rows and media files."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, Generic

from pydantic import field_validator

from evaluators.base import DataFacts, Task, TaskOptions, TruthT
from jumpscore.data.layout import (
    Manifest,
    Row,
    RowLike,
    RowT,
    data_file,
    read_manifest,
    read_rows,
    rows_checksum,
)
from jumpscore.data.published import origin_of
from jumpscore.errors import VideoError
from jumpscore.records import Sample
from jumpscore.video import header_duration

MOST_ROWS = 5_000
"""Largest number of rows that stay in memory with their samples; more are read again."""


class RowTaskOptions(TaskOptions):
    """Options of a task over rows.

    Attributes:
        data: Folder of a data set, or a name: a rendered set, which is created on first use, or a
            published one that ``jumpscore data fetch`` has put in the data root.
        allow_links: Whether symbolic links in the folder may point outside of it. Use it only for
            your own sets: in others, a link can point to any of your files.
    """

    data: str
    allow_links: bool = False

    @field_validator("data")
    @classmethod
    def _absolute(cls, value: str) -> str:
        # A stored run must find its data set from any working directory.
        return str(Path(value).resolve()) if Path(value).is_dir() else value


class RowTask(Task[TruthT], Generic[TruthT, RowT]):
    """A task over rows.

    Class attributes:
        row_kind: Data class of the rows.
    """

    row_kind: ClassVar[type[RowLike]]
    Options: ClassVar[type[TaskOptions]] = RowTaskOptions
    options: RowTaskOptions

    @property
    def root(self) -> Path:
        """The data set's folder."""
        return Path(self.options.data)

    @cached_property
    def rows(self) -> list[RowT]:
        """All stored rows."""
        kind: Any = self.row_kind
        return list(read_rows(self.root, kind, links=self.options.allow_links))

    @cached_property
    def manifest(self) -> Manifest:
        """The data set's manifest."""
        return read_manifest(self.root)

    def data(self) -> DataFacts:
        return self._facts

    @cached_property
    def _facts(self) -> DataFacts:
        revision = origin_of(self.root).get("revision")
        return DataFacts(
            name=self.manifest.name,
            checksum=rows_checksum(self.rows),
            synthetic=self.manifest.synthetic,
            source=self.options.data,
            revision=None if revision is None else str(revision),
        )

    def load(self) -> list[Sample[TruthT]]:
        return self._samples

    @cached_property
    def _samples(self) -> list[Sample[TruthT]]:
        samples = [self._sample(row) for row in self.rows]
        # Rows are needed for the checksum and by `missing`; after that they only take memory.
        if len(samples) > MOST_ROWS and "_facts" in self.__dict__:
            del self.__dict__["rows"]
        return samples

    def _sample(self, row: RowT) -> Sample[TruthT]:
        links = self.options.allow_links
        problems = (
            data_file(self.root, path, column="the file", links=links)[1] for path in row.files()
        )
        unsafe = next((problem for problem in problems if problem), None)
        sample = self.sample(row, safe=unsafe is None)
        problem = unsafe or sample.problem
        if problem is None:
            return sample
        where = f"{self.options.data}, id {row.id}: {problem}"
        return Sample(sample.question, sample.truth, problem=where)

    @abstractmethod
    def sample(self, row: RowT, *, safe: bool) -> Sample[TruthT]:
        """Return a row's sample; its ``problem`` describes an invalid ground truth, if any.

        Args:
            row: The stored row.
            safe: Whether its files are inside the data set; otherwise they must not be opened.
        """

    def missing(self) -> list[Path]:
        """Return the files that rows refer to and that do not exist, each once, in order."""
        paths: dict[Path, None] = {}
        for row in self.rows:
            for path in row.files():
                place, problem = data_file(self.root, path, links=self.options.allow_links)
                if problem is None and place not in paths and not place.is_file():
                    paths[place] = None
        return list(paths)


class VideoRowTask(RowTask[TruthT, Row]):
    """A task over JumpScore's rows: a question about one video, and a truth as JSON text."""

    row_kind = Row

    def sample(self, row: Row, *, safe: bool) -> Sample[TruthT]:
        path = self.root / row.video_path if safe else self.root
        return self.video_sample(row, path, self._duration(row, path) if safe else None)

    def _duration(self, row: Row, path: Path) -> float | None:
        known = self.manifest.videos.get(row.id, {}).get("duration")
        if known is not None:
            return float(known)
        try:
            return header_duration(path)
        except VideoError:
            return None  # stored answers can be scored without the video

    @abstractmethod
    def video_sample(self, row: Row, path: Path, duration: float | None) -> Sample[TruthT]:
        """Return a row's sample.

        Args:
            row: The stored row.
            path: Path of its video.
            duration: Length of the video in seconds, if known.
        """

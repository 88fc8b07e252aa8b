"""The responses of a long run, which stay in their file until they are used."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path

from jumpscore.errors import DataError
from jumpscore.records import Response
from jumpscore.runs.lines import parse_response, reason_of, unreadable_line
from jumpscore.runs.long_scores import OpenedFile, indexed


class LongResponses(Mapping[str, Response]):
    """Responses by id, parsed from their file whenever they are used; the last line of an id wins.

    Errors in the file are reported when it is first used.
    """

    def __init__(self, file: Path) -> None:
        """Open the file.

        Raises:
            OSError: It cannot be read.
        """
        self._content = OpenedFile(file)

    @cached_property
    def _ends(self) -> array[int]:
        return indexed(self._content)[1]

    @cached_property
    def _places(self) -> dict[str, int]:
        """The number of the line of every id."""
        places: dict[str, int] = {}
        for place in range(len(self._ends)):
            line = self._line(place)
            if not line.strip():
                continue
            try:
                places[parse_response(line).id] = place
            except ValueError as error:
                if not line.endswith(b"\n"):
                    continue  # torn by a crash; the sample is asked again
                reason = reason_of(error)
                raise DataError(unreadable_line(self._content.file, place + 1, reason)) from error
        return places

    def _line(self, place: int) -> bytes:
        start = self._ends[place - 1] if place else 0
        return self._content.read(start, self._ends[place])

    def __getitem__(self, name: str) -> Response:
        return parse_response(self._line(self._places[name]))

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

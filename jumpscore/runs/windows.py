"""Answers about the windows of long videos, in ``windows.jsonl`` next to a run's responses.

The file has the form of ``responses.jsonl``. It is append-only, and the last line of an id wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import IO

from jumpscore.errors import UsageError
from jumpscore.records import Response
from jumpscore.runs.lines import parse_responses, response_line

WINDOWS = "windows.jsonl"


class WindowStore:
    """The answers about windows of one run, whose folder is locked by its ``RunStore``."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / WINDOWS
        self._is_whole = False

    def answers(self) -> dict[str, Response]:
        """Return the stored answers by the id of the window's question.

        Raises:
            DataError: A line is not a valid response; a torn last line is left out.
        """
        content = self.file.read_bytes() if self.file.exists() else b""
        return parse_responses(self.file, content)

    def append(self, responses: Sequence[Response]) -> None:
        """Store answers. They survive a crash of this process.

        Raises:
            UsageError: They cannot be stored; earlier answers remain intact.
        """
        try:
            with self.file.open("ab") as file:
                self._cut_torn_line(file)
                file.write(b"".join(map(response_line, responses)))
        except OSError as error:
            self._is_whole = False
            raise UsageError(
                f"{self.file}: answers cannot be stored ({error.strerror}); earlier ones are "
                "intact: free space, then rerun the same command to resume"
            ) from error

    def _cut_torn_line(self, file: IO[bytes]) -> None:
        """Cut off a last line that an earlier process could not finish, or this one."""
        if not self._is_whole and file.tell():
            file.truncate(self.file.read_bytes().rfind(b"\n") + 1)
        self._is_whole = True

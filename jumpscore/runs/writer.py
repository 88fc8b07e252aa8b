"""Writes a run: responses are appended, everything else is computed from them and replaced.

``responses.jsonl`` is append-only, and the last line of an id wins; a torn last line is dropped.
All other files are replaced atomically, ``result.json`` last.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from typing import Any

from jumpscore.errors import UsageError
from jumpscore.jsonio import lock_file, replacing, write_json
from jumpscore.records import Response, RunResult
from jumpscore.runs.identity import changes
from jumpscore.runs.lines import parse_responses, response_line
from jumpscore.runs.long_scores import ScoreWriter
from jumpscore.runs.reader import RESPONSES, RESULT, RUN, SCORES, TIMING, read_record
from jumpscore.runs.record import Identity, RunRecord

SYNC_EVERY, SYNC_SECONDS = 64, 1.0
"""Responses, and seconds, after which the file is forced to disk."""


class RunStore:
    """The folder of one run, open for writing by one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: FileIO | None = None
        self._unsynced = 0
        self._synced_at = 0.0

    def open(self, record: RunRecord, *, ours: bool = False) -> dict[str, Response]:
        """Create or resume the run; return the answers that are stored.

        Args:
            record: Record of the run; its identity must equal that of a stored run.
            ours: Whether the model comes with this distribution.

        Raises:
            UsageError: The folder contains a run of another configuration (the message lists what
                changed), another process is writing it, or it cannot be written.
        """
        self.lock()
        stored = self.folder / RUN
        if stored.exists():
            self._refuse_changes(read_record(self.folder).identity, record.identity, ours=ours)
        elif (self.folder / RESPONSES).stat().st_size:
            self.close()
            raise UsageError(
                f"{self.folder}: contains answers but no {RUN} that describes them; restore it, "
                "delete the folder, or choose another run.name"
            )
        answered = self._recover()
        try:
            (self.folder / RESULT).unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error
        write_json(stored, record.model_dump())
        return answered

    def lock(self) -> None:
        """Lock the run for this process, if the system supports file locks.

        Raises:
            UsageError: Another process is writing it, or it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what a full disk rejects must not be written again on closing.
            self._file = (self.folder / RESPONSES).open("ab+", buffering=0)
        except OSError as error:
            raise self._unwritable(error) from error
        if not lock_file(self._file):
            self._file.close()
            self._file = None
            raise UsageError(
                f"{self.folder}: another process is writing this run; wait for it, or choose "
                "another run.name"
            ) from None

    def append(self, responses: Iterable[Response]) -> None:
        """Store answers. They survive a crash of this process, and after 1 s one of the machine.

        Raises:
            UsageError: They cannot be stored: the disk is full, or the folder is gone. Earlier
                answers remain intact.
        """
        assert self._file is not None, "open() comes first"
        self._require_folder()
        lines = [response_line(response) for response in responses]
        end = self._file.seek(0, os.SEEK_END)
        try:
            self._write(b"".join(lines))
            self._unsynced += len(lines)
            if self._unsynced >= SYNC_EVERY or time.monotonic() - self._synced_at > SYNC_SECONDS:
                os.fsync(self._file.fileno())
                self._unsynced, self._synced_at = 0, time.monotonic()
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(end)
            raise UsageError(
                f"{self.folder / RESPONSES}: answers cannot be stored ({error.strerror}); earlier "
                "ones are intact: free space, then rerun the same command to resume"
            ) from error

    def _write(self, content: bytes) -> None:
        assert self._file is not None
        rest = memoryview(content)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _require_folder(self) -> None:
        """Check that the open file is still in the run's folder.

        Raises:
            UsageError: The folder was deleted or moved, so further answers would be lost.
        """
        assert self._file is not None
        try:
            same = os.path.samestat(os.fstat(self._file.fileno()), (self.folder / RESPONSES).stat())
        except OSError:
            same = False
        if not same:
            raise UsageError(
                f"{self.folder}: was deleted or moved during the run, so answers cannot be stored; "
                "the run has stopped. Move the folder back to resume, or start again"
            )

    @contextmanager
    def writing_scores(self) -> Iterator[ScoreWriter]:
        """Yield the writer of ``scores.jsonl``, which replaces the old file at the end.

        Raises:
            UsageError: The file cannot be written, or the folder is gone.
        """
        self._require_folder()
        file = self.folder / SCORES
        with replacing(file) as scratch, scratch.open("w", encoding="utf-8", newline="\n") as sink:
            yield ScoreWriter(sink, scratch, file)

    def write_result(
        self, result: RunResult, timing: Mapping[str, Any], *, scores_digest: str
    ) -> None:
        """Write timing and result; ``result.json`` comes last and marks a finished run.

        Args:
            result: Result of the run.
            timing: Content of ``timing.json``.
            scores_digest: SHA-256 of ``scores.jsonl``.

        Raises:
            UsageError: A file cannot be written.
        """
        write_json(self.folder / TIMING, timing)
        write_json(self.folder / RESULT, asdict(result) | {"scores_sha256": scores_digest})

    def close(self) -> None:
        """Force everything to disk and unlock the run."""
        if self._file is not None:
            file, self._file = self._file, None
            with file, suppress(OSError):  # an earlier error explains more
                os.fsync(file.fileno())

    def __enter__(self) -> RunStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            f"{self.folder}: cannot be written ({error.strerror}); remove what is in the way or "
            "choose another place (run.folder=..., or --out of 'jumpscore score')"
        )

    def _refuse_changes(self, old: Identity, new: Identity, *, ours: bool) -> None:
        lines = [str(change) for change in changes(old, new, ours=ours)]
        if lines:
            self.close()
            raise UsageError(
                f"{self.folder}: contains a run of another configuration:\n  "
                + "\n  ".join(lines)
                + "\nSet another run.name=... (for an ablation, another --out), or delete the "
                "folder to start over."
            )

    def _recover(self) -> dict[str, Response]:
        """Return the stored answers, and cut off a line that a crash tore."""
        assert self._file is not None
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            self._file.truncate(whole)
        return parse_responses(self.folder / RESPONSES, content[:whole])

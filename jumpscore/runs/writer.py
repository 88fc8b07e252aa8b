"""Writing a run: facts are appended, everything else is derived and rewritten whole.

``responses.jsonl`` is append-only and the last line of an id wins; a torn last line is dropped. All
other files are replaced atomically, ``result.json`` last.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Any

from jumpscore.errors import UsageError
from jumpscore.jsonio import lock_file, write_json, write_text
from jumpscore.records import Response, RunResult, SampleScore
from jumpscore.runs.identity import changes
from jumpscore.runs.lines import parse_responses, response_line, score_line
from jumpscore.runs.reader import RESPONSES, RESULT, RUN, SCORES, TIMING, read_record
from jumpscore.runs.record import Identity, RunRecord

SYNC_EVERY = 64
"""Responses after which the file is forced to disk."""
SYNC_SECONDS = 1.0
"""Seconds after which it is, however few there are."""


class RunStore:
    """The folder of one run, open for writing by one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: FileIO | None = None
        self._unsynced = 0
        self._synced_at = 0.0

    def open(self, record: RunRecord, *, ours: bool = False) -> dict[str, Response]:
        """Create or resume the run; return what is answered already.

        Args:
            record: The content of ``run.json``; its identity decides whether it is the same run.
            ours: Whether the model comes with this distribution.

        Raises:
            UsageError: The folder holds a run of another configuration (the message lists what
                changed), belongs to a process that is still running, or cannot be written.
        """
        self.lock()
        stored = self.folder / RUN
        if stored.exists():
            self._refuse_changes(read_record(self.folder).identity, record.identity, ours=ours)
        elif (self.folder / RESPONSES).stat().st_size:
            self.close()
            raise UsageError(
                f"{self.folder}: holds answers but no {RUN} that says whose they are; restore it, "
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
        """Take the run for this process, where the system knows file locks.

        Raises:
            UsageError: Another process has it, or it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Unbuffered: what a full disk does not take must not be tried again when it is closed.
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
        """Store answers; they survive a crash of the process at once, of the machine within 1 s.

        Raises:
            UsageError: They cannot be stored: the disk is full, say, or the folder is gone. What
                was stored before is whole.
        """
        assert self._file is not None, "open() comes first"
        self._require_folder()
        lines = [response_line(response) for response in responses]
        end = self._file.seek(0, os.SEEK_END)
        try:
            self._write(b"".join(lines))
            self._unsynced += len(lines)
            if self._unsynced >= SYNC_EVERY or time.monotonic() - self._synced_at > SYNC_SECONDS:
                self._sync()
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(end)
            raise UsageError(
                f"{self.folder / RESPONSES}: answers cannot be stored ({error.strerror}); those "
                "before are kept: free space, then run the same again to go on"
            ) from error

    def _write(self, content: bytes) -> None:
        assert self._file is not None
        left = memoryview(content)
        while left:
            left = left[self._file.write(left) :]

    def _require_folder(self) -> None:
        """Check that the file that is written is still the run's.

        Raises:
            UsageError: The folder was deleted or moved: whatever was asked now would be lost.
        """
        assert self._file is not None
        try:
            same = os.path.samestat(os.fstat(self._file.fileno()), (self.folder / RESPONSES).stat())
        except OSError:
            same = False
        if not same:
            raise UsageError(
                f"{self.folder}: was deleted or moved while the run went on, so its answers cannot "
                "be stored; the run has stopped. Move it back to go on, or run again"
            )

    def write_scores(
        self, scores: Sequence[SampleScore], result: RunResult, timing: Mapping[str, Any]
    ) -> None:
        """Write what is derived; ``result.json`` comes last and says that the rest is whole.

        Raises:
            UsageError: It cannot be written, or the folder is gone.
        """
        self._require_folder()
        lines = "".join(map(score_line, scores))
        write_text(self.folder / SCORES, lines)
        write_json(self.folder / TIMING, timing)
        digest = hashlib.sha256(lines.encode()).hexdigest()
        write_json(self.folder / RESULT, asdict(result) | {"scores_sha256": digest})

    def close(self) -> None:
        """Force everything to disk and let others open the run."""
        if self._file is not None:
            file, self._file = self._file, None
            with file, suppress(OSError):  # an error on the way says it better
                os.fsync(file.fileno())

    def __enter__(self) -> RunStore:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    def _sync(self) -> None:
        assert self._file is not None
        os.fsync(self._file.fileno())
        self._unsynced = 0
        self._synced_at = time.monotonic()

    def _unwritable(self, error: OSError) -> UsageError:
        return UsageError(
            f"{self.folder}: cannot be written ({error.strerror}); remove what is in the way or "
            "choose another place (run.folder=..., or --out of 'jumpscore score')"
        )

    def _refuse_changes(self, old: Identity, new: Identity, *, ours: bool) -> None:
        found = changes(old, new, ours=ours)
        if found:
            self.close()
            raise UsageError(
                f"{self.folder} holds a run of another configuration:\n  "
                + "\n  ".join(map(str, found))
                + "\nChoose another run.name=... (of an ablation, another --out), or delete the "
                "folder to start again."
            )

    def _recover(self) -> dict[str, Response]:
        """Read what is stored and cut off a line that a crash tore."""
        assert self._file is not None
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            self._file.truncate(whole)
        return parse_responses(self.folder / RESPONSES, content[:whole])

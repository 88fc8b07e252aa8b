"""A run on disk: facts are appended, everything else is derived and rewritten whole.

``responses.jsonl`` is append-only and the last line of an id wins; a torn last line is dropped. All
other files are replaced atomically, ``result.json`` last.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from jumpscore.data.layout import write_json
from jumpscore.errors import DataError, UsageError
from jumpscore.records import Estimate, Response, RunResult, SampleScore, Usage

SYNC_EVERY = 64
"""Responses after which the file is forced to disk."""
SYNC_SECONDS = 1.0
"""Seconds after which it is, however few there are."""


@dataclass(frozen=True)
class StoredRun:
    """A finished run as read from disk.

    Attributes:
        folder: The run's folder.
        facts: ``run.json``.
        responses: By id.
        scores: In the order of the data set.
        result: ``result.json``.
        timing: ``timing.json``.
    """

    folder: Path
    facts: Mapping[str, Any]
    responses: Mapping[str, Response]
    scores: tuple[SampleScore, ...]
    result: RunResult
    timing: Mapping[str, Any]


class RunStore:
    """The folder of one run, open for writing by one process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._file: IO[bytes] | None = None
        self._unsynced = 0
        self._synced_at = 0.0

    def open(self, facts: Mapping[str, Any]) -> dict[str, Response]:
        """Create or resume the run; return what is answered already.

        Args:
            facts: The content of ``run.json``; its ``identity`` decides whether it is the same run.

        Raises:
            UsageError: The folder holds a run of another configuration (the message lists what
                changed), belongs to a process that is still running, or cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file = (self.folder / "responses.jsonl").open("ab+")
        except OSError as error:
            raise UsageError(
                f"{self.folder}: cannot be written ({error.strerror}); choose another place with "
                "run.folder=..."
            ) from error
        self._lock()
        stored = self.folder / "run.json"
        if stored.exists():
            self._refuse_changes(_read_json(stored), facts)
        answered = self._recover()
        (self.folder / "result.json").unlink(missing_ok=True)
        write_json(stored, facts)
        return answered

    def append(self, responses: Iterable[Response]) -> None:
        """Store answers; they survive a crash of the process at once, of the machine within 1 s."""
        assert self._file is not None, "open() comes first"
        for response in responses:
            self._file.write(_line(response))
            self._unsynced += 1
        self._file.flush()
        if self._unsynced >= SYNC_EVERY or time.monotonic() - self._synced_at > SYNC_SECONDS:
            self._sync()

    def write_scores(
        self, scores: Sequence[SampleScore], result: RunResult, timing: Mapping[str, Any]
    ) -> None:
        """Write what is derived; ``result.json`` comes last and says that the rest is whole."""
        lines = (json.dumps(_fields(score), ensure_ascii=False) for score in scores)
        scratch = self.folder / ".scores.jsonl"
        scratch.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        scratch.replace(self.folder / "scores.jsonl")
        write_json(self.folder / "timing.json", timing)
        write_json(self.folder / "result.json", asdict(result))

    def close(self) -> None:
        """Force everything to disk and let others open the run."""
        if self._file is not None:
            self._sync()
            self._file.close()
            self._file = None

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
        self._file.flush()
        os.fsync(self._file.fileno())
        self._unsynced = 0
        self._synced_at = time.monotonic()

    def _lock(self) -> None:
        """Take the run for this process, where the system knows file locks."""
        try:
            import fcntl
        except ImportError:  # Windows
            return
        assert self._file is not None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            self._file = None
            raise UsageError(
                f"{self.folder}: another process is writing this run; wait for it, or choose "
                "another run.name"
            ) from None

    def _refuse_changes(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        # Through JSON, so that tuples equal the lists that were stored.
        now = json.loads(json.dumps(new["identity"]))
        changes = differences(old.get("identity", {}), now)
        if changes:
            self.close()
            raise UsageError(
                f"{self.folder} holds a run of another configuration:\n  "
                + "\n  ".join(changes)
                + "\nChoose another run.name=..., or delete the folder to start again."
            )

    def _recover(self) -> dict[str, Response]:
        """Read what is stored and cut off a line that a crash tore."""
        assert self._file is not None
        self._file.seek(0)
        content = self._file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            self._file.truncate(whole)
        return _responses(self.folder / "responses.jsonl", content[:whole])


def read_run(folder: str | Path) -> StoredRun:
    """Read a finished run.

    Raises:
        DataError: The folder is no run, the run is not finished, or a file in it is damaged.
    """
    folder = Path(folder)
    facts = read_facts(folder)
    if not (folder / "result.json").exists():
        raise DataError(
            f"{folder}: the run is not finished; start the same command again to resume it"
        )
    try:
        result = _read_json(folder / "result.json")
        lines = (folder / "scores.jsonl").read_text(encoding="utf-8").splitlines()
        scores = tuple(SampleScore(**json.loads(line)) for line in lines)
        metrics = {name: Estimate(**values) for name, values in result.pop("metrics").items()}
        result["caveats"] = tuple(result["caveats"])
        outcome = RunResult(metrics=metrics, **result)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"{folder}: result.json or scores.jsonl is damaged ({error}); "
            f"'jumpscore score {folder}' writes them anew"
        ) from error
    return StoredRun(
        folder=folder,
        facts=facts,
        responses=read_responses(folder),
        scores=scores,
        result=outcome,
        timing=read_timing(folder),
    )


def read_facts(folder: Path) -> dict[str, Any]:
    """Return ``run.json``.

    Raises:
        DataError: The folder is no run.
    """
    if not (folder / "run.json").is_file():
        raise DataError(f"{folder}: is no run (it has no run.json)")
    return _read_json(folder / "run.json")


def read_timing(folder: Path) -> dict[str, Any]:
    """Return ``timing.json``; empty where there is none."""
    file = folder / "timing.json"
    return _read_json(file) if file.exists() else {}


def read_responses(folder: Path) -> dict[str, Response]:
    """Return the stored answers by id; the last one of an id wins."""
    file = folder / "responses.jsonl"
    return _responses(file, file.read_bytes()) if file.exists() else {}


def differences(old: Any, new: Any, where: str = "") -> list[str]:
    """Return one line per value that differs between two JSON documents.

    >>> differences({"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 3}})
    ['b.c: 2 -> 3']
    """
    if isinstance(old, dict) and isinstance(new, dict):
        keys = list(dict.fromkeys([*old, *new]))
        absent = "not set"
        return [
            line
            for key in keys
            for line in differences(
                old.get(key, absent), new.get(key, absent), f"{where}.{key}" if where else key
            )
        ]
    return [] if old == new else [f"{where}: {old} -> {new}"]


def _line(response: Response) -> bytes:
    record = _fields(response) | {"usage": _fields(response.usage)}
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _fields(record: Response | SampleScore | Usage) -> dict[str, Any]:
    """Return a record as a dict; ``asdict`` would copy every number of every list."""
    return {field.name: getattr(record, field.name) for field in fields(record)}


def _responses(file: Path, content: bytes) -> dict[str, Response]:
    found: dict[str, Response] = {}
    lines = content.split(b"\n")
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            found[record["id"]] = _response(record)
        except (ValueError, TypeError, KeyError) as error:
            if number == len(lines):
                continue  # torn by a crash; the sample is asked again
            raise DataError(f"{file}, line {number}: is no response ({error})") from error
    return found


def _response(record: dict[str, Any]) -> Response:
    record["usage"] = Usage(**record.get("usage", {}))
    for name in ("confidences", "image_size"):
        if record.get(name) is not None:
            record[name] = tuple(record[name])
    return Response(**record)


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as JSON ({error})") from error
    if not isinstance(content, dict):
        raise DataError(f"{file}: is no JSON object")
    return content

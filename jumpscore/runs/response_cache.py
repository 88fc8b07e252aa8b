"""Responses on disk for other runs: one small file per request, checked when it is read."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from jumpscore.errors import UsageError
from jumpscore.jsonio import parse_json, write_text
from jumpscore.records import Response
from jumpscore.runs.lines import parse_response, response_line
from jumpscore.video.prepared.cache import cache_folder

FORMAT = 1
MAX_BYTES = 10**9
CHECK_EVERY = 256
"""Stored responses between two looks at the size of the folder."""

logger = logging.getLogger(__name__)


def request_key(facts: Any) -> str:
    """Return the key of a request, 64 hex digits.

    Args:
        facts: Everything that determines the answer, as a JSON value.
    """
    text = json.dumps([FORMAT, facts], sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


class ResponseCache:
    """Responses by the key of their request; any number of processes may share a folder.

    A file appears as a whole. Two processes that write the same key store the same answer.

    Attributes:
        folder: Folder of the entries: ``<first two digits of the key>/<key>.json``.
        max_bytes: Size limit; the least recently used entries are deleted to stay below it. It is
            checked with the first stored response and then every ``CHECK_EVERY`` of them.
    """

    def __init__(self, folder: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.folder = folder
        self.max_bytes = max_bytes
        self._stored = 0
        self._writable = True

    @classmethod
    def default(cls) -> ResponseCache:
        """Return the cache in ``$JUMPSCORE_CACHE``, by default the user's cache folder."""
        return cls(cache_folder() / "responses")

    def get(self, key: str, name: str) -> Response | None:
        """Return a stored response as that to a question, or ``None``.

        It is marked as ``cached`` and has no ``seconds``, because nothing was measured. A damaged
        entry is deleted with a warning.

        Args:
            key: From ``request_key``.
            name: Id of the question.
        """
        file = self._entry(key)
        try:
            content = file.read_bytes()
        except OSError:
            return None
        try:
            response = _checked(key, content)
        except ValueError as error:
            logger.warning("%s: damaged (%s); deleted, and the model is asked again", file, error)
            with suppress(OSError):
                file.unlink()
            return None
        # A shared cache may be read-only; then its order of use does not change.
        with suppress(OSError):
            os.utime(file)
        return replace(response, id=name, seconds=None, cached=True)

    def has(self, key: str) -> bool:
        """Return whether a request has a stored response, without checking its content."""
        return self._entry(key).is_file()

    def put(self, key: str, response: Response) -> None:
        """Store a response; failures and responses from the cache are left out.

        If the folder cannot be written, one warning is logged and the run goes on.
        """
        if response.error is not None or response.cached or not self._writable:
            return
        line = response_line(replace(response, id="", seconds=None)).decode()
        entry = {"key": key, "sha256": _digest(line), "response": line}
        file = self._entry(key)
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_text(file, json.dumps(entry) + "\n")
        except (OSError, UsageError) as error:
            self._writable = False
            logger.warning("%s; continuing without storing responses for other runs", error)
            return
        if self._stored % CHECK_EVERY == 0:
            self.evict()
        self._stored += 1

    def evict(self) -> None:
        """Delete the least recently used entries until the rest is below the limit."""
        entries = sorted(self._entries())
        total = sum(size for _, size, _ in entries)
        for _, size, file in entries:
            if total <= self.max_bytes:
                return
            with suppress(OSError):
                file.unlink()
                total -= size

    def _entry(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}.json"

    def _entries(self) -> Iterator[tuple[int, int, Path]]:
        """Yield time of last use in ns, size in bytes and file of every entry."""
        for file in self.folder.glob("[0-9a-f][0-9a-f]/*.json"):
            with suppress(OSError):  # another process may have deleted it
                stat = file.stat()
                yield stat.st_mtime_ns, stat.st_size, file


def _checked(key: str, content: bytes) -> Response:
    """Return the response of an entry.

    Raises:
        ValueError: The entry is not what was stored under this key.
    """
    entry = parse_json(content)
    line = entry.get("response") if isinstance(entry, dict) else None
    if not isinstance(line, str) or entry.get("sha256") != _digest(line):
        raise ValueError("its checksum does not match")
    if entry.get("key") != key:
        raise ValueError("it belongs to another request")
    return parse_response(line.encode())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

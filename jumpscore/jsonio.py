"""JSON on disk: read from anybody, written so that no reader ever sees half a file.

Everything is written in ASCII with escapes: line separators and lone surrogates that models emit
cannot break a line or an encoder then, and read back as they were.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import IO, Any

from jumpscore.errors import DataError, UsageError


def parse_json(text: str | bytes) -> Any:
    """Parse JSON of any origin.

    Raises:
        ValueError: It is no JSON, nests too deep, or holds an integer of absurd length.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("nested too deep") from None


def read_object(file: Path, *, fix: str) -> dict[str, Any]:
    """Return the JSON object that a file holds.

    Raises:
        DataError: It cannot be read or is something else; the message ends with ``fix``.
    """
    try:
        content = parse_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as JSON ({error}); {fix}") from error
    if not isinstance(content, dict):
        raise DataError(f"{file}: is no JSON object; {fix}")
    return content


def lock_file(file: IO[bytes]) -> bool:
    """Take an open file for this process until it is closed, where the system knows file locks.

    Returns:
        False where another process has it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def write_text(file: Path, text: str) -> None:
    """Replace a file as a whole.

    Raises:
        UsageError: It cannot be written.
    """
    scratch = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        scratch.write_text(text, encoding="utf-8")
        scratch.replace(file)
    except OSError as error:
        raise UsageError(
            f"{file}: cannot be written ({error.strerror}); remove what is in the way or choose "
            "another folder"
        ) from error


def write_json(file: Path, content: object) -> None:
    """Replace a file by a JSON document with sorted keys."""
    write_text(file, json.dumps(content, indent=1, sort_keys=True) + "\n")

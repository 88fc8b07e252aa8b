"""Split answer files into records; the format of a file is detected from its content.

A record that cannot be read is reported with its reason; the other records of the file stay usable.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jumpscore.data.answer_tables import read_delimited, read_workbook
from jumpscore.data.inspect_logs import LOG_KEYS, archived_samples, logged_samples, sample_record
from jumpscore.data.tables import read_parquet_rows
from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json, split_json, split_lines

FORMS = (
    'JSONL of {"id": ..., "text": ...} or {"id": ..., "times": [...]}, a JSON list of such '
    'records, a JSON object {"id": [times]}, a table (.xlsx, .tsv, .csv, .parquet), or a log of '
    "lmms-eval (--log_samples) or inspect_ai (.eval, .json)"
)
RECORD_KEYS = {"id", "text", "times", "masks", "doc", "doc_id"}
"""Keys of one record; a JSON object with one of them is not a mapping from ids to answers."""
ZIP = b"PK\x03\x04"
PARQUET = b"PAR1"
LARGEST_FILE = 4 << 30
"""Size limit of an answers file in bytes, because it is read into memory."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of an answers file.

    Attributes:
        place: Position in the file, such as ``line 3``.
        content: Keys and values; empty if ``problem`` is set.
        problem: Why the record cannot be read, otherwise ``None``.
        id: The sample's id, if it can be read despite the problem.
    """

    place: str
    content: Mapping[str, Any] = field(default_factory=dict)
    problem: str | None = None
    id: str | None = None


def read_records(path: Path) -> Iterator[Record]:
    """Yield the records of an answers file in order.

    Raises:
        DataError: The file cannot be read, or its format is not supported.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise DataError(
                f"{path}: has {size:,} bytes, more than the limit of {LARGEST_FILE:,}; split the "
                "file"
            )
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}); check the path") from error
    if content.startswith(ZIP):
        yield from _archive_records(path)
    elif content.startswith(PARQUET):
        yield from _rows(read_parquet_rows(path))
    elif path.suffix.lower() in (".pkl", ".pickle"):
        raise DataError(
            f"{path}: pickles are not supported, because they can run code when they are read; "
            "write the table as .xlsx, .tsv or JSONL"
        )
    else:
        text = _decoded(content)
        del content  # a large file is in memory once
        yield from _text_records(path, text)


def _archive_records(path: Path) -> Iterator[Record]:
    """Yield the records of an Excel workbook or of an inspect_ai log, which are zip archives."""
    import zipfile

    try:
        with zipfile.ZipFile(path) as packed:
            names = set(packed.namelist())
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise DataError(
            f"{path}: is a damaged archive ({error}); write or download it again"
        ) from error
    if "xl/workbook.xml" in names:
        yield from _rows(read_workbook(path))
    elif "header.json" in names or any(name.startswith("samples/") for name in names):
        for place, sample in archived_samples(path):
            yield _logged(place, sample)
    else:
        raise DataError(
            f"{path}: is an archive, but neither an Excel workbook nor an inspect_ai log; "
            f"expected {FORMS}"
        )


def _decoded(content: bytes) -> str:
    """Decode text as UTF-8, or as UTF-16 if it starts with a byte-order mark, as on Windows."""
    wide = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return content.decode("utf-16" if wide else "utf-8-sig", errors="replace")


def _text_records(path: Path, text: str) -> Iterator[Record]:
    delimiter = {".tsv": "\t", ".csv": ","}.get(path.suffix.lower())
    if delimiter is not None:
        yield from _rows(read_delimited(path, text, delimiter))
        return
    pieces = split_json(text)
    if text.lstrip()[:1] == "[" and pieces is not None:
        for number, (_, item) in enumerate(pieces, start=1):
            yield _parsed(f"item {number}", item)
        return
    keys = {key for key, _ in pieces or ()}
    if keys >= LOG_KEYS:
        for place, sample in logged_samples(path, dict(pieces or ())):
            yield _logged(place, sample)
    elif pieces and not RECORD_KEYS & keys:
        for name, answer in pieces:
            yield _member(name, answer)
    else:
        if pieces is None:
            _check_layout(path, text)
        for number, line in enumerate(split_lines(text), start=1):
            if line.strip():
                yield _parsed(f"line {number}", line)


def _check_layout(path: Path, text: str) -> None:
    """Reject invalid JSON over several lines, which would be mistaken for JSONL.

    Raises:
        DataError: The JSON is invalid; the message contains line and column.
    """
    if text.lstrip().partition("\n")[0].strip() not in ("{", "[", "[{"):
        return
    try:
        parse_json(text)
    except json.JSONDecodeError as error:
        raise DataError(
            f"{path}: is not valid JSON: {error.msg} at line {error.lineno:,}, column "
            f"{error.colno:,}; correct it, or write one record per line (JSONL)"
        ) from error
    except ValueError:
        return  # reported with the record


def _rows(rows: Iterable[Mapping[str, Any]]) -> Iterator[Record]:
    """Yield the rows of a table, numbered as in a spreadsheet: the first one is row 2."""
    for number, row in enumerate(rows, start=2):
        yield Record(f"row {number}", row)


def _member(name: str, text: str) -> Record:
    """Return the record of ``{"id": answer}``; the answer is times, a text, or an object."""
    place = f"key {name[:60]!r}"
    try:
        answer = parse_json(text, unique_keys=True)
    except ValueError as error:
        return Record(place, problem=_reason(error), id=name)
    if isinstance(answer, dict):
        if "id" in answer and str(answer["id"]) != name:
            return Record(
                place,
                problem=f"contains the id {answer['id']!r:.60}, which differs from its key",
                id=name,
            )
        return Record(place, {**answer, "id": name})
    return Record(place, {"id": name, "text" if isinstance(answer, str) else "times": answer})


def _logged(place: str, sample: str) -> Record:
    """Return the record of a sample of an inspect_ai log."""
    try:
        return Record(place, sample_record(parse_json(sample)))
    except ValueError as error:
        return Record(place, problem=_reason(error))


def _parsed(place: str, text: str) -> Record:
    """Return the record of a JSON text, or the reason why it cannot be read."""
    try:
        record = parse_json(text, unique_keys=True)
    except ValueError as error:
        return Record(place, problem=_reason(error), id=_early_id(text))
    if isinstance(record, dict):
        return Record(place, record)
    return Record(place, problem=f"is not a JSON object ({text.strip()[:60]!r})")


def _reason(error: ValueError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"is not valid JSON ({error.msg} at character {error.pos + 1:,})"
    digits = re.search(r"value has (\d+) digits", str(error))
    return f"contains an integer of {digits[1]} digits" if digits else f"cannot be read: {error}"


def _early_id(text: str) -> str | None:
    """Return the id at the beginning of a record that cannot be parsed as a whole."""
    match = re.match(r'\s*\{\s*"id"\s*:\s*("(?:[^"\\]|\\.){0,300}"|\d{1,20})', text)
    if match is None:
        return None
    try:
        return str(json.loads(match[1]))
    except ValueError:
        return None

"""Read answers from logs of inspect_ai: ``.json``, or ``.eval``, a zip archive of JSON documents.

``.eval`` files are compressed with Zstandard, which Python's ``zipfile`` supports only since 3.14.
They are decompressed with pyarrow, which is a dependency anyway.
"""

from __future__ import annotations

import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from jumpscore.errors import DataError
from jumpscore.jsonio import split_json

ZSTANDARD = 93
"""Number of the compression method in zip archives."""
LARGEST_SAMPLE = 1 << 30
"""Size limit of one sample's JSON in bytes, after decompression."""
LOG_KEYS = {"version", "status", "eval", "samples"}
"""Keys of the JSON object of a log."""
ATTACHMENT = "attachment://"
CUT_REASONS = ("max_tokens", "model_length")
FAILED = "failed"
"""Key of the reason in a record whose request failed."""
FURTHER_EPOCH = "further epoch"
"""Key of the epoch in a record with a further answer to a sample."""
_NO_SAMPLES = "is an inspect_ai log without samples; run inspect with --log-samples"


def logged_samples(path: Path, log: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield (place, JSON text) for every sample of a log.

    Args:
        path: The log, for messages.
        log: Its members as JSON texts.

    Raises:
        DataError: The log contains no samples.
    """
    samples = split_json(log.get("samples", ""))
    if not samples:
        raise DataError(f"{path}: {_NO_SAMPLES}")
    for number, (_, sample) in enumerate(samples, start=1):
        yield f"sample {number}", sample


def archived_samples(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (place, JSON text) for every sample of an ``.eval`` file.

    Raises:
        DataError: The file is damaged or contains no samples.
    """
    try:
        with zipfile.ZipFile(path) as packed, path.open("rb") as file:
            members = [
                member
                for member in packed.infolist()
                if re.fullmatch(r"samples/.+\.json", member.filename, re.DOTALL)
            ]
            if not members:
                raise DataError(f"{path}: {_NO_SAMPLES}")
            for member in members:
                content = _content(packed, file, member)
                yield member.filename, content.decode("utf-8", errors="replace")
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, RuntimeError) as error:
        raise DataError(
            f"{path}: is a damaged inspect_ai log ({error}); copy or write it again"
        ) from error


def sample_record(sample: Any) -> dict[str, Any]:
    """Return the record of a sample: its id and the model's answer without its reasoning."""
    if not isinstance(sample, dict):
        return {}
    record: dict[str, Any] = {"id": sample.get("id")}
    epoch = sample.get("epoch", 1)
    if epoch != 1:
        record[FURTHER_EPOCH] = epoch
    output = sample.get("output")
    choices = output.get("choices") if isinstance(output, dict) else None
    choice = choices[0] if isinstance(choices, list) and choices else None
    failure = _failure(sample, output)
    if failure is not None or not isinstance(choice, dict):
        return record | {FAILED: failure or "the log contains no answer to this sample"}
    message = choice.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    text = _joined(content)
    if text is None:
        return record | {FAILED: f"the answer is {type(content).__name__}, not text"}
    if text.startswith(ATTACHMENT):
        attachments = sample.get("attachments")
        texts = attachments if isinstance(attachments, dict) else {}
        text = texts.get(text.removeprefix(ATTACHMENT))
    cut = choice.get("stop_reason") in CUT_REASONS
    return record | {"text": text, "finish_reason": "length" if cut else "stop"}


def _failure(sample: Mapping[str, Any], output: Any) -> str | None:
    """Return why a sample has no answer, if its request failed."""
    error = sample.get("error")
    if isinstance(error, dict):
        return f"the request failed: {error.get('message')!s:.200}"
    message = output.get("error") if isinstance(output, dict) else None
    return f"the request failed: {message!s:.200}" if message else None


def _joined(content: Any) -> str | None:
    """Return the text of a message: a string, or the text parts of a list."""
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, dict) and part.get("type") == "text"]
        return "\n".join(str(part.get("text", "")) for part in parts)
    return content if isinstance(content, str) else None


def _content(packed: zipfile.ZipFile, file: IO[bytes], member: zipfile.ZipInfo) -> bytes:
    """Return the content of a member, decompressed and checked.

    Raises:
        BadZipFile: The member is too large or truncated, or its checksum is wrong.
    """
    if member.file_size > LARGEST_SAMPLE:
        raise zipfile.BadZipFile(
            f"{member.filename} has {member.file_size:,} bytes, more than {LARGEST_SAMPLE:,}"
        )
    if member.compress_type != ZSTANDARD:
        return packed.read(member)
    file.seek(member.header_offset)
    header = file.read(30)
    name_length, extra_length = struct.unpack("<HH", header[26:30])
    file.seek(member.header_offset + 30 + name_length + extra_length)
    content = _decompressed(file.read(member.compress_size), member.file_size)
    if len(content) != member.file_size or zlib.crc32(content) != member.CRC:
        raise zipfile.BadZipFile(f"{member.filename} has a wrong size or checksum")
    return content


def _decompressed(content: bytes, size: int) -> bytes:
    """Decompress Zstandard data; stop at more than ``size`` bytes."""
    import pyarrow

    try:
        with pyarrow.CompressedInputStream(pyarrow.BufferReader(content), "zstd") as stream:
            unpacked: bytes = stream.read(size + 1)
    except (pyarrow.ArrowException, OSError) as error:
        raise zipfile.BadZipFile(str(error)) from error
    return unpacked

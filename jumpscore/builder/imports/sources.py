"""Read annotation files of any origin: size limits, no entities in XML, linear time."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from jumpscore.data.answer_tables import read_delimited
from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json

LARGEST_FILE = 256 << 20
"""Size limit of an annotation file in bytes."""
DEEPEST_XML = 64
"""Nesting limit of XML elements; the supported formats need less than 10."""
LONGEST_PROBLEM = 600
"""Limit of an error message in characters."""
LARGEST_NUMBER = 1e12
"""Limit of a time, time stamp or frame number."""


class Source:
    """An annotation file, read once and parsed when needed.

    Raises:
        DataError: From every attribute, if the file cannot be read, is too large or malformed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def error(self, problem: str) -> DataError:
        """Return an error about this file; long values from it are cut out of the message."""
        if len(problem) > LONGEST_PROBLEM:
            problem = f"{problem[: LONGEST_PROBLEM // 2]} ... {problem[-LONGEST_PROBLEM // 2 :]}"
        return DataError(f"{self.path}: {problem}")

    @cached_property
    def content(self) -> bytes:
        """The bytes of the file; empty for a folder."""
        if self.path.is_dir():
            return b""
        try:
            size = self.path.stat().st_size
            if size > LARGEST_FILE:
                raise self.error(
                    f"has {size:,} bytes, more than the limit of {LARGEST_FILE:,}; is it an "
                    "annotation file?"
                )
            return self.path.read_bytes()
        except OSError as error:
            raise self.error(f"cannot be read ({error.strerror}); check the path") from error

    @cached_property
    def text(self) -> str:
        """The file as text, without a byte order mark."""
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.error(f"is not UTF-8 text ({error.reason} at byte {error.start})") from None

    @property
    def start(self) -> bytes:
        """The first visible character, which distinguishes XML, JSON and tables."""
        return self.content[:4096].removeprefix(b"\xef\xbb\xbf").lstrip()[:1]

    @cached_property
    def json(self) -> Any:
        """The file as JSON, or ``None`` if it is not an object or a list."""
        if self.start not in (b"{", b"["):
            return None
        try:
            return parse_json(self.text)
        except ValueError as error:
            raise self.error(f"is not valid JSON ({error}); export it again") from error

    @cached_property
    def xml(self) -> Element | None:
        """The root element, or ``None`` if the file is not XML."""
        if self.start != b"<":
            return None
        return _parse_xml(self)

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The columns of a delimited table in lower case; empty for other files."""
        if self.start in (b"<", b"{", b"[", b"#", b"") or self.content[:4] == b"PAR1":
            return ()
        return tuple(name.strip().lower() for name in next(iter(self.rows()), {}))

    def rows(self) -> Iterator[dict[str, str]]:
        """Yield the rows of a delimited table with lower-case column names."""
        for row in read_delimited(self.path, self.text, ","):
            yield {name.lower(): str(cell).strip() for name, cell in row.items()}

    def commented_rows(self, columns: list[str]) -> Iterator[dict[str, str]]:
        """Yield the rows of a table whose lines beginning with ``#`` are comments."""
        lines = [line for line in self.text.splitlines(True) if not line.startswith("#")]
        try:
            for cells in csv.reader(io.StringIO("".join(lines), newline="")):
                if any(cells):
                    yield dict(zip(columns, cells, strict=False))
        except csv.Error as error:
            raise self.error(f"cannot be read as a table ({error}); export it again") from error

    def number(self, value: object, what: str) -> float:
        """Return a number that a file states.

        Raises:
            DataError: The value is not a finite number of a plausible size.
        """
        number = as_number(value)
        if number is None:
            raise self.error(f"{what} is {value!r:.60}, which is not a number; correct it")
        return number

    def frame(self, value: object, what: str) -> float:
        """Return a frame number that a file states, ``1020.0`` included.

        Raises:
            DataError: The value is not a whole number.
        """
        number = self.number(value, what)
        if not number.is_integer():
            raise self.error(f"{what} is {value!r:.60}, which is not a frame number; correct it")
        return number


def as_number(value: object) -> float | None:
    """Return a finite number of a plausible size, or ``None``.

    >>> as_number("1020.0"), as_number("nan"), as_number(True), as_number("1e99")
    (1020.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and (len(value) > 40 or "_" in value):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) <= LARGEST_NUMBER else None


def _parse_xml(source: Source) -> Element:
    """Return the root of an XML file; a DTD, and with it every entity, is refused."""
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    depth = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEEPEST_XML:
            raise source.error(f"is nested deeper than {DEEPEST_XML} elements; export it again")
        builder.start(tag, attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag)

    def refuse(*_: object) -> None:
        raise source.error(
            "contains a document type declaration (<!DOCTYPE), which no supported tool writes and "
            "which could include other files; remove it"
        )

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = refuse
    parser.buffer_text = True
    try:
        parser.Parse(source.content, True)
    except (expat.ExpatError, LookupError, ValueError) as error:  # unknown encodings too
        raise source.error(f"is not valid XML ({error}); export it again") from None
    return builder.close()

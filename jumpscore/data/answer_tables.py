"""Answers in tables: Excel workbooks, tab- and comma-separated text, parquet.

VLMEvalKit writes such tables with the columns ``index``, ``question``, ``answer`` (the truth) and
``prediction``.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError, UsageError

LARGEST_WORKBOOK = 2 << 30
"""Bytes of XML that a workbook may unpack to."""
LONGEST_CELL = 32_767
"""Characters that a cell of Excel holds; programs cut longer texts when they write."""
CUT = "cut by the table"
"""Extra column of rows whose text is as long as a cell can be."""


def read_delimited(path: Path, text: str, delimiter: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of delimited text, with the names of its first row.

    A header without commas may have semicolons or tabs: Excel writes semicolons in countries where
    the comma is the decimal sign.

    Raises:
        DataError: The table has no header, or names a column twice.
    """
    csv.field_size_limit(sys.maxsize)  # an answer may be longer than the default of 131,072
    header = text.lstrip("\r\n").partition("\n")[0]
    if delimiter not in header:
        delimiter = next((other for other in ";\t," if other in header), delimiter)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        yield from _named(path, rows)
    except csv.Error as error:
        raise DataError(f"{path}, line {rows.line_num}: cannot be read ({error})") from error


def read_workbook(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of the first sheet of an Excel workbook, with the names of its first row.

    Raises:
        UsageError: openpyxl is not installed.
        DataError: The workbook is damaged or too large.
    """
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise UsageError(
            f"{path}: reading Excel workbooks needs openpyxl: pip install 'jumpscore[answers]'; "
            "or save the table as .tsv or .csv"
        ) from None
    _check_size(path)
    try:
        book = load_workbook(path, read_only=True, data_only=False)
        try:
            # Rows as values; a text that begins with "=" was written as a formula.
            rows = book.worksheets[0].iter_rows(values_only=True)
            yield from _named(path, rows)
        finally:
            book.close()
    except DataError:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers meet in a damaged file
        raise DataError(f"{path}: cannot be read as an Excel workbook ({error})") from error


def _check_size(path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(path) as packed:
        size = sum(member.file_size for member in packed.infolist())
    if size > LARGEST_WORKBOOK:
        raise DataError(
            f"{path}: unpacks to {size:,} bytes, at most {LARGEST_WORKBOOK:,} are read; save the "
            "table as .tsv"
        )


def read_parquet(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a parquet file.

    Raises:
        DataError: It is damaged.
    """
    from jumpscore.data.tables import read_parquet_table

    try:
        rows = read_parquet_table(path).to_pylist()
    except ValueError as error:
        raise DataError(f"{path}: contains text that is not UTF-8 ({error})") from error
    yield from rows


def _named(path: Path, rows: Iterator[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Yield rows as dicts; empty rows are not answers, and empty cells are empty texts."""
    header = ["" if cell is None else str(cell).strip() for cell in next(rows, ())]
    named = [name for name in header if name]
    if not named:
        raise DataError(f"{path}: has no header; its first row must name the columns")
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{path}: has several columns {twice[:60]!r}; rename all but one")
    for row in rows:
        if all(cell is None or cell == "" for cell in row):
            continue
        cells = {name: _text(cell) for name, cell in zip(header, row, strict=False) if name}
        missing: Mapping[str, str] = {name: "" for name in named if name not in cells}
        yield {**cells, **missing} | _cut(cells)


def _text(cell: Any) -> str:
    """Return a cell as the text that was written: Excel stores ``3`` and ``3.0`` as numbers."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _cut(cells: Mapping[str, str]) -> dict[str, str]:
    cut = [name for name, cell in cells.items() if len(cell) == LONGEST_CELL]
    return {CUT: cut[0]} if cut else {}

"""Read answers from tables: Excel workbooks, tab- and comma-separated text, parquet.

VLMEvalKit writes such tables with the columns ``index``, ``question``, ``answer`` (the ground
truth) and ``prediction``.
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
"""Size limit of an unpacked workbook in bytes."""
LONGEST_CELL = 32_767
"""Size limit of an Excel cell in characters; programs cut longer texts."""
CUT = "cut by the table"
"""Extra column of rows with a text that has the maximum length, so it may be cut."""


def read_delimited(path: Path, text: str, delimiter: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of delimited text as dicts; the first row names the columns.

    A header without the delimiter may have semicolons, tabs or commas: Excel writes semicolons in
    countries where the comma is the decimal separator.

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
        raise DataError(
            f"{path}, line {rows.line_num}: cannot be read ({error}); check its quotes"
        ) from error


def read_workbook(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of an Excel workbook's first sheet as dicts; the first row names the columns.

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
            # Formulas are read as text, because a text that begins with "=" is stored as one.
            rows = book.worksheets[0].iter_rows(values_only=True)
            yield from _named(path, rows)
        finally:
            book.close()
    except DataError:
        raise
    except Exception as error:  # openpyxl raises whatever its parsers meet in a damaged file
        raise DataError(
            f"{path}: cannot be read as an Excel workbook ({error}); save it again, or as .tsv"
        ) from error


def _check_size(path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(path) as packed:
        size = sum(member.file_size for member in packed.infolist())
    if size > LARGEST_WORKBOOK:
        raise DataError(
            f"{path}: unpacks to {size:,} bytes, more than the limit of {LARGEST_WORKBOOK:,}; save "
            "the table as .tsv"
        )


def _named(path: Path, rows: Iterator[Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Yield rows as dicts without empty rows; an empty cell is an empty text."""
    header = ["" if cell is None else str(cell).strip() for cell in next(rows, ())]
    names = [name for name in header if name]
    if not names:
        raise DataError(f"{path}: has no header; name the columns in its first row")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise DataError(f"{path}: has several columns named {twice[:60]!r}; rename all but one")
    for row in rows:
        if all(cell is None or cell == "" for cell in row):
            continue
        cells = {name: _text(cell) for name, cell in zip(header, row, strict=False) if name}
        missing: Mapping[str, str] = {name: "" for name in names if name not in cells}
        yield {**cells, **missing} | _cut(cells)


def _text(cell: Any) -> str:
    """Return a cell as text; ``3.0`` becomes ``3``, because Excel stores all numbers as floats."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _cut(cells: Mapping[str, str]) -> dict[str, str]:
    cut = [name for name, cell in cells.items() if len(cell) == LONGEST_CELL]
    return {CUT: cut[0]} if cut else {}

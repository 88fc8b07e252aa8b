"""Licence and source of every video: from the command line, or from a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from jumpscore.data.answer_tables import read_delimited
from jumpscore.errors import DataError, UsageError

COLUMNS = ("file", "licence", "source", "label", "group")
LARGEST_TABLE = 64 << 20
"""Size limit of a table in bytes."""
LONGEST_TEXT = 500
"""Limit of a licence, a source, a label and a group in characters."""
MOST_LISTED = 5


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the user states about a video; fields as in ``ProjectVideo``."""

    licence: str = ""
    source: str = ""
    label: str = ""
    group: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """The required fields that are empty."""
        return tuple(name for name in ("licence", "source") if not getattr(self, name))


@dataclass(frozen=True, slots=True)
class Statements:
    """What the user states about every file, by its name.

    Attributes:
        stated: Everything, for new videos.
        corrections: Cells of the table by column, which also change videos of the project.
    """

    stated: Mapping[str, Provenance]
    corrections: Mapping[str, Mapping[str, str]]


def state_provenance(defaults: Mapping[str, Provenance], table: Path | None) -> Statements:
    """Return what is stated about every file; cells of the table replace the defaults.

    Args:
        defaults: Name of each file, with the folders below the one that the user named -> what
            applies without a table.
        table: A table with the columns ``file``, ``licence``, ``source``, ``label``, ``group``.

    Raises:
        DataError: The table is malformed.
        UsageError: A licence or source is missing, a text is too long, or a row of the table does
            not belong to one file.
    """
    rows = {} if table is None else _read_table(table)
    keys = {name: name if name in rows else PurePosixPath(name).name for name in defaults}
    _check_rows(table, rows, list(keys.values()))
    cells = {
        name: {column: cell for column, cell in rows.get(keys[name], {}).items() if cell}
        for name in defaults
    }
    stated = {name: replace(default, **cells[name]) for name, default in defaults.items()}
    _check(stated)
    return Statements(stated, cells)


def _check_rows(table: Path | None, rows: Iterable[str], keys: Sequence[str]) -> None:
    """Check that every row belongs to one file."""
    for row in rows:
        if keys.count(row) != 1:
            raise UsageError(
                f"{table}: the row of {row!r:.120} belongs to {keys.count(row)} files; name one "
                "file as below its folder, or remove the row"
            )


def _check(stated: Mapping[str, Provenance]) -> None:
    for name, provenance in stated.items():
        for column in COLUMNS[1:]:
            if len(getattr(provenance, column)) > LONGEST_TEXT:
                raise UsageError(
                    f"{name}: the {column} has more than {LONGEST_TEXT} characters; shorten it"
                )
    for column in ("licence", "source"):
        without = [name for name, provenance in stated.items() if column in provenance.missing]
        if without:
            listed = ", ".join(without[:MOST_LISTED])
            raise UsageError(
                f"the {column} is missing for {len(without)} of {len(stated)} videos ({listed}); "
                f"add --{column}, or a column {column!r} to --table"
            )


def _read_table(table: Path) -> dict[str, dict[str, str]]:
    """Return the cells by file and column."""
    try:
        if table.stat().st_size > LARGEST_TABLE:
            raise DataError(f"{table}: is larger than {LARGEST_TABLE:,} bytes; is it a table?")
        text = table.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(f"{table}: cannot be read ({error.strerror}); check the path") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{table}: is not UTF-8 text ({error.reason}); save it as UTF-8") from error
    rows: dict[str, dict[str, str]] = {}
    for number, cells in enumerate(read_delimited(table, text, ","), start=1):
        row = {str(name).lower(): str(cell).strip() for name, cell in cells.items()}
        unknown = [name for name in row if name not in COLUMNS]
        if unknown or "file" not in row:
            raise DataError(
                f"{table}: has the columns {', '.join(row)[:200]}; allowed are "
                f"{', '.join(COLUMNS)}, and 'file' is required"
            )
        file = row.pop("file").replace("\\", "/").removeprefix("./")
        if file in rows:
            raise DataError(f"{table}, row {number}: {file!r:.120} has two rows; remove one")
        rows[file] = row
    return rows

"""Read parquet files without pandas.

``pyarrow.parquet.read_table`` uses ``pyarrow.dataset``, which imports pandas if it is installed.
That takes longer than scoring a small data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError


def read_parquet_rows(
    file: Path, columns: Sequence[str] | None = None, needed: Sequence[str] = ()
) -> list[dict[str, Any]]:
    """Return the rows of a parquet file.

    Args:
        file: The parquet file.
        columns: Columns to read if the file has them; by default all.
        needed: Columns that the file must have.

    Raises:
        DataError: The file is not a parquet file, is damaged, or lacks a column.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file) as parquet:
            names = parquet.schema_arrow.names
            if missing := [name for name in needed if name not in names]:
                raise DataError(
                    f"{file}: lacks the columns {', '.join(missing)}; rows of this task need "
                    f"{', '.join(columns or needed)}. Check that the data set belongs to the task"
                )
            present = [name for name in names if columns is None or name in columns]
            rows: list[dict[str, Any]] = parquet.read(columns=present).to_pylist()
            return rows
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file}: contains text that is not UTF-8 ({error}); write it again as UTF-8"
        ) from error
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"{file}: cannot be read as parquet ({error}); write or download it again"
        ) from error

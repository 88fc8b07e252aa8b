"""Read parquet files without pandas.

``pyarrow.parquet.read_table`` uses ``pyarrow.dataset``, which imports pandas if it is installed.
That takes longer than scoring a small data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError


def read_parquet_table(file: Path, columns: Sequence[str] | None = None) -> Any:
    """Return a parquet file as a ``pyarrow.Table``.

    Args:
        file: The parquet file.
        columns: Columns to read; by default all.

    Raises:
        DataError: The file is not a parquet file, or damaged.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(file) as parquet:
            return parquet.read(columns=None if columns is None else list(columns))
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"{file}: cannot be read as parquet ({error}); write or download it again"
        ) from error

"""Read parquet files without pandas.

``pyarrow.parquet.read_table`` uses ``pyarrow.dataset``, which imports pandas if it is installed.
That takes longer than scoring a small data set.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError

_BATCH = 1000
"""Rows that are decoded at once."""


def read_parquet_rows(
    file: Path, columns: Sequence[str] | None = None, needed: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a parquet file.

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
        with _small_pool(), pyarrow.parquet.ParquetFile(file) as parquet:
            names = parquet.schema_arrow.names
            if missing := [name for name in needed if name not in names]:
                raise DataError(
                    f"{file}: lacks the columns {', '.join(missing)}; rows of this task need "
                    f"{', '.join(columns or needed)}. Check that the data set belongs to the task"
                )
            present = [name for name in names if columns is None or name in columns]
            batches = parquet.iter_batches(_BATCH, columns=present, use_threads=False)
            for batch in batches:
                yield from batch.to_pylist()
    except UnicodeDecodeError as error:
        raise DataError(
            f"{file}: contains text that is not UTF-8 ({error}); write it again as UTF-8"
        ) from error
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise DataError(
            f"{file}: cannot be read as parquet ({error}); write or download it again"
        ) from error


def with_shared_texts(records: Iterable[Any]) -> Iterator[Any]:
    """Yield records; a text that equals that of the record before, such as a question, is shared.

    Otherwise the same question would be in memory once per row.
    """
    before: dict[str, Any] = {}
    for record in records:
        if isinstance(record, dict):
            record = {key: _same(before.get(key), value) for key, value in record.items()}
            before = record
        yield record


def _same(old: Any, new: Any) -> Any:
    return old if isinstance(new, str) and isinstance(old, str) and old == new else new


@contextmanager
def _small_pool() -> Iterator[None]:
    """Let pyarrow use the allocator of the system: its own takes 40 MB for any file."""
    import pyarrow

    pool = pyarrow.default_memory_pool()
    pyarrow.set_memory_pool(pyarrow.system_memory_pool())
    try:
        yield
    finally:
        pyarrow.set_memory_pool(pool)

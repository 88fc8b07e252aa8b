"""Runs as tables: one row per sample, as a data frame, a CSV file or a parquet file.

pandas is imported by the first call, not with the package.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from jumpscore.errors import UsageError
from jumpscore.jsonio import replacing
from jumpscore.records import Response

if TYPE_CHECKING:
    from pandas import DataFrame

    from jumpscore.runs.reader import StoredRun

SUFFIXES = (".csv", ".parquet")
"""Suffixes of the files that ``write_samples`` writes."""
COUNTS = ("visual_tokens", "prompt_tokens", "output_tokens")
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make a spreadsheet treat a text as a formula."""


def samples_table(run: StoredRun) -> DataFrame:
    """Return one row per sample, in the order of the data set.

    Columns: ``id``, ``status``, every per-sample value under its name (NaN if it is not defined for
    a sample), ``notes`` (number of oddities), ``message``, ``cluster``, ``group``; then ``text``,
    ``finish_reason``, token counts and ``seconds`` of the answer.
    """
    import pandas as pd

    present = dict.fromkeys(name for score in run.scores for name in score.values)
    in_tables = [metric.name for metric in run.result.described if metric.name in present]
    names = dict.fromkeys([*in_tables, *present])
    first: dict[str, Any] = {
        "id": [_sound(score.id) for score in run.scores],
        "status": [score.status for score in run.scores],
    }
    last: dict[str, Any] = {
        "notes": [sum(score.notes.values()) for score in run.scores],
        "message": [_sound(score.message) for score in run.scores],
        "cluster": [_sound(score.cluster) for score in run.scores],
        "group": [_sound("/".join(score.group)) or None for score in run.scores],
    }
    last |= _answers(run)
    values = {
        # None becomes NaN.
        f"metric_{name}" if name in first | last else name: pd.array(
            [score.values.get(name) for score in run.scores], dtype="float64"
        )
        for name in names
    }
    return pd.DataFrame(first | values | last)


def _answers(run: StoredRun) -> dict[str, Any]:
    """Return the columns about the answers; missing values for samples without one."""
    import pandas as pd

    none = Response("")
    answers = [run.responses.get(score.id, none) for score in run.scores]
    answered = [answer is not none and answer.error is None for answer in answers]
    columns: dict[str, Any] = {
        "text": [_sound(a.text) if ok else None for a, ok in zip(answers, answered, strict=True)],
        "finish_reason": [
            a.finish_reason if ok else None for a, ok in zip(answers, answered, strict=True)
        ],
    }
    for name in COUNTS:
        counts = [getattr(answer.usage, name.removesuffix("_tokens")) for answer in answers]
        columns[name] = pd.array(counts, dtype="Int64")
    columns["seconds"] = pd.array([answer.seconds for answer in answers], dtype="float64")
    return columns


def write_samples(table: DataFrame, file: Path) -> None:
    """Write a table of samples as ``.csv`` or ``.parquet``, by the file's suffix.

    In CSV, a text that a spreadsheet would treat as a formula gets a leading apostrophe; parquet
    stores every text unchanged.

    Raises:
        UsageError: The suffix is not supported, or the file cannot be written.
    """
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        raise UsageError(f"{file}: unsupported suffix {suffix!r}; use {' or '.join(SUFFIXES)}")
    with replacing(file) as scratch:
        file.parent.mkdir(parents=True, exist_ok=True)
        if suffix == ".csv":
            texts = [
                name
                for name in table.columns
                if table[name].map(lambda cell: isinstance(cell, str)).any()
            ]
            harmless = {name: table[name].map(_harmless, na_action="ignore") for name in texts}
            table.assign(**harmless).to_csv(scratch, index=False)
        else:
            table.to_parquet(scratch, index=False)


def _harmless(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _sound(text: str | None) -> str | None:
    """Return a text with lone surrogates escaped: no file format can store them."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")

"""The layout of a data set: rows as parquet or JSONL, media files next to them, and a manifest.

A row of JumpScore is ``id, video_path, question, answer``, where ``answer`` is a JSON list as a
string; other tasks have other columns. The published JumpScore set has no manifest; sets made here
have a ``manifest.json`` with their origin and facts about each video. Files may come from
strangers: a path must not leave the folder, and ids must be unique.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, field, fields
from pathlib import Path, PurePosixPath
from typing import Any, Protocol, TypeVar, overload

from pydantic import TypeAdapter, ValidationError

from jumpscore.data.events import EVENTS, EventDefinition, parse_definition
from jumpscore.data.links import link_problem
from jumpscore.data.tables import read_parquet_rows, with_shared_texts
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import parse_json, read_object, replacing, write_json, write_text
from jumpscore.video.probe import LONGEST_VIDEO

QUESTION = EVENTS["jump_rope"].ask()
"""The exact published question."""
MANIFEST = "manifest.json"
LONGEST_PATH = 240
"""Limit of a video path in characters, near that of file systems."""
END_SLACK = 0.5
"""Seconds by which an annotation may exceed the stated duration, because headers round."""
PARQUET = "data/test-00000-of-00001.parquet"
ROWS = "rows.jsonl"
ADDED = {"added": True}
"""Metadata of a field that older sets lack; checksums include it only if it is set."""


class RowLike(Protocol):
    """Interface of every kind of row: a frozen data class with plain fields, as stored."""

    @property
    def id(self) -> str:
        """Unique in its data set."""

    def files(self) -> tuple[str, ...]:
        """Return the files of the row, relative to the data set's folder."""


RowT = TypeVar("RowT", bound=RowLike)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of JumpScore, or of another task with one video and a text as ground truth."""

    id: str
    video_path: str
    question: str
    answer: str

    def files(self) -> tuple[str, ...]:
        """Return the video's path."""
        return (self.video_path,)


@dataclass(frozen=True)
class Manifest:
    """Facts about a data set apart from its rows.

    Attributes:
        name: Data set name.
        synthetic: Whether its videos are rendered; such scores are always labelled.
        licence: SPDX name or a sentence.
        source: Description of its origin.
        recipe: Profile and seed of a rendered set, else empty.
        videos: Row id -> facts (``sha256``, ``duration`` in seconds, ``frames``, ``fps``, ...).
        event: What is marked in the videos, if the set has events.
        version: Number of the frozen version that the set belongs to, if any.
        split: Name of the split in that version.
    """

    name: str
    synthetic: bool = False
    licence: str = "unknown"
    source: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    videos: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    event: EventDefinition | None = None
    version: int | None = None
    split: str | None = None

    def content(self) -> dict[str, Any]:
        """Return the content of ``manifest.json``, without optional facts that are unset."""
        return {key: value for key, value in asdict(self).items() if value is not None}


def rendered_manifest(name: str, source: str, **more: Any) -> Manifest:
    """Return the manifest of a rendered set, which shows no real people."""
    return Manifest(name, synthetic=True, licence="CC0-1.0", source=source, **more)


@overload
def read_rows(root: str | Path, *, links: bool = False) -> list[Row]: ...


@overload
def read_rows(root: str | Path, kind: type[RowT], *, links: bool = False) -> list[RowT]: ...


def read_rows(root: str | Path, kind: type[Any] = Row, *, links: bool = False) -> list[Any]:
    """Read the rows of a data set from its ``*.parquet`` files, or else its ``*.jsonl`` files.

    Args:
        root: Folder of the data set.
        kind: Data class of its rows. Its fields are the columns; those without a default are
            required.
        links: Whether symbolic links may lead out of the folder.

    Raises:
        DataError: The folder, a file of rows or a column is missing, a file is damaged, or an id
            occurs twice.
    """
    root = Path(root)
    if not root.is_dir():
        raise DataError(
            f"{root}: no such data-set folder; check the path, render a set with 'jumpscore data "
            "synthesize', or download the published one with 'jumpscore data fetch'"
        )
    files = _files(root, "parquet") or _files(root, "jsonl")
    if not files:
        raise DataError(
            f"{root}: contains no *.parquet or *.jsonl file of rows, neither directly nor in "
            "data/; check the path"
        )
    for file in () if links else files:
        if problem := link_problem(root, str(file.relative_to(root)), column="the file of rows"):
            raise DataError(f"{root}: {problem}")
    rows = [row for file in files for row in read_row_file(file, kind)]
    repeated = [name for name, count in Counter(row.id for row in rows).items() if count > 1]
    if repeated:
        raise DataError(
            f"{root}: {len(repeated)} ids occur more than once ({', '.join(repeated[:5])}); "
            "every row needs a unique id"
        )
    return rows


def _files(root: Path, ending: str) -> list[Path]:
    files = sorted(root.glob(f"*.{ending}")) + sorted(root.glob(f"data/*.{ending}"))
    return [file for file in files if file.is_file()]


def read_row_file(file: Path, kind: type[Any] = Row) -> list[Any]:
    """Read the rows in one ``*.parquet`` or ``*.jsonl`` file.

    Raises:
        DataError: It is damaged, or a column is missing.
    """
    if file.suffix == ".jsonl":
        records: Iterable[Any] = _json_records(file)
    else:
        columns = [item.name for item in fields(kind)]
        needed = [
            item.name for item in fields(kind) if item.default is item.default_factory is MISSING
        ]
        records = read_parquet_rows(file, columns, needed)
    adapter = TypeAdapter(kind)
    return [
        _row(file, number, record, kind, adapter)
        for number, record in enumerate(with_shared_texts(records), start=1)
    ]


def _json_records(file: Path) -> Iterator[Any]:
    try:
        text = file.read_text(encoding="utf-8-sig", errors="replace")
    except OSError as error:
        raise DataError(
            f"{file}: cannot be read ({error.strerror}); check its permissions"
        ) from error
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            if line.strip():
                yield parse_json(line, unique_keys=True)
        except ValueError as error:
            raise DataError(
                f"{file}, line {number}: is not valid JSON ({error}); correct the line"
            ) from error


def _row(file: Path, number: int, record: Any, kind: type[Any], adapter: TypeAdapter[Any]) -> Any:
    if not isinstance(record, dict):
        raise DataError(
            f"{file}, row {number}: is a {type(record).__name__}, not a JSON object; correct it"
        )
    if half := _halved(record):
        raise DataError(
            f"{file}, row {number} (id {record.get('id')!r:.60}): {half:.60} contains half of "
            "a surrogate pair; write the character in full"
        )
    try:
        return adapter.validate_python(record, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        column = ".".join(map(str, first["loc"]))
        texts = [item.name for item in fields(kind) if item.type == "str"]
        problem = "must be text" if column in texts else first["msg"].lower()[:200]
        if first["type"] == "missing":
            problem = (
                f"is missing; rows of this task need {', '.join(f.name for f in fields(kind))}"
            )
        raise DataError(
            f"{file}, row {number} (id {record.get('id')!r:.60}): {column:.60} {problem}"
        ) from None


def _halved(record: Mapping[str, Any]) -> str | None:
    """Return the first column with half of a surrogate pair, which cannot be written as UTF-8."""
    for column, value in record.items():
        try:
            if isinstance(value, str):
                value.encode()
        except UnicodeEncodeError:
            return column
    return None


def data_file(
    root: Path, path: str, *, column: str = "video_path", links: bool = False
) -> tuple[Path, str | None]:
    """Return the path of a row's file, and why it must not be read, or ``None``.

    Args:
        root: Folder of the data set.
        path: Path in the row.
        column: Name of the column, for messages.
        links: Whether symbolic links may lead out of the folder.

    >>> data_file(Path("set"), "../secret.mp4")[1]
    "video_path '../secret.mp4' leaves the data set's folder"
    """
    if not path or len(path) > LONGEST_PATH or "\0" in path:
        return root, f"{column} {path[:60]!r} is not a valid path"
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts:
        return root, f"{column} {path!r} leaves the data set's folder"
    return root / relative, None if links else link_problem(root, path, column=column)


def parse_truth(answer: str, *, duration: float | None = None) -> tuple[list[float], str | None]:
    """Return the true times in seconds, sorted, and why they cannot be used, or ``None``.

    >>> parse_truth("[0.28, 4.44]")
    ([0.28, 4.44], None)
    >>> parse_truth("0.28, 4.44")[1]
    "the ground truth is not a JSON list: '0.28, 4.44'"
    """
    try:
        times = parse_json(answer)
    except ValueError:
        times = None
    if not isinstance(times, list):
        return [], f"the ground truth is not a JSON list: {answer[:60]!r}"
    bad = [] if _are_times(times) else [time for time in times if not is_time(time)]
    if bad:
        return [], f"the ground truth contains {bad[0]!r:.60}, which is not a time of 0 s or later"
    end = math.inf if duration is None else duration + END_SLACK
    late = [time for time in times if time > end]
    if late:
        return [], f"the ground truth contains {late[0]} s, but the video ends at {duration:.2f} s"
    return sorted(float(time) for time in times), None


def _are_times(values: list[Any]) -> bool:
    """Whether all values are floats and plausible times: a fast answer for most ground truths."""
    return (
        set(map(type, values)) == {float}
        and math.isfinite(sum(values))
        and (min(values) >= 0 and max(values) < 1e9)
    )


def is_time(value: object) -> bool:
    """Whether a JSON value is a plausible time in seconds, 0 or later."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return 0 <= value < 1e9 and math.isfinite(value)


def read_manifest(root: str | Path) -> Manifest:
    """Read the manifest; a folder without one, such as the published set, gets an empty one.

    Raises:
        DataError: The file is not a manifest, or contains an impossible value.
    """
    root = Path(root)
    file = root / MANIFEST
    if not file.exists():
        return Manifest(name=root.resolve().name or "data")
    fix = "correct it, or delete it to use the rows alone"
    content = read_object(file, fix=fix, unique_keys=True)
    problem = _manifest_problem(content)
    if problem:
        raise DataError(f"{file}: {problem}; {fix}")
    if "event" in content:
        try:
            content["event"] = parse_definition(content["event"])
        except ValueError as error:
            raise DataError(f"{file}: event {error}; {fix}") from error
    return Manifest(**content)


def _manifest_problem(content: dict[str, Any]) -> str | None:
    """Return what is wrong with the content of a manifest, or ``None``."""
    kinds: dict[str, type] = {field.name: str for field in fields(Manifest)}
    kinds |= {"synthetic": bool, "recipe": dict, "videos": dict, "event": dict, "version": int}
    for key, value in content.items():
        if key not in kinds:
            return f"has the unknown key {key!r:.60}; known: {', '.join(kinds)}"
        if not isinstance(value, kinds[key]):
            return f"{key} is {value!r:.60}, which is not a {kinds[key].__name__}"
    if not content.get("name"):
        return "has no name"
    for name, facts in content.get("videos", {}).items():
        if not isinstance(facts, dict):
            return f"the facts about the video of id {name!r:.60} are not a JSON object"
        for key in ("duration", "width", "height", "frames", "fps"):
            value = facts.get(key, 1)
            # `True` is not a number.
            if type(value) not in (int, float) or not 0 < value < math.inf:
                return f"{key} of id {name!r:.60} is {value!r:.60}, which is not a number above 0"
        if facts.get("duration", 0) > LONGEST_VIDEO:
            return (
                f"duration of id {name!r:.60} is {facts['duration']!s:.20} s, more than the limit "
                f"of {LONGEST_VIDEO:.0f} s"
            )
        if not isinstance(facts.get("nuisance", []), list):
            return f"nuisance of id {name!r:.60} is {facts['nuisance']!r:.60}, which is not a list"
    return None


def rows_checksum(rows: Sequence[Any]) -> str:
    """Return the SHA-256 of all rows (data classes), independent of their order in the files.

    Fields marked ``ADDED`` are included only if set, so that older sets keep their checksum.
    """
    digest, before = hashlib.sha256(), ""
    for line in sorted(json.dumps(_checked(row), sort_keys=True, default=asdict) for row in rows):
        digest.update(f"{before}{line}".encode())
        before = "\n"
    return digest.hexdigest()


def _checked(row: Any) -> dict[str, Any]:
    values = {item.name: getattr(row, item.name) for item in fields(row)}
    added = [item for item in fields(row) if item.metadata.get("added")]
    return {
        name: value
        for name, value in values.items()
        if not any(item.name == name and item.default == value for item in added)
    }


def write_set(root: str | Path, rows: Sequence[Row], manifest: Manifest) -> None:
    """Write JumpScore's rows in the published layout, and a manifest; not the videos."""
    import pyarrow
    import pyarrow.parquet

    root = Path(root)
    columns = [item.name for item in fields(Row)]
    table = pyarrow.table({name: [getattr(row, name) for row in rows] for name in columns})
    parquet = root / PARQUET
    try:
        parquet.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{parquet}: cannot be written ({error.strerror}); choose another folder"
        ) from error
    with replacing(parquet) as scratch, scratch.open("wb") as sink:
        pyarrow.parquet.write_table(table, sink)
    write_json(root / MANIFEST, manifest.content())


def write_rows(root: str | Path, rows: Sequence[Any], manifest: Manifest) -> None:
    """Write rows of any kind (data classes) as JSONL, and a manifest; not the media files."""
    root = Path(root)
    root.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(asdict(row)) + "\n" for row in rows]
    write_text(root / ROWS, "".join(lines))
    write_json(root / MANIFEST, manifest.content())

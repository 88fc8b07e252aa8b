"""Published spatial benchmarks to rows: one converter, told by a record what columns are."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
import string
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluators.images import image_size
from evaluators.spatial.benchmarks import COLUMNS
from evaluators.spatial.columns import Columns, Prompt, Reading
from evaluators.spatial.rows import SpatialRow, letters
from jumpscore.data.convert import read_table, write_picture
from jumpscore.data.layout import Manifest, write_rows
from jumpscore.data.published import PublishedSet
from jumpscore.data.published_files import PublishedFiles
from jumpscore.errors import DataError


def convert(published: PublishedSet, source: Path, out: Path) -> None:
    """Write the rows of a published spatial benchmark.

    Raises:
        DataError: The files, columns or values are not what the benchmark's record says; the
            message names the row and the column.
    """
    columns = COLUMNS[published.name]
    files = PublishedFiles(source, out)
    try:
        rows: list[SpatialRow] = []
        for split in columns.splits:
            for record in _records(published, columns, source, split):
                name = f"{published.name}-{len(rows):05d}"
                rows.append(_row(name, columns, record, split, files))
    finally:
        files.close()
    if not rows:
        raise DataError(f"{source}: none of its rows belongs to {published.name}")
    manifest = Manifest(published.name, licence=published.licence, source=published.title)
    write_rows(out, rows, manifest)


def _records(
    published: PublishedSet, columns: Columns, source: Path, split: str | None
) -> list[dict[str, Any]]:
    try:
        records = read_table(source, split=split, columns=columns.needed)
    except DataError as error:
        raise DataError(f"{error} ({published.note})" if published.note else str(error)) from None
    if columns.where is None:
        return records
    column, value = columns.where
    return [record for record in records if str(record[column]) == value]


def _row(
    name: str, columns: Columns, record: Mapping[str, Any], split: str | None, files: PublishedFiles
) -> SpatialRow:
    kind = str(record[columns.kind]) if columns.kind else ""
    reading = columns.readings.get(kind) or columns.readings.get("")
    if reading is None:
        known = ", ".join(columns.readings)
        raise DataError(f"{name}: {columns.kind} is {kind!r:.60}; known are {known}")
    named = _options(reading, record)
    shown = [_picture(name, value, files) for value in _pictures(columns, record)]
    task = str(split) if columns.group == "split" else str(record.get(columns.group) or "")
    family = columns.families.get(task)
    mask, about = "", 0
    if reading.mask:
        mask, size = _mask(name, reading, record[reading.mask], files)
        about = _asked_about(files.out, shown, size)
    return SpatialRow(
        id=name,
        prompt=Prompt(columns.remove, reading.option_form).vformat(reading.prompt, (), record),
        rule=reading.rule,
        images=tuple(shown),
        video=files.video(name, columns.video, record) if columns.video else "",
        mask=mask,
        answer=json.dumps(_answer(reading, record, named)),
        options=tuple(named) if reading.rule in ("choice", "word") else (),
        about=about,
        convention=reading.convention,
        group=family or task,
        subgroup=task if family else "",
        grouped=columns.grouped,
        reference=columns.reference,
        listing=str(record[reading.listing]) if reading.listing else "",
    )


def _options(reading: Reading, record: Mapping[str, Any]) -> list[str]:
    """Return the words of the options, without letters that they are published with."""
    if isinstance(reading.options, tuple):
        return list(reading.options)
    if reading.listed_in:
        return options_in(str(record[reading.listed_in]))
    found = record[reading.options] if reading.options else None
    words = [str(option) for option in found or ()]
    lettered = [
        re.match(rf"\s*\(?{letter}\s?[.):]\s*", option)
        for letter, option in zip(string.ascii_uppercase, words, strict=False)
    ]
    if words and len(lettered) == len(words) and all(lettered):
        return [word[match.end() :] for word, match in zip(words, lettered, strict=True) if match]
    return words


def options_in(text: str) -> list[str]:
    """Return the words of the options that a question lists; four without words where it is none.

    >>> options_in("Which is nearer?\\nA. the chair\\nB. the table\\nAnswer with the letter.")
    ['the chair', 'the table']
    >>> options_in("Choices: A. Up. B. Down.")
    ['Up.', 'Down.']
    """
    marks = list(re.finditer(r"(?:^|(?<=\s))\(?([A-Z])[.):]\s+", text))
    starts = [place for place, mark in enumerate(marks) if mark[1] == "A"]
    run: list[re.Match[str]] = []
    for mark in marks[starts[-1] :] if starts else ():
        if mark[1] != string.ascii_uppercase[len(run)]:
            break
        run.append(mark)
    if len(run) < 2:
        return [""] * 4
    ends = [mark.start() for mark in run[1:]] + [len(text)]
    return [
        text[mark.end() : end].strip().split("\n", 1)[0].strip(" ,;")
        for mark, end in zip(run, ends, strict=True)
    ]


def _answer(reading: Reading, record: Mapping[str, Any], named: Sequence[str]) -> Any:
    """Return the truth as a JSON value; a bad one as it is, which its sample will say."""
    value = record[reading.answer] if reading.answer else ""
    if reading.rule in ("number", "count"):
        try:
            return float(value)
        except (TypeError, ValueError):
            return value if isinstance(value, str) else str(value)
    if reading.rule == "box":
        corners = [float(v) for v in value] if _are_numbers(value) else []
        if len(corners) != 4:
            return str(value)
        x, y, width, height = corners
        return [x, y, x + width, y + height]
    if isinstance(value, int) and not isinstance(value, bool):
        return letters(len(named))[value] if 0 <= value < len(named) else str(value)
    text = str(value).strip()
    if reading.rule == "word":
        matching = [a for a, b in zip(letters(len(named)), named, strict=True) if b == text.lower()]
        return matching[0] if matching else text
    return text.strip("().").upper() if reading.rule == "choice" else ""


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, (int, float)) for item in value)


def _pictures(columns: Columns, record: Mapping[str, Any]) -> list[Any]:
    found: list[Any] = []
    for column in columns.images:
        value = record.get(column)
        found += value if isinstance(value, list) else [value]
    return [value for value in found if value is not None]


def _picture(name: str, value: Any, files: PublishedFiles) -> str:
    if isinstance(value, str):
        return files.image(name, value)
    content = value.get("bytes") if isinstance(value, dict) else value
    if content is None and isinstance(value, dict) and isinstance(value.get("path"), str):
        return files.image(name, value["path"])
    # Named after the content: many questions are about one picture.
    digest = hashlib.sha256(content).hexdigest()[:24] if isinstance(content, bytes) else name
    known = sorted((files.out / "images").glob(f"{digest}.*"))
    written = known[0] if known else write_picture(value, files.out / "images" / digest)
    return f"images/{written.name}"


def _mask(
    name: str, reading: Reading, value: Any, files: PublishedFiles
) -> tuple[str, tuple[int, int]]:
    """Write a mask as a PNG of 0 and 255; return its path and (width, height)."""
    from PIL import Image

    try:
        if reading.mask_as == "file":
            content = files.find(name, str(value)).read_bytes()
        elif reading.mask_as == "base64":
            content = base64.b64decode(str(value).rpartition(",")[2], validate=True)
        else:
            content = bytes(value["bytes"] if isinstance(value, dict) else value)
        with Image.open(io.BytesIO(content)) as picture:
            grey = picture.convert("L")
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, binascii.Error) as error:
        raise DataError(f"{name}: column {reading.mask} holds no mask ({error})") from None
    except Image.DecompressionBombError as error:
        raise DataError(f"{name}: column {reading.mask}: {error}") from None
    target = files.out / "masks" / f"{name}.png"
    target.parent.mkdir(exist_ok=True)
    grey.point(lambda level: 255 * (level > reading.mask_above)).save(target)
    return f"masks/{target.name}", grey.size


def _asked_about(out: Path, images: Sequence[str], size: tuple[int, int]) -> int:
    """Return the place of the image that a mask is drawn on: the first of its size."""
    sizes = [image_size(out / image) for image in images] if len(images) > 1 else []
    return sizes.index(size) if size in sizes else 0

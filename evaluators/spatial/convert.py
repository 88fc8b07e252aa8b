"""Convert the tables of published spatial benchmarks to rows."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import json
import re
import string
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from evaluators.images import image_size
from evaluators.spatial.benchmarks import BENCHMARKS
from evaluators.spatial.formats import PromptFormatter, QuestionFormat, SpatialBenchmark
from evaluators.spatial.rows import SpatialRow
from jumpscore.data.convert import read_table, write_picture
from jumpscore.data.layout import write_rows
from jumpscore.data.published import PublishedSet
from jumpscore.data.published_files import PublishedFiles
from jumpscore.errors import DataError


def convert(published: PublishedSet, source: Path, out: Path) -> None:
    """Write the rows of a published spatial benchmark.

    Raises:
        DataError: The files, columns or values do not match the benchmark's row in ``BENCHMARKS``;
            the message names row and column.
    """
    benchmark = next(row for row in BENCHMARKS if row.name == published.name)
    rows: list[SpatialRow] = []
    with closing(PublishedFiles(source, out)) as files:
        for split in benchmark.splits:
            for record in _records(published, benchmark, source, split):
                name = f"{published.name}-{len(rows):05d}"
                rows.append(_row(name, benchmark, record, split, files))
    if not rows:
        raise DataError(f"{source}: no row belongs to {published.name}; check the files")
    write_rows(out, rows, published.manifest)


def _records(
    published: PublishedSet, benchmark: SpatialBenchmark, source: Path, split: str | None
) -> list[dict[str, Any]]:
    try:
        records = read_table(source, split=split, columns=benchmark.needed)
    except DataError as error:
        raise DataError(f"{error} ({published.note})" if published.note else str(error)) from None
    if benchmark.where is None:
        return records
    column, value = benchmark.where
    return [record for record in records if str(record[column]) == value]


def _row(
    name: str,
    benchmark: SpatialBenchmark,
    record: Mapping[str, Any],
    split: str | None,
    files: PublishedFiles,
) -> SpatialRow:
    kind = str(record[benchmark.kind]) if benchmark.kind else ""
    questions = benchmark.by_kind.get(kind) or benchmark.by_kind.get("")
    if questions is None:
        known = ", ".join(benchmark.by_kind)
        raise DataError(f"{name}: unknown {benchmark.kind} {kind!r:.60}; known: {known}")
    named = _options(questions, record)
    images = [_picture(name, value, files) for value in _pictures(benchmark, record)]
    task = str(split) if benchmark.group == "split" else str(record.get(benchmark.group) or "")
    family = benchmark.families.get(task)
    mask, about = "", 0
    if questions.mask:
        mask, size = _mask(name, questions, record[questions.mask], files)
        # A mask is drawn on the first image of its size.
        sizes = [image_size(files.out / image) for image in images] if len(images) > 1 else []
        about = sizes.index(size) if size in sizes else 0
    return SpatialRow(
        id=name,
        prompt=PromptFormatter(benchmark.remove, questions.option_form).vformat(
            questions.prompt, (), record
        ),
        rule=questions.rule,
        images=tuple(images),
        video=files.video(name, benchmark.video, record) if benchmark.video else "",
        mask=mask,
        answer=json.dumps(_answer(questions, record, named)),
        options=tuple(named) if questions.rule in ("choice", "word") else (),
        about=about,
        convention=questions.convention,
        group=family or task,
        subgroup=task if family else "",
        grouped=benchmark.grouped,
        reference=benchmark.reference,
        listing=str(record[questions.listing]) if questions.listing else "",
    )


def _options(questions: QuestionFormat, record: Mapping[str, Any]) -> list[str]:
    """Return the words of the options, without the letters they may be published with."""
    if isinstance(questions.options, tuple):
        return list(questions.options)
    if questions.listed_in:
        return options_in(str(record[questions.listed_in]))
    options = record[questions.options] if questions.options else None
    words = [str(option) for option in options or ()]
    lettered = [
        re.match(rf"\s*\(?{letter}\s?[.):]\s*", option)
        for letter, option in zip(string.ascii_uppercase, words, strict=False)
    ]
    if words and len(lettered) == len(words) and all(lettered):
        return [word[match.end() :] for word, match in zip(words, lettered, strict=True) if match]
    return words


def options_in(text: str) -> list[str]:
    """Return the options that a question lists, or four unlabelled options if it lists none.

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


def _answer(questions: QuestionFormat, record: Mapping[str, Any], named: Sequence[str]) -> Any:
    """Return the truth as a JSON value; an invalid one as it is, for its sample to report."""
    value = record[questions.answer] if questions.answer else ""
    if questions.rule in ("number", "count"):
        try:
            return float(value)
        except (TypeError, ValueError):
            return value if isinstance(value, str) else str(value)
    if questions.rule == "box":
        if not (isinstance(value, list) and len(value) == 4):
            return str(value)
        if not all(isinstance(item, (int, float)) for item in value):
            return str(value)
        x, y, width, height = map(float, value)
        return [x, y, x + width, y + height]
    if isinstance(value, int) and not isinstance(value, bool):
        return string.ascii_uppercase[value] if 0 <= value < len(named) else str(value)
    text = str(value).strip()
    if questions.rule == "word":
        lowered = text.lower()
        return string.ascii_uppercase[named.index(lowered)] if lowered in named else text
    return text.strip("().").upper() if questions.rule == "choice" else ""


def _pictures(benchmark: SpatialBenchmark, record: Mapping[str, Any]) -> list[Any]:
    pictures: list[Any] = []
    for column in benchmark.images:
        value = record.get(column)
        pictures += value if isinstance(value, list) else [value]
    return [picture for picture in pictures if picture is not None]


def _picture(name: str, value: Any, files: PublishedFiles) -> str:
    if isinstance(value, str):
        return files.image(name, value)
    content = value.get("bytes") if isinstance(value, dict) else value
    if content is None and isinstance(value, dict) and isinstance(value.get("path"), str):
        return files.image(name, value["path"])
    # Named by content: many questions share one picture.
    digest = hashlib.sha256(content).hexdigest()[:24] if isinstance(content, bytes) else name
    known = sorted((files.out / "images").glob(f"{digest}.*"))
    written = known[0] if known else write_picture(value, files.out / "images" / digest)
    return f"images/{written.name}"


def _mask(
    name: str, questions: QuestionFormat, value: Any, files: PublishedFiles
) -> tuple[str, tuple[int, int]]:
    """Write a mask as a PNG of 0 and 255; return its path and (width, height)."""
    from PIL import Image

    try:
        if questions.mask_as == "file":
            content = files.find(name, str(value)).read_bytes()
        elif questions.mask_as == "base64":
            content = base64.b64decode(str(value).rpartition(",")[2], validate=True)
        else:
            content = bytes(value["bytes"] if isinstance(value, dict) else value)
        with Image.open(io.BytesIO(content)) as picture:
            grey = picture.convert("L")
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, binascii.Error) as error:
        raise DataError(f"{name}: column {questions.mask} is not a mask ({error})") from None
    except Image.DecompressionBombError as error:
        raise DataError(f"{name}: column {questions.mask}: {error}") from None
    target = files.out / "masks" / f"{name}.png"
    target.parent.mkdir(exist_ok=True)
    grey.point(lambda level: 255 * (level > questions.mask_above)).save(target)
    return f"masks/{target.name}", grey.size

"""Convert published benchmarks of traces: TraceSpatial-Bench, VABench-V, ShareRobot-Bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evaluators.images import image_size
from evaluators.traces.prompts import (
    SHAREROBOT_FORMAT,
    SHAREROBOT_SHORT,
    TRACESPATIAL,
    VABENCH,
)
from evaluators.traces.rows import TraceRow
from jumpscore.data.convert import place, read_table, write_picture
from jumpscore.data.layout import data_file, write_rows
from jumpscore.data.published import PublishedSet
from jumpscore.errors import DataError
from jumpscore.jsonio import parse_json

RAW = "trajectory_dataset.json"
"""TraceSpatial-Bench's items, whose pictures are files in ``raw_data/``."""
COLUMNS = (
    *("id", "target_object", "trajectory", "gt_depth_intrinsics"),
    *("bbox_center", "bbox_extent", "bbox_rotation"),
)
VABENCH_TYPE = "<type>fsd_visual_trace</type>"
"""Prefix of the answers in VABench-V's first release."""

SETS = (
    *(
        PublishedSet(
            name=f"tracespatial_{dimensions}d",
            task="traces",
            title=f"TraceSpatial-Bench in {dimensions}D: 100 objects to carry through real rooms",
            repository="JingkunAn/TraceSpatial-Bench",
            split="train",
            patterns=("data/*.parquet",),
            licence="Apache-2.0",
            convert="evaluators.traces.published:convert_tracespatial",
            note="columns as in its data card, not verified on the published files",
        )
        for dimensions in (2, 3)
    ),
    PublishedSet(
        name="vabench_v",
        task="traces",
        title="VABench-V: 300 visual traces in pictures",
        repository="IffYuan/vabench-v",
        split="train",
        convert="evaluators.traces.published:convert_vabench",
        note="not verified: the columns are id, problem, image and answer (JSON, pixels)",
    ),
    PublishedSet(
        name="sharerobot",
        task="traces",
        title="ShareRobot-Bench, trajectories of a robot's hand in pictures",
        repository="BAAI/ShareRobot-Bench",
        split="test",
        patterns=("trajectory/*",),
        licence="Apache-2.0",
        convert="evaluators.traces.published:convert_sharerobot",
        note="not verified: answers are lists of fractions of the image",
    ),
)


def convert_tracespatial(published: PublishedSet, source: Path, out: Path) -> None:
    """Write the items of the parquet file, or of the JSON list with picture files.

    The name of the set decides whether way-points are asked for in the image or in space.

    Raises:
        DataError: A column or a picture is missing.
    """
    parquet = any(source.rglob("*.parquet"))
    raw = None if parquet else next(iter(sorted(source.rglob(RAW))), None)
    if raw is None:
        columns = (*COLUMNS, "destination_direction", "image", "gt_depth", "mask")
        records = read_table(source, split=published.split, columns=columns)
    else:
        columns = (*COLUMNS, "destination|direction", "image_path", "gt_depth_path", "mask_path")
        records = _raw_records(raw, columns)
    rows = []
    for record in records:
        name = _plain(record["id"], source)
        if raw is None:
            files = [
                write_picture(record[column], out / "scenes" / name / column)
                for column in ("image", "gt_depth", "mask")
            ]
        else:
            pictures = [record[f"{column}_path"] for column in ("image", "gt_depth", "mask")]
            files = [
                _placed(raw.parent / "raw_data", str(path), out / "scenes" / name)
                for path in pictures
            ]
        image, depth, mask = (file.relative_to(out).as_posix() for file in files)
        place_of = record.get("destination_direction", record.get("destination|direction"))
        prompt = TRACESPATIAL[published.name].format(
            object=record["target_object"], destination=place_of
        )
        box = {part: record[f"bbox_{part}"] for part in ("center", "extent", "rotation")}
        rows.append(
            TraceRow(
                f"{int(name):03d}" if name.isdigit() else name,
                prompt,
                published.name,
                image,
                record["trajectory"],
                convention="relative_1000",
                depth=depth,
                mask=mask,
                intrinsics=record["gt_depth_intrinsics"],
                box=box,
            )
        )
    write_rows(out, rows, published.manifest)


def _raw_records(file: Path, columns: Sequence[str]) -> list[dict[str, Any]]:
    try:
        records = parse_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise DataError(f"{file}: cannot be read as JSON ({error})") from error
    if not isinstance(records, list) or not all(isinstance(row, dict) for row in records):
        raise DataError(f"{file}: is not a list of objects")
    for number, record in enumerate(records, start=1):
        _need(record, columns, f"{file}, item {number}")
    return records


def _need(record: Mapping[str, Any], columns: Sequence[str], where: str) -> None:
    missing = [column for column in columns if column not in record]
    if missing:
        raise DataError(
            f"{where}: missing {', '.join(missing)}; it has {', '.join(map(str, record))[:200]}. "
            "The published files may have changed; fetch an earlier --revision"
        )


def convert_vabench(published: PublishedSet, source: Path, out: Path) -> None:
    """Write VABench-V, whose traces are pixels of the picture.

    Raises:
        DataError: A column is missing, or an answer is not a trace.
    """
    records = read_table(source, split=published.split, columns=("problem", "answer"))
    rows = []
    for number, record in enumerate(records):
        where = f"{source}, row {number + 1}"
        images = record.get("images")
        embedded = record.get("image") if not images else images[0]
        if embedded is None:
            _need(record, ("image",), where)
        file = write_picture(embedded, out / "images" / f"{number:04d}")
        width, height = image_size(file)
        points = _trace(record["answer"], where)
        name = str(record.get("id") or f"{number:04d}")
        rows.append(
            TraceRow(
                f"{number:04d}-{name}" if "id" in record else name,
                VABENCH.format(problem=str(record["problem"]).replace("<image>", "").strip()),
                "vabench",
                file.relative_to(out).as_posix(),
                [[x / width, y / height] for x, y in points],
                convention="pixel",
            )
        )
    write_rows(out, rows, published.manifest)


def _trace(answer: Any, where: str) -> list[tuple[float, float]]:
    """Return the pixels of an answer: a list, also as JSON text, or ``{"trajectory": list}``."""
    value = answer
    try:
        if isinstance(answer, str):
            value = parse_json(answer.replace(VABENCH_TYPE, ""))
        if isinstance(value, dict):
            value = value["trajectory"]
        points = [(float(x), float(y)) for x, y in value]
    except (ValueError, TypeError, KeyError, OverflowError):
        points = []
    if not points:
        raise DataError(f"{where}: answer {str(answer)[:80]!r} is not a list of [x, y]")
    return points


def convert_sharerobot(published: PublishedSet, source: Path, out: Path) -> None:
    """Write ShareRobot-Bench's trajectories: conversations with answers in fractions.

    Raises:
        DataError: A column, an answer or a picture is missing, or an answer is in pixels.
    """
    table = source / "trajectory" if (source / "trajectory").is_dir() else source
    records = read_table(table, split=published.split, columns=("id", "image", "conversations"))
    rows = []
    for number, record in enumerate(records):
        where = f"{table}, row {number + 1}"
        turns = {
            turn.get("from"): turn.get("value")
            for turn in reversed(list(record["conversations"]))
            if isinstance(turn, dict)
        }
        prompt, answer = turns.get("human"), turns.get("gpt")
        if not isinstance(prompt, str) or answer is None:
            raise DataError(f"{where}: the conversation has no question or no answer")
        points = _trace(answer, where)
        if any(not (0 <= x <= 1 and 0 <= y <= 1) for x, y in points):
            raise DataError(
                f"{where}: answer {str(answer)[:60]!r} is not in fractions of the image"
            )
        image = record["image"]
        path = str(image[0] if isinstance(image, list) and image else image)
        file = _placed(table, path, out / "images" / f"{number:04d}")
        text = prompt.replace("<image>", "").strip()
        if SHAREROBOT_FORMAT not in text:
            text = text.replace(SHAREROBOT_SHORT, SHAREROBOT_SHORT + SHAREROBOT_FORMAT)
        rows.append(
            TraceRow(
                f"{number:04d}-{record['id']}",
                text,
                "sharerobot",
                file.relative_to(out).as_posix(),
                [list(point) for point in points],
                convention="unit",
            )
        )
    write_rows(out, rows, published.manifest)


def _placed(root: Path, path: str, folder: Path) -> Path:
    """Copy or link a published picture to a folder under its own name."""
    file, problem = data_file(root, path, column="the picture")
    if problem or not file.is_file():
        raise DataError(f"{root}: {problem or f'the picture {path!r:.100} does not exist'}")
    target = folder / file.name
    place(file, target)
    return target


def _plain(name: Any, source: Path) -> str:
    text = str(name)
    if not text.isalnum() or len(text) > 40:
        raise DataError(f"{source}: the id {text[:60]!r} must be letters and digits")
    return text

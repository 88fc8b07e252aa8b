"""Convert published sets of referring video object segmentation: four on the hub, and ReVOS."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from evaluators.tracking.queries import Query
from jumpscore.data.convert import read_table
from jumpscore.data.layout import write_rows
from jumpscore.data.published import PublishedSet
from jumpscore.data.published_files import PublishedFiles
from jumpscore.errors import DataError

COLUMNS = (
    "id",
    "video",
    "expression",
    "width",
    "height",
    "n_frames",
    "fps",
    "mask_ids",
    "frame_trajectories",
)
REVOS_NOTE = (
    "request it from its owners (github.com/cilinyan/ReVOS-api); put JPEGImages (or "
    "JPEGImages.zip), mask_dict.json and meta_expressions_valid_.json into one folder"
)

SETS = (
    *(
        PublishedSet(
            name=name,
            task="tracking",
            title=title,
            repository=f"kcz358/RVOS-{repository}",
            split=split,
            convert="evaluators.tracking.published:convert",
        )
        for name, title, repository, split in (
            ("ref_davis17", "Ref-DAVIS17", "Ref-DAVIS17", "valid"),
            ("mevis_valid_u", "MeViS, split valid_u", "MeViS-ValidU", "valid_u"),
            ("ref_yt_vos", "Ref-YouTube-VOS", "Ref-YT-VOS", "valid"),
            ("reasonvos", "ReasonVOS", "ReasonVOS", "test"),
        )
    ),
    *(
        PublishedSet(
            name=f"revos_{kind}",
            task="tracking",
            title=f"ReVOS, {kind} expressions of the validation set",
            repository=None,
            split=kind,
            licence="CC-BY-NC-SA-4.0",
            convert="evaluators.tracking.revos:convert",
            note=REVOS_NOTE,
        )
        for kind in ("referring", "reasoning")
    ),
)


def convert(published: PublishedSet, source: Path, out: Path) -> None:
    """Write the rows of one split with their videos and masks.

    Raises:
        DataError: A column, a video or a mask is missing.
    """
    records = read_table(source, split=published.split, columns=COLUMNS)
    rows = []
    with closing(PublishedFiles(source, out)) as files:
        for number, record in enumerate(records, start=1):
            row = _query(f"{source}, row {number}", record)
            where = f"{source}, row {number} (id {row.id!r:.60})"
            files.place_at(where, f"{row.video}.mp4", row.video_path)
            for mask_id in row.mask_ids:
                # Masks of all videos have the same names, so the folder must match too.
                mask = f"{row.video}/{mask_id}.json"
                files.place_at(where, mask, row.mask_path(mask_id), exact=True)
            rows.append(row)
    write_rows(out, rows, published.manifest)


def _query(where: str, record: Mapping[str, Any]) -> Query:
    """Return a published row; its values are checked when it is used."""
    points, mask_ids = record["frame_trajectories"], record["mask_ids"]
    if not isinstance(mask_ids, Sequence) or isinstance(mask_ids, str):
        raise DataError(f"{where}: mask_ids is {mask_ids!r:.60} instead of a list")
    try:
        return Query(
            id=str(record["id"]),
            video=str(record["video"]),
            expression=str(record["expression"]),
            width=int(record["width"]),
            height=int(record["height"]),
            n_frames=int(record["n_frames"]),
            fps=float(record["fps"] or 1),  # like the public code
            mask_ids=tuple(map(str, mask_ids)),
            frame_trajectories=points if isinstance(points, str) else json.dumps(points),
        )
    except (TypeError, ValueError) as error:
        message = f"{where}: width, height, n_frames or fps is not a number ({error})"
        raise DataError(message) from None

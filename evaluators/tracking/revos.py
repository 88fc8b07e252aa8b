"""Convert ReVOS as published by its owners: frames, expressions and a dictionary of masks."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluators.tracking.queries import Query, Rles, check_masks
from evaluators.tracking.rle import decode_masks
from evaluators.tracking.writing import inner_point, trajectories, write_masks
from jumpscore.data.archives import unpack_all
from jumpscore.data.layout import data_file, write_rows
from jumpscore.data.published import PublishedSet
from jumpscore.errors import DataError
from jumpscore.jsonio import read_object
from jumpscore.video.encode import write_video

FPS = 6.0
"""Rate of the annotated frames, as in the other sets of the task."""
KINDS = {"referring": 0, "reasoning": 1}
"""Kind of expression -> its ``type_id``."""
FIX = "put the files as published into the folder"


def convert(published: PublishedSet, source: Path, out: Path) -> None:
    """Write the expressions of one kind, with videos of the annotated frames at 6 per second.

    ReVOS has no points; the true point of an object in a frame is the pixel of its mask farthest
    from the outside.

    Raises:
        DataError: A file, a frame or a mask is missing, or does not fit its video.
    """
    meta = read_object(source / "meta_expressions_valid_.json", fix=FIX).get("videos")
    masks = read_object(source / "mask_dict.json", fix=FIX)
    if not isinstance(meta, dict):
        raise DataError(f"{source}/meta_expressions_valid_.json: has no 'videos'; {FIX}")
    pictures = source / "JPEGImages"
    if not pictures.is_dir():
        unpacked = out / ".unpacked"
        unpacked.mkdir()
        unpack_all(source, unpacked)
        pictures = unpacked if not (unpacked / "JPEGImages").is_dir() else unpacked / "JPEGImages"
    rows: list[Query] = []
    for video, facts in meta.items():
        try:
            rows += _video(video, facts, masks, kind=KINDS[published.split], out=out, at=pictures)
        except (KeyError, TypeError, AttributeError) as error:
            raise DataError(f"{source}, video {video!r:.80}: missing or invalid {error}") from error
    if (out / ".unpacked").is_dir():
        shutil.rmtree(out / ".unpacked")
    write_rows(out, rows, published.manifest)


def _video(
    video: str,
    facts: Mapping[str, Any],
    masks: Mapping[str, Any],
    *,
    kind: int,
    out: Path,
    at: Path,
) -> Iterator[Query]:
    """Yield the queries about one video, and write its files."""
    expressions = {n: one for n, one in facts["expressions"].items() if one["type_id"] == kind}
    if not expressions:
        return
    file, problem = data_file(out, f"videos/{video}.mp4", column="the video")
    if problem:
        raise DataError(problem)
    height, width, names = int(facts["height"]), int(facts["width"]), list(facts["frames"])
    points: dict[str, list[Any]] = {}
    for name in dict.fromkeys(str(name) for one in expressions.values() for name in one["anno_id"]):
        rles: Rles = masks[name]
        try:
            check_masks(rles, frames=len(names), height=height, width=width)
            decoded = decode_masks(rles, height=height, width=width)
        except DataError as error:
            raise DataError(f"video {video!r}, mask {name}: {error}") from error
        points[name] = [inner_point(mask) for mask in decoded]
        target, problem = data_file(out, f"masks/{video}/{name}.json", column="the mask")
        if problem:
            raise DataError(problem)
        write_masks(target, rles)
    frames = _pictures(at / video, names, (height, width))
    write_video(file, frames, fps=FPS)
    for number, one in expressions.items():
        mask_ids = tuple(map(str, one["anno_id"]))
        tracks = {str(place): points[name] for place, name in enumerate(mask_ids)}
        yield Query(
            id=f"{video}-{number}",
            video=video,
            expression=str(one["exp"]),
            width=width,
            height=height,
            n_frames=len(names),
            fps=FPS,
            mask_ids=mask_ids,
            frame_trajectories=trajectories(tracks, frames=len(names), fps=FPS),
        )


def _pictures(folder: Path, names: list[str], size: tuple[int, int]) -> Iterator[NDArray[np.uint8]]:
    import cv2

    for name in names:
        file = folder / f"{name}.jpg"
        picture = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if picture is None or picture.shape[:2] != size:
            problem = "unreadable" if picture is None else f"of size {picture.shape[:2]}"
            raise DataError(f"{file}: is {problem}; expected height and width {size}")
        yield np.asarray(picture[..., ::-1], dtype=np.uint8)

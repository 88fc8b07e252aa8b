"""Convert TimeLens as published: three sets of (video, sentence, span)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path, PurePosixPath

from jumpscore.data.convert import read_table
from jumpscore.data.layout import Row, write_rows
from jumpscore.data.published import PublishedSet
from jumpscore.data.published_files import PublishedFiles

SETS = tuple(
    PublishedSet(
        name=f"timelens_{split}",
        task="timelens",
        title=f"TimeLens-{title}: {questions:,} questions about {videos:,} videos",
        repository="kcz358/timelens",
        split=split,
        convert="evaluators.temporal.published:convert",
    )
    for split, title, questions, videos in (
        ("charades", "Charades", 3363, 1313),
        ("activitynet", "ActivityNet", 4299, 1389),
        ("qvhighlights", "QVHighlights", 1532, 1502),
    )
)


def convert(published: PublishedSet, source: Path, out: Path) -> None:
    """Write the rows of one split; duplicate questions stay separate samples.

    Raises:
        DataError: A row has no span, or its video is not among the published files.
    """
    records = read_table(source, split=published.split, columns=("video_path", "query", "span"))
    with closing(PublishedFiles(source, out)) as files:
        paths = _place_videos([str(record["video_path"]) for record in records], files)
    rows = []
    for number, (record, path) in enumerate(zip(records, paths, strict=True)):
        span = record["span"]
        if isinstance(span, list) and span and isinstance(span[0], list):
            span = span[0]  # the files contain lists with one span
        name = f"{published.split}-{number:05d}"
        rows.append(Row(name, path, str(record["query"]), json.dumps(span)))
    write_rows(out, rows, published.manifest)


def _place_videos(published: Sequence[str], files: PublishedFiles) -> list[str]:
    """Place the videos of all rows, and return their paths in the set.

    They go to one folder under their own names; videos with equal names keep their folder.
    """
    where = [f"{files.source}, row {number}" for number in range(1, len(published) + 1)]
    videos = [files.find(name, path) for name, path in zip(where, published, strict=True)]
    names = Counter(file.name for file in set(videos))
    paths = []
    for name, path, file in zip(where, published, videos, strict=True):
        shared = PurePosixPath(path.replace("\\", "/")).parent / file.name
        target = file.name if names[file.name] == 1 else shared.as_posix().removeprefix("videos/")
        paths.append(files.place_at(name, path, f"videos/{target}"))
    return paths

"""TimeLens as published: three sets of (video, sentence, span)."""

from __future__ import annotations

import json
import shutil
from pathlib import Path, PurePosixPath

from jumpscore.data.convert import place, read_table, unpack_all
from jumpscore.data.layout import Manifest, Row, data_file, write_rows
from jumpscore.data.published import PublishedSet
from jumpscore.errors import DataError

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
    """Write the rows of one split; rows that ask the same twice stay two samples.

    Raises:
        DataError: A row has no span, or its video is not among the published files.
    """
    records = read_table(source, split=published.split, columns=("video_path", "query", "span"))
    unpacked = out / ".unpacked"
    unpacked.mkdir()
    archived = unpack_all(source, unpacked)
    videos = {file.name: file for file in [*sorted(source.rglob("*.mp4")), *archived]}
    rows = []
    for number, record in enumerate(records):
        name = PurePosixPath(str(record["video_path"])).name
        path = f"videos/{name}"
        target, problem = data_file(out, path)
        if problem or name not in videos:
            raise DataError(
                f"{source}, row {number + 1}: its video {record['video_path']!r:.80} is not among "
                f"the {len(videos)} published ones"
            )
        if not target.exists():
            place(videos[name], target)
        span = record["span"]
        if isinstance(span, list) and span and isinstance(span[0], list):
            span = span[0]  # one span is asked for, and the files hold lists of one
        name = f"{published.split}-{number:05d}"
        rows.append(Row(name, path, str(record["query"]), json.dumps(span)))
    shutil.rmtree(unpacked)
    facts = Manifest(published.name, licence=published.licence, source=published.title)
    write_rows(out, rows, facts)

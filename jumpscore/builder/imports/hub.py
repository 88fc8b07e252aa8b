"""JumpScore's layout on the hub: one row per video, with the times as a JSON list.

The times are the ground truth of a published set, so they are used unchanged. Ids and questions are
kept too.
"""

from __future__ import annotations

from jumpscore.builder.imports.recordings import Mark, Recording, Seconds
from jumpscore.builder.imports.sources import Source
from jumpscore.data.layout import Row, parse_truth, read_row_file, read_rows


def read(source: Source) -> list[Recording]:
    """Return one recording per row.

    Raises:
        DataError: A row is malformed, or its answer is not a list of times.
    """
    return [_recording(source, row) for row in _rows(source)]


def _rows(source: Source) -> list[Row]:
    if source.path.is_dir():
        return read_rows(source.path)
    if source.header:
        if not {"video_path", "answer"} <= set(source.header):
            raise source.error("lacks the column video_path or answer; choose another --format")
        return [
            Row(
                row.get("id") or row["video_path"],
                row["video_path"],
                row.get("question", ""),
                row["answer"],
            )
            for row in source.rows()
        ]
    return read_row_file(source.path)


def _recording(source: Source, row: Row) -> Recording:
    times, problem = parse_truth(row.answer)
    if problem:
        raise source.error(f"id {row.id}: {problem}")
    marks = tuple(Mark(time) for time in times)
    return Recording(
        row.id,
        (row.video_path,),
        marks,
        Seconds(is_exact=True),
        id=row.id,
        question=row.question or None,
    )

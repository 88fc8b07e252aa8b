"""Conversion of TimeLens's published files to rows."""

from __future__ import annotations

import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from evaluators.temporal.task import TimeLens, TimeLensOptions
from jumpscore.data.catalogue import published_sets
from jumpscore.data.layout import read_manifest, read_rows
from jumpscore.data.published import fetch_set, origin_of
from jumpscore.errors import DataError
from tests.support import write_video

CHARADES = published_sets()["timelens_charades"]


def publish(folder, records, split="charades"):
    (folder / "data").mkdir(parents=True)
    table = pa.Table.from_pylist(records)
    pq.write_table(table, folder / "data" / f"{split}-00000-of-00001.parquet")
    video = write_video(folder.parent / "AO8RW.mp4", frames=50, fps=10, size=(64, 48))
    with zipfile.ZipFile(folder / "videos.zip", "w") as archive:
        archive.write(video, "charades/AO8RW.mp4")
    return folder


RECORD = {"video_path": "charades/AO8RW.mp4", "query": "a person sits down", "span": [[1.0, 3.5]]}


def test_convert_keeps_duplicate_questions(tmp_path):
    source = publish(tmp_path / "hub", [RECORD, RECORD])
    folder = fetch_set(CHARADES, tmp_path / "root", source=source)
    rows = read_rows(folder)
    assert [row.id for row in rows] == ["charades-00000", "charades-00001"]
    assert rows[0].question == "a person sits down"
    assert json.loads(rows[0].answer) == [1.0, 3.5]
    assert read_manifest(folder).name == "timelens_charades"
    assert origin_of(folder) == {"source": str(source)}
    task = TimeLens(TimeLensOptions(data=str(folder)))
    assert task.missing() == []
    assert [sample.problem for sample in task.load()] == [None, None]
    assert not list(folder.glob(".*")), "nothing is left over"


def test_convert_reads_its_split(tmp_path):
    source = publish(tmp_path / "hub", [RECORD], split="qvhighlights")
    with pytest.raises(DataError, match="no parquet, JSONL or JSON file of split 'charades'"):
        fetch_set(CHARADES, tmp_path / "root", source=source)


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"video": "x", "query": "q", "span": [[0, 1]]}, "lacks video_path"),
        (
            RECORD | {"video_path": "charades/other.mp4"},
            r"its file 'charades/other\.mp4' is not found in",
        ),
        (RECORD | {"video_path": "../../.."}, "is not found in"),
    ],
)
def test_convert_reports_changed_files_and_leaves_nothing(tmp_path, record, message):
    source = publish(tmp_path / "hub", [record])
    with pytest.raises(DataError, match=message):
        fetch_set(CHARADES, tmp_path / "root", source=source)
    assert list((tmp_path / "root").iterdir()) == []

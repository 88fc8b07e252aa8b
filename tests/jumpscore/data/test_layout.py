from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.data import Manifest, Row, read_manifest, read_rows, rows_checksum, write_set
from jumpscore.data.layout import data_file, parse_truth
from jumpscore.errors import DataError


def row(name: str = "a", answer: str = "[1.0]") -> Row:
    return Row(name, f"videos/{name}.mp4", "When?", answer)


def test_a_set_reads_back(tmp_path):
    manifest = Manifest("mine", synthetic=True, videos={"a": {"duration": 2.0}})
    write_set(tmp_path, [row("a"), row("b")], manifest)
    assert read_rows(tmp_path) == [row("a"), row("b")]
    assert read_manifest(tmp_path) == manifest


def test_the_columns_are_those_of_the_published_set(tmp_path):
    write_set(tmp_path, [row()], Manifest("mine"))
    [file] = tmp_path.glob("data/*.parquet")
    assert pq.read_table(file).column_names == ["id", "video_path", "question", "answer"]


def test_jsonl_rows_are_read_too(tmp_path):
    record = {"id": "a", "video_path": "videos/a.mp4", "question": "When?", "answer": "[1.0]"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(record) + "\n\n")
    assert read_rows(tmp_path) == [row("a")]


def test_the_checksum_is_of_content_not_of_order():
    assert rows_checksum([row("a"), row("b")]) == rows_checksum([row("b"), row("a")])
    assert rows_checksum([row("a", "[1.0]")]) != rows_checksum([row("a", "[1.01]")])


class TestBadInput:
    def test_no_folder(self, tmp_path):
        with pytest.raises(DataError, match="no such data-set folder; make one with"):
            read_rows(tmp_path / "gone")

    def test_no_rows(self, tmp_path):
        with pytest.raises(DataError, match=r"no \*\.parquet"):
            read_rows(tmp_path)

    def test_an_id_twice(self, tmp_path):
        write_set(tmp_path, [row("a"), row("b"), row("a")], Manifest("mine"))
        with pytest.raises(DataError, match=r"1 ids occur more than once \(a\)"):
            read_rows(tmp_path)

    def test_a_missing_column(self, tmp_path):
        pq.write_table(pa.table({"id": ["a"]}), tmp_path / "x.parquet")
        with pytest.raises(DataError, match=r"x\.parquet: lacks the columns video_path, question"):
            read_rows(tmp_path)

    def test_a_damaged_parquet(self, tmp_path):
        (tmp_path / "x.parquet").write_bytes(b"PAR1 no")
        with pytest.raises(DataError, match=r"x\.parquet: cannot be read as parquet"):
            read_rows(tmp_path)

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("{", "line 1: not valid JSON"),
            ("[" * 100_000, "line 1: not valid JSON"),
            ("[]", "row 1: is no object"),
            ('{"id": 5}', "id 5.*must be text"),
            ('{"id": "a", "id": "b"}', "line 1: .*the key 'id' occurs 2 times in one object"),
        ],
    )
    def test_a_damaged_line(self, tmp_path, line, message):
        (tmp_path / "x.jsonl").write_text(line)
        with pytest.raises(DataError, match=message):
            read_rows(tmp_path)

    def test_a_damaged_manifest(self, tmp_path):
        (tmp_path / "manifest.json").write_text('{"colour": 1}')
        with pytest.raises(DataError, match="has the unknown key 'colour'; known: name"):
            read_manifest(tmp_path)

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("[]", "is not a JSON object"),
            ("[" * 100_000, "nested too deep"),
            ("{}", "has no name"),
            ('{"name": "x", "videos": {"a": {}, "a": {}}}', "the key 'a' occurs 2 times"),
            ('{"name": 5}', "name is 5, which is no str"),
            ('{"name": "x", "synthetic": "no"}', "synthetic is 'no', which is no bool"),
            ('{"name": "x", "videos": []}', "videos is .*, which is no dict"),
            ('{"name": "x", "videos": {"a": "b"}}', "nothing usable of the video of id 'a'"),
            ('{"name": "x", "videos": {"a": {"duration": NaN}}}', "its duration is nan"),
            ('{"name": "x", "videos": {"a": {"duration": true}}}', "its duration is True"),
            ('{"name": "x", "videos": {"a": {"duration": -5}}}', "its duration is -5"),
            ('{"name": "x", "videos": {"a": {"duration": "9"}}}', "its duration is '9'"),
            ('{"name": "x", "videos": {"a": {"duration": 1e12}}}', "lasts 1000000000000"),
        ],
    )
    def test_a_manifest_that_cannot_be_true(self, tmp_path, content, message):
        (tmp_path / "manifest.json").write_text(content)
        with pytest.raises(DataError, match=message):
            read_manifest(tmp_path)

    def test_half_a_character(self, tmp_path):
        record = {"id": "a", "video_path": "videos/\ud800.mp4", "question": "?", "answer": "[]"}
        (tmp_path / "x.jsonl").write_text(json.dumps(record))
        with pytest.raises(DataError, match="video_path holds half a character"):
            read_rows(tmp_path)

    def test_a_parquet_of_other_bytes_than_text(self, tmp_path):
        columns = {name: pa.array([b"\xff\xfe"]) for name in ("video_path", "question", "answer")}
        columns["id"] = pa.array(["a"])
        table = pa.table({k: v.view(pa.string()) if k != "id" else v for k, v in columns.items()})
        pq.write_table(table, tmp_path / "x.parquet")
        with pytest.raises(DataError, match="no UTF-8"):
            read_rows(tmp_path)

    @pytest.mark.parametrize("path", ["v" * 5000, "a\0b"])
    def test_a_path_that_is_none(self, tmp_path, path):
        assert "is no path" in str(data_file(tmp_path, path)[1])

    @pytest.mark.parametrize("path", ["../x.mp4", "/etc/passwd", "videos/../../x"])
    def test_a_path_that_leaves_the_folder(self, tmp_path, path):
        assert "leaves the data set's folder" in str(data_file(tmp_path, path)[1])


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("0.5, 1.0", "is no JSON list: '0.5, 1.0'"),
        ('{"a": 1}', "is no JSON list"),
        ("[" * 100_000, "is no JSON list"),
        ("[NaN]", "holds nan"),
        ("[-1.0]", "holds -1.0"),
        ("[true]", "holds True"),
        ('["1.0"]', "holds '1.0'"),
        ("[1e999]", "holds inf"),
        ("[" + "1" * 400 + "]", "holds 1111"),
        ("[9.0]", "holds 9.0 s, the video ends at 4.00 s"),
    ],
)
def test_a_truth_that_cannot_be_used_says_why(answer, problem):
    times, found = parse_truth(answer, duration=4.0)
    assert times == []
    assert problem in str(found)


@given(st.text(max_size=60))
def test_no_truth_crashes(answer):
    times, problem = parse_truth(answer)
    assert problem is not None or times == sorted(times)


def test_truth_is_sorted():
    assert parse_truth("[2, 1.5]") == ([1.5, 2.0], None)

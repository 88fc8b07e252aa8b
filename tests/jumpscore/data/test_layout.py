from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.data.layout import (
    Manifest,
    Row,
    data_file,
    parse_truth,
    read_manifest,
    read_rows,
    rows_checksum,
    write_set,
)
from jumpscore.errors import DataError


def row(name: str = "a", answer: str = "[1.0]") -> Row:
    return Row(name, f"videos/{name}.mp4", "When?", answer)


def test_read_rows_returns_written_rows(tmp_path):
    manifest = Manifest("mine", synthetic=True, videos={"a": {"duration": 2.0}})
    write_set(tmp_path, [row("a"), row("b")], manifest)
    assert read_rows(tmp_path) == [row("a"), row("b")]
    assert read_manifest(tmp_path) == manifest


def test_write_set_has_published_columns(tmp_path):
    write_set(tmp_path, [row()], Manifest("mine"))
    [file] = tmp_path.glob("data/*.parquet")
    assert pq.read_table(file).column_names == ["id", "video_path", "question", "answer"]


def test_read_rows_jsonl(tmp_path):
    record = {"id": "a", "video_path": "videos/a.mp4", "question": "When?", "answer": "[1.0]"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(record) + "\n\n")
    assert read_rows(tmp_path) == [row("a")]


def test_rows_checksum_ignores_order():
    assert rows_checksum([row("a"), row("b")]) == rows_checksum([row("b"), row("a")])
    assert rows_checksum([row("a", "[1.0]")]) != rows_checksum([row("a", "[1.01]")])


class TestBadInput:
    def test_read_rows_missing_folder(self, tmp_path):
        with pytest.raises(DataError, match="no such data-set folder; check the path"):
            read_rows(tmp_path / "gone")

    def test_read_rows_empty_folder(self, tmp_path):
        with pytest.raises(DataError, match=r"no \*\.parquet"):
            read_rows(tmp_path)

    def test_read_rows_rejects_duplicate_id(self, tmp_path):
        write_set(tmp_path, [row("a"), row("b"), row("a")], Manifest("mine"))
        with pytest.raises(DataError, match=r"1 ids occur more than once \(a\)"):
            read_rows(tmp_path)

    def test_read_rows_rejects_missing_column(self, tmp_path):
        pq.write_table(pa.table({"id": ["a"]}), tmp_path / "x.parquet")
        with pytest.raises(DataError, match=r"x\.parquet: lacks the columns video_path, question"):
            read_rows(tmp_path)

    def test_read_rows_rejects_damaged_parquet(self, tmp_path):
        (tmp_path / "x.parquet").write_bytes(b"PAR1 no")
        with pytest.raises(DataError, match=r"x\.parquet: cannot be read as parquet"):
            read_rows(tmp_path)

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("{", "line 1: is not valid JSON"),
            ("[" * 100_000, "line 1: is not valid JSON"),
            ("[]", "row 1: is a list, not a JSON object"),
            ('{"id": 5}', "id 5.*must be text"),
            ('{"id": "a"}', "id 'a'.*video_path is missing; rows of this task need id, video_path"),
            ('{"id": "a", "id": "b"}', "line 1: .*the key 'id' occurs 2 times in one object"),
        ],
    )
    def test_read_rows_rejects_damaged_line(self, tmp_path, line, message):
        (tmp_path / "x.jsonl").write_text(line)
        with pytest.raises(DataError, match=message):
            read_rows(tmp_path)

    def test_read_manifest_rejects_unknown_key(self, tmp_path):
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
            ('{"name": 5}', "name is 5, which is not a str"),
            ('{"name": "x", "synthetic": "no"}', "synthetic is 'no', which is not a bool"),
            ('{"name": "x", "videos": []}', "videos is .*, which is not a dict"),
            (
                '{"name": "x", "videos": {"a": "b"}}',
                "facts about the video of id 'a' are not a JSON object",
            ),
            ('{"name": "x", "videos": {"a": {"duration": NaN}}}', "duration of id 'a' is nan"),
            ('{"name": "x", "videos": {"a": {"duration": true}}}', "duration of id 'a' is True"),
            ('{"name": "x", "videos": {"a": {"duration": -5}}}', "duration of id 'a' is -5"),
            ('{"name": "x", "videos": {"a": {"duration": "9"}}}', "duration of id 'a' is '9'"),
            (
                '{"name": "x", "videos": {"a": {"duration": 1e12}}}',
                "is 1000000000000.0 s, more than the limit",
            ),
        ],
    )
    def test_read_manifest_rejects_impossible_values(self, tmp_path, content, message):
        (tmp_path / "manifest.json").write_text(content)
        with pytest.raises(DataError, match=message):
            read_manifest(tmp_path)

    @pytest.mark.parametrize("row", [{"a" * 9000: "\ud800"}, {"id": "a" * 9000}])
    def test_read_rows_shortens_values_in_messages(self, tmp_path, row):
        (tmp_path / "rows.jsonl").write_text(json.dumps(row))
        with pytest.raises(DataError) as error:
            read_rows(tmp_path)
        assert len(str(error.value)) < 600

    def test_read_manifest_shortens_values_in_messages(self, tmp_path):
        for content in ({"a" * 9000: 1}, {"name": "a", "videos": {"a" * 9000: 1}}):
            (tmp_path / "manifest.json").write_text(json.dumps(content))
            with pytest.raises(DataError) as error:
                read_manifest(tmp_path)
            assert len(str(error.value)) < 600

    def test_read_rows_rejects_half_surrogate_pair(self, tmp_path):
        record = {"id": "a", "video_path": "videos/\ud800.mp4", "question": "?", "answer": "[]"}
        (tmp_path / "x.jsonl").write_text(json.dumps(record))
        with pytest.raises(DataError, match="video_path contains half of a surrogate pair"):
            read_rows(tmp_path)

    def test_read_rows_rejects_parquet_without_utf8(self, tmp_path):
        columns = {name: pa.array([b"\xff\xfe"]) for name in ("video_path", "question", "answer")}
        columns["id"] = pa.array(["a"])
        table = pa.table({k: v.view(pa.string()) if k != "id" else v for k, v in columns.items()})
        pq.write_table(table, tmp_path / "x.parquet")
        with pytest.raises(DataError, match="not UTF-8"):
            read_rows(tmp_path)

    @pytest.mark.parametrize("path", ["v" * 5000, "a\0b"])
    def test_data_file_rejects_invalid_path(self, tmp_path, path):
        assert "is not a valid path" in str(data_file(tmp_path, path)[1])

    @pytest.mark.parametrize("path", ["../x.mp4", "/etc/passwd", "videos/../../x"])
    def test_data_file_rejects_path_outside_folder(self, tmp_path, path):
        assert "leaves the data set's folder" in str(data_file(tmp_path, path)[1])


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("0.5, 1.0", "is not a JSON list: '0.5, 1.0'"),
        ('{"a": 1}', "is not a JSON list"),
        ("[" * 100_000, "is not a JSON list"),
        ("[NaN]", "contains nan"),
        ("[-1.0]", "contains -1.0"),
        ("[true]", "contains True"),
        ('["1.0"]', "contains '1.0'"),
        ("[1e999]", "contains inf"),
        ("[" + "1" * 400 + "]", "contains 1111"),
        ("[9.0]", "contains 9.0 s, but the video ends at 4.00 s"),
    ],
)
def test_parse_truth_rejects_invalid_truth(answer, problem):
    times, reason = parse_truth(answer, duration=4.0)
    assert times == []
    assert problem in str(reason)


@given(st.text(max_size=60))
def test_parse_truth_any_text(answer):
    times, problem = parse_truth(answer)
    assert problem is not None or times == sorted(times)


def test_parse_truth_sorts_times():
    assert parse_truth("[2, 1.5]") == ([1.5, 2.0], None)

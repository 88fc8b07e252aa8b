from __future__ import annotations

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from jumpscore.data.convert import place, read_table, write_picture
from jumpscore.errors import DataError


def picture(kind="PNG"):
    sink = io.BytesIO()
    Image.fromarray(np.full((4, 6, 3), 200, np.uint8)).save(sink, kind)
    return sink.getvalue()


class TestTables:
    @pytest.mark.parametrize(
        "name",
        ["test-00000-of-00001.parquet", "data/test-00000-of-00001.parquet", "test/0000.parquet"],
    )
    def test_read_table_finds_split_by_name(self, tmp_path, name):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"a": [1, 2]}), file)
        pq.write_table(pa.table({"a": [3]}), tmp_path / "testing-00000-of-00001.parquet")
        assert read_table(tmp_path, split="test", columns=("a",)) == [{"a": 1}, {"a": 2}]

    def test_read_table_keeps_order_of_parts(self, tmp_path):
        for part in (1, 0):
            pq.write_table(pa.table({"a": [part]}), tmp_path / f"test-0000{part}-of-00002.parquet")
        assert [row["a"] for row in read_table(tmp_path, split="test", columns=())] == [0, 1]

    @pytest.mark.parametrize("ending", ["json", "jsonl"])
    def test_read_table_json(self, tmp_path, ending):
        rows = [{"a": 1}, {"a": 2}]
        text = json.dumps(rows) if ending == "json" else "\n".join(map(json.dumps, rows))
        (tmp_path / f"test.{ending}").write_text(text)
        assert read_table(tmp_path, split="test", columns=("a",)) == rows

    def test_read_table_line_separator_in_text(self, tmp_path):
        (tmp_path / "test.jsonl").write_text('{"a": "one\u2028line"}\n', encoding="utf-8")
        assert read_table(tmp_path, split="test", columns=("a",)) == [{"a": "one\u2028line"}]

    def test_read_table_ignores_files_of_hub_client(self, tmp_path):
        (tmp_path / ".cache").mkdir()
        (tmp_path / ".cache" / "test.json").write_text("[]")
        with pytest.raises(DataError, match="contains no parquet"):
            read_table(tmp_path, split="test", columns=())

    def test_read_table_names_missing_column(self, tmp_path):
        (tmp_path / "test.jsonl").write_text('{"question": 1}\n{"q": 2}')
        with pytest.raises(DataError, match=r"row 2: lacks question; it has q\."):
            read_table(tmp_path, split="test", columns=("question",))

    @pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]", "\xff", ""])
    def test_read_table_rejects_other_json(self, tmp_path, text):
        (tmp_path / "test.json").write_bytes(text.encode("latin-1"))
        with pytest.raises(DataError, match=r"test\.json"):
            read_table(tmp_path, split="test", columns=())

    def test_read_table_truncated_parquet(self, tmp_path):
        (tmp_path / "test.parquet").write_bytes(b"PAR1")
        with pytest.raises(DataError, match="cannot be read as parquet"):
            read_table(tmp_path, split="test", columns=())


class TestPictures:
    @pytest.mark.parametrize(("kind", "suffix"), [("PNG", ".png"), ("JPEG", ".jpg")])
    def test_write_picture_keeps_bytes(self, tmp_path, kind, suffix):
        content = picture(kind)
        file = write_picture({"bytes": content, "path": "../x"}, tmp_path / "images" / "a.b")
        assert file == tmp_path / "images" / f"a.b{suffix}"
        assert file.read_bytes() == content

    @pytest.mark.parametrize(
        "value", [None, b"", b"GIF", picture()[:40], {"bytes": None, "path": "a.png"}, "a.png"]
    )
    def test_write_picture_rejects_other_values(self, tmp_path, value):
        with pytest.raises(DataError, match="picture"):
            write_picture(value, tmp_path / "a")
        assert list(tmp_path.iterdir()) == []


def test_place_survives_deletion_of_source(tmp_path):
    file = tmp_path / "a"
    file.write_text("content")
    place(file, tmp_path / "new" / "b")
    file.unlink()
    assert (tmp_path / "new" / "b").read_text() == "content"


def test_place_resolves_links(tmp_path):
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "1").write_text("content")
    (tmp_path / "a").symlink_to("blobs/1")
    place(tmp_path / "a", tmp_path / "new" / "deep" / "b")
    assert not (tmp_path / "new" / "deep" / "b").is_symlink()
    assert (tmp_path / "new" / "deep" / "b").read_text() == "content"

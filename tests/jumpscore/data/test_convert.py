"""Tables, pictures and archives of strangers."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from jumpscore.data.convert import place, read_table, unpack_all, write_picture
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
    def test_where_the_hub_puts_a_split(self, tmp_path, name):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"a": [1, 2]}), file)
        pq.write_table(pa.table({"a": [3]}), tmp_path / "testing-00000-of-00001.parquet")
        assert read_table(tmp_path, split="test", columns=("a",)) == [{"a": 1}, {"a": 2}]

    def test_parts_come_in_order(self, tmp_path):
        for part in (1, 0):
            pq.write_table(pa.table({"a": [part]}), tmp_path / f"test-0000{part}-of-00002.parquet")
        assert [row["a"] for row in read_table(tmp_path, split="test", columns=())] == [0, 1]

    @pytest.mark.parametrize("ending", ["json", "jsonl"])
    def test_json(self, tmp_path, ending):
        rows = [{"a": 1}, {"a": 2}]
        text = json.dumps(rows) if ending == "json" else "\n".join(map(json.dumps, rows))
        (tmp_path / f"test.{ending}").write_text(text)
        assert read_table(tmp_path, split="test", columns=("a",)) == rows

    def test_what_the_hub_client_keeps_is_no_table(self, tmp_path):
        (tmp_path / ".cache").mkdir()
        (tmp_path / ".cache" / "test.json").write_text("[]")
        with pytest.raises(DataError, match="holds no parquet"):
            read_table(tmp_path, split="test", columns=())

    def test_a_column_that_is_gone_is_named(self, tmp_path):
        (tmp_path / "test.jsonl").write_text('{"question": 1}\n{"q": 2}')
        with pytest.raises(DataError, match=r"row 2: lacks question; it has q\."):
            read_table(tmp_path, split="test", columns=("question",))

    @pytest.mark.parametrize("text", ["{", '{"a": 1}', "[1]", "\xff"])
    def test_what_is_no_table(self, tmp_path, text):
        (tmp_path / "test.json").write_bytes(text.encode("latin-1"))
        with pytest.raises(DataError, match=r"test\.json"):
            read_table(tmp_path, split="test", columns=())

    def test_a_torn_parquet(self, tmp_path):
        (tmp_path / "test.parquet").write_bytes(b"PAR1")
        with pytest.raises(DataError, match="cannot be read as parquet"):
            read_table(tmp_path, split="test", columns=())


class TestPictures:
    @pytest.mark.parametrize(("kind", "suffix"), [("PNG", ".png"), ("JPEG", ".jpg")])
    def test_bytes_stay_as_they_came(self, tmp_path, kind, suffix):
        content = picture(kind)
        file = write_picture({"bytes": content, "path": "../x"}, tmp_path / "images" / "a.b")
        assert file == tmp_path / "images" / f"a.b{suffix}"
        assert file.read_bytes() == content

    @pytest.mark.parametrize(
        "value", [None, b"", b"GIF", picture()[:40], {"bytes": None, "path": "a.png"}, "a.png"]
    )
    def test_what_is_no_picture(self, tmp_path, value):
        with pytest.raises(DataError, match="picture"):
            write_picture(value, tmp_path / "a")
        assert list(tmp_path.iterdir()) == []


class TestArchives:
    def test_zip_and_tar(self, tmp_path):
        source, out = tmp_path / "source", tmp_path / "out"
        source.mkdir()
        with zipfile.ZipFile(source / "a.zip", "w") as packed:
            packed.writestr("x/one.mp4", b"1")
        with tarfile.open(source / "b.tar.gz", "w:gz") as tar:
            entry = tarfile.TarInfo("y/two.mp4")
            entry.size = 1
            tar.addfile(entry, io.BytesIO(b"2"))
        found = unpack_all(source, out)
        assert [file.relative_to(out).as_posix() for file in found] == ["x/one.mp4", "y/two.mp4"]
        assert [file.read_bytes() for file in found] == [b"1", b"2"]

    @pytest.mark.parametrize("name", ["../evil", "/evil", "a/../../evil", "a\\..\\evil"])
    def test_names_that_leave_the_folder(self, tmp_path, name):
        (tmp_path / "source").mkdir()
        with tarfile.open(tmp_path / "source" / "b.tar", "w") as tar:
            entry = tarfile.TarInfo(name)
            entry.size = 1
            tar.addfile(entry, io.BytesIO(b"2"))
        with pytest.raises(DataError, match="leaves the folder"):
            unpack_all(tmp_path / "source", tmp_path / "out")

    def test_links_in_archives_are_no_files(self, tmp_path):
        (tmp_path / "source").mkdir()
        with tarfile.open(tmp_path / "source" / "b.tar", "w") as tar:
            entry = tarfile.TarInfo("passwords")
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(entry)
        assert unpack_all(tmp_path / "source", tmp_path / "out") == []

    @pytest.mark.parametrize("name", ["a.zip", "a.tar"])
    def test_a_damaged_archive(self, tmp_path, name):
        (tmp_path / name).write_bytes(b"nothing")
        with pytest.raises(DataError, match="cannot be unpacked"):
            unpack_all(tmp_path, tmp_path / "out")


def test_a_placed_file_outlives_the_old_one(tmp_path):
    file = tmp_path / "a"
    file.write_text("content")
    place(file, tmp_path / "new" / "b")
    file.unlink()
    assert (tmp_path / "new" / "b").read_text() == "content"

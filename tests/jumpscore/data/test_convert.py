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


def archive(file, members):
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix.lower() == ".zip":
        with zipfile.ZipFile(file, "w") as packed:
            for name, content in members.items():
                packed.writestr(zipfile.ZipInfo(name), content)
        return
    packing = {".gz": "w:gz", ".TGZ": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}
    with tarfile.open(file, packing.get(file.suffix, "w")) as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


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

    @pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "TGZ"])
    def test_backslashes_of_windows_separate_folders(self, tmp_path, kind):
        archive(tmp_path / "source" / f"a.{kind}", {"videos\\x\\one.mp4": b"1", "two.mp4": b"2"})
        files = unpack_all(tmp_path / "source", tmp_path / "out")
        names = [file.relative_to(tmp_path / "out").as_posix() for file in files]
        assert names == ["videos/x/one.mp4", "two.mp4"]
        assert [file.read_bytes() for file in files] == [b"1", b"2"]

    @pytest.mark.parametrize("name", [".", "./", "x/", "x\\", "x/./"])
    def test_members_that_are_folders(self, tmp_path, name):
        archive(tmp_path / "source" / "a.zip", {name: b"", "./one.mp4": b"1"})
        [file] = unpack_all(tmp_path / "source", tmp_path / "out")
        assert file == tmp_path / "out" / "one.mp4"

    def test_a_suffix_in_capitals(self, tmp_path):
        archive(tmp_path / "source" / "A.ZIP", {"one.mp4": b"1"})
        assert len(unpack_all(tmp_path / "source", tmp_path / "out")) == 1

    def test_all_members_together_are_bounded(self, tmp_path, monkeypatch):
        monkeypatch.setattr("jumpscore.data.convert.LARGEST_ARCHIVE", 10)
        for kind in ("zip", "tar.gz"):
            source = tmp_path / kind
            archive(source / f"a.{kind}", {f"{number}.mp4": b"1234" for number in range(2)})
            assert len(unpack_all(source, tmp_path / "out")) == 2
            archive(source / f"a.{kind}", {f"{number}.mp4": b"1234" for number in range(3)})
            with pytest.raises(DataError, match="would unpack to more than 10 bytes"):
                unpack_all(source, tmp_path / "out")

    def test_a_member_is_bounded(self, tmp_path, monkeypatch):
        monkeypatch.setattr("jumpscore.data.convert.LARGEST_MEMBER", 3)
        archive(tmp_path / "source" / "a.zip", {"one.mp4": b"1234"})
        with pytest.raises(DataError, match=r"'one\.mp4' would unpack to 4 bytes, at most 3"):
            unpack_all(tmp_path / "source", tmp_path / "out")

    def test_a_compression_that_python_lacks_says_what_to_do(self, tmp_path):
        archive(tmp_path / "a.zip", {"one.mp4": b"1234"})
        content = bytearray((tmp_path / "a.zip").read_bytes())
        for header, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
            content[content.index(header) + offset] = 9  # Deflate64
        (tmp_path / "a.zip").write_bytes(content)
        with pytest.raises(DataError, match="compression method that Python cannot read"):
            unpack_all(tmp_path, tmp_path / "out")

    @pytest.mark.parametrize(
        "name",
        [
            *("../evil", "/evil", "a/../../evil", "a\\..\\evil", "..\\evil", "\\evil"),
            *("C:\\evil", "c:/evil", "C:evil", "\\\\server\\share\\evil", "//server/evil"),
        ],
    )
    def test_names_that_leave_the_folder(self, tmp_path, name):
        (tmp_path / "source").mkdir()
        with tarfile.open(tmp_path / "source" / "b.tar", "w") as tar:
            entry = tarfile.TarInfo(name)
            entry.size = 1
            tar.addfile(entry, io.BytesIO(b"2"))
        with pytest.raises(DataError, match="leaves the folder"):
            unpack_all(tmp_path / "source", tmp_path / "out")
        (tmp_path / "source" / "b.tar").unlink()
        archive(tmp_path / "source" / "b.zip", {name: b"2"})
        with pytest.raises(DataError, match="leaves the folder"):
            unpack_all(tmp_path / "source", tmp_path / "out")

    def test_links_in_archives_are_no_files(self, tmp_path):
        (tmp_path / "source").mkdir()
        with tarfile.open(tmp_path / "source" / "b.tar", "w") as tar:
            entry = tarfile.TarInfo("passwords")
            entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(entry)
        entry = zipfile.ZipInfo("passwords")
        entry.external_attr = 0o120777 << 16
        with zipfile.ZipFile(tmp_path / "source" / "a.zip", "w") as packed:
            packed.writestr(entry, "/etc/passwd")
        assert unpack_all(tmp_path / "source", tmp_path / "out") == []

    @pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
    def test_a_cut_archive(self, tmp_path, kind):
        file = tmp_path / f"a.{kind}"
        archive(file, {"one.mp4": np.random.default_rng(0).bytes(20_000)})
        file.write_bytes(file.read_bytes()[:10_000])
        with pytest.raises(DataError, match="cannot be unpacked"):
            unpack_all(tmp_path, tmp_path / "out")

    @pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.xz"])
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


def test_a_placed_link_is_the_file_that_it_leads_to(tmp_path):
    (tmp_path / "blobs").mkdir()
    (tmp_path / "blobs" / "1").write_text("content")
    (tmp_path / "a").symlink_to("blobs/1")
    place(tmp_path / "a", tmp_path / "new" / "deep" / "b")
    assert not (tmp_path / "new" / "deep" / "b").is_symlink()
    assert (tmp_path / "new" / "deep" / "b").read_text() == "content"

from __future__ import annotations

import io
import tarfile
import zipfile

import numpy as np
import pytest

from jumpscore.data.archives import unpack_all
from jumpscore.errors import DataError


def write_archive(file, members):
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix.lower() == ".zip":
        with zipfile.ZipFile(file, "w") as zipped:
            for name, content in members.items():
                zipped.writestr(zipfile.ZipInfo(name), content)
        return
    packing = {".gz": "w:gz", ".TGZ": "w:gz", ".bz2": "w:bz2", ".xz": "w:xz"}
    with tarfile.open(file, packing.get(file.suffix, "w")) as tar:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


def test_unpack_all_reads_zip_and_tar(tmp_path):
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    with zipfile.ZipFile(source / "a.zip", "w") as zipped:
        zipped.writestr("x/one.mp4", b"1")
    with tarfile.open(source / "b.tar.gz", "w:gz") as tar:
        entry = tarfile.TarInfo("y/two.mp4")
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"2"))
    files = unpack_all(source, out)
    assert [file.relative_to(out).as_posix() for file in files] == ["x/one.mp4", "y/two.mp4"]
    assert [file.read_bytes() for file in files] == [b"1", b"2"]


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz", "TGZ"])
def test_unpack_all_accepts_backslashes(tmp_path, kind):
    write_archive(tmp_path / "source" / f"a.{kind}", {"videos\\x\\one.mp4": b"1", "two.mp4": b"2"})
    files = unpack_all(tmp_path / "source", tmp_path / "out")
    names = [file.relative_to(tmp_path / "out").as_posix() for file in files]
    assert names == ["videos/x/one.mp4", "two.mp4"]
    assert [file.read_bytes() for file in files] == [b"1", b"2"]


@pytest.mark.parametrize("name", [".", "./", "x/", "x\\", "x/./"])
def test_unpack_all_skips_folders(tmp_path, name):
    write_archive(tmp_path / "source" / "a.zip", {name: b"", "./one.mp4": b"1"})
    [file] = unpack_all(tmp_path / "source", tmp_path / "out")
    assert file == tmp_path / "out" / "one.mp4"


def test_unpack_all_accepts_upper_case_suffix(tmp_path):
    write_archive(tmp_path / "source" / "A.ZIP", {"one.mp4": b"1"})
    assert len(unpack_all(tmp_path / "source", tmp_path / "out")) == 1


def test_unpack_all_limits_total_size(tmp_path, monkeypatch):
    monkeypatch.setattr("jumpscore.data.archives.LARGEST_ARCHIVE", 10)
    for kind in ("zip", "tar.gz"):
        source = tmp_path / kind
        write_archive(source / f"a.{kind}", {f"{number}.mp4": b"1234" for number in range(2)})
        assert len(unpack_all(source, tmp_path / "out")) == 2
        write_archive(source / f"a.{kind}", {f"{number}.mp4": b"1234" for number in range(3)})
        with pytest.raises(DataError, match="would unpack to more than 10 bytes"):
            unpack_all(source, tmp_path / "out")


def test_unpack_all_limits_size_of_a_member(tmp_path, monkeypatch):
    monkeypatch.setattr("jumpscore.data.archives.LARGEST_MEMBER", 3)
    write_archive(tmp_path / "source" / "a.zip", {"one.mp4": b"1234"})
    with pytest.raises(DataError, match=r"'one\.mp4' would unpack to 4 bytes; at most 3"):
        unpack_all(tmp_path / "source", tmp_path / "out")


def test_unpack_all_unsupported_compression(tmp_path):
    write_archive(tmp_path / "a.zip", {"one.mp4": b"1234"})
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
def test_unpack_all_rejects_names_outside_the_folder(tmp_path, name):
    (tmp_path / "source").mkdir()
    with tarfile.open(tmp_path / "source" / "b.tar", "w") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = 1
        tar.addfile(entry, io.BytesIO(b"2"))
    with pytest.raises(DataError, match="leaves the folder"):
        unpack_all(tmp_path / "source", tmp_path / "out")
    (tmp_path / "source" / "b.tar").unlink()
    write_archive(tmp_path / "source" / "b.zip", {name: b"2"})
    with pytest.raises(DataError, match="leaves the folder"):
        unpack_all(tmp_path / "source", tmp_path / "out")


def test_unpack_all_skips_links(tmp_path):
    (tmp_path / "source").mkdir()
    with tarfile.open(tmp_path / "source" / "b.tar", "w") as tar:
        entry = tarfile.TarInfo("passwords")
        entry.type, entry.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(entry)
    entry = zipfile.ZipInfo("passwords")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "source" / "a.zip", "w") as zipped:
        zipped.writestr(entry, "/etc/passwd")
    assert unpack_all(tmp_path / "source", tmp_path / "out") == []


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "tar.bz2", "tar.xz"])
def test_unpack_all_truncated_archive(tmp_path, kind):
    file = tmp_path / f"a.{kind}"
    write_archive(file, {"one.mp4": np.random.default_rng(0).bytes(20_000)})
    file.write_bytes(file.read_bytes()[:10_000])
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack_all(tmp_path, tmp_path / "out")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.xz"])
def test_unpack_all_damaged_archive(tmp_path, name):
    (tmp_path / name).write_bytes(b"nothing")
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack_all(tmp_path, tmp_path / "out")

"""Folders from a faulty tool or an attacker."""

from __future__ import annotations

import io
import os
import shutil
import struct
import zlib

import cv2
import numpy as np
import pytest

from jumpscore.errors import DataError
from jumpscore.video.prepared.folders import read_prepared
from jumpscore.video.prepared.layout import read_pictures
from tests.jumpscore.video.prepared.samples import (
    foreign_positions,
    refuse,
    write_foreign,
)


def picture_of(width: int, height: int, suffix: str = ".jpg") -> bytes:
    return cv2.imencode(suffix, np.full((height, width, 3), 90, np.uint8))[1].tobytes()


@pytest.fixture
def foreign(tmp_path):
    return write_foreign(tmp_path / "foreign", foreign_positions())


def test_read_prepared_missing_folder(tmp_path):
    refuse(tmp_path / "nowhere", "not a folder of prepared pictures")
    refuse(tmp_path / "nul\0l", "not a folder of prepared pictures")
    (tmp_path / "file").touch()
    refuse(tmp_path / "file", "not a folder of prepared pictures")


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("_DONE", "is unfinished"),
        ("canvas_000.jpg", "canvas_000 is missing"),
        ("meta.json", "is missing"),
        ("src_patch_position.npy", "is missing"),
    ],
)
def test_read_prepared_missing_files(foreign, name, match):
    (foreign / name).unlink()
    refuse(foreign, match)


def test_read_prepared_without_pictures(foreign):
    for file in foreign.glob("canvas*"):
        file.unlink()
    refuse(foreign, "contains neither canvas_000.jpg")


def test_read_prepared_duplicate_picture(foreign):
    shutil.copy(foreign / "canvas_001.jpg", foreign / "canvas_001.png")
    refuse(foreign, r"canvas_001\.png is a duplicate")


def test_read_prepared_rejects_pipe(foreign):
    for name, match in (("canvas_001.jpg", "not a JPEG"), ("meta.json", "not a regular file")):
        (foreign / name).unlink()
        os.mkfifo(foreign / name)
        refuse(foreign, match)


@pytest.mark.parametrize(
    ("meta", "match"),
    [
        (b"[1]", "not a JSON object"),
        (b"{", "is not valid JSON"),
        (b"\xff\xfe{", "is not valid JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"fps": 1' + b"0" * 5000 + b"}", "is not valid JSON"),
        (b"{}", "fps is None"),
        (b'{"fps": "25"}', "fps is '25'"),
        (b'{"fps": true}', "fps is True"),
        (b'{"fps": NaN}', "fps is nan"),
        (b'{"fps": Infinity}', "fps is inf"),
        (b'{"fps": 0}', "above 0"),
        (b'{"fps": -25}', "above 0"),
        (b'{"fps": 1e9}', "at most 1000000"),
        (b'{"fps": 1' + b"0" * 400 + b"}", "at most 1000000"),
        (b'{"fps": 1e-9}', "at most 86400 s are allowed"),
        (b'{"fps": 25, "decimals": 9}', "decimals is 9"),
        (b'{"fps": 25, "decimals": "2"}', "decimals is '2'"),
        (b'{"fps": 25, "jumpscore": {}}', "does not match the digest in _DONE"),
        (b" " * (2**24 + 1), "is larger than"),
    ],
)
def test_read_prepared_rejects_invalid_meta(foreign, meta, match):
    (foreign / "meta.json").write_bytes(meta)
    refuse(foreign, match)


def npy(array: np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


FLAT = foreign_positions().reshape(-1, 3)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "not a two-dimensional int32 array"),
        (b"\x93NUMPY\x01\x00", "not a two-dimensional int32 array"),
        (npy(FLAT.astype(object), allow_pickle=True), "not a two-dimensional int32 array"),
        (npy(FLAT.astype(float)), "not a two-dimensional int32 array"),
        (npy(FLAT.astype([("a", "<i4")])), "not a two-dimensional int32 array"),
        (npy(np.asfortranarray(FLAT)), "not a two-dimensional int32 array"),
        (npy(FLAT.reshape(-1)), "not a two-dimensional int32 array"),
        (npy(FLAT[:, :2]), "states 48x2"),
        (npy(FLAT[:-1]), "states 47x3"),
        (npy(FLAT)[:-1], "states 48x3 numbers in 703 bytes"),
        (npy(FLAT).replace(b"(48, 3)", b"(999999999999, 3)"), "states 999999999999x3"),
        (npy(FLAT) + b"\0" * 10_000, "is larger than"),
    ],
)
def test_read_prepared_rejects_invalid_positions(foreign, data, match):
    (foreign / "src_patch_position.npy").write_bytes(data)
    refuse(foreign, match)


@pytest.mark.parametrize(
    ("where", "what"),
    [
        ((1, 2, 3, 0), 4),  # one patch of another frame
        ((1, 2, 3), [-1, -1, -1]),  # one patch black
        ((1, 2, 3, 1), 0),  # of another block
        ((1, slice(2, 4), slice(2, 4), 1), 8),  # all in one row
        ((1, slice(2, 4), slice(2, 4), 2), -1),  # black in part
    ],
)
def test_read_prepared_rejects_invalid_blocks(foreign, where, what):
    positions = foreign_positions()
    positions[where] = what
    np.save(foreign / "src_patch_position.npy", positions.reshape(-1, 3))
    refuse(foreign, r"canvas 1, block \(1, 1\) is")


@pytest.mark.parametrize(
    "shift", [[0, 1, 0], [0, 0, 1], [0, 2, 0], [0, 0, 4], [2**31 - 1, 0, 0], [0, 2**62, 0]]
)
def test_read_prepared_rejects_shifted_blocks(foreign, shift):
    """Odd patches, outside the picture, beyond int32."""
    positions = foreign_positions().astype(np.int64)
    positions[0, 2:, 2:4] += shift
    np.save(foreign / "src_patch_position.npy", positions.reshape(-1, 3))
    refuse(foreign, r"canvas 0, block \(1, 1\) is")


def test_read_prepared_rejects_padding_only(foreign):
    np.save(foreign / "src_patch_position.npy", np.full((48, 3), -1, np.int32))
    refuse(foreign, "all canvases are only padding")


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (picture_of(84, 84), "84x84 pixels, but canvas_000.jpg has 84x56"),
        (b"", "not a JPEG or PNG"),
        (b"\xff\xd8" + b"\xff" * 300_000, "not a JPEG or PNG"),
        (b"\xff\xd8\xff\xe0\x00\x00" * 9, "not a JPEG or PNG"),
        (b"GIF89a" + bytes(100), "not a JPEG or PNG"),
    ],
)
def test_read_prepared_rejects_other_pictures(foreign, data, match):
    (foreign / "canvas_001.jpg").write_bytes(data)
    refuse(foreign, match)


@pytest.mark.parametrize("size", [(85, 56), (84, 50), (27, 28)])
def test_read_prepared_rejects_other_sizes(foreign, size):
    for file in foreign.glob("canvas*"):
        file.write_bytes(picture_of(*size))
    refuse(foreign, "multiples of 28")


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + body + struct.pack(">I", zlib.crc32(body))


def test_read_prepared_rejects_bomb_by_header(foreign):
    for file in foreign.glob("canvas*"):
        file.write_bytes(png_header(28 * 10_000, 28 * 10_000))
    refuse(foreign, "280000x280000 pixels; at most")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-3],
        lambda data: data[: len(data) // 2] + b"\xff\xc0\x00" * 9,
    ],
)
def test_pixels_rejects_truncated_pictures(foreign, suffix, damage):
    noise = np.random.default_rng(1).integers(0, 255, (56, 84, 3), np.uint8)
    data = cv2.imencode(suffix, noise)[1].tobytes()
    (foreign / "canvas_001.jpg").write_bytes(damage(data))
    visual = read_prepared(foreign)
    with pytest.raises(DataError, match=r"canvas_001\.jpg: is truncated, damaged"):
        _ = visual.pixels


@pytest.mark.parametrize("place", range(8, 300, 7))
def test_pixels_detects_any_damage_of_png(foreign, place):
    noise = np.random.default_rng(1).integers(0, 255, (56, 84, 3), np.uint8)
    data = bytearray(cv2.imencode(".png", noise)[1].tobytes())
    data[place] ^= 0x10
    (foreign / "canvas_001.jpg").write_bytes(data)
    with pytest.raises(DataError, match="canvas_001"):
        _ = read_prepared(foreign).pixels


def test_pixels_ignores_orientation_metadata(foreign):
    data = picture_of(84, 56)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    tagged = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    (foreign / "canvas_001.jpg").write_bytes(tagged)
    assert read_prepared(foreign).pixels.shape == (2, 56, 84, 3)


def test_pixels_detects_changed_folder(foreign):
    with pytest.raises(DataError, match="contains 2 pictures of 84x56 instead of 3 of 84x56"):
        read_pictures(foreign, count=3, size=(84, 56))

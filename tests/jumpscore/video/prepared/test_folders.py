from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import os
import shutil
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jumpscore.errors import DataError, UsageError
from jumpscore.video import VisualInput, uniform_frames
from jumpscore.video.inputs import whole_frames
from jumpscore.video.prepared.folders import (
    folder_name,
    read_prepared,
    write_prepared,
)
from jumpscore.video.prepared.layout import read_pictures
from jumpscore.video.prepared.record import RECORD
from tests.support import read_number, write_video

SMALL_FILES = ("meta.json", "src_patch_position.npy", "frame_ids.npy", "_DONE")
WIDTH, HEIGHT = 112, 56


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    return write_video(tmp_path_factory.mktemp("v") / "a.mp4", frames=40, size=(128, 64))


def canvases(video: Path, **changes) -> VisualInput:
    """Three canvases: a whole frame, blocks of two others, and one that is mostly black."""
    blocks = whole_frames([0, 5, 11], width=WIDTH, height=HEIGHT)
    blocks[1, 1] = [[11, 0, 3], [11, 0, 2], [11, 1, 1], [11, 1, 0]]
    blocks[2, :, 1:] = -1
    fields = {
        "kind": "codec",
        "path": video,
        "width": WIDTH,
        "height": HEIGHT,
        "blocks": blocks,
        "frame_indices": (0, 5, 11),
        "times": (0.0, 0.1 + 0.1, 1 / 3),
        "fps": 30000 / 1001,
        "time_policy": "pts",
        "decimals": 2,
        "provenance": {"backend": "by hand", "version": "1"},
        "notes": ("a note", "ünï \ud800"),
        "truncated": "the end is missing",
        "exhausted": True,
    }
    return VisualInput(**fields | changes)


def frames(video: Path) -> VisualInput:
    return uniform_frames(video, count=4, max_pixels=WIDTH * HEIGHT)


def assert_equal(one: VisualInput, other: VisualInput, *, but: tuple[str, ...] = ()) -> None:
    for field in dataclasses.fields(VisualInput):
        if field.name in but:
            continue
        left, right = getattr(one, field.name), getattr(other, field.name)
        if field.name == "blocks":
            assert left.dtype == right.dtype == np.int32
            np.testing.assert_array_equal(left, right)
        else:
            assert left == right, field.name
            assert type(left) is type(right), field.name


def write_foreign(
    folder: Path, positions: np.ndarray, meta: dict | None = None, *, digits: int = 3
) -> Path:
    """A folder as the public tool leaves it: noise, positions [n, rows, columns, 3], fps."""
    folder.mkdir(parents=True)
    count, rows, columns, _ = positions.shape
    generator = np.random.default_rng(0)
    for number in range(count):
        picture = np.zeros((rows * 14, columns * 14, 3), np.uint8)
        picture[:] = generator.integers(0, 255, 3)  # one colour, which JPEG keeps nearly
        cv2.imwrite(str(folder / f"canvas_{number:0{digits}d}.jpg"), picture)
    np.save(folder / "src_patch_position.npy", positions.reshape(-1, 3))
    np.save(folder / "frame_ids.npy", np.arange(8, dtype=np.int32))
    meta = {"fps": 25.0, "groups": [{"x": None}]} if meta is None else meta
    (folder / "meta.json").write_text(json.dumps(meta))
    (folder / "_DONE").touch()
    return folder


def foreign_positions(count: int = 2) -> np.ndarray:
    """Whole frames 3, 10, 17, ... as canvases of 2 x 3 blocks."""
    grid = np.indices((4, 6)).transpose(1, 2, 0)
    pictures = [np.dstack([np.full((4, 6), 3 + 7 * n), grid]) for n in range(count)]
    return np.stack(pictures).astype(np.int32)


# Round trips


@pytest.mark.parametrize("make", [canvases, frames])
@pytest.mark.parametrize("lossless", [True, False])
def test_every_field_comes_back(video, tmp_path, make, lossless):
    visual = make(video)
    written = write_prepared(visual, tmp_path / "there" / "x", lossless=lossless)
    again = read_prepared(tmp_path / "there" / "x")
    provenance = dict(visual.provenance) | ({} if lossless else {"pictures": "jpeg of quality 95"})
    expected = visual.changed(folder=tmp_path / "there" / "x", provenance=provenance)
    assert_equal(again, expected)
    assert_equal(again, written)
    # JPEG is not what the model would have been shown: another request.
    assert (again.fingerprint == visual.fingerprint) == lossless
    assert again.stamps == visual.stamps
    assert again.pixels.shape == visual.pixels.shape
    assert again.pixels.dtype == np.uint8
    difference = np.abs(again.pixels.astype(int) - visual.pixels)
    assert difference.max() == 0 if lossless else 0 < difference.mean() < 3


def test_every_field_of_an_input_is_stored():
    assert {field.name for field in dataclasses.fields(VisualInput)} - {
        "folder",
        "token_grid",
        "donor",
    } == set(RECORD)


def test_the_pictures_are_those_of_their_frames(video, tmp_path):
    write_prepared(frames(video), tmp_path / "x")
    again = read_prepared(tmp_path / "x")
    assert [read_number(picture) for picture in again.pixels] == list(again.frame_indices)


def test_colours_are_not_swapped(video, tmp_path):
    visual = canvases(video)
    visual.__dict__["pixels"] = np.full((3, HEIGHT, WIDTH, 3), (200, 100, 20), np.uint8)
    write_prepared(visual, tmp_path / "x")
    np.testing.assert_allclose(
        read_prepared(tmp_path / "x").pixels[0, 5, 5], (200, 100, 20), atol=4
    )
    stored = cv2.imread(str(tmp_path / "x" / "canvas_000.jpg"))
    np.testing.assert_allclose(stored[5, 5], (20, 100, 200), atol=4)


def test_the_published_layout(video, tmp_path):
    folder = tmp_path / folder_name(video)
    write_prepared(canvases(video), folder)
    assert folder.name == f"a__{hashlib.sha1(str(video).encode()).hexdigest()[:8]}"
    names = {file.name for file in folder.iterdir()}
    assert names == {*SMALL_FILES, "canvas_000.jpg", "canvas_001.jpg", "canvas_002.jpg"}
    positions = np.load(folder / "src_patch_position.npy")
    assert positions.dtype == np.int32
    assert positions.shape == (3 * 4 * 8, 3)
    # Canvas 1, patch (3, 2): block (1, 1) holds block (0, 2) of frame 11, its lower left patch.
    assert positions[1 * 32 + 3 * 8 + 2].tolist() == [11, 1, 4]
    assert positions[2 * 32 + 5].tolist() == [-1, -1, -1]
    frame_ids = np.load(folder / "frame_ids.npy")
    assert frame_ids.dtype == np.int64
    assert frame_ids.tolist() == [0, 5, 11]
    assert json.loads((folder / "meta.json").read_text())["fps"] == 30000 / 1001
    assert list(tmp_path.iterdir()) == [folder]  # no scratch is left


def test_another_path_may_be_named(video, tmp_path):
    write_prepared(canvases(video), tmp_path / "x")
    other = tmp_path / "moved.mp4"
    assert read_prepared(tmp_path / "x", video=other).path == other


# Writing


def test_writing_the_same_again_changes_nothing(video, tmp_path):
    write_prepared(canvases(video), tmp_path / "x")
    before = (tmp_path / "x" / "_DONE").stat()
    write_prepared(canvases(video), tmp_path / "x")
    after = (tmp_path / "x" / "_DONE").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("change", [{"decimals": 1}, {"lossless": True}])
def test_another_input_is_not_overwritten(video, tmp_path, change):
    write_prepared(canvases(video), tmp_path / "x")
    lossless = change.pop("lossless", False)
    with pytest.raises(UsageError, match="another prepared input"):
        write_prepared(canvases(video, **change), tmp_path / "x", lossless=lossless)


def test_what_was_left_unfinished_is_replaced(video, tmp_path):
    write_prepared(frames(video), tmp_path / "x")
    (tmp_path / "x" / "_DONE").unlink()
    write_prepared(canvases(video), tmp_path / "x")
    assert read_prepared(tmp_path / "x").kind == "codec"
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


def test_files_of_others_are_never_deleted(video, tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "thesis.tex").touch()
    with pytest.raises(UsageError, match=r"thesis\.tex"):
        write_prepared(canvases(video), tmp_path / "x")
    assert (tmp_path / "x" / "thesis.tex").exists()


def test_a_damaged_folder_is_named(video, tmp_path):
    write_prepared(canvases(video), tmp_path / "x")
    (tmp_path / "x" / "meta.json").write_text("{}")
    with pytest.raises(UsageError, match=r"in the way.*meta\.json"):
        write_prepared(canvases(video), tmp_path / "x")


def test_a_folder_that_cannot_be_written(video, tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file" / "x", tmp_path / "file", tmp_path / ("n" * 300)):
        with pytest.raises(UsageError, match="cannot be written"):
            write_prepared(canvases(video), folder)


def test_nothing_is_left_where_writing_fails(video, tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UsageError, match="No space left"):
        write_prepared(canvases(video), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_what_no_reader_accepts_is_not_written(video, tmp_path):
    blocks = np.zeros((5000, 1, 1, 3), np.int32)
    with pytest.raises(UsageError, match="5000 pictures"):
        write_prepared(
            canvases(video, blocks=blocks, width=28, height=28), tmp_path / "x", lossless=True
        )
    with pytest.raises(UsageError, match="inf fps"):
        write_prepared(canvases(video, fps=float("inf")), tmp_path / "x")


# Folders of other tools


def test_a_folder_of_another_tool(tmp_path):
    folder = write_foreign(tmp_path / "x", foreign_positions(3))
    visual = read_prepared(folder)
    assert (visual.kind, visual.path, visual.folder) == ("codec", folder, folder)
    assert (visual.width, visual.height) == (84, 56)
    assert visual.frame_indices == (3, 10, 17)
    assert visual.times == (3 / 25, 10 / 25, 17 / 25)
    assert (visual.fps, visual.time_policy, visual.decimals) == (25.0, "released", 1)
    assert visual.provenance["backend"] == "prepared"
    np.testing.assert_array_equal(
        visual.blocks, whole_frames(visual.frame_indices, width=84, height=56)
    )
    colours = np.random.default_rng(0).integers(0, 255, (3, 3))[:, ::-1]
    np.testing.assert_allclose(visual.pixels[:, 20, 20], colours, atol=4)


def test_the_fingerprint_of_a_folder_is_of_its_pictures(tmp_path):
    one = read_prepared(write_foreign(tmp_path / "x", foreign_positions()))
    two = read_prepared(write_foreign(tmp_path / "y", foreign_positions()))
    assert one.fingerprint == two.fingerprint
    shutil.copy(tmp_path / "y" / "canvas_000.jpg", tmp_path / "y" / "canvas_001.jpg")
    assert read_prepared(tmp_path / "y").fingerprint != one.fingerprint


def test_meta_may_say_decimals_and_numbers_may_be_wide(tmp_path):
    folder = write_foreign(
        tmp_path / "x", foreign_positions().astype(np.int64), {"fps": 8, "decimals": 2}, digits=5
    )
    visual = read_prepared(folder)
    assert visual.stamp_texts == ("<0.38 seconds>", "<1.25 seconds>")
    assert isinstance(visual.fps, float)


def test_padding_canvases_are_dropped_and_black_places_stay(tmp_path):
    positions = foreign_positions(4)
    positions[1] = -1
    positions[3, 2:, 4:] = -1
    visual = read_prepared(write_foreign(tmp_path / "x", positions))
    assert visual.frame_indices == (3, 17, 24)
    assert visual.notes == ("1 of 4 canvases are padding and left out",)
    assert len(visual.blocks) == len(visual.pixels) == 3
    assert visual.blocks[2, 1, 2].tolist() == [-1, -1, -1]
    colours = np.random.default_rng(0).integers(0, 255, (4, 3))[[0, 2, 3], ::-1]
    np.testing.assert_allclose(visual.pixels[:, 20, 20], colours, atol=4)


def test_a_video_gives_presentation_times(tmp_path):
    times = [0.0, 0.04, 0.08, 1.0, 1.04, 2.0, 2.04, 2.5, 2.6, 2.7, 3.0, 3.04]
    video = write_video(tmp_path / "v.mp4", frames=12, times=times)
    visual = read_prepared(write_foreign(tmp_path / "x", foreign_positions()), video=video)
    assert visual.path == video
    np.testing.assert_allclose(visual.times, (1.0, 3.0), atol=1e-3)
    assert visual.time_policy == "pts"
    assert "rate varies" in visual.notes[0]
    with pytest.raises(DataError, match=r"frame 17, .*v\.mp4 has 0\.\.11"):
        read_prepared(write_foreign(tmp_path / "y", foreign_positions(3)), video=video)


def test_a_folder_of_another_tool_can_be_written_as_ours(tmp_path):
    visual = read_prepared(write_foreign(tmp_path / "x", foreign_positions()))
    write_prepared(visual, tmp_path / "y", lossless=True)
    again = read_prepared(tmp_path / "y")
    assert_equal(again, visual, but=("folder",))
    np.testing.assert_array_equal(again.pixels, visual.pixels)


# Hostile folders


def refuse(folder: Path, match: str) -> None:
    with pytest.raises(DataError, match=match) as error:
        read_prepared(folder)
    assert folder.name in str(error.value)


def picture_of(width: int, height: int, suffix: str = ".jpg") -> bytes:
    return cv2.imencode(suffix, np.full((height, width, 3), 90, np.uint8))[1].tobytes()


@pytest.fixture
def foreign(tmp_path):
    return write_foreign(tmp_path / "foreign", foreign_positions())


def test_no_folder(tmp_path):
    refuse(tmp_path / "nowhere", "no folder of prepared pictures")
    refuse(tmp_path / "nul\0l", "no folder of prepared pictures")
    (tmp_path / "file").touch()
    refuse(tmp_path / "file", "no folder of prepared pictures")


@pytest.mark.parametrize(
    ("name", "match"),
    [
        ("_DONE", "is not finished"),
        ("canvas_000.jpg", "canvas_000 is missing"),
        ("meta.json", "is missing"),
        ("src_patch_position.npy", "is missing"),
    ],
)
def test_missing_files(foreign, name, match):
    (foreign / name).unlink()
    refuse(foreign, match)


def test_no_picture(foreign):
    for file in foreign.glob("canvas*"):
        file.unlink()
    refuse(foreign, "holds no canvas")


def test_a_picture_there_twice(foreign):
    shutil.copy(foreign / "canvas_001.jpg", foreign / "canvas_001.png")
    refuse(foreign, r"canvas_001\.png is there twice")


def test_a_pipe_blocks_nobody(foreign):
    for name, match in (("canvas_001.jpg", "no JPEG"), ("meta.json", "no regular file")):
        (foreign / name).unlink()
        os.mkfifo(foreign / name)
        refuse(foreign, match)


@pytest.mark.parametrize(
    ("meta", "match"),
    [
        (b"[1]", "no JSON object"),
        (b"{", "is no JSON"),
        (b"\xff\xfe{", "is no JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b'{"fps": 1' + b"0" * 5000 + b"}", "is no JSON"),
        (b"{}", "fps is None"),
        (b'{"fps": "25"}', "fps is '25'"),
        (b'{"fps": true}', "fps is True"),
        (b'{"fps": NaN}', "fps is nan"),
        (b'{"fps": Infinity}', "fps is inf"),
        (b'{"fps": 0}', "above 0"),
        (b'{"fps": -25}', "above 0"),
        (b'{"fps": 1e9}', "at most 1000000"),
        (b'{"fps": 1' + b"0" * 400 + b"}", "at most 1000000"),
        (b'{"fps": 1e-9}', "beyond a day"),
        (b'{"fps": 25, "decimals": 9}', "decimals is 9"),
        (b'{"fps": 25, "decimals": "2"}', "decimals is '2'"),
        (b'{"fps": 25, "jumpscore": {}}', "not what _DONE was written for"),
        (b" " * (2**24 + 1), "is larger than"),
    ],
)
def test_meta(foreign, meta, match):
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
        (b"", "no two-dimensional array"),
        (b"\x93NUMPY\x01\x00", "no two-dimensional array"),
        (npy(FLAT.astype(object), allow_pickle=True), "no two-dimensional array"),
        (npy(FLAT.astype(float)), "no two-dimensional array"),
        (npy(FLAT.astype([("a", "<i4")])), "no two-dimensional array"),
        (npy(np.asfortranarray(FLAT)), "no two-dimensional array"),
        (npy(FLAT.reshape(-1)), "no two-dimensional array"),
        (npy(FLAT[:, :2]), "claims 48x2"),
        (npy(FLAT[:-1]), "claims 47x3"),
        (npy(FLAT)[:-1], "claims 48x3 numbers in 703 bytes"),
        (npy(FLAT).replace(b"(48, 3)", b"(999999999999, 3)"), "claims 999999999999x3"),
        (npy(FLAT) + b"\0" * 10_000, "is larger than"),
    ],
)
def test_positions_that_are_no_array(foreign, data, match):
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
def test_blocks_that_are_none(foreign, where, what):
    positions = foreign_positions()
    positions[where] = what
    np.save(foreign / "src_patch_position.npy", positions.reshape(-1, 3))
    refuse(foreign, r"canvas 1, block \(1, 1\) is")


@pytest.mark.parametrize(
    "shift", [[0, 1, 0], [0, 0, 1], [0, 2, 0], [0, 0, 4], [2**31 - 1, 0, 0], [0, 2**62, 0]]
)
def test_blocks_out_of_place(foreign, shift):
    """Not on even patches, outside the picture, beyond what an int32 holds."""
    positions = foreign_positions().astype(np.int64)
    positions[0, 2:, 2:4] += shift
    np.save(foreign / "src_patch_position.npy", positions.reshape(-1, 3))
    refuse(foreign, r"canvas 0, block \(1, 1\) is")


def test_nothing_but_padding(foreign):
    np.save(foreign / "src_patch_position.npy", np.full((48, 3), -1, np.int32))
    refuse(foreign, "all canvases are padding")


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (picture_of(84, 84), "84x84 pixels, canvas_000.jpg 84x56"),
        (b"", "no JPEG or PNG"),
        (b"\xff\xd8" + b"\xff" * 300_000, "no JPEG or PNG"),
        (b"\xff\xd8\xff\xe0\x00\x00" * 9, "no JPEG or PNG"),
        (b"GIF89a" + bytes(100), "no JPEG or PNG"),
    ],
)
def test_pictures_that_do_not_belong(foreign, data, match):
    (foreign / "canvas_001.jpg").write_bytes(data)
    refuse(foreign, match)


@pytest.mark.parametrize("size", [(85, 56), (84, 50), (27, 28)])
def test_sides_that_are_no_multiple_of_28(foreign, size):
    for file in foreign.glob("canvas*"):
        file.write_bytes(picture_of(*size))
    refuse(foreign, "multiples of 28")


def png_header(width: int, height: int) -> bytes:
    body = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n\0\0\0\r" + body + struct.pack(">I", zlib.crc32(body))


def test_a_bomb_is_refused_by_its_header(foreign):
    for file in foreign.glob("canvas*"):
        file.write_bytes(png_header(28 * 10_000, 28 * 10_000))
    refuse(foreign, "280000x280000 pixels, at most")


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[: len(data) // 2],
        lambda data: data[:-3],
        lambda data: data[: len(data) // 2] + b"\xff\xc0\x00" * 9,
    ],
)
def test_pictures_that_end_early_are_not_made_up(foreign, suffix, damage):
    noise = np.random.default_rng(1).integers(0, 255, (56, 84, 3), np.uint8)
    data = cv2.imencode(suffix, noise)[1].tobytes()
    (foreign / "canvas_001.jpg").write_bytes(damage(data))
    visual = read_prepared(foreign)
    with pytest.raises(DataError, match=r"canvas_001\.jpg: is cut off, damaged"):
        _ = visual.pixels


@pytest.mark.parametrize("place", range(8, 300, 7))
def test_every_byte_of_a_png_counts(foreign, place):
    noise = np.random.default_rng(1).integers(0, 255, (56, 84, 3), np.uint8)
    data = bytearray(cv2.imencode(".png", noise)[1].tobytes())
    data[place] ^= 0x10
    (foreign / "canvas_001.jpg").write_bytes(data)
    with pytest.raises(DataError, match="canvas_001"):
        _ = read_prepared(foreign).pixels


def test_metadata_turns_no_picture(foreign):
    data = picture_of(84, 56)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    tagged = data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:]
    (foreign / "canvas_001.jpg").write_bytes(tagged)
    assert read_prepared(foreign).pixels.shape == (2, 56, 84, 3)


def test_pictures_that_changed_after_the_input_was_made(foreign):
    with pytest.raises(DataError, match="holds 2 pictures of 84x56, expected 3 of 84x56"):
        read_pictures(foreign, count=3, size=(84, 56))


# Damage to our own


@pytest.mark.parametrize("lossless", [True, False])
def test_a_damaged_picture_is_never_used(video, tmp_path, lossless):
    write_prepared(canvases(video), tmp_path / "x", lossless=lossless)
    visual = read_prepared(tmp_path / "x")
    file = next((tmp_path / "x").glob("canvas_001.*"))
    data = bytearray(file.read_bytes())
    data[-20] ^= 1
    file.write_bytes(data)
    with pytest.raises(DataError, match=r"canvas_001.*SHA-256"):
        _ = visual.pixels
    file.write_bytes(data[:-1])
    refuse(tmp_path / "x", r"canvas_001.*bytes, meta\.json says")


def test_an_added_picture(video, tmp_path):
    write_prepared(canvases(video), tmp_path / "x")
    shutil.copy(tmp_path / "x" / "canvas_002.jpg", tmp_path / "x" / "canvas_003.jpg")
    refuse(tmp_path / "x", r"'canvas_003\.jpg' is either missing or was added")


def forge(folder: Path, change) -> None:
    """Change our part of meta.json and seal it again, as one would who does it on purpose."""
    meta = json.loads((folder / "meta.json").read_text())
    change(meta["jumpscore"])
    data = json.dumps(meta).encode()
    (folder / "meta.json").write_bytes(data)
    (folder / "_DONE").write_text(f"sha256 {hashlib.sha256(data).hexdigest()}")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "both"},
        {"kind": []},
        {"path": "a\0b"},
        {"path": 1},
        {"width": 28},
        {"width": True},
        {"width": 112.0},
        {"blocks": "0" * 64},
        {"blocks": None},
        {"frame_indices": [0, 5]},
        {"frame_indices": [0, 5, 12]},
        {"frame_indices": [5, 0, 11]},
        {"frame_indices": [0, 5, 11, 2**40]},
        {"frame_indices": [0.0, 5, 11]},
        {"frame_indices": 3},
        {"times": [0.0, 0.1]},
        {"times": [0.0, 0.1, None]},
        {"times": [0.0, 0.1, float("nan")]},
        {"times": [0.0, 0.1, 1e9]},
        {"fps": float("nan")},
        {"fps": -1},
        {"fps": "25"},
        {"time_policy": "now"},
        {"decimals": 4},
        {"decimals": True},
        {"provenance": {"a": 1}},
        {"provenance": []},
        {"notes": "text"},
        {"notes": [1]},
        {"truncated": 0},
        {"exhausted": 1},
    ],
)
def test_a_forged_recipe(video, tmp_path, fields):
    write_prepared(canvases(video), tmp_path / "x")
    forge(tmp_path / "x", lambda own: own["input"].update(fields))
    refuse(tmp_path / "x", r"meta\.json")


@pytest.mark.parametrize("field", RECORD)
def test_a_recipe_without_a_field(video, tmp_path, field):
    write_prepared(canvases(video), tmp_path / "x")
    forge(tmp_path / "x", lambda own: own["input"].pop(field))
    refuse(tmp_path / "x", f"{field} = 'missing'")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda own: own.update(format=2), "has format 2, this version reads 1"),
        (lambda own: own.pop("input"), "objects 'input' and 'files'"),
        (lambda own: own.update(files=[]), "objects 'input' and 'files'"),
        (lambda own: own["files"].pop("frame_ids.npy"), "'frame_ids.npy' is either missing"),
        (lambda own: own["files"].update({"../../x": {}}), "'../../x' is either missing"),
        (lambda own: own["files"].update({"frame_ids.npy": 1}), "must have 'sha256'"),
        (lambda own: own["files"]["frame_ids.npy"].update(sha256=1), "SHA-256"),
        (lambda own: own["files"]["frame_ids.npy"].update(bytes=None), "says None"),
    ],
)
def test_a_forged_list_of_files(video, tmp_path, change, match):
    write_prepared(canvases(video), tmp_path / "x")
    forge(tmp_path / "x", change)
    refuse(tmp_path / "x", match)


def corrupt(data: bytes, place: float, value: int, cut: bool) -> bytes:
    at = int(place * len(data))
    return data[:at] if cut else data[:at] + bytes([value]) + data[at + 1 :]


@pytest.fixture(scope="module")
def whole(video, tmp_path_factory):
    """One folder of ours and one of another tool, never changed."""
    root = tmp_path_factory.mktemp("whole")
    write_prepared(canvases(video), root / "ours")
    write_foreign(root / "theirs", foreign_positions())
    return root


damage = {
    "name": st.sampled_from(SMALL_FILES),
    "place": st.floats(0, 1, exclude_max=True),
    "value": st.integers(0, 255),
    "cut": st.booleans(),
}


@given(**damage)
@settings(max_examples=150)
def test_any_damage_to_our_small_files_is_noticed(whole, tmp_path_factory, name, place, value, cut):
    folder = tmp_path_factory.mktemp("d") / "x"
    shutil.copytree(whole / "ours", folder)
    before = (folder / name).read_bytes()
    after = corrupt(before, place, value, cut)
    (folder / name).write_bytes(after)
    if after == before:
        read_prepared(folder)
    else:
        with pytest.raises(DataError):
            read_prepared(folder)
    shutil.rmtree(folder.parent)


def outcome(folder: Path) -> tuple[VisualInput | None, str]:
    try:
        visual = read_prepared(folder)
        _ = visual.pixels
    except DataError as error:
        return None, str(error)
    return visual, ""


@given(**damage)
@settings(max_examples=150)
def test_damage_to_files_of_others_gives_a_clear_error_or_an_input(
    whole, tmp_path_factory, name, place, value, cut
):
    folder = tmp_path_factory.mktemp("d") / "x"
    shutil.copytree(whole / "theirs", folder)
    data = (folder / name).read_bytes()
    (folder / name).write_bytes(corrupt(data, place, value, cut) if data else bytes([value]))
    visual, error = outcome(folder)
    if visual is None:
        assert str(folder) in error
    else:
        assert len(visual.pixels) == len(visual.blocks) > 0
        assert visual.stamps
    shutil.rmtree(folder.parent)


@given(place=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255), cut=st.booleans())
@settings(max_examples=150)
def test_damage_to_pictures_of_others_gives_a_clear_error_or_pixels(
    whole, tmp_path_factory, place, value, cut
):
    folder = tmp_path_factory.mktemp("d") / "x"
    shutil.copytree(whole / "theirs", folder)
    file = folder / "canvas_001.jpg"
    file.write_bytes(corrupt(file.read_bytes(), place, value, cut))
    visual, error = outcome(folder)
    assert str(folder) in error if visual is None else visual.pixels.shape == (2, 56, 84, 3)
    shutil.rmtree(folder.parent)

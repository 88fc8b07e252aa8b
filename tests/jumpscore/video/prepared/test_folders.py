from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from jumpscore.errors import DataError, UsageError
from jumpscore.video import VisualInput
from jumpscore.video.prepared.folders import folder_name, read_prepared, write_prepared
from jumpscore.video.prepared.record import RECORD
from jumpscore.video.visual_input import whole_frames
from tests.jumpscore.video.prepared.samples import (
    HEIGHT,
    SMALL_FILES,
    WIDTH,
    assert_equal,
    canvases,
    foreign_positions,
    frames,
    write_foreign,
)
from tests.support import read_number, write_video

# Round trips


@pytest.mark.parametrize("make", [canvases, frames])
@pytest.mark.parametrize("lossless", [True, False])
def test_read_prepared_restores_every_field(video, tmp_path, make, lossless):
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


def test_to_record_contains_every_field():
    assert {field.name for field in dataclasses.fields(VisualInput)} - {
        "folder",
        "token_grid",
        "donor",
        "span",  # of windows only, so that records of earlier versions stay equal
    } == set(RECORD)


def test_write_prepared_pictures_match_frames(video, tmp_path):
    write_prepared(frames(video), tmp_path / "x")
    again = read_prepared(tmp_path / "x")
    assert [read_number(picture) for picture in again.pixels] == list(again.frame_indices)


def test_write_prepared_keeps_colours(video, tmp_path):
    visual = canvases(video)
    visual.__dict__["pixels"] = np.full((3, HEIGHT, WIDTH, 3), (200, 100, 20), np.uint8)
    write_prepared(visual, tmp_path / "x")
    np.testing.assert_allclose(
        read_prepared(tmp_path / "x").pixels[0, 5, 5], (200, 100, 20), atol=4
    )
    stored = cv2.imread(str(tmp_path / "x" / "canvas_000.jpg"))
    np.testing.assert_allclose(stored[5, 5], (20, 100, 200), atol=4)


def test_write_prepared_has_published_layout(video, tmp_path):
    folder = tmp_path / folder_name(video)
    write_prepared(canvases(video), folder)
    assert folder.name == f"a__{hashlib.sha1(str(video).encode()).hexdigest()[:8]}"
    names = {file.name for file in folder.iterdir()}
    assert names == {*SMALL_FILES, "canvas_000.jpg", "canvas_001.jpg", "canvas_002.jpg"}
    positions = np.load(folder / "src_patch_position.npy")
    assert positions.dtype == np.int32
    assert positions.shape == (3 * 4 * 8, 3)
    # Canvas 1, patch (3, 2): block (1, 1) shows block (0, 2) of frame 11, its lower left patch.
    assert positions[1 * 32 + 3 * 8 + 2].tolist() == [11, 1, 4]
    assert positions[2 * 32 + 5].tolist() == [-1, -1, -1]
    frame_ids = np.load(folder / "frame_ids.npy")
    assert frame_ids.dtype == np.int64
    assert frame_ids.tolist() == [0, 5, 11]
    assert json.loads((folder / "meta.json").read_text())["fps"] == 30000 / 1001
    assert list(tmp_path.iterdir()) == [folder]  # no scratch is left


def test_read_prepared_with_another_path(video, tmp_path):
    write_prepared(canvases(video), tmp_path / "x")
    other = tmp_path / "moved.mp4"
    assert read_prepared(tmp_path / "x", video=other).path == other


# Writing


def test_write_prepared_same_input_again(video, tmp_path):
    write_prepared(canvases(video), tmp_path / "x")
    before = (tmp_path / "x" / "_DONE").stat()
    write_prepared(canvases(video), tmp_path / "x")
    after = (tmp_path / "x" / "_DONE").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


@pytest.mark.parametrize("change", [{"decimals": 1}, {"lossless": True}])
def test_write_prepared_rejects_other_input(video, tmp_path, change):
    write_prepared(canvases(video), tmp_path / "x")
    lossless = change.pop("lossless", False)
    with pytest.raises(UsageError, match="another prepared input"):
        write_prepared(canvases(video, **change), tmp_path / "x", lossless=lossless)


def test_write_prepared_replaces_unfinished_folder(video, tmp_path):
    write_prepared(frames(video), tmp_path / "x")
    (tmp_path / "x" / "_DONE").unlink()
    write_prepared(canvases(video), tmp_path / "x")
    assert read_prepared(tmp_path / "x").kind == "codec"
    assert [file.name for file in tmp_path.iterdir()] == ["x"]


def test_write_prepared_rejects_other_files(video, tmp_path):
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "thesis.tex").touch()
    with pytest.raises(UsageError, match=r"thesis\.tex"):
        write_prepared(canvases(video), tmp_path / "x")
    assert (tmp_path / "x" / "thesis.tex").exists()


def test_write_prepared_rejects_damaged_folder(video, tmp_path):
    write_prepared(canvases(video), tmp_path / "x")
    (tmp_path / "x" / "meta.json").write_text("{}")
    with pytest.raises(UsageError, match=r"exists already and is damaged.*meta\.json"):
        write_prepared(canvases(video), tmp_path / "x")


def test_write_prepared_unwritable_folder(video, tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file" / "x", tmp_path / "file", tmp_path / ("n" * 300)):
        with pytest.raises(UsageError, match="cannot be written"):
            write_prepared(canvases(video), folder)


def test_write_prepared_leaves_nothing_after_error(video, tmp_path, monkeypatch):
    def full(self, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(UsageError, match="No space left"):
        write_prepared(canvases(video), tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_write_prepared_rejects_excessive_input(video, tmp_path):
    blocks = np.zeros((5000, 1, 1, 3), np.int32)
    with pytest.raises(UsageError, match="5000 pictures"):
        write_prepared(
            canvases(video, blocks=blocks, width=28, height=28), tmp_path / "x", lossless=True
        )
    with pytest.raises(UsageError, match="inf fps"):
        write_prepared(canvases(video, fps=float("inf")), tmp_path / "x")


# Folders of other tools


def test_read_prepared_foreign_folder(tmp_path):
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


def test_read_prepared_foreign_fingerprint_depends_on_pictures(tmp_path):
    one = read_prepared(write_foreign(tmp_path / "x", foreign_positions()))
    two = read_prepared(write_foreign(tmp_path / "y", foreign_positions()))
    assert one.fingerprint == two.fingerprint
    shutil.copy(tmp_path / "y" / "canvas_000.jpg", tmp_path / "y" / "canvas_001.jpg")
    assert read_prepared(tmp_path / "y").fingerprint != one.fingerprint


def test_read_prepared_foreign_decimals_and_digits(tmp_path):
    folder = write_foreign(
        tmp_path / "x", foreign_positions().astype(np.int64), {"fps": 8, "decimals": 2}, digits=5
    )
    visual = read_prepared(folder)
    assert visual.stamp_texts == ("<0.38 seconds>", "<1.25 seconds>")
    assert isinstance(visual.fps, float)


def test_read_prepared_drops_padding_canvases(tmp_path):
    positions = foreign_positions(4)
    positions[1] = -1
    positions[3, 2:, 4:] = -1
    visual = read_prepared(write_foreign(tmp_path / "x", positions))
    assert visual.frame_indices == (3, 17, 24)
    assert visual.notes == ("1 of 4 canvases are only padding and dropped",)
    assert len(visual.blocks) == len(visual.pixels) == 3
    assert visual.blocks[2, 1, 2].tolist() == [-1, -1, -1]
    colours = np.random.default_rng(0).integers(0, 255, (4, 3))[[0, 2, 3], ::-1]
    np.testing.assert_allclose(visual.pixels[:, 20, 20], colours, atol=4)


def test_read_prepared_foreign_times_of_video(tmp_path):
    times = [0.0, 0.04, 0.08, 1.0, 1.04, 2.0, 2.04, 2.5, 2.6, 2.7, 3.0, 3.04]
    video = write_video(tmp_path / "v.mp4", frames=12, times=times)
    visual = read_prepared(write_foreign(tmp_path / "x", foreign_positions()), video=video)
    assert visual.path == video
    np.testing.assert_allclose(visual.times, (1.0, 3.0), atol=1e-3)
    assert visual.time_policy == "pts"
    assert "rate varies" in visual.notes[0]
    with pytest.raises(DataError, match=r"frame 17, but .*v\.mp4 has only frames 0\.\.11"):
        read_prepared(write_foreign(tmp_path / "y", foreign_positions(3)), video=video)


def test_write_prepared_foreign_input(tmp_path):
    visual = read_prepared(write_foreign(tmp_path / "x", foreign_positions()))
    write_prepared(visual, tmp_path / "y", lossless=True)
    again = read_prepared(tmp_path / "y")
    assert_equal(again, visual, but=("folder",))
    np.testing.assert_array_equal(again.pixels, visual.pixels)

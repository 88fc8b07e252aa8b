"""Damage is always detected in our own folders, and never crashes on those of other tools."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jumpscore.errors import DataError
from jumpscore.video import VisualInput
from jumpscore.video.prepared.folders import read_prepared, write_prepared
from jumpscore.video.prepared.record import RECORD
from tests.jumpscore.video.prepared.samples import (
    SMALL_FILES,
    canvases,
    foreign_positions,
    refuse,
    write_foreign,
)


@pytest.mark.parametrize("lossless", [True, False])
def test_pixels_rejects_damaged_picture(video, tmp_path, lossless):
    write_prepared(canvases(video), tmp_path / "x", lossless=lossless)
    visual = read_prepared(tmp_path / "x")
    file = next((tmp_path / "x").glob("canvas_001.*"))
    data = bytearray(file.read_bytes())
    data[-20] ^= 1
    file.write_bytes(data)
    with pytest.raises(DataError, match=r"canvas_001.*SHA-256"):
        _ = visual.pixels
    file.write_bytes(data[:-1])
    refuse(tmp_path / "x", r"canvas_001.*bytes instead of .* as in meta\.json")


def test_read_prepared_rejects_added_picture(video, tmp_path):
    write_prepared(canvases(video), tmp_path / "x")
    shutil.copy(tmp_path / "x" / "canvas_002.jpg", tmp_path / "x" / "canvas_003.jpg")
    refuse(tmp_path / "x", r"'canvas_003\.jpg' is missing or was added")


def forge(folder: Path, change) -> None:
    """Change our part of meta.json and its digest, like an attacker."""
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
def test_read_prepared_rejects_forged_recipe(video, tmp_path, fields):
    write_prepared(canvases(video), tmp_path / "x")
    forge(tmp_path / "x", lambda own: own["input"].update(fields))
    refuse(tmp_path / "x", r"meta\.json")


@pytest.mark.parametrize("field", RECORD)
def test_read_prepared_rejects_missing_field(video, tmp_path, field):
    write_prepared(canvases(video), tmp_path / "x")
    forge(tmp_path / "x", lambda own: own["input"].pop(field))
    refuse(tmp_path / "x", f"{field} = 'missing'")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (lambda own: own.update(format=2), "has format 2, but this version reads only 1"),
        (lambda own: own.pop("input"), "objects 'input' and 'files'"),
        (lambda own: own.update(files=[]), "objects 'input' and 'files'"),
        (lambda own: own["files"].pop("frame_ids.npy"), "'frame_ids.npy' is missing or was added"),
        (lambda own: own["files"].update({"../../x": {}}), "'../../x' is missing or was added"),
        (lambda own: own["files"].update({"frame_ids.npy": 1}), "must have 'sha256'"),
        (lambda own: own["files"]["frame_ids.npy"].update(sha256=1), "SHA-256"),
        (
            lambda own: own["files"]["frame_ids.npy"].update(bytes=None),
            "instead of None as in meta.json",
        ),
    ],
)
def test_read_prepared_rejects_forged_file_list(video, tmp_path, change, match):
    write_prepared(canvases(video), tmp_path / "x")
    forge(tmp_path / "x", change)
    refuse(tmp_path / "x", match)


def corrupt(data: bytes, place: float, value: int, cut: bool) -> bytes:
    at = int(place * len(data))
    return data[:at] if cut else data[:at] + bytes([value]) + data[at + 1 :]


@pytest.fixture(scope="module")
def whole(video, tmp_path_factory):
    """Return one folder of ours and one of another tool; tests must not change them."""
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
def test_read_prepared_detects_damage_of_our_small_files(
    whole, tmp_path_factory, name, place, value, cut
):
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
def test_read_prepared_damage_of_foreign_files(whole, tmp_path_factory, name, place, value, cut):
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
def test_pixels_damage_of_foreign_pictures(whole, tmp_path_factory, place, value, cut):
    folder = tmp_path_factory.mktemp("d") / "x"
    shutil.copytree(whole / "theirs", folder)
    file = folder / "canvas_001.jpg"
    file.write_bytes(corrupt(file.read_bytes(), place, value, cut))
    visual, error = outcome(folder)
    assert str(folder) in error if visual is None else visual.pixels.shape == (2, 56, 84, 3)
    shutil.rmtree(folder.parent)

from __future__ import annotations

import re

import cv2
import numpy as np
import pytest

import jumpscore
from jumpscore.cli.show import contact_sheet, show_sample
from jumpscore.errors import UsageError
from jumpscore.records import Response
from jumpscore.video import uniform_frames
from model_wrappers.base import ModelWrapper
from tests.support import read_number, write_video


class Sees(ModelWrapper):
    """Answers with a text that would do harm if a terminal or Rich obeyed it."""

    name = "sees"
    inputs = ("frames",)

    def generate(self, requests):
        return [Response(r.question.id, "[bold]\x1b[2J[0.5, 1.0]") for r in requests]


def test_show_prints_the_exact_request(tiny_set, tmp_path, capsys):
    run = jumpscore.evaluate(
        Sees(),
        "jumpscore",
        task_options={"data": str(tiny_set)},
        input={"count": 4, "max_pixels": 56 * 56},
        run={"folder": tmp_path},
    )
    show_sample(run.folder, "clip0")
    text = capsys.readouterr().out
    assert "4 frames of 56x56 from 4 source frames, 16 visual and 32 stamp tokens planned" in text
    stamps = "<0.0 seconds> <1.3 seconds> <2.6 seconds> <4.0 seconds>"
    assert f"stamps: {stamps}" in text
    assert "[bold]\N{REPLACEMENT CHARACTER}[2J[0.5, 1.0]" in text
    assert "\x1b[2J" not in text
    assert re.search(r"1\.50 +│ +│ missed", text)
    sheet = cv2.imread(str(run.folder / "show" / "clip0.png"))
    assert sheet.shape == (56, 4 * 56, 3)


def test_show_prints_windows(tiny_set, tmp_path, capsys):
    run = jumpscore.evaluate(
        Sees(),
        "jumpscore",
        task_options={"data": str(tiny_set)},
        input={"count": 4, "max_pixels": 56 * 56, "window": 2, "overlap": 0.5},
        run={"folder": tmp_path, "limit": 1},
    )
    show_sample(run.folder, "clip0")
    text = capsys.readouterr().out
    assert "window: 1 of 3, 0.00 to 2.00 s; the others are asked alike" in text
    assert text.count("[0.5, 1.0]") == 3  # the raw answers
    assert "text: [0.5, 1.0, 2.02, 2.52, 3.5, 4.0]" in text
    assert (run.folder / "show" / "clip0.png").is_file()


def test_contact_sheet_orders_frames(tmp_path):
    video = write_video(tmp_path / "a.mp4", frames=100, size=(112, 84))
    visual = uniform_frames(video, count=10)
    contact_sheet(visual, tmp_path / "sheet.png")
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (2 * 84, 8 * 112, 3)
    tiles = [sheet[r * 84 : r * 84 + 84, c * 112 : c * 112 + 112] for r in (0, 1) for c in range(8)]
    assert [read_number(tile) for tile in tiles[:10]] == list(visual.frame_indices)
    assert not np.any(tiles[10])


def test_show_refuses_unknown_ids(tiny_set, tmp_path):
    run = jumpscore.evaluate(
        Sees(), "jumpscore", task_options={"data": str(tiny_set)}, run={"folder": tmp_path}
    )
    with pytest.raises(UsageError, match="did you mean 'clip"):
        show_sample(run.folder, "clip9")

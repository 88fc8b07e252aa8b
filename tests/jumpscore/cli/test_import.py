from __future__ import annotations

import json
from pathlib import Path

from tests.support import write_video

ELAN = Path(__file__).parents[2] / "data/imports/pympi.eaf"


def test_data_import(jumpscore, tmp_path):
    write_video(tmp_path / "clip.mp4", frames=150, fps=30000 / 1001)
    marks = tmp_path / "clip.eaf"
    marks.write_text(ELAN.read_text())
    command = ("data", "import", marks, "--label", "jumps", "--out")
    done = jumpscore(*command, "set")
    assert "clock of elan: milliseconds of the media" in done.stdout
    assert "set: 1 video, 8 events; run a model on it with jumpscore run task.data=set" in (
        done.stdout
    )
    [video] = json.loads(jumpscore(*command, "other", "--json").stdout)
    assert (video["events"], video["format"], video["notes"]) == (8, "elan", [])
    assert "is not empty; choose another --out" in jumpscore(*command, "set", expect=2).stderr
    check = json.loads(jumpscore("data", "info", "set", "--check", "--json").stdout)
    assert (check["problems"], check["jumps"]) == ([], 8)

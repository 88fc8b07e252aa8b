from __future__ import annotations

from pathlib import Path

import pytest

from jumpscore.builder.imports.importer import ImportOptions, import_set
from jumpscore.builder.verify import verify_set
from jumpscore.data.layout import QUESTION, Manifest, Row, write_set
from tests.support import write_video

ELAN = Path(__file__).parents[3] / "data/imports/pympi.eaf"


def write_marks(root: Path, *answers: str, start: float = 0.0) -> None:
    """Write a set of videos of 4 s at 25 frames per second, one per answer."""
    rows = []
    for number, answer in enumerate(answers):
        path = f"videos/{number:032x}.mp4"
        write_video(root / path, times=[start + frame / 25 for frame in range(100)])
        rows.append(Row(f"clip{number}", path, QUESTION, answer))
    write_set(root, rows, Manifest("marks"))


def findings(root: Path) -> list[tuple[str, str, str]]:
    return [(f.video, f.kind, f.severity) for f in verify_set(root)]


def test_verify_set_of_marks(tmp_path):
    answers = ["[0.4, 0.44, 9.0]", "[]", "[0.41]", "no list"]
    write_marks(tmp_path, *answers)
    assert findings(tmp_path) == [
        ("clip0", "outside", "error"),
        ("clip0", "off_frame", "warning"),
        ("clip0", "short_gap", "warning"),
        ("clip1", "empty", "warning"),
        ("clip2", "off_frame", "warning"),
        ("clip3", "unreadable", "error"),
    ]


def test_verify_set_without_a_video(tmp_path):
    write_marks(tmp_path, "[0.4]")
    (tmp_path / "videos" / f"{0:032x}.mp4").unlink()
    assert findings(tmp_path) == [("clip0", "unreadable", "error")]


@pytest.mark.parametrize(("time", "kinds"), [("0.33", []), ("0.35", ["off_frame"])])
def test_verify_set_accepts_rounded_times(tmp_path, time, kinds):
    # The frames at 0.3333 and 0.3667 s are not exactly at a time with two decimals.
    path = tmp_path / "videos" / "a.mp4"
    write_video(path, frames=60, fps=30)
    write_set(tmp_path, [Row("a", "videos/a.mp4", QUESTION, f"[{time}]")], Manifest("marks"))
    assert [kind for _, kind, _ in findings(tmp_path)] == kinds


def test_verify_set_of_rendered_clips(tiny_set):
    # Its events are at exact times; clip2 has none.
    assert findings(tiny_set) == [("clip2", "empty", "warning")]


def test_verify_set_of_imported_marks(tmp_path):
    """Marks that pympi-ling wrote are at frames after their import; two are at one time."""
    write_video(tmp_path / "clip.mp4", frames=150, fps=30000 / 1001)
    (tmp_path / "clip.eaf").write_text(ELAN.read_text())
    import_set([tmp_path / "clip.eaf"], tmp_path / "set", options=ImportOptions(labels=("jumps",)))
    [finding] = verify_set(tmp_path / "set")
    assert (finding.kind, finding.message) == ("repeated", "two marks at 3.003 s")

"""``jumpscore video`` as a user calls it."""

from __future__ import annotations

import json

import numpy as np
import pytest

from jumpscore.video import codec_canvases, match_budgets
from jumpscore.video.prepared.folders import read_prepared
from tests.support import write_video


@pytest.fixture
def video(tmp_path):
    return write_video(tmp_path / "clip one.mp4", frames=100, size=(448, 252))


def test_inspect_writes_and_describes_a_page(jumpscore, video, tmp_path):
    done = jumpscore("video", "inspect", video, "--canvases", 8)
    assert "canvases: 8" in done.stdout
    assert "visual tokens: 1152" in done.stdout
    assert (tmp_path / "clip one.codec.html").stat().st_size > 10_000


def test_inspect_as_json_with_canvases_on_disk(jumpscore, video, tmp_path):
    words = ("--canvases", 6, "--json", "--canvas-dir", "made", "--out", "deep/page.html")
    facts = json.loads(jumpscore("video", "inspect", video, *words).stdout)
    assert facts["canvases"] == 6
    assert facts["fingerprint"] == codec_canvases(video, canvases=6).fingerprint
    assert [group["canvases"] for group in facts["groups"]] == [[0, 3], [4, 5]]
    assert (tmp_path / facts["page"]).exists()
    made = read_prepared(tmp_path / facts["folder"])
    np.testing.assert_array_equal(made.blocks, codec_canvases(video, canvases=6).blocks)


def test_plan_prints_both_arms(jumpscore, video):
    done = jumpscore("video", "plan", video, "--tokens", 3000)
    arms = match_budgets(video, visual_tokens=3000)
    for name, visual in (("frames", arms.frames), ("canvases", arms.canvases)):
        row = next(line for line in done.stdout.splitlines() if f" {name} " in line)
        assert f"{visual.width}x{visual.height}" in row
        assert f"{visual.visual_tokens:,}" in row
    assert f"{arms.difference:+.2%}" in done.stdout


def test_plan_uses_the_token_grid_of_a_model(jumpscore, video):
    words = ("plan", video, "--tokens", 3000, "--model", "molmo2", "--json")
    [plan] = json.loads(jumpscore("video", *words).stdout)["videos"]
    frames = plan["frames"]
    assert frames["size"] == [378, 378]
    assert frames["visual_tokens"] == 81 * frames["pictures"] <= 3000


def test_plan_continues_after_an_unreadable_video(jumpscore, video, tmp_path):
    other = write_video(tmp_path / "b.mp4", frames=3, size=(448, 252))
    words = ("plan", video, other, tmp_path / "none.mp4", "--tokens", 3000)
    done = jumpscore("video", *words, expect=1)
    assert "mean difference over 2 videos" in done.stdout
    assert "b.mp4: exhausted, it has only 3 frames" in done.stdout
    assert "none.mp4: no such video file" in done.stderr
    facts = json.loads(jumpscore("video", *words, "--json", expect=1).stdout)
    assert len(facts["videos"]) == 2
    assert len(facts["problems"]) == 1


def test_plan_exits_with_2_if_the_only_video_is_missing(jumpscore, tmp_path):
    done = jumpscore("video", "plan", tmp_path / "none.mp4", "--tokens", 3000, expect=2)
    assert "none.mp4: no such video file" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("plan", "--tokens", "100"), "give at least 144"),
        (("plan", "--tokens", "5000", "--matching", "roughly"), "known: visual, total"),
        (("plan", "--tokens", "5000", "--backend", "magic"), "unknown backend 'magic'"),
        (("plan", "--tokens", "5000", "--model", "molmo"), "did you mean 'molmo2'?"),
        (("inspect", "--canvases", "9999"), "out of range; give 1 to 4096"),
        (("inspect", "--backend", "magic"), "known: pyav, bitcost"),
    ],
)
def test_video_exits_with_2_on_wrong_use(jumpscore, video, words, message):
    done = jumpscore("video", words[0], video, *words[1:], expect=2)
    assert message in done.stderr


def test_inspect_unreadable_file(jumpscore, tmp_path):
    (tmp_path / "a.mp4").write_text("no video")
    done = jumpscore("video", "inspect", "a.mp4", expect=2)
    assert "a.mp4: cannot be opened as a video" in done.stderr


def test_run_dry_run_counts_tokens_of_a_budget(jumpscore, tiny_set):
    words = ("model=motion", f"task.data={tiny_set}", "--dry-run")
    done = jumpscore("run", *words, "input=codec", "input.tokens=100", expect=2)
    assert "takes only input=video" in done.stderr


def test_inspect_never_replaces_the_video(jumpscore, video):
    before = video.read_bytes()
    done = jumpscore("video", "inspect", video, "--out", video, expect=2)
    assert "is the video itself" in done.stderr
    assert video.read_bytes() == before

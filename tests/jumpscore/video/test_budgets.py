from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jumpscore.errors import UsageError
from jumpscore.records import Usage
from jumpscore.video import TokenGrid, codec_canvases, match_budgets, probe
from jumpscore.video.budgets import (
    CanvasMaker,
    _canvases_within,
    mean_difference,
    unlike_plan,
)
from tests.support import write_video

SIZES = {"360p": (640, 360), "720p": (1280, 720), "480p": (640, 480), "portrait": (360, 640)}


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("videos")
    infos = {}
    for number, (name, size) in enumerate(SIZES.items()):
        # The videos differ in length and rate; the preset makes encoding fast.
        path = write_video(
            folder / f"{name}.mp4",
            frames=(300, 160, 240, 500)[number],
            fps=(25, 12, 30, 60)[number],
            size=size,
            codec_options={"preset": "ultrafast"},
        )
        infos[name] = probe(path)
    return infos


def test_match_budgets_equals_hand_worked_example(videos):
    # A canvas is 728x392: 26 * 14 = 364 tokens. 5,000 tokens are enough for 13: 4,732.
    arms = match_budgets(videos["720p"].path, visual_tokens=5000)
    frames, canvases = arms
    assert (canvases.width, canvases.height) == (728, 392)
    assert canvases.visual_tokens == 13 * 364 == 4732
    assert frames.kind == "frames"
    assert frames.visual_tokens <= 4732
    assert len(frames.blocks) % 2 == 0
    assert arms.difference == frames.visual_tokens / 4732 - 1
    assert arms.budget == 5000


def test_match_budgets_as_published_gives_equal_counts(videos):
    # 10 canvases of 364; frames have 504x280: 180 tokens.
    arms = match_budgets(videos["720p"].path, visual_tokens=10 * 364 + 363, matching="as_published")
    assert arms.canvases.visual_tokens == 10 * 364
    assert arms.frames.visual_tokens == 10 * 180
    assert len(arms.frames.blocks) == len(arms.canvases.blocks) == 10
    assert arms.difference == pytest.approx(180 / 364 - 1)


def test_match_budgets_as_published_scales_small_videos_up(tmp_path):
    # 160x120: frames to 153,664 pixels at least (17 x 13 blocks), canvases to 100,352 (14 x 10).
    video = write_video(tmp_path / "a.mp4", frames=64, size=(160, 120))
    arms = match_budgets(video, visual_tokens=700, matching="as_published")
    assert (arms.frames.width // 28, arms.frames.height // 28) == (17, 13)
    assert (arms.canvases.width // 28, arms.canvases.height // 28) == (14, 10)
    assert len(arms.frames.blocks) == len(arms.canvases.blocks) == 4
    # Otherwise canvases stay as small as the video: 6 x 4.
    assert match_budgets(video, visual_tokens=700).canvases.visual_tokens == 29 * 24


def test_match_budgets_uses_same_decimals_in_both_arms(videos):
    for decimals in (1, 2):
        arms = match_budgets(videos["360p"].path, visual_tokens=2400, decimals=decimals)
        assert arms.frames.decimals == arms.canvases.decimals == decimals


@pytest.mark.parametrize("name", SIZES)
@pytest.mark.parametrize("matching", ["visual", "total"])
def test_match_budgets_arms_are_close_and_within_budget(videos, name, matching):
    info = videos[name]
    each = match_budgets(info, visual_tokens=10_000).canvases.visual_tokens // 16
    for budget in (each + 100, 4 * each, 16 * each, 20 * each + 17, 24 * each + each // 2):
        arms = match_budgets(info, visual_tokens=budget, matching=matching)
        frames, canvases = arms.tokens
        assert frames <= canvases <= budget
        assert len(arms.frames.blocks) % 2 == 0
        room = each + 8 * 13 if matching == "total" else each
        assert canvases > budget - room, "another canvas would have fitted"
        if len(arms.canvases.blocks) >= 16:
            assert -0.02 <= arms.difference <= 0, (budget, arms.difference)


@settings(max_examples=25)
@given(budget=st.integers(700, 12_000), matching=st.sampled_from(["visual", "total"]))
def test_match_budgets_any_budget(videos, budget, matching):
    info = videos["360p"]
    arms = match_budgets(info, visual_tokens=budget, matching=matching)
    frames, canvases = arms.tokens
    assert frames <= canvases <= budget
    # The frames keep the shape of the video instead of any rectangle that fits the number.
    assert 1.5 < arms.frames.width / arms.frames.height < 2.1


@pytest.mark.parametrize(("count", "frames"), [(1, 1), (2, 2), (5, 4)])
def test_match_budgets_video_with_few_frames(tmp_path, count, frames):
    video = write_video(tmp_path / "a.mp4", frames=count, size=(640, 360))
    arms = match_budgets(video, visual_tokens=16 * 299)
    assert arms.canvases.exhausted
    assert len(arms.canvases.blocks) == count
    assert len(arms.frames.blocks) == frames
    # Frames are scaled up to what the canvases cost; in steps of 28 pixels that is coarse.
    assert -0.03 <= arms.difference <= 0


def test_match_budgets_rejects_budget_below_one_canvas(videos):
    with pytest.raises(UsageError, match="for a canvas of 364 visual tokens; give at least 364"):
        match_budgets(videos["720p"].path, visual_tokens=363)
    with pytest.raises(UsageError, match="give at least 728"):
        match_budgets(videos["720p"].path, visual_tokens=727, matching="as_published")
    with pytest.raises(
        UsageError, match=r"and \d+ tokens of time stamps; give at least \d+"
    ) as refused:
        match_budgets(videos["720p"].path, visual_tokens=400, matching="total")
    least = int(str(refused.value).split()[-2])
    arms = match_budgets(videos["720p"].path, visual_tokens=least, matching="total")
    assert arms.canvases.total_tokens <= least


def test_match_budgets_rejects_budget_above_canvas_limit(tmp_path):
    long = write_video(tmp_path / "a.mp4", frames=5000, size=(32, 32))
    with pytest.raises(UsageError, match=r"need 10000 canvases, more than the limit of 4096"):
        match_budgets(long, visual_tokens=10_000)
    short = write_video(tmp_path / "b.mp4", frames=6, size=(32, 32))
    arms = match_budgets(short, visual_tokens=10_000)
    assert arms.canvases.exhausted
    assert len(arms.canvases.blocks) == 6


def test_match_budgets_tiny_pictures(tmp_path):
    video = write_video(tmp_path / "a.mp4", frames=100, size=(84, 56))
    for budget in (12, 96, 200):
        arms = match_budgets(video, visual_tokens=budget)
        assert 0 < arms.frames.visual_tokens <= arms.canvases.visual_tokens <= budget


def test_canvases_within_is_fast_for_long_videos(tmp_path):
    long = write_video(tmp_path / "a.mp4", frames=20_000, size=(32, 32), gop=250)
    info = probe(long)
    started = time.process_time()
    assert _canvases_within(9000, 1, info, matching="total", decimals=2) > 50
    assert time.process_time() - started < 3


@pytest.mark.parametrize("matching", ["visual", "total"])
@pytest.mark.parametrize("grown", [1, 2])
def test_match_budgets_canvases_of_another_maker(videos, matching, grown):
    """Its canvases may cost more than ours: then there are fewer, in whole groups."""
    info, asked = videos["480p"], []

    def make(count):
        asked.append(count)
        return codec_canvases(info.path, canvases=count, max_pixels=grown * 40_000, info=info)

    arms = match_budgets(
        info, visual_tokens=1000, matching=matching, max_pixels=40_000,
        maker=CanvasMaker(make, 4),
    )  # fmt: skip
    frames, canvases = arms.tokens
    assert asked[-1] % 4 == 0
    assert len(arms.canvases.blocks) == asked[-1]
    assert 0.9 * canvases <= frames <= canvases <= 1000
    assert len(asked) <= 4
    each = arms.canvases.visual_tokens // asked[-1]
    if matching == "visual":  # one more group would not fit
        assert canvases + 4 * each > 1000


def test_match_budgets_too_few_for_a_group_of_another_maker(videos):
    with pytest.raises(
        UsageError, match=r"150 tokens, .* is too small for 4 canvases of this backend"
    ):
        match_budgets(
            videos["480p"].path,
            visual_tokens=150,
            max_pixels=40_000,
            maker=CanvasMaker(lambda count: pytest.fail("nothing fits"), 4),
        )


def test_match_budgets_rejects_unknown_matching(videos):
    with pytest.raises(UsageError, match="unknown matching 'roughly'; known: visual, total"):
        match_budgets(videos["720p"].path, visual_tokens=5000, matching="roughly")


def test_mean_difference_averages_over_videos(videos):
    arms = [match_budgets(videos[name].path, visual_tokens=6000) for name in ("360p", "720p")]
    assert mean_difference(arms) == pytest.approx((arms[0].difference + arms[1].difference) / 2)


def test_unlike_plan_checks_only_measured_counts(videos):
    visual = match_budgets(videos["360p"].path, visual_tokens=1200).canvases
    planned = visual.visual_tokens
    assert unlike_plan(visual, Usage(visual=planned, visual_source="measured")) is None
    assert unlike_plan(visual, Usage(visual=7, visual_source="derived")) is None
    assert unlike_plan(visual, Usage()) is None
    problem = unlike_plan(visual, Usage(visual=planned - 299, visual_source="measured"))
    assert f"received 897 visual tokens instead of the planned {planned}" in problem


@pytest.mark.parametrize("matching", ["visual", "total"])
@pytest.mark.parametrize(
    "grid", [TokenGrid(side=32, frames=2), TokenGrid(size=(448, 448))], ids=["pairs", "tiles"]
)
@pytest.mark.parametrize("name", SIZES)
def test_match_budgets_other_token_grids_stay_below_canvases(videos, name, grid, matching):
    info = videos[name]
    arms = match_budgets(info, visual_tokens=6000, matching=matching, grid=grid)
    spent, target = arms.tokens
    assert 0 < spent <= target <= 6000
    frames = arms.frames
    assert frames.token_grid == grid
    assert frames.width % grid.side == frames.height % grid.side == 0
    assert len(frames.blocks) % 2 == 0
    # Two more tiles of 256 tokens would not have fit; squares come closer.
    closest = 2 * 290 if grid.size else 0.02 * target
    assert target - spent <= closest

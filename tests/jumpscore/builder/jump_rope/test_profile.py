"""Profiles: contents, overrides and error messages."""

from __future__ import annotations

import pytest

from jumpscore.builder.jump_rope import load_profile
from jumpscore.conf.settings import stored_names
from jumpscore.errors import UsageError


def test_load_profile_contents() -> None:
    assert set(stored_names("synthetic")) >= {"mini", "full"}
    assert load_profile("mini").clips == 12
    assert load_profile("full").clips == 240


def test_load_profile_full_statistics() -> None:
    full = load_profile("full")
    sizes = {(r.width, r.height): r.weight for r in full.resolutions}
    assert sizes == {(1920, 1080): 186, (1280, 720): 37, (2560, 1440): 17}
    assert [(b.high, b.weight) for b in full.durations] == [
        (30, 9), (60, 105), (90, 112), (120, 10), (180, 4)
    ]  # fmt: skip
    assert [f.fps for f in full.fps] == [25]


def test_load_profile_overrides() -> None:
    texts = load_profile("mini", ["clips=3", "shares.vfr=0.5", "fps=[{fps: 29.97, weight: 1}]"])
    mapping = load_profile(
        "mini", {"clips": 3, "shares.vfr": 0.5, "fps": [{"fps": 29.97, "weight": 1}]}
    )
    assert texts == mapping
    assert (texts.clips, texts.shares.vfr, texts.fps[0].fps) == (3, 0.5, 29.97)
    assert load_profile("mini").clips == 12


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["clips"], ["'clips'", "key=value"]),
        (["clip=3"], ["'clip'", "did you mean 'clips'"]),
        (["shares.vrf=1"], ["'shares.vrf'", "did you mean 'vfr'", "rotation"]),
        (["clips.x=1"], ["clips.x", "has no keys"]),
        (["clips=0"], ["clips", "0", "greater than or equal to 1"]),
        (["shares.vfr=1.5"], ["shares.vfr", "1.5", "less than or equal to 1"]),
        (["shares.vfr=0.9"], ["shares.vfr=0.9", "clean_share"]),
        (["gaps.low=0.6"], ["low=0.6", "must not decrease"]),
        (["pauses={low: 3, high: 1}"], ["high=1", "low=3"]),
        (["resolutions=[{width: 641, height: 360, weight: 1}]"], ["641", "multiple of 2"]),
        (["fps=[{fps: 25, weight: 1, speed: 2}]"], ["speed", "Known: fps, weight"]),
        (["clips=[1"], ["clips=[1", "YAML"]),
    ],
)
def test_load_profile_invalid_overrides(overrides: list[str], words: list[str]) -> None:
    with pytest.raises(UsageError) as caught:
        load_profile("mini", overrides)
    for word in words:
        assert word in str(caught.value)


def test_load_profile_unknown_name() -> None:
    with pytest.raises(
        UsageError, match=r"did you mean 'mini'.*Known: full, mini, no_jumps, rates, small"
    ):
        load_profile("minni")

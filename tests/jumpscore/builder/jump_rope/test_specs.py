"""Clip specifications: stable, seeded, and every factor present."""

from __future__ import annotations

from collections import Counter

import pytest

from jumpscore.builder.jump_rope import load_profile, sample_clips
from jumpscore.builder.jump_rope.profile import FACTORS
from jumpscore.builder.jump_rope.specs import BACKDROPS


def test_sample_clips_seeds() -> None:
    mini = load_profile("mini")
    assert sample_clips(mini, seed=3) == sample_clips(mini, seed=3)
    names = {spec.name for seed in (0, 1) for spec in sample_clips(mini, seed=seed)}
    assert len(names) == 24


def test_sample_clips_of_a_larger_set() -> None:
    few = sample_clips(load_profile("full", ["clips=17"]), seed=5)
    many = sample_clips(load_profile("full", ["clips=61"]), seed=5)
    assert many[:17] == few


def test_sample_clips_names_and_ids() -> None:
    for spec in sample_clips(load_profile("mini"), seed=0):
        assert len(spec.name) == 32
        assert int(spec.name, 16) >= 0
        assert spec.id == spec.name[:20]


@pytest.mark.parametrize("seed", range(8))
def test_sample_clips_mini_factors(seed: int) -> None:
    specs = sample_clips(load_profile("mini"), seed=seed)
    count = Counter(tag for spec in specs for tag in spec.tags)
    assert set(count) == set(FACTORS)
    assert 4 <= sum(not spec.tags for spec in specs) <= 6
    assert max(count.values()) <= 5
    assert 1 <= sum(spec.codec == "h265" for spec in specs) <= 3
    assert {spec.backdrop for spec in specs} == set(BACKDROPS)
    quarters = {int(((spec.view.yaw + 45) % 360) // 90) for spec in specs}
    assert quarters == {0, 1, 2, 3}, "seen from the front, both sides and the back"


def test_sample_clips_tags_and_settings() -> None:
    for spec in sample_clips(load_profile("full", ["clips=120"]), seed=1):
        assert (spec.rotation != 0) == spec.has("rotation")
        assert (spec.tempo.pause is not None) == spec.has("pauses")
        assert spec.tempo.misses == spec.has("misses")
        assert spec.tempo.double_unders == spec.has("double_unders")
        assert (spec.width < spec.height) == (spec.rotation in (90, 270))


def test_sample_clips_full_shares() -> None:
    profile = load_profile("full")
    specs = sample_clips(profile, seed=0)
    for factor in FACTORS:
        share = sum(spec.has(factor) for spec in specs) / len(specs)
        assert share == pytest.approx(getattr(profile.shares, factor), abs=0.045)
    hd = sum({spec.width, spec.height} == {1920, 1080} for spec in specs) / len(specs)
    assert hd == pytest.approx(186 / 240, abs=0.09)
    usual = sum(30 <= spec.duration <= 90 for spec in specs) / len(specs)
    assert usual == pytest.approx(217 / 240, abs=0.07)


def test_sample_clips_negative_seed() -> None:
    with pytest.raises(ValueError, match="seed=-1 is negative"):
        sample_clips(load_profile("mini"), seed=-1)

"""Sampling: the specifications of a profile's clips.

Clip ``i`` depends only on the profile's settings, the seed and ``i``, never on the number of clips,
so a data set can grow without changing. Nuisance factors are stratified in blocks of twelve clips:
a share of 1/12 gives one clip per block, so that even a small set contains every factor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from jumpscore.builder.jump_rope.filming import filmed_clip
from jumpscore.builder.jump_rope.lots import BLOCK, dealt, entropy, pick, stratum, weighted
from jumpscore.builder.jump_rope.profile import FACTORS, Profile
from jumpscore.builder.jump_rope.specs import (
    BACKDROPS,
    RGB,
    ClipSpec,
    Tempo,
    View,
    random_look,
)

_BRIGHT_ROPES: tuple[RGB, ...] = (
    (250, 236, 60), (255, 92, 40), (250, 250, 245), (255, 70, 120), (90, 245, 110),
)  # fmt: skip
_DARK_ROPES: tuple[RGB, ...] = ((18, 18, 22), (150, 14, 30), (20, 40, 130), (90, 10, 90))


def sample_clips(profile: Profile, *, seed: int) -> list[ClipSpec]:
    """Draws the specifications of all clips of a profile.

    Args:
        profile: The profile.
        seed: Any integer >= 0; another seed gives another, equally distributed set.

    Raises:
        ValueError: The seed is negative.
    """
    if seed < 0:
        raise ValueError(f"seed={seed} is negative; use an integer >= 0")
    return [_sample_clip(profile, seed, index) for index in range(profile.clips)]


def _sample_clip(profile: Profile, seed: int, index: int) -> ClipSpec:
    """Draws clip ``index``."""
    name = hashlib.sha256(f"{profile.name}/{seed}/{index}".encode()).hexdigest()[:32]
    clip_seed = int(name[:15], 16)
    rng = np.random.default_rng(entropy(clip_seed, "spec"))
    tags = _deal_tags(profile, seed, index)
    if profile.filming is not None:
        return filmed_clip(profile, seed, index, name=name, tags=tags)
    bins = profile.durations
    seconds = bins[weighted(rng, [b.weight for b in bins])]
    duration = float(np.round(rng.uniform(seconds.low, seconds.high), 2))
    size = profile.resolutions[weighted(rng, [r.weight for r in profile.resolutions])]
    fps = profile.fps[weighted(rng, [f.weight for f in profile.fps])].fps
    h265 = dealt(profile.h265_share, seed, index, "h265", tuple(range(BLOCK)))
    rotation = int(pick(rng, (90, 270, 180, 90)))
    if "rotation" not in tags:
        rotation = 0
    portrait = rotation in (90, 270)  # a phone held upright stores landscape frames
    backdrop = BACKDROPS[stratum(seed, index, "backdrop", len(BACKDROPS))]
    return ClipSpec(
        profile=profile.name,
        index=index,
        seed=clip_seed,
        name=name,
        width=size.height if portrait else size.width,
        height=size.width if portrait else size.height,
        fps=fps,
        duration=duration,
        codec="h265" if h265 else "h264",
        backdrop=backdrop,
        view=_sample_view(profile, rng, seed, index, portrait),
        look=random_look(rng),
        rope_color=pick(rng, _DARK_ROPES if backdrop == "room" else _BRIGHT_ROPES),
        rope_width=float(np.round(rng.uniform(0.012, 0.018), 4)),
        tempo=_sample_tempo(profile, rng, tags),
        rotation=rotation,
        tags=tags,
    )


def _sample_yaw(profile: Profile, rng: np.random.Generator, seed: int, index: int) -> float:
    """Draws a direction, stratified: all around in every block, or from every range in turn."""
    if profile.yaw is None:
        return (stratum(seed, index, "yaw", BLOCK) + rng.random()) * 360.0 / BLOCK
    yaw = profile.yaw[stratum(seed, index, "yaw", len(profile.yaw))]
    return yaw.low + rng.random() * (yaw.high - yaw.low)


def _sample_view(
    profile: Profile, rng: np.random.Generator, seed: int, index: int, portrait: bool
) -> View:
    """Draws the camera."""
    yaw = _sample_yaw(profile, rng, seed, index)
    person = rng.uniform(0.36, 0.44) if portrait else rng.uniform(0.52, 0.62)
    return View(
        yaw=float(np.round(yaw % 360.0, 2)),
        distance=float(np.round(rng.uniform(3.6, 5.5), 3)),
        eye=float(np.round(rng.uniform(1.0, 1.5), 3)),
        person=float(np.round(person, 4)),
        ground=float(np.round(rng.uniform(0.76, 0.82) if portrait else rng.uniform(0.87, 0.92), 4)),
        offset=float(np.round(rng.uniform(-0.06, 0.06), 4)),
        shutter=float(np.round(1.0 / rng.uniform(90.0, 250.0), 5)),
    )


def _sample_tempo(profile: Profile, rng: np.random.Generator, tags: Sequence[str]) -> Tempo:
    """Draws how the clip's main person jumps."""
    gaps, runs, pauses = profile.gaps, profile.run_jumps, profile.pauses
    assert gaps is not None
    assert runs is not None
    assert pauses is not None
    slow = rng.random() < gaps.slow_share
    gap = rng.uniform(gaps.high, gaps.slow_high) if slow else rng.uniform(gaps.low, gaps.high)
    return Tempo(
        gap=float(np.round(gap, 4)),
        jitter=gaps.jitter,
        drift=float(np.round(rng.uniform(-gaps.drift, gaps.drift), 4)),
        pause=(pauses.low, pauses.high) if "pauses" in tags else None,
        run_jumps=(runs.low, runs.high),
        double_unders="double_unders" in tags,
        misses="misses" in tags,
        footwork=pick(rng, ("bounce", "bounce", "alternate")),
    )


def _deal_tags(profile: Profile, seed: int, index: int) -> tuple[str, ...]:
    """Nuisance factors of clip ``index``."""
    block = np.random.default_rng(entropy(seed, f"clean/{index // BLOCK}"))
    order = block.permutation(BLOCK)
    n_clean = int(profile.clean_share * BLOCK + block.random())
    open_slots = tuple(sorted(int(s) for s in order[n_clean:]))
    return tuple(
        factor
        for factor in FACTORS
        if dealt(getattr(profile.shares, factor), seed, index, factor, open_slots)
    )

"""Filmed clips: how a phone sees a jumper, and what apps do to the file.

*Exposure.* Cameras expose for a part of the time between two frames (the shutter angle, 360 degrees
for all of it) and for less in bright light. A rope of width ``w`` that moves at speed ``v`` during
an exposure ``e`` covers each point of its path for ``w / (v e)`` of it: its *coverage*. A visible
rope covers at least `VISIBLE`; a faint one covers at most `FAINT`, is thin and has the colours of
its surroundings, so that it cannot be seen while it turns. Only at rest it can.

*Delivery.* ``camera``: the camera's own file. ``stream``: one encoding with the bit rate of a
streaming service. ``social``: the camera's file, encoded again with a low bit rate. ``messenger``:
made smaller, compressed, and later enlarged again for a data set of one size.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from jumpscore.builder.jump_rope.lots import BLOCK, dealt, entropy, pick, stratum, weighted
from jumpscore.builder.jump_rope.profile import FILMED_FACTORS, Filming, Profile
from jumpscore.builder.jump_rope.specs import (
    BACKDROPS,
    RGB,
    Border,
    BorderKind,
    Capture,
    ClipSpec,
    Codec,
    Compression,
    Look,
    Tempo,
    View,
    contrast,
    random_look,
)
from jumpscore.builder.jump_rope.styles import STYLE, Activity

VISIBLE = 0.35
"""Least coverage of a rope that can be seen."""
FAINT = 0.10
"""Largest coverage of a faint rope."""

_ROPE_RADIUS = 1.05  # metres, for the speed of the rope's middle
_LONGEST = 1 / 30  # seconds: phones raise the gain rather than expose longer
_FRAMES = 3.5  # least frames per jump
_FRAMES_VFR = 6.0  # in clips whose frames come irregularly, so that gaps of frames hide no jump
_MESSENGER_SIDE = 260  # pixels that the shorter side keeps
_SHIRTS: tuple[RGB, ...] = (
    (206, 78, 60), (64, 118, 196), (226, 222, 210), (58, 62, 70), (70, 150, 88), (222, 160, 62),
    (96, 84, 168), (214, 132, 150), (52, 146, 160), (150, 146, 138),
)  # fmt: skip
_VIVID_ROPES: tuple[RGB, ...] = (
    (250, 236, 60), (255, 92, 40), (250, 250, 245), (255, 70, 120), (90, 245, 110), (20, 20, 24),
)  # fmt: skip
_DULL_ROPES: dict[str, tuple[RGB, ...]] = {
    "gym": ((150, 142, 130), (168, 160, 148)),
    "park": ((122, 140, 104), (150, 152, 134)),
    "street": ((140, 132, 124), (160, 152, 144)),
    "room": ((172, 158, 140), (190, 178, 164)),
}


def filmed_clip(
    profile: Profile, seed: int, index: int, *, name: str, tags: tuple[str, ...]
) -> ClipSpec:
    """Draws clip ``index`` of a profile with filming settings.

    Args:
        profile: The profile.
        seed: Seed of the set.
        index: Number of the clip.
        name: Its name, 32 hex digits.
        tags: Its nuisance factors without those of filming.
    """
    filming = profile.filming
    assert filming is not None
    clip_seed = int(name[:15], 16)
    rng = np.random.default_rng(entropy(clip_seed, "spec"))
    slots = tuple(range(BLOCK))
    tags += tuple(
        factor
        for factor in FILMED_FACTORS
        if dealt(getattr(filming, factor), seed, index, factor, slots)
    )
    bins, sizes = profile.durations, profile.resolutions
    seconds = bins[weighted(rng, [b.weight for b in bins])]
    size = sizes[weighted(rng, [r.weight for r in sizes])]
    rotation = int(pick(rng, (90, 270, 180, 90))) if "rotation" in tags else 0
    turned = rotation in (90, 270)
    width, height = (size.height, size.width) if turned else (size.width, size.height)
    backdrop = BACKDROPS[stratum(seed, index, "backdrop", len(BACKDROPS))]
    tempo, activity = _movement(profile, rng, seed, index, tags)
    if not tempo.double_unders:
        tags = tuple(tag for tag in tags if tag != "double_unders")
    fps = _fps(profile, rng, tempo.gap, vfr="vfr" in tags)
    border = _border(rng, width, height) if "border" in tags else None
    inside = (border.width, border.height) if border else (width, height)
    codec, compression = _compression(
        profile, filming, (seed, index), (width, height, fps), min(inside)
    )
    dull = "faint_rope" in tags
    rope_width, shutter = _exposure(rng, tempo if activity == "jump" else None, fps, faint=dull)
    return ClipSpec(
        profile=profile.name,
        index=index,
        seed=clip_seed,
        name=name,
        width=width,
        height=height,
        fps=fps,
        duration=float(np.round(rng.uniform(seconds.low, seconds.high), 2)),
        codec=codec,
        backdrop=backdrop,
        view=_view(filming, rng, _yaw(profile, rng, seed, index), inside, shutter),
        look=_look(rng),
        rope_color=pick(rng, _DULL_ROPES[backdrop] if dull else _VIVID_ROPES),
        rope_width=rope_width,
        tempo=tempo,
        rotation=rotation,
        tags=tags,
        activity=activity,
        capture=Capture(
            vignette=float(np.round(rng.uniform(0.2, 0.6), 3)) if "vignette" in tags else 0.0,
            border=border,
            compression=compression,
        ),
    )


def _exposure(
    rng: np.random.Generator, tempo: Tempo | None, fps: float, *, faint: bool
) -> tuple[float, float]:
    """Width of the rope (m) and exposure (s); any exposure if no rope is turned."""
    longest = min(1.0 / fps, _LONGEST)
    width = rng.uniform(0.0025, 0.004) if faint else rng.uniform(0.009, 0.014)
    shortest, limit = 1 / 300 if faint else 1 / 1000, longest
    if tempo is not None:
        passes = 2 if tempo.style == "double_under" else 1
        swept = 2.0 * math.pi * passes / tempo.gap * _ROPE_RADIUS / width  # widths per second
        if faint:
            # The longest exposure suffices for every gap: a slow rope needs only some 1/170 s.
            shortest = max(shortest, 1.0 / (FAINT * swept))
        else:
            limit = min(1.0 / (VISIBLE * swept), 0.5 * longest)
            shortest = 0.4 * limit
    shutter = math.exp(rng.uniform(math.log(shortest), math.log(max(limit, shortest))))
    return float(np.round(width, 4)), float(np.round(shutter, 6))


def _movement(
    profile: Profile, rng: np.random.Generator, seed: int, index: int, tags: tuple[str, ...]
) -> tuple[Tempo, Activity]:
    """How the person jumps, or what the person does instead."""
    if profile.styles is None:
        assert profile.activities is not None
        kinds = profile.activities
        still = Tempo(0.5, 0.0, 0.0, None, (1, 1), False, False, "bounce", "bounce")
        return still, kinds[stratum(seed, index, "activity", len(kinds))]
    styles, pauses, runs = profile.styles, profile.pauses, profile.run_jumps
    assert pauses is not None
    assert runs is not None
    row = styles.rows[stratum(seed, index, "style", len(styles.rows))]
    gap = math.exp(rng.uniform(math.log(row.low), math.log(row.high)))
    tempo = Tempo(
        gap=float(np.round(gap, 4)),
        jitter=styles.jitter,
        drift=float(np.round(rng.uniform(-styles.drift, styles.drift), 4)),
        pause=(pauses.low, pauses.high) if "pauses" in tags else None,
        run_jumps=(runs.low, runs.high),
        double_unders="double_unders" in tags and STYLE[row.style].mixes,
        misses="misses" in tags,
        footwork="alternate" if row.style == "speed_step" else "bounce",
        style=row.style,
    )
    return tempo, "jump"


def _yaw(profile: Profile, rng: np.random.Generator, seed: int, index: int) -> float:
    """A direction, stratified as in `sampling`."""
    if profile.yaw is None:
        return float((stratum(seed, index, "yaw", BLOCK) + rng.random()) * 360.0 / BLOCK)
    yaw = profile.yaw[stratum(seed, index, "yaw", len(profile.yaw))]
    return float(yaw.low + rng.random() * (yaw.high - yaw.low))


def _view(
    filming: Filming,
    rng: np.random.Generator,
    yaw: float,
    inside: tuple[int, int],
    shutter: float,
) -> View:
    """The camera: from ankle to overhead height, near or far."""
    portrait = inside[0] < inside[1]
    wide = inside[0] / inside[1]
    # The rope needs 1.3 m to either side of the jumper, of 1.7 m height.
    most = min(0.62, 0.5 * wide * 1.7 / 1.25)
    person = rng.uniform(0.78 * most, most) if portrait else rng.uniform(0.40, most)
    ground = rng.uniform(0.74, 0.82) if portrait else rng.uniform(0.86, 0.93)
    # Low cameras are more frequent than high ones: phones lean on bags and bottles.
    eye = filming.eye.low + (filming.eye.high - filming.eye.low) * rng.random() ** 1.4
    return View(
        yaw=float(np.round(yaw % 360.0, 2)),
        distance=float(np.round(rng.uniform(2.6, 6.0), 3)),
        eye=float(np.round(eye, 3)),
        person=float(np.round(person, 4)),
        ground=float(np.round(ground, 4)),
        offset=float(np.round(rng.uniform(-0.06, 0.06) * min(1.0, wide), 4)),
        shutter=shutter,
    )


def _fps(profile: Profile, rng: np.random.Generator, gap: float, *, vfr: bool) -> float:
    """Frames per second, enough for the rate: with fewer there is nothing that could be counted."""
    least = (_FRAMES_VFR if vfr else _FRAMES) / gap
    fastest = max(choice.fps for choice in profile.fps)
    choices = [choice for choice in profile.fps if choice.fps >= min(least, fastest)]
    return choices[weighted(rng, [choice.weight for choice in choices])].fps


def _look(rng: np.random.Generator) -> Look:
    """A person whose shirt no person of a recreational profile wears."""
    look = random_look(rng)
    shirt = pick(rng, [color for color in _SHIRTS if contrast(color, look.bottom) > 40])
    return replace(look, shirt=shirt)


def _border(rng: np.random.Generator, width: int, height: int) -> Border:
    """Bars left and right of an upright picture, or above and below a wide one."""
    shape = float(rng.uniform(9 / 16, 3 / 4))
    kinds: tuple[BorderKind, ...] = ("black", "blurred")
    kind = pick(rng, kinds)
    if width > height:
        return Border(kind, _even(height * shape), height)
    return Border(kind, width, _even(width * shape))


def _compression(
    profile: Profile,
    filming: Filming,
    number: tuple[int, int],
    size: tuple[int, int, float],
    side: int,
) -> tuple[Codec, Compression]:
    """How clip (seed, index) is encoded.

    Width, height and frames per second (``size``) set the bit rate. ``side`` is the shorter side of
    the picture inside bars.
    """
    seed, index = number
    ways = filming.deliveries
    way = ways[stratum(seed, index, "delivery", len(ways))]
    rng = np.random.default_rng(entropy(seed, f"compression/{index}"))
    width, height, fps = size
    # Bits a pixel fall with the rate, because neighbouring frames resemble each other more.
    rate = width * height * fps * (30.0 / fps) ** 0.4 / 1000.0
    if way == "camera":
        h265 = dealt(profile.h265_share, seed, index, "h265", tuple(range(BLOCK)))
        if h265:
            return "h265", Compression(int(rng.integers(24, 28)), None)
        return "h264", Compression(int(rng.integers(20, 25)), None)
    if way == "stream":
        return "h264", Compression(None, round(rate * rng.uniform(0.05, 0.09)))
    if way == "social":
        kbps = round(rate * rng.uniform(0.035, 0.06))
        return "h264", Compression(None, kbps, first_crf=int(rng.integers(21, 25)))
    # Messengers shrink large pictures; small ones stay.
    scale = float(np.round(min(1.0, max(rng.uniform(0.5, 0.7), _MESSENGER_SIDE / side)), 3))
    return "h264", Compression(
        int(rng.integers(26, 31)), None, first_crf=int(rng.integers(24, 29)), first_scale=scale
    )


def _even(value: float) -> int:
    """The nearest even number."""
    return 2 * round(value / 2)

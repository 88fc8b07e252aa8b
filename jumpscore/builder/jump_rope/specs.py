"""Clip specifications: all numbers needed to render one clip, sampled from a profile.

Clip ``i`` depends only on the profile's settings, the seed and ``i``, never on the number of clips,
so a data set can grow without changing. Nuisance factors are stratified in blocks of twelve clips:
a share of 1/12 gives one clip per block, so that even a small set contains every factor.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from jumpscore.builder.jump_rope.profile import FACTORS, Profile

BLOCK = 12
"""Clips per block of stratified factors."""

RGB = tuple[int, int, int]
Codec = Literal["h264", "h265"]
Footwork = Literal["bounce", "alternate"]
HairStyle = Literal["short", "long", "ponytail", "bun"]
BottomStyle = Literal["shorts", "trousers"]

BACKDROPS: tuple[str, ...] = ("gym", "park", "street", "room")

_SKINS: tuple[RGB, ...] = (
    (241, 205, 178), (226, 180, 148), (203, 152, 118), (168, 118, 86), (124, 82, 58), (92, 60, 44),
)  # fmt: skip
_HAIRS: tuple[RGB, ...] = (
    (32, 26, 24), (58, 40, 28), (96, 64, 38), (168, 128, 74), (122, 58, 34), (120, 118, 116),
)  # fmt: skip
_SHIRTS: tuple[RGB, ...] = (
    (196, 44, 52), (34, 96, 176), (240, 240, 236), (40, 42, 48), (38, 140, 96), (236, 176, 40),
    (122, 72, 158), (232, 110, 138), (74, 176, 190), (120, 126, 134),
)  # fmt: skip
_BOTTOMS: tuple[RGB, ...] = (
    (32, 34, 42), (44, 62, 104), (92, 94, 100), (60, 70, 60), (120, 40, 52), (24, 24, 28),
)  # fmt: skip
_SHOES: tuple[RGB, ...] = (
    (232, 232, 230), (40, 40, 46), (210, 60, 50), (60, 120, 200), (240, 150, 50), (90, 200, 120),
)  # fmt: skip
_BRIGHT_ROPES: tuple[RGB, ...] = (
    (250, 236, 60), (255, 92, 40), (250, 250, 245), (255, 70, 120), (90, 245, 110),
)  # fmt: skip
_DARK_ROPES: tuple[RGB, ...] = ((18, 18, 22), (150, 14, 30), (20, 40, 130), (90, 10, 90))

T = TypeVar("T")


@dataclass(frozen=True)
class Look:
    """Appearance of one person; colours are sRGB 0..255, height in metres, build relative."""

    skin: RGB
    hair: RGB
    hair_style: HairStyle
    shirt: RGB
    accent: RGB
    stripe: bool
    sleeves: bool
    bottom: RGB
    bottom_style: BottomStyle
    shoes: RGB
    height: float
    build: float


@dataclass(frozen=True)
class Tempo:
    """How a person jumps.

    Attributes:
        gap: Typical seconds between two jumps.
        jitter: Relative standard deviation of one gap.
        drift: Relative change of the gap from the clip's first to its last second.
        pause: Lowest and highest pause between runs (s); ``None``: one run fills the clip.
        run_jumps: Fewest and most jumps in a run.
        double_unders: Whether some jumps are double-unders.
        misses: Whether some runs end with the rope at the feet.
        footwork: Both feet together, or one after the other.
    """

    gap: float
    jitter: float
    drift: float
    pause: tuple[float, float] | None
    run_jumps: tuple[int, int]
    double_unders: bool
    misses: bool
    footwork: Footwork


@dataclass(frozen=True)
class View:
    """The camera: see `jumpscore.builder.jump_rope.camera`.

    Attributes:
        yaw: Degrees; 0 sees the jumper's face, 90 sees the jumper facing to the right of the
            image, 180 the back, 270 facing left.
        distance: Metres from camera to jumper.
        eye: Camera height in metres.
        person: Height of a standing 1.7 m person as a share of the frame height.
        ground: Row of the jumper's feet as a share of the frame height.
        offset: Column of the jumper relative to the middle, as a share of the frame width.
        shutter: Exposure in seconds (motion blur of the rope).
    """

    yaw: float
    distance: float
    eye: float
    person: float
    ground: float
    offset: float
    shutter: float


@dataclass(frozen=True)
class ClipSpec:
    """Everything needed to render one clip; equal specifications give equal files.

    Sizes are pixels as displayed: a clip with ``rotation`` 90 or 270 stores its frames with width
    and height exchanged. ``rotation`` is the clockwise turn in degrees that a player has to apply.
    ``tags`` names the nuisance factors of the clip, in the order of `profile.FACTORS`.
    ``fps`` is nominal: a VFR clip is jittered from it.
    """

    profile: str
    index: int
    seed: int
    name: str
    width: int
    height: int
    fps: float
    duration: float
    codec: Codec
    backdrop: str
    view: View
    look: Look
    rope_color: RGB
    rope_width: float
    tempo: Tempo
    rotation: int
    tags: tuple[str, ...]

    @property
    def id(self) -> str:
        """First 20 of the name's 32 hex digits."""
        return self.name[:20]

    def has(self, factor: str) -> bool:
        """Whether the nuisance factor occurs in this clip."""
        return factor in self.tags

    def rng(self, stream: str) -> np.random.Generator:
        """A fresh generator for one use (``"rhythm"``, ``"backdrop"`` ...), always the same."""
        return np.random.default_rng(_entropy(self.seed, stream))


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


def random_look(rng: np.random.Generator) -> Look:
    """Draws a person's appearance."""
    shirt = _pick(rng, _SHIRTS)
    bottom = _pick(rng, [c for c in _BOTTOMS if _contrast(c, shirt) > 40])
    return Look(
        skin=_pick(rng, _SKINS),
        hair=_pick(rng, _HAIRS),
        hair_style=_pick(rng, ("short", "short", "long", "ponytail", "bun")),
        shirt=shirt,
        accent=_pick(rng, [c for c in _SHIRTS if _contrast(c, shirt) > 90]),
        stripe=bool(rng.random() < 0.5),
        sleeves=bool(rng.random() < 0.75),
        bottom=bottom,
        bottom_style=_pick(rng, ("shorts", "shorts", "trousers")),
        shoes=_pick(rng, _SHOES),
        height=float(np.round(rng.uniform(1.56, 1.86), 3)),
        build=float(np.round(rng.uniform(0.92, 1.12), 3)),
    )


def _sample_clip(profile: Profile, seed: int, index: int) -> ClipSpec:
    """Draws clip ``index``."""
    name = hashlib.sha256(f"{profile.name}/{seed}/{index}".encode()).hexdigest()[:32]
    clip_seed = int(name[:15], 16)
    rng = np.random.default_rng(_entropy(clip_seed, "spec"))
    tags = _deal_tags(profile, seed, index)
    bins = profile.durations
    seconds = bins[_weighted(rng, [b.weight for b in bins])]
    duration = float(np.round(rng.uniform(seconds.low, seconds.high), 2))
    size = profile.resolutions[_weighted(rng, [r.weight for r in profile.resolutions])]
    fps = profile.fps[_weighted(rng, [f.weight for f in profile.fps])].fps
    h265 = _dealt(profile.h265_share, seed, index, "h265", tuple(range(BLOCK)))
    rotation = int(_pick(rng, (90, 270, 180, 90)))
    if "rotation" not in tags:
        rotation = 0
    portrait = rotation in (90, 270)  # a phone held upright stores landscape frames
    backdrop = BACKDROPS[_stratum(seed, index, "backdrop", len(BACKDROPS))]
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
        rope_color=_pick(rng, _DARK_ROPES if backdrop == "room" else _BRIGHT_ROPES),
        rope_width=float(np.round(rng.uniform(0.012, 0.018), 4)),
        tempo=_sample_tempo(profile, rng, tags),
        rotation=rotation,
        tags=tags,
    )


def _sample_yaw(profile: Profile, rng: np.random.Generator, seed: int, index: int) -> float:
    """Draws a direction, stratified: all around in every block, or from every range in turn."""
    if profile.yaw is None:
        return (_stratum(seed, index, "yaw", BLOCK) + rng.random()) * 360.0 / BLOCK
    yaw = profile.yaw[_stratum(seed, index, "yaw", len(profile.yaw))]
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
    gaps = profile.gaps
    slow = rng.random() < gaps.slow_share
    gap = rng.uniform(gaps.high, gaps.slow_high) if slow else rng.uniform(gaps.low, gaps.high)
    runs = profile.run_jumps
    return Tempo(
        gap=float(np.round(gap, 4)),
        jitter=gaps.jitter,
        drift=float(np.round(rng.uniform(-gaps.drift, gaps.drift), 4)),
        pause=(profile.pauses.low, profile.pauses.high) if "pauses" in tags else None,
        run_jumps=(runs.low, runs.high),
        double_unders="double_unders" in tags,
        misses="misses" in tags,
        footwork=_pick(rng, ("bounce", "bounce", "alternate")),
    )


def _deal_tags(profile: Profile, seed: int, index: int) -> tuple[str, ...]:
    """Nuisance factors of clip ``index``."""
    block = np.random.default_rng(_entropy(seed, f"clean/{index // BLOCK}"))
    order = block.permutation(BLOCK)
    n_clean = int(profile.clean_share * BLOCK + block.random())
    open_slots = tuple(sorted(int(s) for s in order[n_clean:]))
    return tuple(
        factor
        for factor in FACTORS
        if _dealt(getattr(profile.shares, factor), seed, index, factor, open_slots)
    )


def _dealt(share: float, seed: int, index: int, what: str, slots: Sequence[int]) -> bool:
    """Whether clip ``index`` is among the ``share * BLOCK`` clips of its block that are drawn."""
    rng = np.random.default_rng(_entropy(seed, f"{what}/{index // BLOCK}"))
    count = min(
        int(share * BLOCK + rng.random()), len(slots)
    )  # the fraction is rounded at random per block
    drawn = rng.permutation(np.asarray(slots, dtype=np.int64))[:count]
    return index % BLOCK in {int(s) for s in drawn}


def _stratum(seed: int, index: int, what: str, strata: int) -> int:
    """Stratum of clip ``index``: each block of ``strata`` clips has every stratum once."""
    rng = np.random.default_rng(_entropy(seed, f"{what}/{index // strata}"))
    return int(rng.permutation(strata)[index % strata])


def _entropy(seed: int, stream: str) -> np.random.SeedSequence:
    """Independent seeds for named streams (Python's own `hash` changes from run to run)."""
    digest = hashlib.sha256(stream.encode()).digest()
    return np.random.SeedSequence([seed, int.from_bytes(digest[:8], "little")])


def _weighted(rng: np.random.Generator, weights: Sequence[float]) -> int:
    """Index drawn in proportion to the weights."""
    total = np.cumsum(np.asarray(weights, dtype=np.float64))
    return int(np.searchsorted(total, rng.random() * total[-1], side="right"))


def _pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options, uniformly."""
    return options[int(rng.integers(len(options)))]


def _contrast(a: RGB, b: RGB) -> int:
    """Sum of absolute channel differences."""
    return sum(abs(x - y) for x, y in zip(a, b, strict=True))

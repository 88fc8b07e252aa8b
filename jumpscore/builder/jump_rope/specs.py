"""Clip specifications: all numbers needed to render one clip; `sampling` draws them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from jumpscore.builder.jump_rope.lots import entropy, pick
from jumpscore.builder.jump_rope.styles import Activity, StyleName

RGB = tuple[int, int, int]
Codec = Literal["h264", "h265"]
Footwork = Literal["bounce", "alternate"]
HairStyle = Literal["short", "long", "ponytail", "bun"]
BottomStyle = Literal["shorts", "trousers"]
BorderKind = Literal["black", "blurred"]

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
        footwork: Both feet together, or one after the other; unused with a style.
        style: How a person of a filmed clip jumps (`styles`); ``gap`` is then the typical time
            between two events.
    """

    gap: float
    jitter: float
    drift: float
    pause: tuple[float, float] | None
    run_jumps: tuple[int, int]
    double_unders: bool
    misses: bool
    footwork: Footwork
    style: StyleName | None = None


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
class Border:
    """Bars that an app adds around a picture of another shape.

    Attributes:
        kind: Black bars, or a blurred and enlarged copy of the picture.
        width: Width of the picture inside, in pixels, even.
        height: Height of the picture inside, in pixels, even.
    """

    kind: BorderKind
    width: int
    height: int


@dataclass(frozen=True)
class Compression:
    """How a file is encoded: once, or by a camera and again by an app.

    Attributes:
        crf: Constant rate factor of the file; ``None`` with a bit rate.
        kbps: Bit rate of the file in kbit/s.
        first_crf: Constant rate factor of the camera's encoding; ``None`` if there is only one.
        first_scale: Size of the camera's picture relative to the file's.
    """

    crf: int | None
    kbps: int | None
    first_crf: int | None = None
    first_scale: float = 1.0


@dataclass(frozen=True)
class Capture:
    """What a phone and its apps do to the picture of a filmed clip.

    The rope and the body of a filmed clip are blurred as far as they move during the exposure
    (`View.shutter`), and no further.

    Attributes:
        vignette: Share of light that is missing in the corners.
        border: Bars around the picture, if any.
        compression: How the file is encoded.
    """

    vignette: float
    border: Border | None
    compression: Compression


@dataclass(frozen=True)
class ClipSpec:
    """Everything needed to render one clip; equal specifications give equal files.

    Sizes are pixels as displayed: a clip with ``rotation`` 90 or 270 stores its frames with width
    and height exchanged. ``rotation`` is the clockwise turn in degrees that a player has to apply.
    ``tags`` names the nuisance factors of the clip, in the order of `profile.FACTORS`, then those
    of `profile.FILMED_FACTORS`. ``capture`` is ``None`` unless the profile has filming settings.
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
    activity: Activity = "jump"
    capture: Capture | None = None

    @property
    def id(self) -> str:
        """First 20 of the name's 32 hex digits."""
        return self.name[:20]

    def has(self, factor: str) -> bool:
        """Whether the nuisance factor occurs in this clip."""
        return factor in self.tags

    def rng(self, stream: str) -> np.random.Generator:
        """A fresh generator for one use (``"rhythm"``, ``"backdrop"`` ...), always the same."""
        return np.random.default_rng(entropy(self.seed, stream))


def random_look(rng: np.random.Generator) -> Look:
    """Draws a person's appearance."""
    shirt = pick(rng, _SHIRTS)
    bottom = pick(rng, [c for c in _BOTTOMS if contrast(c, shirt) > 40])
    return Look(
        skin=pick(rng, _SKINS),
        hair=pick(rng, _HAIRS),
        hair_style=pick(rng, ("short", "short", "long", "ponytail", "bun")),
        shirt=shirt,
        accent=pick(rng, [c for c in _SHIRTS if contrast(c, shirt) > 90]),
        stripe=bool(rng.random() < 0.5),
        sleeves=bool(rng.random() < 0.75),
        bottom=bottom,
        bottom_style=pick(rng, ("shorts", "shorts", "trousers")),
        shoes=pick(rng, _SHOES),
        height=float(np.round(rng.uniform(1.56, 1.86), 3)),
        build=float(np.round(rng.uniform(0.92, 1.12), 3)),
    )


def contrast(a: RGB, b: RGB) -> int:
    """Sum of absolute channel differences."""
    return sum(abs(x - y) for x, y in zip(a, b, strict=True))

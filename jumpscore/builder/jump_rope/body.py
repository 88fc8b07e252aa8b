"""Painting a figure: limbs as shaded tapered capsules, far parts before near ones."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jumpscore.builder.jump_rope.draw import (
    Image,
    capsules,
    fill,
    fill_convex,
    fixed,
    mix,
    shade,
    stamp,
)
from jumpscore.builder.jump_rope.figure import INDEX, REFERENCE_HEIGHT
from jumpscore.builder.jump_rope.head import head_sprite
from jumpscore.builder.jump_rope.specs import RGB, Look

FloatArray = NDArray[np.float64]

_SMOOTH_FROM = 170.0  # pixels per metre from which four steps of shading are visible as bands

_WHITE: RGB = (236, 236, 232)
_GRIP: RGB = (36, 36, 40)


@dataclass(frozen=True)
class _Part:
    """A capsule between two joints; ``span`` limits it to a part of the line."""

    group: str
    start: str
    end: str
    radii: tuple[float, float]
    color: RGB
    span: tuple[float, float] = (0.0, 1.0)


# Half widths and half depths (m) of the trunk at heights given as a share of pelvis -> neck.
_TRUNK = (
    (-0.13, 0.150, 0.108),
    (0.08, 0.142, 0.104),
    (0.34, 0.126, 0.094),
    (0.62, 0.156, 0.112),
    (0.78, 0.172, 0.104),
    (0.88, 0.158, 0.082),
    (0.94, 0.112, 0.066),
    (1.00, 0.056, 0.052),
)
_STRIPE = (0.60, 0.72)


class FigurePainter:
    """Paints one person.

    Args:
        look: Colours and size.
        yaw: Direction of the person in degrees (see `camera.to_world`).
        scale: Pixels per metre at the person's distance.
        light: -1 for light from the left of the image, 1 from the right.
        handles: Whether the hands hold a rope's handles.
    """

    def __init__(
        self, look: Look, yaw: float, scale: float, light: float, *, handles: bool
    ) -> None:
        self._look, self._light = look, light
        self._layers = _layers(8 if scale > _SMOOTH_FROM else 4)
        self._k = look.height / REFERENCE_HEIGHT
        self._head = head_sprite(look, yaw, scale * self._k, light)
        self._parts = _parts(look, handles)
        size = self._k * scale
        self._radii = np.array([p.radii for p in self._parts]) * size
        self._a = np.array([INDEX[p.start] for p in self._parts])
        self._b = np.array([INDEX[p.end] for p in self._parts])
        self._span = np.array([p.span for p in self._parts])
        self._shades = [[shade(p.color, f) for _, _, f in self._layers] for p in self._parts]
        c, s = abs(math.cos(math.radians(yaw))), abs(math.sin(math.radians(yaw)))
        self._trunk_half = np.array([math.hypot(w * c, d * s) for _, w, d in _TRUNK])
        self._trunk_half *= size * math.sqrt(look.build)
        self._facing = math.cos(math.radians(yaw))

    def paint(self, image: Image, pixels: FloatArray, depth: FloatArray) -> None:
        """Draws the person.

        Args:
            image: Frame, changed in place.
            pixels: Joints [J, 2] in frame pixels.
            depth: Distances [J] of the joints from the camera.
        """
        outlines = self._outlines(pixels)
        for group in self._order(depth):
            if group == "trunk":
                self._paint_trunk(image, pixels)
            elif group == "head":
                self._paint_head(image, pixels)
            else:
                self._paint_group(image, outlines, group)

    def _outlines(self, pixels: FloatArray) -> NDArray[np.int32]:
        """Fixed-point outlines [parts, layers, points, 2]."""
        start, end = pixels[self._a], pixels[self._b]
        line = end - start
        p0 = start + line * self._span[:, :1]
        p1 = start + line * self._span[:, 1:]
        layers = []
        for size, shift, _ in self._layers:
            toward = np.array([self._light * 0.8, -0.45]) * shift
            r0, r1 = self._radii.T
            layers.append(
                capsules(p0 + toward * r0[:, None], r0 * size, p1 + toward * r1[:, None], r1 * size)
            )
        return fixed(np.stack(layers, axis=1))

    def _order(self, depth: FloatArray) -> list[str]:
        """Groups from far to near; the head is drawn after everything that could cover it."""
        mid = {name: float(depth[i]) for name, i in INDEX.items()}
        trunk = mid["chest"]
        legs = sorted(("l", "r"), key=lambda s: -(mid[f"hip_{s}"] + mid[f"knee_{s}"]))
        far: list[tuple[float, str]] = []
        near: list[tuple[float, str]] = []
        for s in ("l", "r"):
            upper = (mid[f"shoulder_{s}"] + mid[f"elbow_{s}"]) / 2
            lower = (mid[f"elbow_{s}"] + mid[f"hand_{s}"]) / 2
            for name, where in ((f"upper_{s}", upper), (f"lower_{s}", lower)):
                (far if where > trunk else near).append((where, name))
        behind = [name for _, name in sorted(far, reverse=True)]
        before = [name for _, name in sorted(near, reverse=True)]
        core = [*(f"leg_{s}" for s in legs), "pelvis", "trunk"]
        if self._facing < -0.2:  # long hair hangs over the back
            return [*behind, *core, "neck", "head", "hair", *before]
        return [*behind, "hair", *core, "neck", "head", *before]

    def _paint_group(self, image: Image, outlines: NDArray[np.int32], group: str) -> None:
        for i, part in enumerate(self._parts):
            if part.group == group:
                for layer, color in enumerate(self._shades[i]):
                    fill_convex(image, outlines[i, layer], color)

    def _paint_trunk(self, image: Image, pixels: FloatArray) -> None:
        """The shirt: an outline through the trunk's cross-sections, shaded like the limbs."""
        pelvis, neck = pixels[INDEX["pelvis"]], pixels[INDEX["neck"]]
        look = self._look
        shares = np.array([row[0] for row in _TRUNK])
        heights = np.linspace(-0.10, 0.98, 20)
        half = np.interp(heights, shares, self._trunk_half)
        half = np.convolve(np.pad(half, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
        centre = pelvis + heights[:, None] * (neck - pelvis)
        for size, shift, brightness in self._layers:
            self._trunk_polygon(image, centre, half, size, shift, shade(look.shirt, brightness))
            if look.stripe:
                inside = (heights > _STRIPE[0] - 0.03) & (heights < _STRIPE[1] + 0.03)
                color = shade(look.accent, brightness)
                self._trunk_polygon(image, centre[inside], half[inside], size, shift, color)

    def _trunk_polygon(
        self,
        image: Image,
        centre: FloatArray,
        half: FloatArray,
        size: float,
        shift: float,
        color: RGB,
    ) -> None:
        middle = centre[:, 0] + self._light * shift * half * 0.8
        left = np.stack([middle - half * size, centre[:, 1]], axis=-1)
        right = np.stack([middle + half * size, centre[:, 1]], axis=-1)
        fill(image, np.concatenate([left, right[::-1]]), color)

    def _paint_head(self, image: Image, pixels: FloatArray) -> None:
        x, y = pixels[INDEX["head"]]
        h, w = self._head.alpha.shape
        stamp(image, self._head.color, self._head.alpha, (x - (w - 1) / 2, y - (h - 1) / 2))


def _layers(count: int) -> list[tuple[float, float, float]]:
    """Shading of a round part as nested shapes, from the dark rim to the highlight.

    Each is (relative radius, shift toward the light in radii, brightness).
    """
    share = np.linspace(0.0, 1.0, count)
    return [
        (1.0 - 0.72 * float(s) ** 1.15, 0.42 * float(s), 0.68 + 0.40 * float(s) ** 0.8)
        for s in share
    ]


def _parts(look: Look, handles: bool) -> list[_Part]:
    """The capsules of a person, in drawing order within each group."""
    parts = _hair_parts(look)
    parts.append(_Part("pelvis", "hip_l", "hip_r", (0.094, 0.094), look.bottom))
    parts.append(
        _Part("neck", "chest", "head", (0.050, 0.048), shade(look.skin, 0.86), (0.58, 1.0))
    )
    for s in ("l", "r"):
        parts += _leg_parts(look, s)
        parts += _arm_parts(look, s, handles)
    return parts


def _hair_parts(look: Look) -> list[_Part]:
    if look.hair_style == "long":
        return [_Part("hair", "head", "chest", (0.100, 0.075), look.hair, (0.1, 0.72))]
    if look.hair_style == "ponytail":
        return [_Part("hair", "head", "chest", (0.045, 0.022), look.hair, (0.15, 0.85))]
    return []


def _leg_parts(look: Look, s: str) -> list[_Part]:
    leg, b = f"leg_{s}", look.build
    hip, knee, ankle = f"hip_{s}", f"knee_{s}", f"ankle_{s}"
    heel, toe = f"heel_{s}", f"toe_{s}"
    sole = shade(look.shoes, 0.6) if sum(look.shoes) > 450 else _WHITE
    if look.bottom_style == "trousers":
        skin = [
            _Part(leg, hip, knee, (0.096 * b, 0.066 * b), look.bottom),
            _Part(leg, knee, ankle, (0.066 * b, 0.050 * b), look.bottom, (0.0, 0.95)),
        ]
    else:
        skin = [
            _Part(leg, hip, knee, (0.088 * b, 0.056 * b), look.skin),
            _Part(leg, knee, ankle, (0.054 * b, 0.060 * b), look.skin, (0.0, 0.30)),
            _Part(leg, knee, ankle, (0.060 * b, 0.037 * b), look.skin, (0.30, 1.0)),
            _Part(leg, knee, ankle, (0.043 * b, 0.042 * b), _WHITE, (0.76, 1.0)),
        ]
    shoes = [
        _Part(leg, heel, toe, (0.042, 0.034), sole),
        _Part(leg, heel, toe, (0.040, 0.031), look.shoes, (0.0, 0.97)),
        _Part(leg, ankle, heel, (0.041, 0.038), look.shoes, (0.35, 1.0)),
    ]
    if look.bottom_style == "trousers":
        return [*shoes, *skin]
    shorts = _Part(leg, hip, knee, (0.100 * b, 0.086 * b), look.bottom, (0.0, 0.66))
    return [*skin, *shoes, shorts]


def _arm_parts(look: Look, s: str, handles: bool) -> list[_Part]:
    upper, lower = f"upper_{s}", f"lower_{s}"
    shoulder, elbow, hand = f"shoulder_{s}", f"elbow_{s}", f"hand_{s}"
    b = look.build
    parts = [_Part(upper, shoulder, elbow, (0.054 * b, 0.041 * b), look.skin)]
    if look.sleeves:
        parts.append(_Part(upper, shoulder, elbow, (0.059 * b, 0.056 * b), look.shirt, (0.0, 0.6)))
    else:
        parts.append(
            _Part(upper, shoulder, elbow, (0.058 * b, 0.05 * b), mix(look.shirt, look.skin, 0.1),
                  (0.0, 0.08))
        )  # fmt: skip
    if handles:
        parts.append(_Part(lower, hand, f"tip_{s}", (0.016, 0.014), _GRIP, (-0.3, 1.0)))
    parts.append(_Part(lower, elbow, hand, (0.041 * b, 0.030 * b), look.skin))
    parts.append(_Part(lower, elbow, hand, (0.037, 0.036), look.skin, (1.0, 1.10)))
    return parts

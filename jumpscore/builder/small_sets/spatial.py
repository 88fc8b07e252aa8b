"""``mini_spatial``: drawn scenes of coloured shapes with known boxes, masks and distances."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from evaluators.spatial.rows import SpatialRow
from jumpscore.builder.jump_rope.encode import FrameClock, VideoWriter
from jumpscore.data.layout import rendered_manifest, write_rows

SIZE = (320, 240)
SCENES, CLIPS = 8, 2
COLOURS: dict[str, tuple[int, int, int]] = {
    "red": (208, 58, 52),
    "blue": (52, 104, 200),
    "green": (62, 150, 82),
    "yellow": (232, 190, 60),
    "purple": (128, 76, 168),
}
KINDS = ("circle", "square", "triangle")
RULER = 64
"""Length of the ruler (1 m) in pixels."""
FPS, PAN = 10, 40
"""Frames per second of a clip, and its number of frames."""

ASK_POINTS = (
    " Answer with a list of tuples [(x1, y1), (x2, y2), ...], x and y between 0 and 1000, in "
    "thousandths of the image's width and height."
)
ASK_BOX = (
    " Answer with one list [left, top, right, bottom], in thousandths of the image's width and "
    "height."
)
ASK_NUMBER = " Answer with a single number."
ASK_LETTER = "\nAnswer with the option's letter."
ASK_WORD = " Answer yes or no."

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shape:
    """One shape: colour, kind, centre and half its side in pixels."""

    colour: str
    kind: str
    x: int
    y: int
    radius: int

    @property
    def name(self) -> str:
        """Name in questions."""
        return f"{self.colour} {self.kind}"

    def draw(self, picture: Pixels, colour: Any) -> None:
        """Draw the shape into a picture, or with a single value into a mask."""
        x, y, r = self.x, self.y, self.radius
        if self.kind == "circle":
            cv2.circle(picture, (x, y), r, colour, thickness=-1)
        elif self.kind == "square":
            cv2.rectangle(picture, (x - r, y - r), (x + r, y + r), colour, thickness=-1)
        else:
            corners = np.array([[x, y - r], [x - r, y + r], [x + r, y + r]], dtype=np.int32)
            cv2.fillPoly(picture, [corners], colour)

    def mask(self, size: tuple[int, int] = SIZE) -> Pixels:
        """Return a mask of the covered pixels, uint8 [height, width], 0 or 255."""
        mask = np.zeros((size[1], size[0]), dtype=np.uint8)
        self.draw(mask, 255)
        return mask


def render(out: str | Path, *, seed: int = 0) -> None:
    """Write rows, pictures, masks, clips and manifest.

    Args:
        out: New folder.
        seed: Equal seeds give equal sets.
    """
    out = Path(out)
    for name in ("images", "masks", "videos"):
        (out / name).mkdir(parents=True, exist_ok=True)
    rows: list[SpatialRow] = []
    for place in range(SCENES):
        rows += _scene(out, place, np.random.default_rng([seed, place]))
    for place in range(CLIPS):
        rows += _clip(out, place, np.random.default_rng([seed, SCENES + place]))
    recipe = {"seed": seed, "scenes": SCENES, "clips": CLIPS}
    write_rows(out, rows, rendered_manifest("mini_spatial", "drawn by jumpscore", recipe=recipe))


def _scene(out: Path, place: int, generator: np.random.Generator) -> list[SpatialRow]:
    """Draw one picture and return its questions, at least one for every rule."""
    shapes = _placed(generator)
    picture = _backdrop(SIZE, generator)
    for shape in shapes:
        shape.draw(picture, COLOURS[shape.colour])
    _draw_ruler(picture)
    image = f"images/scene-{place}.png"
    _write(out / image, picture[..., ::-1])
    first, second = shapes[0], shapes[1]
    many = [shape for shape in shapes if shape.name == shapes[-1].name]
    masks = {
        "one": first.mask(),
        "right": _right_of(first, shapes),
        "many": np.maximum.reduce([shape.mask() for shape in many]),
    }
    for name, mask in masks.items():
        _write(out / f"masks/scene-{place}-{name}.png", mask)
    at = f"masks/scene-{place}"
    box = _box(masks["one"])
    metres = math.hypot(first.x - second.x, first.y - second.y) / RULER
    largest = max(shapes[:4], key=lambda shape: shape.radius)
    named = [shape.name for shape in shapes[:4]]
    order = generator.permutation(len(named)).tolist()
    options = tuple(named[k] for k in order)
    listed = "\n".join(f"{a}. {b}" for a, b in zip("ABCD", options, strict=True))
    is_left = first.x < second.x

    def row(kind: str, prompt: str, **more: Any) -> SpatialRow:
        return SpatialRow(f"scene-{place}-{kind}", prompt, images=(image,), **more)

    pointing = {"convention": "relative_1000", "reference": "pointbench", "group": "pointing"}
    return [
        row(
            "free",
            f"Point to places on the empty ground to the right of the {first.name}." + ASK_POINTS,
            rule="points", mask=f"{at}-right.png", subgroup="free space", **pointing,
        ),
        row(
            "object",
            f"Point to the {first.name}." + ASK_POINTS,
            rule="first_point", mask=f"{at}-one.png", subgroup="object", **pointing,
        ),
        row(
            "each",
            f"Point to every {many[0].name}, once each." + ASK_POINTS,
            rule="count", mask=f"{at}-many.png", answer=str(len(many)),
            subgroup="counting", **pointing,
        ),
        row(
            "box",
            f"Give the box around the {first.name}." + ASK_BOX,
            rule="box", answer=json.dumps(box), convention="relative_1000",
            reference="refcoco", group="boxes",
        ),
        row(
            "distance",
            f"The ruler is 1 m long. How far is the centre of the {first.name} from the centre of "
            f"the {second.name}, in metres?" + ASK_NUMBER,
            rule="number", answer=f"{metres:.3f}", reference="revsi", group="measuring",
        ),
        row(
            "largest",
            f"Which shape is the largest?\n{listed}" + ASK_LETTER,
            rule="choice", options=options, answer=json.dumps("ABCD"[options.index(largest.name)]),
            reference="revsi", group="relations", subgroup="size",
        ),
        row(
            "left",
            f"Is the {first.name} to the left of the {second.name}?" + ASK_WORD,
            rule="word", options=("yes", "no"), answer=json.dumps("A" if is_left else "B"),
            reference="robospatial", group="relations", subgroup="direction",
        ),
    ]  # fmt: skip


def _clip(out: Path, place: int, generator: np.random.Generator) -> list[SpatialRow]:
    """Draw a clip that pans over a long scene, and return its questions."""
    width, height = 960, 160
    names = [f"{colour} {kind}" for colour in COLOURS for kind in KINDS]
    distinct = [names[k] for k in generator.permutation(len(names))[:4]]
    # The counted kind is repeated, so that a single frame is not enough.
    sequence = [*distinct, *[distinct[0]] * int(generator.integers(1, 3))]
    step = width // len(sequence)
    shapes = []
    for number, name in enumerate(sequence):
        colour, _, kind = name.partition(" ")
        x = step * number + step // 2
        shapes.append(Shape(colour, kind, x, int(generator.integers(50, 110)), 24))
    scene = _backdrop((width, height), generator)
    for shape in shapes:
        shape.draw(scene, COLOURS[shape.colour])
    view = 240
    starts = np.linspace(0, width - view, PAN).round().astype(int)
    video = f"videos/pan-{place}.mp4"
    _encode(out / video, [scene[:, start : start + view] for start in starts])
    count = sequence.count(distinct[0])
    order = generator.permutation(4).tolist()
    options = tuple(distinct[k] for k in order)
    listed = "\n".join(f"{a}. {b}" for a, b in zip("ABCD", options, strict=True))
    shared: dict[str, Any] = {"video": video, "group": "video", "reference": "revsi"}
    return [
        SpatialRow(
            f"pan-{place}-count",
            f"The camera moves along a wall. How many {distinct[0]}s are there?" + ASK_NUMBER,
            rule="number", answer=str(count), subgroup="counting", **shared,
        ),
        SpatialRow(
            f"pan-{place}-first",
            f"Which of these comes into view first?\n{listed}" + ASK_LETTER,
            rule="choice", options=options, answer=json.dumps("ABCD"[options.index(distinct[0])]),
            subgroup="order", **shared,
        ),
    ]  # fmt: skip


def _placed(generator: np.random.Generator) -> list[Shape]:
    """Return shapes that do not touch: four of different names, then two to four of a fifth."""
    names = [(colour, kind) for colour in COLOURS for kind in KINDS]
    distinct = [names[k] for k in generator.permutation(len(names))[:5]]
    todo = [*distinct[:4], *[distinct[4]] * int(generator.integers(2, 5))]
    # Sizes that are easy to tell apart.
    sizes = [*generator.permutation([30, 23, 18, 14]).tolist(), *[11] * 4]
    shapes: list[Shape] = []
    while len(shapes) < len(todo):
        (colour, kind), radius = todo[len(shapes)], int(sizes[len(shapes)])
        # Room to the right of the first, for the question about free ground.
        right = SIZE[0] - (150 if not shapes else radius + 8)
        x = int(generator.integers(radius + 8, right))
        y = int(generator.integers(radius + 8, SIZE[1] - radius - 34))
        if all(
            math.hypot(x - s.x, y - s.y) > 1.45 * (radius + s.radius) and abs(x - s.x) > 4
            for s in shapes
        ):
            shapes.append(Shape(colour, kind, x, y, radius))
    return shapes


def _right_of(shape: Shape, shapes: list[Shape]) -> Pixels:
    """Return the free ground to the right of a shape, as a mask."""
    mask = np.zeros((SIZE[1], SIZE[0]), dtype=np.uint8)
    mask[:-28, shape.x + shape.radius + 1 :] = 255
    for other in shapes:
        mask[other.mask() > 0] = 0
    return mask


def _box(mask: Pixels) -> list[int]:
    rows, columns = np.nonzero(mask)
    return [int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1]


def _backdrop(size: tuple[int, int], generator: np.random.Generator) -> Pixels:
    """Return a plain background with soft light and a little grain, RGB."""
    width, height = size
    light = np.linspace(236, 212, height)[:, None] + np.linspace(-6, 6, width)[None]
    grain = generator.normal(0, 1.5, size=(height, width))
    tint = np.array([0.0, -3.0, -9.0])
    shade = (light + grain)[..., None] + tint
    return np.ascontiguousarray(shade.clip(0, 255).astype(np.uint8))


def _draw_ruler(picture: Pixels) -> None:
    left, y = 12, SIZE[1] - 14
    dark = (60, 60, 60)
    cv2.line(picture, (left, y), (left + RULER, y), dark, 2)
    for x in (left, left + RULER):
        cv2.line(picture, (x, y - 5), (x, y + 5), dark, 2)
    place = (left + RULER + 8, y + 4)
    cv2.putText(picture, "1 m", place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, dark, 1, cv2.LINE_AA)


def _write(file: Path, pixels: Pixels) -> None:
    success, content = cv2.imencode(".png", pixels)
    assert success
    file.write_bytes(content.tobytes())


def _encode(file: Path, frames: list[Pixels]) -> None:
    height, width = frames[0].shape[:2]
    clock = FrameClock(1 / Fraction(FPS), np.arange(len(frames)), Fraction(FPS), len(frames))
    with VideoWriter(file, (width, height), "h264", clock) as writer:
        for pixels in frames:
            writer.write(np.ascontiguousarray(pixels))

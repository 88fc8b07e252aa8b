"""``mini_traces``: carry a cube over a wall on a rendered table, with four kinds of questions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from evaluators.traces import Camera, Scene
from evaluators.traces.prompts import SHAREROBOT, TRACESPATIAL, VABENCH
from evaluators.traces.rows import TraceRow
from jumpscore.builder.small_sets.tabletop import Solid, View
from jumpscore.builder.small_sets.tabletop import render as ray_cast
from jumpscore.data.layout import rendered_manifest, write_rows

Floats = npt.NDArray[np.float64]

SCENES = 4
SIZE = (320, 240)
CUBE = 0.06
"""Half of the moved cube's side in metres."""
CLEARANCE = 0.10
"""Metres between the carried cube and the wall below it."""
BOX = (0.24, 0.20, 0.24)
"""Sides of the target's box in metres, across, up and along."""
COLOURS = {
    "red": (205, 60, 50),
    "green": (70, 150, 80),
    "violet": (130, 85, 170),
    "orange": (225, 140, 50),
}


@dataclass(frozen=True, slots=True)
class Table:
    """One scene, in the table's coordinates.

    Attributes:
        view: The camera.
        solids: The cube first, then wall, coaster and clutter.
        path: [n, 3] positions of the cube's centre.
    """

    view: View
    solids: list[Solid]
    path: Floats


def lay_table(colour: str, generator: np.random.Generator) -> Table:
    """Return a cube, a wall to its right, a coaster beyond the wall, balls in the background."""
    view = View(*SIZE, focal=275.0, above=0.75 + generator.uniform(0, 0.08), pitch=math.radians(33))
    front = 0.98 + generator.uniform(0.0, 0.06)
    left, right = -0.34 - generator.uniform(0, 0.04), 0.36 + generator.uniform(0, 0.04)
    tall = 0.20 + generator.uniform(0, 0.05)
    table = view.above
    # The fronts of wall and cube are in one plane, so a straight path goes through the wall.
    cube = Solid(np.array([left, table - CUBE, front]), np.full(3, CUBE), COLOURS[colour])
    wall = Solid(
        np.array([generator.uniform(-0.03, 0.03), table - tall / 2, front + 0.09]),
        np.array([0.07, tall / 2, 0.09 + CUBE]),
        (120, 128, 140),
    )
    coaster = Solid(
        np.array([right, table - 0.01, front]), np.array([0.10, 0.01, 0.10]), (60, 105, 190)
    )
    solids = [cube, wall, coaster]
    for _ in range(3):
        size = generator.uniform(0.03, 0.05)
        place = [generator.uniform(-0.5, 0.5), table - size, front + generator.uniform(0.45, 0.6)]
        solids.append(Solid(np.array(place), np.full(3, size), (205, 190, 90), round=True))
    high = table - tall - CLEARANCE - CUBE
    low = table - CUBE - 0.02
    path = np.array(
        [
            [left, low, front],
            [left, high, front],
            [(left + right) / 2, high, front],
            [right, high, front],
            [right, low - 0.02, front],
        ]
    )
    return Table(view, solids, path)


def render(out: Path, *, seed: int) -> None:
    """Write rows, pictures and manifest; every scene is asked about under each rule."""
    import cv2

    rows = []
    for number, colour in zip(range(SCENES), COLOURS, strict=True):
        generator = np.random.default_rng([seed, number])
        table = lay_table(colour, generator)
        picture, depth, seen = ray_cast(table.view, table.solids, generator)
        mask = np.where(seen == 0, 255, 0).astype(np.uint8)
        files = {name: f"scenes/{number}/{name}.png" for name in ("image", "depth", "mask")}
        (out / "scenes" / str(number)).mkdir(parents=True)
        for name, pixels in (("image", picture[..., ::-1]), ("depth", depth), ("mask", mask)):
            _, content = cv2.imencode(".png", pixels)
            (out / files[name]).write_bytes(content.tobytes())
        scene = Scene.from_millimetres(depth, mask, table.view.intrinsics)
        rows += _rows(number, colour, table, scene, files)
    recipe = {"seed": seed, "scenes": SCENES}
    write_rows(out, rows, rendered_manifest("mini_traces", "rendered by jumpscore", recipe=recipe))


def _rows(
    number: int, colour: str, table: Table, scene: Scene, files: dict[str, str]
) -> list[TraceRow]:
    thing, place = f"the {colour} cube", "the blue coaster on the other side of the wall"
    # Way-points follow the visible part of the cube: its mean is on them.
    cube = table.view.turn @ table.solids[0].center
    shift = scene.object_points.mean(axis=0) - cube
    trace = table.path @ table.view.turn.T + shift
    box: dict[str, Any] = {
        "center": (trace[-1]).tolist(),
        "extent": list(BOX),
        "rotation": table.view.turn.tolist(),
    }
    camera = Camera.from_matrix(table.view.intrinsics, size=SIZE)
    flat = camera.to_image(trace).tolist()
    where: dict[str, Any] = {
        "depth": files["depth"],
        "mask": files["mask"],
        "intrinsics": table.view.intrinsics,
        "box": box,
        "convention": "relative_1000",
    }
    task = f"pick up {thing} and move it to {place}"
    rows = [
        TraceRow(
            f"{number}-{rule.replace('_', '-')}",
            TRACESPATIAL[rule].format(object=thing, destination=place),
            rule,
            files["image"],
            trace.tolist(),
            **where,
        )
        for rule in ("tracespatial_3d", "tracespatial_2d")
    ]
    for rule, prompt, convention in (
        ("vabench", VABENCH.format(problem=task), "pixel"),
        ("sharerobot", SHAREROBOT.format(instruction=task), "unit"),
    ):
        rows.append(
            TraceRow(f"{number}-{rule}", prompt, rule, files["image"], flat, convention=convention)
        )
    return rows

"""Rendered set of the tracking task: coloured shapes that move, overlap, appear and leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from evaluators.tracking.queries import Query
from evaluators.tracking.rle import encode_mask
from evaluators.tracking.writing import inner_point, trajectories, write_masks
from jumpscore.data.layout import rendered_manifest, write_rows
from jumpscore.video.encode import write_video

WIDTH, HEIGHT, FRAMES, FPS = 160, 120, 24, 6
VIDEOS = 4
COLOURS = {
    "red": (208, 52, 44),
    "green": (52, 160, 72),
    "blue": (48, 88, 208),
    "yellow": (232, 200, 56),
}
SHAPES = ("circle", "square", "triangle")


@dataclass(frozen=True, slots=True)
class Thing:
    """One object.

    Attributes:
        colour: One of ``COLOURS``.
        shape: One of ``SHAPES``.
        size: Half of its side in pixels.
        start: (x, y) of its centre in the first frame; may be outside the picture.
        speed: Pixels per frame.
        hidden: Frames in which it is absent.
    """

    colour: str
    shape: str
    size: float
    start: tuple[float, float]
    speed: tuple[float, float]
    hidden: range = range(0)

    def mask(self, frame: int) -> NDArray[np.uint8]:
        """Return its mask without occlusion, [H, W] of 0 and 1."""
        mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
        if frame in self.hidden:
            return mask
        x, y = (s + v * frame for s, v in zip(self.start, self.speed, strict=True))
        corners = {
            "circle": [
                (np.cos(angle), np.sin(angle)) for angle in np.linspace(0, 2 * np.pi, 48, False)
            ],
            "square": [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            "triangle": [(0.0, -1.1), (1.0, 0.8), (-1.0, 0.8)],
        }[self.shape]
        places = np.array([(x + self.size * a, y + self.size * b) for a, b in corners])
        cv2.fillPoly(mask, [np.rint(places).astype(np.int32)], (1,))
        return mask


def render(out: Path, *, seed: int = 0) -> None:
    """Write the set: four videos of 4 s with four or five queries each.

    In every video one object passes behind another, one disappears for a second, and one enters
    late.
    """
    rows: list[Query] = []
    videos: dict[str, dict[str, float]] = {}
    for number in range(VIDEOS):
        name = f"shapes{number}"
        things = _cast(np.random.default_rng([seed, number]), number)
        visible = [_visible(things, frame) for frame in range(FRAMES)]
        write_video(out / "videos" / f"{name}.mp4", _pictures(things, visible, seed), fps=FPS)
        masks = [np.stack([frame[place] for frame in visible]) for place in range(len(things))]
        for place, track in enumerate(masks):
            rles = [encode_mask(mask) if mask.any() else None for mask in track]
            write_masks(out / "masks" / name / f"{place}.json", rles)
        queries = list(_queries(name, things, masks))
        rows += queries
        facts = {"duration": FRAMES / FPS, "frames": FRAMES, "fps": FPS}
        videos |= {row.id: facts | {"width": WIDTH, "height": HEIGHT} for row in queries}
    manifest = rendered_manifest(
        "mini_tracking", "rendered coloured shapes", recipe={"seed": seed}, videos=videos
    )
    write_rows(out, rows, manifest)


def _cast(rng: np.random.Generator, number: int) -> list[Thing]:
    """Return the objects of a video from back to front; two have the same shape."""
    colours = rng.permutation(list(COLOURS)).tolist()
    alike, other = (str(name) for name in rng.permutation(SHAPES)[:2])
    drift = float(rng.uniform(-0.4, 0.4))
    gone = int(rng.integers(8, 13))
    across = float(rng.uniform(50, 70))
    return [
        # Passes behind the second, which stands still.
        Thing(colours[0], alike, 11, (24, across), (4.6, drift)),
        Thing(colours[1], other, 15, (80 + float(rng.uniform(-8, 8)), 60), (0, 0)),
        # Absent for a second.
        Thing(colours[2], alike, 9, (40, 100), (2.5, -0.8), range(gone, gone + 6)),
        # Enters late, from the right.
        Thing(colours[3], SHAPES[number % 3], 10, (WIDTH + 40, 22), (-5.5, 0.6)),
    ]


def _visible(things: list[Thing], frame: int) -> list[NDArray[np.uint8]]:
    """Return the visible part of each object."""
    covered = np.zeros((HEIGHT, WIDTH), dtype=bool)
    seen: list[NDArray[np.uint8]] = []
    for thing in reversed(things):
        mask = thing.mask(frame).astype(bool)
        seen.append((mask & ~covered).astype(np.uint8))
        covered |= mask
    return seen[::-1]


def _pictures(
    things: list[Thing], visible: list[list[NDArray[np.uint8]]], seed: int
) -> Iterator[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    rough = rng.uniform(96, 150, (HEIGHT // 8, WIDTH // 8, 3)).astype(np.float32)
    ground: NDArray[Any] = cv2.resize(rough, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    for masks in visible:
        picture = ground.astype(np.uint8)
        for thing, mask in zip(things, masks, strict=True):
            picture[mask > 0] = COLOURS[thing.colour]
        yield picture


def _queries(video: str, things: list[Thing], masks: list[NDArray[np.uint8]]) -> Iterator[Query]:
    """Yield a query per object, one for objects of the same shape, and one for all."""
    targets = [(f"{thing.colour} {thing.shape}", [place]) for place, thing in enumerate(things)]
    alike = [place for place, thing in enumerate(things) if thing.shape == things[0].shape]
    targets.append((f"{things[0].shape}s", alike))
    if video.endswith("0"):
        targets.append(("objects", list(range(len(things)))))
    points = [[inner_point(mask) for mask in track] for track in masks]
    for number, (expression, places) in enumerate(targets):
        tracks = {str(n): points[place] for n, place in enumerate(places)}
        yield Query(
            id=f"{video}-{number}",
            video=video,
            expression=expression,
            width=WIDTH,
            height=HEIGHT,
            n_frames=FRAMES,
            fps=FPS,
            mask_ids=tuple(str(place) for place in places),
            frame_trajectories=trajectories(tracks, frames=FRAMES, fps=FPS),
        )

"""Clips of one scene for tests: a person-like block that moves at random in front of a wall."""

from __future__ import annotations

import numpy as np

SIZE = (96, 64)


def clip(seed: int, frames: int = 150) -> list[np.ndarray]:
    """RGB pictures; the background is the same for every seed, the movement is not."""
    width, height = SIZE
    wall = np.random.default_rng(99).integers(40, 160, (height // 8, width // 8, 3))
    wall = wall.repeat(8, axis=0).repeat(8, axis=1).astype(np.uint8)
    steps = np.random.default_rng(seed).normal(0, 1.0, (frames, 2))
    places = np.cumsum(steps, axis=0) * (1.6, 1.2)
    pictures = []
    for x, y in places:
        picture = wall.copy()
        left, top = int(36 + 24 * np.sin(x / 8)), int(20 + 16 * np.sin(y / 6))
        picture[top : top + 24, left : left + 14] = (230, 200, 180)
        pictures.append(picture)
    return pictures

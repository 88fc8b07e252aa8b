"""``VisualInput``: what a model sees of a video, with the time of everything it sees."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

from jumpscore.video.decode import decode

PATCH = 14
MERGE = 2
HASH_CHUNK = 1 << 20


@dataclass(frozen=True)
class VisualInput:
    """Frames of one video as a recipe: light to pass around, decoded on first use.

    Attributes:
        kind: ``"frames"``; the next kind to come is ``"canvases"``.
        path: The video.
        frame_indices: Source frame of each picture, increasing.
        times: Presentation time of each picture in seconds.
        width: Width of every picture in pixels, a multiple of 28.
        height: Height of every picture in pixels, a multiple of 28.
        provenance: Backend and rule that made the recipe.
        truncated: What is missing of the file, where it is cut off.
    """

    kind: Literal["frames"]
    path: Path
    frame_indices: tuple[int, ...]
    times: tuple[float, ...]
    width: int
    height: int
    provenance: Mapping[str, str] = field(default_factory=dict)
    truncated: str | None = None

    @cached_property
    def pixels(self) -> npt.NDArray[np.uint8]:
        """RGB pictures, uint8 [n, height, width, 3].

        Raises:
            VideoError: A frame cannot be decoded.
        """
        frames = decode(self.path, self.frame_indices, size=(self.width, self.height))
        return np.stack([frame.pixels for frame in frames])

    @property
    def grid(self) -> tuple[int, int, int]:
        """(pictures, patch rows, patch columns)."""
        return len(self.frame_indices), self.height // PATCH, self.width // PATCH

    @property
    def visual_tokens(self) -> int:
        """Planned visual tokens: one per 2x2 patches of 14x14 pixels."""
        count, rows, columns = self.grid
        return count * rows * columns // MERGE**2

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the video's content and of every choice that decides the pixels."""
        choices = {
            "video": content_hash(self.path),
            "kind": self.kind,
            "frames": self.frame_indices,
            "size": (self.width, self.height),
            "provenance": dict(self.provenance),
        }
        return hashlib.sha256(json.dumps(choices, sort_keys=True).encode()).hexdigest()


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as 64 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()

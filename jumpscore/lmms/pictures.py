"""Temporary files of the pictures of documents."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jumpscore.records import Response

PNG_MODES = ("1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA")


class Pictures:
    """Lossless files of Pillow images, which exist until their question is answered."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._numbers = itertools.count()
        self._files: dict[str, list[Path]] = {}

    def open(self) -> None:
        """Create the folder."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="jumpscore-lmms-")

    def write(self, name: str, picture: Any) -> Path:
        """Write a picture of the question ``name``; any thread may call this."""
        assert self._folder is not None, "open() comes first"
        path = Path(self._folder.name) / f"{next(self._numbers)}.png"
        self._files.setdefault(name, []).append(path)
        plain = picture if picture.mode in PNG_MODES else picture.convert("RGB")
        # Speed matters more than the size of a file that exists for seconds.
        plain.save(path, format="PNG", compress_level=1)
        return path

    def append(self, responses: Iterable[Response]) -> None:
        """Remove the pictures of answered questions; called with each batch of responses."""
        for response in responses:
            for path in self._files.pop(response.id, ()):
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove everything."""
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None
        self._files.clear()

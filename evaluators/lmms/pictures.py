"""Pictures embedded in a benchmark: on disk while their questions are asked."""

from __future__ import annotations

import shutil
import tempfile
import threading
from pathlib import Path


class PictureFolder:
    """A temporary folder for the pictures of all questions, created on first use."""

    def __init__(self) -> None:
        self._path: Path | None = None
        self._lock = threading.Lock()

    def path(self) -> Path:
        """Return the folder, the same to every thread."""
        with self._lock:
            if self._path is None:
                self._path = Path(tempfile.mkdtemp(prefix="jumpscore-lmms-"))
            return self._path

    def release(self, number: int) -> None:
        """Remove the pictures of one question."""
        if self._path is not None:
            for file in self._path.glob(f"{number}-*"):
                file.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove all of them."""
        with self._lock:
            if self._path is not None:
                shutil.rmtree(self._path, ignore_errors=True)
                self._path = None

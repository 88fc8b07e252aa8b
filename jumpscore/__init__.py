"""JumpScore: does a video model know when things happen?

``jumpscore.evaluate`` runs a model over a task; ``jumpscore.scoring`` holds the metrics as pure
functions; the ``jumpscore`` command does everything from a shell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jumpscore.harness import evaluate

__all__ = ["evaluate"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Lazy: importing the package must not import NumPy, let alone the models.
    if name == "evaluate":
        from jumpscore.harness import evaluate

        return evaluate
    raise AttributeError(f"module 'jumpscore' has no attribute {name!r}")

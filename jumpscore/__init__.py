"""JumpScore: does a video model know when things happen?

``jumpscore.evaluate`` runs a model over a task, once or several times; ``jumpscore.scoring``
contains the metrics as pure functions; the ``jumpscore`` command does everything from a shell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jumpscore.harness import evaluate

__all__ = ["evaluate"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # Lazy: importing the package must not import NumPy, let alone the models.
    if name in __all__:
        from jumpscore import harness

        return getattr(harness, name)
    raise AttributeError(f"module 'jumpscore' has no attribute {name!r}")

"""Runs when Python starts, if this folder is on ``PYTHONPATH``: vLLM on a machine without a GPU.

The package index has a CPU build of torch, but torchvision, torchaudio and torchcodec only as CUDA
builds, which cannot be imported next to it. vLLM needs torchvision's transforms, which work once
two operators of its CUDA library are defined; vLLM does not need the other two packages here.

Does nothing if torch is a CUDA build. Uses the standard library only: every process that inherits
``PYTHONPATH`` runs it.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.metadata
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

CPU_BUILD = "+cpu"
OPERATORS, SIGNATURE = ("nms", "qnms"), "(Tensor dets, Tensor scores, float threshold) -> Tensor"
"""Operators of torchvision that its import expects, and their signature."""


class _BeforeTorchvision(importlib.abc.MetaPathFinder):
    """Defines the operators before torchvision is imported; never finds a module itself."""

    library: Any = None

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> None:
        if fullname == "torchvision" and self.library is None:
            import torch

            make: Any = torch.library.Library  # has no types
            # Stored, because the operators disappear with the object.
            self.library = make("torchvision", "FRAGMENT")
            for name in OPERATORS:
                self.library.define(f"{name}{SIGNATURE}")


def activate() -> tuple[str, ...]:
    """Make CUDA builds harmless next to a CPU build of torch.

    Returns:
        The affected packages; empty if torch is a CUDA build.
    """
    if not _version("torch").endswith(CPU_BUILD):
        return ()
    names = ("torchvision", "torchaudio", "torchcodec")
    affected = tuple(name for name in names if CPU_BUILD not in (_version(name) or CPU_BUILD))
    if "torchvision" in affected:
        sys.meta_path.insert(0, _BeforeTorchvision())
    for name in affected:
        if name != "torchvision":
            sys.modules.setdefault(name, None)  # type: ignore[arg-type]  # makes its import fail
    return affected


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _run_the_next() -> None:
    """Run the sitecustomize that this one hides, such as the operating system's."""
    here = Path(__file__).parent
    folders = [folder for folder in sys.path if Path(folder).resolve() != here.resolve()]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", folders)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if __name__ == "sitecustomize":
    activate()
    _run_the_next()

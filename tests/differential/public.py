"""The real public code, file by file, so that readers are compared with what it does.

lmms-eval is installed without its dependencies (its package takes 10 s to import and needs 60
others). A task's own file is loaded as it is; of what it imports, packages of lmms-eval lose only
their ``__init__``, and three modules that give types, paths or loggers are replaced.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import re
import string
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from loguru import logger

_LOADED: dict[str, ModuleType] = {}
PACKAGES = ("", ".api", ".filters", ".tasks", ".tasks._task_utils")


@cache
def lmms_eval(module: str) -> Any:
    """Return a module of lmms-eval 0.7.3, such as ``tasks.timelens.utils``.

    Skips the test if lmms-eval is not installed; in CI it must be.
    """
    root = _root()
    if root is None:
        assert not os.environ.get("CI"), "CI must compare with the real lmms-eval"
        pytest.skip("lmms-eval is not installed; `make test` installs it")
    with _package(root):
        return importlib.import_module(f"lmms_eval.{module}")


def _root() -> Path | None:
    result = importlib.util.find_spec("lmms_eval")
    places = result.submodule_search_locations if result is not None else None
    return Path(places[0]) if places else None


@contextmanager
def _package(root: Path) -> Iterator[None]:
    """Make files of lmms-eval importable without what the whole package needs."""
    if not _LOADED:
        _LOADED.update(_replacements(root))
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in sys.modules if name.split(".")[0] == "lmms_eval"]:
            patch.delitem(sys.modules, name)
        for name, module in _LOADED.items():
            patch.setitem(sys.modules, name, module)
        yield
        own = {name: sys.modules[name] for name in sys.modules if name.startswith("lmms_eval.")}
        _LOADED.update(own)
        for name in own:
            del sys.modules[name]


def _replacements(root: Path) -> Iterator[tuple[str, ModuleType]]:
    for name in PACKAGES:
        path = str(root.joinpath(*name.split(".")[1:]))
        yield f"lmms_eval{name}", _module(f"lmms_eval{name}", __path__=[path])
    yield (
        "lmms_eval.utils",
        _module(
            "lmms_eval.utils", eval_logger=logger, resolve_cache_dir=lambda path, base_dir: path
        ),
    )
    yield "lmms_eval.api.instance", _module("lmms_eval.api.instance", Instance=object)
    if importlib.util.find_spec("datasets") is None:
        yield "datasets", _module("datasets", Dataset=object)
    logger.disable("lmms_eval")


def _module(name: str, **members: Any) -> ModuleType:
    module = ModuleType(name)
    vars(module).update(members)
    return module


@cache
def exact_match() -> Any:
    """Return the function of lmms-eval's ``api/metrics.py``, whose imports are not installed."""
    root = _root()
    assert root is not None
    tree = ast.parse((root / "api" / "metrics.py").read_text())
    tree.body = [
        node
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name == "exact_match_hf_evaluate"
    ]
    members: dict[str, Any] = {"np": np, "re": re, "string": string}
    exec(compile(tree, "metrics.py", "exec"), members)
    return members["exact_match_hf_evaluate"]

"""Whose code lies in a checkpoint folder."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path


def holds_only_our_code(folder: Path) -> bool:
    """Whether every module in a checkpoint folder is one that this package writes, to the byte."""
    own = files("model_wrappers.llava_onevision2").joinpath("checkpoint_files")
    known = {entry.name: entry.read_bytes() for entry in own.iterdir() if entry.is_file()}
    modules = [path for path in folder.rglob("*.py") if path.is_file()]
    ours = all(
        path.parent == folder and known.get(path.name) == path.read_bytes() for path in modules
    )
    # "owner/name--module.Class" in an auto_map is code that would be fetched from elsewhere.
    local = all("--" not in named for path in folder.glob("*.json") for named in _auto_map(path))
    return bool(modules) and ours and local


def _auto_map(path: Path) -> list[str]:
    """Return the classes that a JSON file of a checkpoint names; all of it where it is odd."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if "auto_map" not in text:
        return []
    try:
        named = json.loads(text)["auto_map"]
        return [str(value) for value in named.values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [text]

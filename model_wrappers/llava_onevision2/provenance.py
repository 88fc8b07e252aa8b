"""Whether a checkpoint folder contains only this package's code."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path


def holds_only_our_code(folder: Path) -> bool:
    """Return whether all code in a checkpoint folder was written by this package, unchanged."""
    own = files("model_wrappers.llava_onevision2").joinpath("checkpoint_files")
    known = {entry.name: entry.read_bytes() for entry in own.iterdir() if entry.is_file()}
    modules = [path for path in folder.rglob("*.py") if path.is_file()]
    ours = all(
        path.parent == folder and known.get(path.name) == path.read_bytes() for path in modules
    )
    # "owner/name--module.Class" in an auto_map is code that is downloaded from elsewhere.
    local = all("--" not in name for path in folder.glob("*.json") for name in _auto_map(path))
    return bool(modules) and ours and local


def _auto_map(path: Path) -> list[str]:
    """Return the classes that a JSON file of a checkpoint names; its whole text if malformed."""
    text = path.read_text(encoding="utf-8", errors="replace")
    if "auto_map" not in text:
        return []
    try:
        classes = json.loads(text)["auto_map"]
        return [str(value) for value in classes.values()]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return [text]

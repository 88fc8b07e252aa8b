"""Names of data sets: rendered ones are made on first use, published ones were fetched before."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jumpscore.errors import UsageError, nearest_names

PUBLISHED = "published"
"""JumpScore's own 240 videos."""


def cache_folder() -> Path:
    """Return where rendered data are kept: ``$JUMPSCORE_CACHE`` or the user's cache."""
    chosen = os.environ.get("JUMPSCORE_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jumpscore"


def data_root(chosen: Path | None = None) -> Path:
    """Return where published data sets lie: as chosen, ``$JUMPSCORE_DATA``, or the cache."""
    return chosen_root(chosen) or cache_folder()


def chosen_root(root: Path | None = None) -> Path | None:
    """Return the data root where one was chosen: without one, lmms-eval's sets lie in HF_HOME."""
    named = os.environ.get("JUMPSCORE_DATA")
    return root or (Path(named) if named else None)


def locate(data: str, *, root: Path | None = None, workers: int | None = None) -> Path:
    """Return the folder of a data set, rendering a bundled one on first use.

    Args:
        data: A folder, or a name: of a rendered set, or of a published one in the data root.
        root: The data root.
        workers: Processes that render.

    Raises:
        UsageError: There is no such folder or name, or a published set is not there yet.
    """
    from evaluators.published import published_sets
    from jumpscore.builder.frozen import FROZEN
    from jumpscore.builder.small_sets import MINIS

    # Names first: a folder called mini is ./mini.
    if data in FROZEN:
        return render_bundled(data, _bundled_folder(data), workers=workers)
    if data in MINIS:
        return _rendered(data)
    published = published_sets()
    if data == PUBLISHED or data in published:
        return _fetched(data, data_root(root))
    if Path(data).is_dir():
        return Path(data)
    names = [*FROZEN, *MINIS, PUBLISHED, *published]
    near = nearest_names(data, names) or "."
    raise UsageError(
        f"no data-set folder {data!r}{near} Give a folder, or a name that 'jumpscore data list' "
        "shows."
    )


def located(task: Mapping[str, Any], root: Path | None) -> dict[str, Any]:
    """Return the options of a task with names of data sets replaced by their folders.

    Args:
        task: Name and options, as configured.
        root: The data root, where one was chosen.

    Raises:
        UsageError: There is no such data set, or it is not there yet.
    """
    from jumpscore.builder.small_sets import MINIS

    found = dict(task)
    if isinstance(found.get("data"), str):
        found["data"] = str(locate(found["data"], root=root))
    # A rendered benchmark of lmms-eval's is a folder with an external task of the same name.
    if "include_path" in found and found["include_path"] is None and found["benchmark"] in MINIS:
        found["include_path"] = str(locate(found["benchmark"]))
    chosen = chosen_root(root)
    if "data_root" in found and found["data_root"] is None and chosen is not None:
        found["data_root"] = str(chosen)
    return found


def _fetched(name: str, root: Path) -> Path:
    folder = root / name
    if folder.is_dir():
        return folder
    word = "" if name == PUBLISHED else f" {name}"
    raise UsageError(
        f"{folder}: the data set {name!r} is not on this machine; 'jumpscore data fetch{word}' "
        "downloads it where there is a network, and --data-root says where sets lie; offline, "
        "leave out task.data for the rendered one"
    )


def _rendered(name: str) -> Path:
    """Return the folder of a rendered set, which is there whole or not at all."""
    from jumpscore.builder.small_sets import MINIS, render_mini
    from jumpscore.cli.console import notes

    folder = cache_folder() / f"{name}-{MINIS[name].version}"
    if not folder.is_dir():
        scratch = folder.with_name(f".{folder.name}.{os.getpid()}")
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)
        render_mini(name, scratch)
        try:
            scratch.replace(folder)
        except OSError:
            if not folder.is_dir():
                raise
            shutil.rmtree(scratch)  # another process was faster
        notes().print(f"{folder}: rendered", style="dim", soft_wrap=True)
    return folder


def render_bundled(name: str, folder: Path, *, workers: int | None = None) -> Path:
    """Render a bundled set into ``folder`` unless it is there, and check what it shows."""
    from jumpscore.builder.frozen import materialize
    from jumpscore.cli.console import notes, progress

    fresh = not (folder / "manifest.json").exists()
    if fresh:
        with progress(f"rendering {name}", "clips") as advance:
            matches = materialize(name, folder, workers=workers, on_progress=advance)
    else:
        matches = materialize(name, folder, workers=workers)
    if fresh:
        same = f"{matches['exact']} identical to the frozen ones"
        if matches["equivalent"]:
            same += f", {matches['equivalent']} the same to the eye, encoded a bit differently"
        notes().print(f"{folder}: {matches.total()} clips, {same}", style="dim", soft_wrap=True)
    return folder


def _bundled_folder(name: str) -> Path:
    from jumpscore.builder.frozen import frozen_folder

    manifest = frozen_folder(name).joinpath("manifest.json").read_bytes()
    return cache_folder() / f"{name}-{hashlib.sha256(manifest).hexdigest()[:8]}"

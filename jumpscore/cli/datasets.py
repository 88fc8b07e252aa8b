"""Names of data sets: ``mini`` is rendered on first use, ``published`` must have been fetched."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from jumpscore.errors import UsageError, nearest_names

PUBLISHED = "published"


def cache_folder() -> Path:
    """Return where rendered and fetched data are kept: ``$JUMPSCORE_CACHE`` or the user's cache."""
    chosen = os.environ.get("JUMPSCORE_CACHE")
    if chosen:
        return Path(chosen)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "jumpscore"


def published_folder() -> Path:
    """Return where ``data fetch`` puts the published set."""
    return cache_folder() / "published"


def locate(data: str, *, workers: int | None = None) -> Path:
    """Return the folder of a data set, rendering a bundled one on first use.

    Raises:
        UsageError: There is no such folder or name, or the published set is not there yet.
    """
    from jumpscore.builder.frozen import FROZEN

    # Names first: a folder called mini is ./mini.
    if data in FROZEN:
        return render_bundled(data, _bundled_folder(data), workers=workers)
    if data == PUBLISHED:
        if not published_folder().is_dir():
            raise UsageError(
                "the published data set is not on this machine; 'jumpscore data fetch' downloads "
                "it where there is a network; offline, use task.data=mini (synthetic)"
            )
        return published_folder()
    if Path(data).is_dir():
        return Path(data)
    near = nearest_names(data, [*FROZEN, PUBLISHED]) or "."
    raise UsageError(
        f"no data-set folder {data!r}{near} Give a folder, or one of: "
        f"{', '.join([*FROZEN, PUBLISHED])}."
    )


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
            same += f", {matches['equivalent']} the same pictures from another encoder"
        notes().print(f"{folder}: {matches.total()} clips, {same}", style="dim", soft_wrap=True)
    return folder


def _bundled_folder(name: str) -> Path:
    from jumpscore.builder.frozen import frozen_folder

    manifest = frozen_folder(name).joinpath("manifest.json").read_bytes()
    return cache_folder() / f"{name}-{hashlib.sha256(manifest).hexdigest()[:8]}"

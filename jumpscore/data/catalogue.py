"""The named data sets: one table, and how each comes onto this machine.

A row answers what ``task.data=NAME`` means. Rendered sets are made on first use, published ones
are fetched once. What renders or converts a set is named by ``"module:function"`` and imported
when needed.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from jumpscore.data.published import PublishedSet
from jumpscore.data.versions import not_a_set
from jumpscore.errors import UsageError, nearest_names
from jumpscore.jsonio import scratch_folder, sync_tree
from jumpscore.records import Progress
from jumpscore.registry import imported
from jumpscore.video.prepared.cache import cache_folder

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rendering:
    """How a set is rendered.

    Attributes:
        workers: Processes, ``None`` for one per core. One is the default because more would import
            the caller's script again, which not every script is written for.
        on_progress: Called with (clips rendered, clips).
    """

    workers: int | None = 1
    on_progress: Progress | None = None


@dataclass(frozen=True, slots=True)
class BundledSet:
    """A data set whose annotations and checksums ship with the package.

    Attributes:
        name: Name, also of its profile.
        title: One line that describes it.
        seed: Seed of its profile.
    """

    name: str
    title: str
    seed: int
    task = "jumpscore"
    kind: Literal["bundled"] = "bundled"

    def folder(self) -> Path:
        """Return its folder in the cache; a changed set gets a new one."""
        manifest = files("jumpscore.annotations").joinpath(self.name, "manifest.json").read_bytes()
        return cache_folder() / f"{self.name}-{hashlib.sha256(manifest).hexdigest()[:8]}"

    def is_here(self, root: Path) -> bool:
        """Whether it was rendered before."""
        return (self.folder() / "manifest.json").is_file()

    def ensure(self, root: Path, rendering: Rendering = Rendering()) -> Path:
        """Return its folder, rendering it first if necessary."""
        folder = self.folder()
        try:
            return self.render(folder, rendering)
        except UsageError as error:  # the cache is ours, so another set in it may go
            logger.info("%s; it is rendered again", error)
            shutil.rmtree(folder, ignore_errors=True)
            return self.render(folder, rendering)

    def render(self, folder: Path, rendering: Rendering = Rendering()) -> Path:
        """Render it into ``folder`` unless it is there, and compare it with its checksums."""
        is_new = not (folder / "manifest.json").exists()
        materialize = imported("jumpscore.builder.bundled:materialize")
        progress = rendering.on_progress if is_new else None
        matches = materialize(self.name, folder, workers=rendering.workers, on_progress=progress)
        if is_new:
            same = f"{matches['exact']} identical to the bundled ones"
            if matches["equivalent"]:
                same += f", {matches['equivalent']} look the same but are encoded differently"
            logger.info("%s: rendered %d clips, %s", folder, matches.total(), same)
        return folder


@dataclass(frozen=True, slots=True)
class RenderedSet:
    """A data set that is rendered on first use.

    Attributes:
        name: Name.
        task: Task that reads it.
        title: One line that describes it.
        render: ``"module:function"``; ``function(folder, seed=...)`` writes rows, files and
            manifest. Equal seeds give equal sets.
        version: Raised whenever the rendered content changes; part of the folder's name.
    """

    name: str
    task: str
    title: str
    render: str
    version: int = 1
    kind: Literal["rendered"] = "rendered"

    def folder(self) -> Path:
        """Return its folder in the cache."""
        return cache_folder() / f"{self.name}-{self.version}"

    def is_here(self, root: Path) -> bool:
        """Whether it was rendered before."""
        return self.folder().is_dir()

    def ensure(self, root: Path, rendering: Rendering = Rendering()) -> Path:
        """Return its folder, which is complete or absent, rendering it first if necessary."""
        folder = self.folder()
        if folder.is_dir():
            return folder
        with scratch_folder(folder) as scratch:
            imported(self.render)(scratch, seed=0)
            sync_tree(scratch)
            try:
                scratch.replace(folder)
            except OSError:
                if not folder.is_dir():  # unless another process was faster
                    raise
        logger.info("%s: rendered", folder)
        return folder


BUNDLED = (
    BundledSet("mini", "12 rendered clips, the default", seed=0),
    BundledSet("small", "72 rendered clips, those of the demo", seed=7),
    BundledSet("rates", "60 rendered clips with jumps at every rate", seed=0),
    BundledSet("no_jumps", "21 rendered clips of people who do not jump rope", seed=0),
)
SMALL_SETS = "jumpscore.builder.small_sets"
RENDERED = (
    RenderedSet("mini_timelens", "timelens", "rendered events", f"{SMALL_SETS}.timelens:render"),
    RenderedSet("mini_spatial", "spatial", "rendered tabletops", f"{SMALL_SETS}.spatial:render"),
    RenderedSet("mini_tracking", "tracking", "rendered objects", f"{SMALL_SETS}.tracking:render"),
    RenderedSet("mini_traces", "traces", "rendered paths", f"{SMALL_SETS}.traces:render"),
    RenderedSet("mini_lmms", "lmms", "a rendered benchmark", f"{SMALL_SETS}.lmms:render"),
)
PUBLISHED = PublishedSet(
    "published",
    "jumpscore",
    "JumpScore: 240 videos",
    "lmms-lab-encoder/JumpScore",
    fetch="jumpscore.data.fetch:fetch_jumpscore",
)
DataSet = BundledSet | RenderedSet | PublishedSet
"""A row of the catalogue: its ``name`` as in ``task.data=NAME``, the ``task`` that reads it, a
``title`` and a ``kind``; ``is_here(root)``; ``ensure(root)`` returns its folder."""
OWN: tuple[DataSet, ...] = (*BUNDLED, *RENDERED, PUBLISHED)
PUBLISHED_TABLES = (
    "evaluators.temporal.published:SETS",
    "evaluators.spatial.published:SETS",
    "evaluators.tracking.published:SETS",
    "evaluators.traces.published:SETS",
)
"""Published sets of the task families."""


def data_sets() -> dict[str, DataSet]:
    """Return every named data set by name."""
    return {row.name: row for row in OWN} | published_sets()


def data_set(name: object) -> DataSet | None:
    """Return a named data set; the tables of task families are imported for other names only."""
    if not isinstance(name, str) or Path(name).name != name:
        return None  # a folder
    return next((row for row in OWN if row.name == name), None) or published_sets().get(name)


def published_sets() -> dict[str, PublishedSet]:
    """Return the published sets of the task families by name, without JumpScore's own."""
    return {row.name: row for table in PUBLISHED_TABLES for row in imported(table)}


def bundled_set(name: str) -> BundledSet:
    """Return a bundled set.

    Raises:
        UsageError: No such set.
    """
    for row in BUNDLED:
        if row.name == name:
            return row
    names = ", ".join(row.name for row in BUNDLED)
    raise UsageError(f"unknown bundled data set {name!r}; known: {names}")


def data_root(chosen: Path | None = None) -> Path:
    """Return the folder of published data sets: ``chosen``, ``$JUMPSCORE_DATA`` or the cache."""
    return chosen_root(chosen) or cache_folder()


def chosen_root(root: Path | None = None) -> Path | None:
    """Return the data root if one was chosen; otherwise lmms-eval's sets are in ``HF_HOME``."""
    variable = os.environ.get("JUMPSCORE_DATA")
    return root or (Path(variable) if variable else None)


def locate(data: str, root: Path | None = None, rendering: Rendering = Rendering()) -> Path:
    """Return the folder of a data set, rendering it first if necessary.

    Args:
        data: A name or a folder. Names win: write ``./mini`` for a folder called mini.
        root: The data root.
        rendering: How a set is rendered.

    Raises:
        UsageError: No such folder or name, a published set was not fetched, or the folder is a
            project or a version of one, which contains data sets.
    """
    if (row := data_set(data)) is not None:
        return row.ensure(data_root(root), rendering)
    if Path(data).is_dir():
        if problem := not_a_set(Path(data)):
            raise UsageError(problem)
        return Path(data).absolute()  # "mini" would be read as a name the next time
    near = nearest_names(data, data_sets()) or "."
    raise UsageError(
        f"data set {data!r} is neither a folder nor a known name{near} "
        "'jumpscore data list' lists the names."
    )


def with_folders(
    options: Mapping[str, Any], root: Path | None = None, rendering: Rendering = Rendering()
) -> dict[str, Any]:
    """Return the options of a task with names of data sets replaced by their folders.

    Args:
        options: All options of the task, as configured.
        root: The data root, if one was chosen.
        rendering: How a set is rendered.

    Raises:
        UsageError: No such data set, or it was not fetched.
    """
    changed = dict(options)
    if isinstance(options.get("data"), str):
        changed["data"] = str(locate(options["data"], root, rendering))
    # A rendered benchmark of lmms-eval is a folder that contains an external task of its name.
    if "include_path" in options and options["include_path"] is None:
        names = {row.name for row in RENDERED}
        if (benchmark := options.get("benchmark")) in names:
            changed["include_path"] = str(locate(benchmark))
    if "data_root" in options and options["data_root"] is None and chosen_root(root) is not None:
        changed["data_root"] = str(chosen_root(root))
    return changed

"""Download a benchmark of lmms-eval, then read it offline as a run does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from evaluators.lmms.provider import GroupError
from evaluators.lmms.task import LmmsOptions, LmmsTask


@dataclass(frozen=True, slots=True)
class FetchedBenchmark:
    """A downloaded benchmark.

    Attributes:
        name: Name of lmms-eval's task.
        folder: Folder of all data sets of lmms-eval.
        source: Repository, configuration, split and, if known, commit.
        documents: Number of documents.
        missing: Files that documents refer to and that do not exist.
    """

    name: str
    folder: Path
    source: str
    documents: int
    missing: tuple[Path, ...]

    def unpacked(self) -> list[Path]:
        """Return the folders of the missing files: lmms-eval unpacks only into new folders."""
        inside = (path for path in self.missing if path.is_relative_to(self.folder))
        return sorted({self.folder / path.relative_to(self.folder).parts[0] for path in inside})


def fetch_benchmark(
    name: str,
    *,
    root: Path | None,
    python: str | None = None,
    include_path: Path | None = None,
    on_found: Callable[[str], None] = lambda name: None,
) -> Iterator[FetchedBenchmark]:
    """Download a benchmark and yield it; yield each member of a group.

    lmms-eval downloads it in its process. A second process reads it without the network, as a run
    does, and the result describes what that process finds.

    Args:
        name: Task or group of lmms-eval.
        root: Data root; by default the folder that lmms-eval itself uses (``HF_HOME``).
        python: Interpreter that has lmms-eval; by default this one.
        include_path: Folder of external tasks.
        on_found: Called with the name of every task before it is downloaded.

    Raises:
        UsageError: The task is unknown or unsupported, or lmms-eval is missing.
        DataError: The hub cannot be reached or does not serve the data set.
    """
    options = LmmsOptions(
        benchmark=name,
        python=python,
        include_path=None if include_path is None else str(include_path),
        data_root=None if root is None else str(root),
        offline=False,
    )
    on_found(name)
    try:
        with closing(LmmsTask(options, fetching=True)) as online:
            online.facts  # noqa: B018 - loading is the download
    except GroupError as group:
        for member in group.members:
            yield from fetch_benchmark(
                member, root=root, python=python, include_path=include_path, on_found=on_found
            )
        return
    with closing(LmmsTask(options.model_copy(update={"offline": True}))) as task:
        yield FetchedBenchmark(
            name=name,
            folder=task.provider.cache,
            source=task.data().source,
            documents=len(task.load()),
            missing=tuple(task.missing()),
        )

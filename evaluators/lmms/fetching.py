"""Download a benchmark of lmms-eval, and read it without the network as a run will."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from evaluators.lmms.provider import GroupError
from evaluators.lmms.task import LmmsOptions, LmmsTask


@dataclass(frozen=True, slots=True)
class FetchedBenchmark:
    """What is here of a benchmark.

    Attributes:
        name: Of lmms-eval's task.
        folder: Where it lies, with all others of lmms-eval's.
        source: Repository, configuration, split and, where it is known, commit.
        documents: How many can be asked.
        missing: Files that documents speak of and that are not there.
    """

    name: str
    folder: Path
    source: str
    documents: int
    missing: tuple[Path, ...]

    def unpacked(self) -> list[Path]:
        """Return the folders of the missing files: lmms-eval unpacks into new ones only."""
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
    """Yield a benchmark when it is here; of a group, one after the other.

    lmms-eval downloads it in its process. Then another process, which may not use the network,
    reads it as a run would: what is told is what that one has found.

    Args:
        name: Of a task or a group of lmms-eval.
        root: Data root; without one, the set lies where lmms-eval itself looks (``HF_HOME``).
        python: Interpreter that has lmms-eval; by default this one.
        include_path: Folder of external tasks.
        on_found: Called with the name of every task before it is downloaded.

    Raises:
        UsageError: There is no such task, none that can be asked, or no lmms-eval.
        DataError: The hub cannot be reached or does not have it.
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

"""The entries of a board: every submission scored, with its page; unchanged ones from a cache.

The cache is in the user's cache folder and not on the board, which may receive files from
strangers: a score that was not computed on this machine is never used.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import jumpscore
from evaluators.base import clusters_of, ratios
from jumpscore.boards.board import OpenBoard, open_board
from jumpscore.boards.model_page import model_page
from jumpscore.boards.scored import Checked, score_files
from jumpscore.boards.submission import Submission
from jumpscore.errors import DataError, JumpScoreError
from jumpscore.jsonio import write_text
from jumpscore.records import Progress, RunResult
from jumpscore.report.page import write_page
from jumpscore.runs.lines import adapter
from jumpscore.video.prepared.cache import cache_folder

PAGES = "models"
"""Folder of the models' pages within a site."""
FEW = 24
"""Fewest submissions per process; starting one takes longer than scoring fewer."""


@dataclass(frozen=True)
class Entry:
    """A submission on a board, as the index needs it.

    Attributes:
        submission: What it states about itself.
        result: Metrics, computed here.
        numerator: Ranked metric as a ratio of sums over samples.
        denominator: 0 for samples without a value.
        is_mean: As in ``Ratio``.
        clusters: Cluster of each sample; ``None`` if all are independent.
    """

    submission: Submission
    result: RunResult
    numerator: tuple[float, ...]
    denominator: tuple[float, ...]
    is_mean: bool
    clusters: tuple[str, ...] | None


@dataclass(frozen=True)
class _Cached:
    entry: Entry
    page: str


@dataclass(frozen=True)
class Builder:
    """Scores submissions and writes their pages.

    Attributes:
        opened: The board.
        site: Folder of the site.
        truth: Digest of everything but the submission that determines its entry and its page.
    """

    opened: OpenBoard
    site: Path
    truth: str

    @classmethod
    def of(cls, board: Path, site: Path, data: Path | None = None) -> Builder:
        """Return the builder of a board; see ``open_board``."""
        opened = open_board(board, data)
        task = opened.task
        facts = task.data()
        parts = [task.name, task.version, facts.name, str(facts.synthetic), _code_digest()]
        parts += [repr((s.question.id, s.truth, s.problem is None)) for s in task.load()]
        return cls(opened, site, hashlib.sha256("\n".join(parts).encode()).hexdigest())

    def build(self, folder: Path) -> Entry | str:
        """Write the page of a submission; return its entry, or why it is invalid."""
        try:
            cached = self._cached(folder)
        except JumpScoreError as error:
            return str(error)
        write_page(self.site / PAGES / f"{folder.name}.html", cached.page)
        return cached.entry

    def _cached(self, folder: Path) -> _Cached:
        files = self.opened.read(folder)
        if (slug := files.submission().slug) != folder.name:
            raise DataError(f"{folder}: must be named {slug}; rename it")
        file = cache_folder() / "boards" / f"{files.digest(self.truth)}.json"
        try:
            stored: _Cached = adapter(_Cached).validate_json(file.read_bytes())
            return stored
        except (OSError, ValueError):  # not there, or damaged
            checked = score_files(files, self.opened.task)
        cached = _Cached(_entry(checked), model_page(checked))
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, adapter(_Cached).dump_json(cached, ensure_ascii=True).decode())
        # As read back, so that equal submissions give equal entries.
        restored: _Cached = adapter(_Cached).validate_json(file.read_bytes())
        return restored


def _entry(checked: Checked) -> Entry:
    ranked = ratios(checked.result.described, checked.scores)[checked.result.headline[0]]
    clusters = clusters_of(checked.scores)
    return Entry(
        submission=checked.submission,
        result=checked.result,
        numerator=tuple(ranked.numerator.tolist()),
        denominator=tuple(ranked.denominator.tolist()),
        is_mean=ranked.is_mean,
        clusters=None if clusters is None else tuple(clusters),
    )


def build_entries(
    board: Path,
    site: Path,
    *,
    data: Path | None = None,
    workers: int | None = 1,
    on_progress: Progress | None = None,
) -> tuple[OpenBoard, list[Entry]]:
    """Score every submission of a board and write its page.

    Args:
        board: Folder of the board.
        site: Folder of the site.
        data: Folder of the data set; by default one on this machine with the board's checksum.
        workers: Processes, ``None`` for one per core.
        on_progress: Called with (submissions done, all).

    Raises:
        DataError: The board is empty, or submissions are invalid; the message lists them.
    """
    builder = Builder.of(board, site, data)
    folders = builder.opened.submissions()
    if not folders:
        raise DataError(f"{board}: has no submission; add one with 'jumpscore leaderboard add'")
    entries: list[Entry] = []
    problems: list[str] = []
    with _mapped(builder, (board, site, data), folders, workers) as results:
        for done, result in enumerate(results, start=1):
            (problems if isinstance(result, str) else entries).append(result)  # type: ignore[arg-type]
            if on_progress is not None:
                on_progress(done, len(folders))
    if problems:
        raise DataError("\n".join([*problems, "correct or remove these submissions, then rebuild"]))
    return builder.opened, entries


@contextmanager
def _mapped(
    builder: Builder,
    source: tuple[Path, Path, Path | None],
    folders: list[Path],
    workers: int | None,
) -> Iterator[Iterator[Entry | str]]:
    """Yield the results of all folders in order, computed in processes if there are many."""
    workers = min(workers or os.cpu_count() or 1, len(folders) // FEW)
    if workers <= 1:
        yield map(builder.build, folders)
        return
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=source)
    try:
        yield pool.map(_build, folders, chunksize=4)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


_builders: list[Builder] = []
"""The builder of a worker process."""


def _start(board: Path, site: Path, data: Path | None) -> None:
    _builders.append(Builder.of(board, site, data))


def _build(folder: Path) -> Entry | str:
    return _builders[0].build(folder)


@cache
def _code_digest() -> str:
    """Return a digest of the code that scores and draws; an edited scorer scores again."""
    digest = hashlib.sha256()
    root = Path(jumpscore.__file__).parent
    for folder in (root, root.with_name("evaluators")):
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".css", ".js", ".html"):
                digest.update(f"{file.relative_to(root.parent)}\0".encode() + file.read_bytes())
    return digest.hexdigest()

"""Build the site of a board: an index, a page per submission and ``LEADERBOARD.md``."""

from __future__ import annotations

from pathlib import Path

from jumpscore.boards.entries import PAGES, build_entries
from jumpscore.boards.index_page import index_page
from jumpscore.boards.markdown import markdown_board
from jumpscore.boards.standings import Standings, standings_of
from jumpscore.errors import UsageError
from jumpscore.jsonio import is_scratch, write_text
from jumpscore.records import Progress
from jumpscore.report.page import write_page

INDEX, TABLE = "index.html", "LEADERBOARD.md"


def build_site(
    board: Path,
    site: Path,
    *,
    data: Path | None = None,
    workers: int | None = 1,
    on_progress: Progress | None = None,
) -> Standings:
    """Score every submission of a board, rank them and write the site.

    Equal boards give equal bytes. Other files in the site's folder stay.

    Args:
        board: Folder of the board.
        site: Folder of the site: new, empty, or with an earlier build.
        data: Folder of the data set; by default one on this machine with the board's checksum.
        workers: Processes, ``None`` for one per core.
        on_progress: Called with (submissions done, all).

    Raises:
        DataError: The board or a submission is invalid.
        UsageError: The site's folder contains something else, or cannot be written.
    """
    if site.exists() and not _is_ours(site):
        raise UsageError(f"{site}: is neither empty nor an earlier site; choose another --out")
    if not (site / TABLE).is_file():
        # Written first, so that a build that was killed is recognised.
        site.mkdir(parents=True, exist_ok=True)
        write_text(site / TABLE, "This leaderboard is being built.\n")
    opened, entries = build_entries(
        board, site, data=data, workers=workers, on_progress=on_progress
    )
    standings = standings_of(opened, entries)
    write_page(site / INDEX, index_page(standings))
    write_text(site / TABLE, markdown_board(standings))
    pages = {f"{entry.submission.slug}.html" for entry in entries}
    for page in (site / PAGES).glob("*.html"):
        if page.name not in pages:
            page.unlink()  # of a submission that was removed
    return standings


def _is_ours(site: Path) -> bool:
    """Return whether a folder is empty or a site, complete or not."""
    if (site / TABLE).is_file():
        return True
    return all(is_scratch(path.name) for path in site.iterdir())

"""``LEADERBOARD.md``: the ranking as a table that hosting sites render."""

from __future__ import annotations

import re

from jumpscore.boards.entries import PAGES
from jumpscore.boards.standings import Standings
from jumpscore.report.summary import interval
from jumpscore.report.text import number, suffix


def markdown_board(standings: Standings) -> str:
    """Return the board as Markdown."""
    main, *others = standings.metrics
    names = [f"{metric.name} {suffix(metric.unit)}".rstrip() for metric in standings.metrics]
    head = ["Rank", "Group", "Model", "Settings", names[0], "95% interval", "s.e.", "n", *names[1:]]
    rows = []
    for row in standings.rows:
        submission, result = row.entry.submission, row.entry.result
        estimate = result.metrics[main.name]
        rows.append(
            [
                str(row.ranked.rank),
                str(row.ranked.group),
                f"[`{submission.model}`]({PAGES}/{submission.slug}.html)",
                " ".join(f"`{value}`" for value in submission.settings.values()),
                number(estimate.mean, main.unit),
                interval(estimate, main),
                number(estimate.stderr, main.unit),
                f"{estimate.n:,}",
                *(number(result.metrics[m.name].mean, m.unit) for m in others),
            ]
        )
    result = standings.rows[0].entry.result
    parts = [f"# {plain(standings.title)}"]
    if result.synthetic:
        parts.append(
            "**SYNTHETIC data.** All of it is rendered; the scores do not compare with scores on "
            "filmed videos and pictures."
        )
    checksum = standings.rows[0].entry.submission.checksum[:12]
    parts.append(
        f"Task `{result.task}` version {plain(result.task_version)}, data set "
        f"{plain(result.data)}, checksum `{checksum}`. Every submission is scored here from its "
        "raw answers."
    )
    parts.append(_table(head, rows))
    parts.append(f"{standings.ranking.definition} {standings.stability}".rstrip())
    if standings.published:
        parts.append("## Published, not verified")
        parts.append("Numbers that others published; they were not scored here and are not ranked.")
        published = [
            [plain(item.model), f"*{item.value:.1f}*", plain(item.source)]
            for item in standings.published
        ]
        parts.append(_table(["Model", names[0], "Source"], published))
    return "\n\n".join(parts) + "\n"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def plain(text: str) -> str:
    r"""Return Markdown that renders as the text: no links, markup, HTML or table cells.

    >>> plain("a|b <i> https://x")
    'a\\|b \\<i\\> https\\:\\/\\/x'
    """
    return re.sub(r"([!-,/:-@\[-`{-~])", r"\\\1", text)

"""The first page of a site: ranked submissions, how to read them, and published numbers."""

from __future__ import annotations

from importlib.resources import files

from jumpscore.boards.entries import PAGES
from jumpscore.boards.standings import Row, Standings, natural
from jumpscore.boards.submission import SETTINGS
from jumpscore.harness.blind_baseline import blind_baseline
from jumpscore.records import Estimate, Metric
from jumpscore.report.page import page, wide_table
from jumpscore.report.summary import interval, interval_bar
from jumpscore.report.text import DASH, escaped, number, plural, quantity, suffix

FILTERS = {"input": "Input", "budget": "Budget", "protocol": "Protocol", "recipe": "Recipe"}
"""Setting -> name of its filter."""


def index_page(standings: Standings) -> str:
    """Return the index of a board."""
    body = (
        f"<main>{_header(standings)}{_table(standings)}{_explanations(standings)}"
        f"{_published(standings)}</main>"
    )
    return page(standings.title, body, style=_asset("board.css"), script=_asset("board.js"))


def _asset(name: str) -> str:
    return files("jumpscore.boards").joinpath(name).read_text(encoding="utf-8")


def _header(standings: Standings) -> str:
    first = standings.rows[0].entry
    result = first.result
    warning = ""
    if result.synthetic:
        warning = (
            '<ul class="banners"><li class="warn"><strong>SYNTHETIC data.</strong> All of it is '
            "rendered; the scores do not compare with scores on filmed videos and pictures."
            "</li></ul>"
        )
    facts = [
        ("Task", f"{result.task}, version {result.task_version}"),
        ("Data set", f"{result.data}, checksum {first.submission.checksum[:12]}"),
        ("Samples", f"{result.total:,}"),
        ("Submissions", f"{len(standings.rows):,}"),
        ("Tie groups", f"{standings.rows[-1].ranked.group:,}"),
    ]
    terms = "".join(f"<div><dt>{name}</dt><dd>{escaped(text)}</dd></div>" for name, text in facts)
    return (
        '<header class="top"><p class="kicker">JumpScore leaderboard</p>'
        f"<h1>{escaped(standings.title)}</h1>"
        '<p class="sub">Every submission is scored here from its raw answers.</p>'
        f'{warning}<dl class="facts">{terms}</dl></header>'
    )


def _table(standings: Standings) -> str:
    ranked, *others = standings.metrics
    rising = {"higher": "falling", "lower": "rising"}
    heads = [
        _head("rank", "rising", "num"),
        _head("model", "rising"),
        _head(_named(ranked), rising[standings.better], "num"),
        _head("95% interval", "", "num"),
        '<td class="bar"></td>',
        _head("s.e.", "rising", "num", "standard error"),
        _head("n", "falling", "num", "number of samples"),
        *(_head(_named(m), rising.get(m.better or "", "rising"), "num") for m in others),
        _head("group", "rising", "num", "tie group"),
    ]
    rows = []
    previous = 0
    for row in standings.rows:
        rows.append(_row(row, standings.metrics, leads=row.ranked.group != previous))
        previous = row.ranked.group
    table = wide_table(
        f'<thead><tr>{"".join(heads)}</tr></thead><tbody id="entries" class="by-rank">'
        f"{''.join(rows)}</tbody>",
        "board",
    )
    return (
        f'<section class="panel ranking"><h2>Ranking by {escaped(ranked.title)}</h2>'
        f'{_toolbar(standings)}{table}<p id="nothing" hidden>No submission fits the filters.</p>'
        "</section>"
    )


def _named(metric: Metric) -> str:
    return f"{metric.name} {suffix(metric.unit)}".rstrip()


def _head(name: str, first: str, kind: str = "", title: str = "") -> str:
    """Return a column head.

    Args:
        name: Text of the head.
        first: Order of the first click, ``rising`` or ``falling``; empty if it cannot be sorted.
        kind: Class.
        title: What an abbreviation means.
    """
    attributes = f' class="{kind}"' if kind else ""
    attributes += f' data-sort="{first}"' if first else ""
    text = f'<abbr title="{title}">{name}</abbr>' if title else escaped(name)
    return f'<th scope="col"{attributes}>{text}</th>'


def _row(row: Row, metrics: tuple[Metric, ...], *, leads: bool) -> str:
    submission, result, ranked = row.entry.submission, row.entry.result, row.ranked
    main, *others = metrics
    estimate = result.metrics[main.name]
    blind = blind_baseline(result, main.name)
    settings = submission.settings
    attributes = "".join(f' data-{name}="{escaped(settings.get(name, ""))}"' for name in SETTINGS)
    classes = " ".join(["odd"] * (ranked.group % 2) + ["leads"] * leads)
    cells = [
        _cell(f"{ranked.rank}", ranked.rank, "num rank"),
        f'<th scope="row" data-v="{escaped(submission.model.lower())}">'
        f'<a href="{PAGES}/{submission.slug}.html">{escaped(submission.model)}</a>'
        f"<small>{escaped(' · '.join(settings.values()))}</small></th>",
        _cell(number(estimate.mean, main.unit), estimate.mean, "num main"),
        f'<td class="num dim">{interval(estimate, main)}</td>',
        f'<td class="bar">{interval_bar(estimate, main, blind=blind)}</td>',
        _cell(number(estimate.stderr, main.unit), estimate.stderr, "num dim"),
        _cell(f"{estimate.n:,}", estimate.n, "num dim"),
        *(_metric_cell(result.metrics[metric.name], metric) for metric in others),
        _cell(f"{ranked.group}", ranked.group, "num group"),
    ]
    return f'<tr class="{classes}"{attributes}>{"".join(cells)}</tr>'


def _metric_cell(estimate: Estimate, metric: Metric) -> str:
    return _cell(number(estimate.mean, metric.unit), estimate.mean, "num dim")


def _cell(text: str, value: float | None, kind: str) -> str:
    sorting = "" if value is None else f' data-v="{value:.9g}"'
    return f'<td class="{kind}"{sorting}>{text}</td>'


def _toolbar(standings: Standings) -> str:
    """Return search and filters, hidden without the script: the table is complete without it."""
    menus = []
    for name, title in FILTERS.items():
        values = {row.entry.submission.settings.get(name, "") for row in standings.rows}
        if len(values) < 2:
            continue
        options = "".join(
            f'<option value="{escaped(value)}">{escaped(value or "not stated")}</option>'
            for value in sorted(values, key=natural)
        )
        menus.append(
            f'<label>{title} <select name="{name}"><option value="*">all</option>{options}'
            "</select></label>"
        )
    return (
        '<form class="toolbar filters" hidden>'
        f'{"".join(menus)}<label class="search"><span>Search</span><input type="search" '
        'name="search" placeholder="model" autocomplete="off" spellcheck="false"></label>'
        '<output name="shown"></output></form>'
    )


def _explanations(standings: Standings) -> str:
    ranked = standings.metrics[0]
    result = standings.rows[0].entry.result
    blind = blind_baseline(result, ranked.name)
    terms = [("Ranks and tie groups", standings.ranking.definition)]
    if standings.stability:
        terms.append(("Stability", standings.stability))
    terms.append(
        (
            "95% interval and s.e.",
            "From a bootstrap over samples, with those about the same video drawn together. Two "
            "submissions whose intervals overlap may still differ: the tie groups come from "
            "paired tests, sample by sample.",
        )
    )
    if blind is not None and blind.mean is not None:
        terms.append(
            (
                f"Blind baseline: {quantity(blind.mean, ranked)}",
                "The triangle on every bar: the score of an answer that never looks at the video. "
                "A model that does not beat it has shown nothing.",
            )
        )
    items = "".join(
        f"<div><dt>{escaped(title)}</dt><dd>{escaped(text)}</dd></div>" for title, text in terms
    )
    return (
        f'<section class="panel" id="how"><h2>How to read it</h2><dl class="reading">{items}</dl>'
        "</section>"
    )


def _published(standings: Standings) -> str:
    if not standings.published:
        return ""
    ranked = standings.metrics[0]
    rows = "".join(
        f'<tr><th scope="row">{escaped(item.model)}</th>'
        f'<td class="num">{item.value:.1f}</td><td class="num">{DASH}</td>'
        f"<td>{escaped(item.source)}</td></tr>"
        for item in standings.published
    )
    table = wide_table(
        f'<thead><tr><th scope="col">model</th><th scope="col" class="num">'
        f'{escaped(_named(ranked))}</th><th scope="col" class="num">95% interval</th>'
        f'<th scope="col">source</th></tr></thead><tbody>{rows}</tbody>',
        "published",
    )
    return (
        '<section class="panel unverified"><h2>Published, not verified '
        f'<span class="stamp">unverified</span></h2><p class="aside">'
        f"{plural(len(standings.published), 'number')} that others published about this data set. "
        "Their answers were not submitted, so they were not scored here, have no interval and are "
        f"not ranked.</p>{table}</section>"
    )

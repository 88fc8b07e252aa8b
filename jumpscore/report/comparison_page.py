"""The page of two or more runs: every video with the truth and all answers on one time axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from jumpscore.harness.repeats import AnyRun, RepeatedRun
from jumpscore.records import Metric
from jumpscore.report.cards import sort_keys
from jumpscore.report.comparison_cards import (
    ComparedSample,
    compared_samples,
    comparison_card,
    statuses_of,
)
from jumpscore.report.lanes import CLOSE
from jumpscore.report.page import page_parts, wide_table, write_page
from jumpscore.report.pages import first_page, is_paged, later_pages
from jumpscore.report.summary import interval
from jumpscore.report.text import escaped, plural, quantity, shortened
from jumpscore.report.toolbar import Order, Range, toolbar
from jumpscore.scoring import TOLERANCES
from jumpscore.studies.agreement import Entry, entries_of


def write_comparison_page(runs: Sequence[AnyRun], path: Path) -> Path:
    """Write the page of two or more runs over the same samples, or of their repeats.

    Args:
        runs: Runs that ``compare_runs`` accepts.
        path: Path of the page.

    Raises:
        UsageError: There are fewer than two runs or too many, or the page cannot be written.
    """
    entries = entries_of(runs)
    columns = [entry.run.columns for entry in entries]
    keys = [key for key in sort_keys(runs[0].result.described, columns) if key.metric is not None]
    samples = compared_samples(entries, keys)
    timed = any(sample.timelines for sample in samples)
    orders = [Order(f"difference in {key.title}", str(i), False) for i, key in enumerate(keys)]
    ranges: tuple[Range, ...] = ()
    if timed:
        extra = ("jumps on which they part", "length", "jumps per second")
        orders += [Order(name, str(len(keys) + i), False) for i, name in enumerate(extra)]
        ranges = (Range("Length", "length", "s"), Range("Rate", "rate", "jumps/s"))
    statuses = Counter(status for sample in samples for status in statuses_of(sample))
    paged = is_paged(len(samples))
    cards = (comparison_card(place, one, entries, keys) for place, one in enumerate(samples))
    body = chain(
        [
            f'<main class="compared">{_header(runs, len(samples))}{_runs_panel(runs, entries)}',
            _agreement_panel(entries, samples) if timed else "",
            f'<section id="list"><h2>Every {"video" if timed else "sample"}</h2>',
            toolbar(orders, statuses, ranges=ranges, zoom=timed, paged=paged),
            '<div id="samples">',
        ],
        first_page(cards, paged=paged),
        ["</div>"],
        later_pages(cards) if paged else (),
        ['<p id="nothing" hidden>No sample fits the filter.</p></section></main>'],
    )
    names = ", ".join(run.result.model for run in runs)
    return write_page(path, page_parts(f"Comparison: {names}", body))


def _header(runs: Sequence[AnyRun], samples: int) -> str:
    first = runs[0].result
    models = " and ".join(dict.fromkeys(run.result.model for run in runs))
    title = models if len(runs) == 2 else f"{len(runs)} runs"
    banners = "".join(
        f'<li class="alarm"><strong>INCOMPLETE: {shortened(run.folder.name, 80)}: '
        f"{run.result.unscored:,} of {run.result.total:,} answers are unscored.</strong></li>"
        for run in runs
        if run.result.unscored
    )
    banners += "".join(f'<li class="warn">{line}</li>' for line in _caveats(runs))
    return (
        f'<header class="top"><p class="kicker">JumpScore comparison</p><h1><bdi>{escaped(title)}'
        f'</bdi></h1><p class="sub">{escaped(first.task)} on <bdi>{escaped(first.data)}</bdi>, '
        f'{plural(samples, "sample")}</p><ul class="banners">{banners}</ul></header>'
    )


def _caveats(runs: Sequence[AnyRun]) -> Iterator[str]:
    """Yield every caveat once, with the runs that it is about unless it is about all."""
    for caveat in dict.fromkeys(caveat for run in runs for caveat in run.result.caveats):
        about = [run.folder.name for run in runs if caveat in run.result.caveats]
        names = "" if len(about) == len(runs) else f" ({shortened(', '.join(about))})"
        yield f"<strong>{escaped(caveat[:1].upper() + caveat[1:])}</strong>{names}"


def _runs_panel(runs: Sequence[AnyRun], entries: Sequence[Entry]) -> str:
    """Return the headline of every run."""
    result = runs[0].result
    metrics = [metric for metric in result.described if metric.name in result.headline]
    head = "".join(
        f'<th scope="col" class="num"><code>{escaped(metric.name)}</code></th>'
        for metric in metrics
    )
    rows = []
    for place, run in enumerate(runs):
        own = [entry for entry in entries if entry.place == place]
        letters = "".join(f'<b class="letter">{entry.letter}</b>' for entry in own)
        name = own[0].name if len(own) == 1 else f"{run.result.model}, {len(own)} repeats"
        cells = "".join(f'<td class="num">{_estimate(run, metric)}</td>' for metric in metrics)
        rows.append(
            f'<tr><th scope="row">{letters}<bdi>{shortened(name, 80)}</bdi>'
            f"<small>{shortened(run.folder.name, 80)}</small></th>{cells}"
            f'<td class="num dim">{run.result.total:,}</td></tr>'
        )
    table = wide_table(
        f'<thead><tr><th scope="col">run</th>{head}<th scope="col" class="num">answers</th></tr>'
        f"</thead><tbody>{''.join(rows)}</tbody>",
        "ablation",
    )
    return (
        f'<section class="panel first"><h2>Runs</h2>{table}<p class="aside">Each run with its own '
        "95% interval. Whether a difference is more than noise: <code>jumpscore compare</code>, "
        "which pairs the runs by video.</p></section>"
    )


def _estimate(run: AnyRun, metric: Metric) -> str:
    """Return a value with its interval."""
    if isinstance(run, RepeatedRun):
        spread = run.result.metrics.get(metric.name)
        mean, estimate = (spread.mean, spread.over_videos) if spread else (None, None)
    else:
        estimate = run.result.metrics.get(metric.name)
        mean = estimate.mean if estimate else None
    below = "" if estimate is None else f"<small>{interval(estimate, metric)}</small>"
    return f"{quantity(mean, metric)}{below}"


def _agreement_panel(entries: Sequence[Entry], samples: Sequence[ComparedSample]) -> str:
    """Return how many true jumps all, some and none of the runs match, and the legend."""
    names = ["matched by all", "by some", "by none", *(f"only by {e.letter}" for e in entries)]
    head = "".join(f'<th scope="col" class="num">{name}</th>' for name in names)
    rows = []
    scored = [one for one in samples if one.agreements and one.agreements[0].complete]
    for place, tolerance in enumerate(TOLERANCES):
        listed = [one.agreements[place] for one in scored]
        true = sum(one.true for one in listed)
        every = sum(len(one.by_all) for one in listed)
        some = sum(len(one.parted) for one in listed)
        only = [sum(len(one.by_only(i)) for one in listed) for i in range(len(entries))]
        cells = "".join(
            f'<td class="num">{count:,}<small>{100 * count / max(true, 1):.1f}%</small></td>'
            for count in [every, some, true - every - some, *only]
        )
        rows.append(f'<tr><th scope="row">within {tolerance:g} s</th>{cells}</tr>')
    table = wide_table(
        f'<thead><tr><th scope="col">of {plural(true, "true jump")}</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody>",
        "ablation",
    )
    left = len(samples) - len(scored)
    note = f"Left out: {plural(left, 'video')} without a score in some run." if left else ""
    below = f'<p class="aside">{note}</p>' if note else ""
    return f'<section class="panel"><h2>Where they part</h2>{table}{below}{_MARKS}</section>'


def _mark(drawing: str, words: str) -> str:
    return (
        '<li><svg class="runs key" width="22" height="22" aria-hidden="true">'
        f"{drawing}</svg>{words}</li>"
    )


_DOT = '<path class="dots" d="M11 11h0"/>'
_INNER = '<path class="inner" d="M11 11h0"/>'
_MARKS = (
    '<ul class="marks">'
    + _mark('<path class="hits" d="M11 4v14"/>', "a true jump")
    + _mark(_DOT, f"matched within {CLOSE:g} s")
    + _mark(_DOT + _INNER, f"within {max(TOLERANCES):g} s")
    + _mark(f'<path class="extras" d="M11 11h0"/>{_INNER}', "an extra answer")
    + _mark('<path class="misses" d="M11 4v14"/>', "a missed jump")
    + f'<li><i class="parted"></i>matched within {CLOSE:g} s by some runs only</li></ul>'
)

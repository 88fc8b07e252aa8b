"""The upper half of a run's report: its facts, the headline, all metrics and all statuses."""

from __future__ import annotations

import json
import math

from jumpscore.harness.blind_baseline import FITTED_ON_NOTHING, blind_baseline
from jumpscore.harness.costs import spending
from jumpscore.harness.score import SYNTHETIC, unscored_caveat
from jumpscore.records import STATUSES, Estimate, Metric, RunResult
from jumpscore.report import page
from jumpscore.report.page import wide_table
from jumpscore.report.text import (
    DASH,
    escaped,
    metric_groups,
    number,
    plural,
    quantity,
    spending_words,
    suffix,
)
from jumpscore.runs import StoredRun
from jumpscore.runs.record import InputIdentity

FIXED_GRID = "a fixed grid of times"
NEVER_LOOKS = "an answer that never looks"
"""What the blind baseline of a metric is."""
STATUS_WORDS = {
    "ok": "answered",
    "empty": "an explicit empty answer",
    "partial": "cut off; its start is scored",
    "unparseable": "not readable; scores 0",
    "refused": "no answer given; scores 0",
    "error": "our failure; unscored",
}


def header(run: StoredRun) -> str:
    """Return title, banners and facts; nothing in it depends on when or how fast the run was."""
    result = run.result
    sub = (
        f"{escaped(result.task)} on <bdi>{escaped(result.data)}</bdi>, "
        f"{plural(result.total, 'sample')}"
    )
    return page.header("JumpScore run report", result.model, sub, banners(result), _facts(run))


def banners(result: RunResult) -> list[tuple[str, str]]:
    """Return notes and warnings about a result, as (class, HTML)."""
    items = []
    if result.unscored:
        words = f"INCOMPLETE: {result.unscored:,} of {plural(result.total, 'sample')} unscored."
        show = '<button type="button" data-filter="error">Show them</button>'
        items.append(
            ("alarm", f"<strong>{words}</strong> The numbers below are over the rest. {show}")
        )
    if result.synthetic:
        words = "All of it is rendered; the scores do not compare with scores on filmed videos"
        items.append(("warn", f"<strong>SYNTHETIC data.</strong> {words} and pictures."))
    for caveat in result.caveats:
        if not _is_above(caveat, result):
            items.append(("warn", sentence(caveat)))
    for note, count in result.notes.items():
        items.append(("note", f"{escaped(note)}: <strong>{count:,}</strong>"))
    return items


def sentence(caveat: str) -> str:
    """Return a caveat as a sentence in bold."""
    return f"<strong>{escaped(caveat[:1].upper() + caveat[1:])}.</strong>"


def _is_above(caveat: str, result: RunResult) -> bool:
    """Whether one of the two banners with fixed words repeats a caveat of the harness."""
    return (result.synthetic and caveat == SYNTHETIC) or (
        result.unscored > 0 and caveat == unscored_caveat(result.unscored, result.total)
    )


def _facts(run: StoredRun) -> str:
    record = run.record
    identity, config = record.identity, record.config
    rows = [
        ("Task", f"{run.result.task}, version {identity.task.version}"),
        ("Prompt protocol", identity.task.protocol),
        ("Data set", f"{run.result.data}, checksum {identity.data.checksum[:12]}"),
        ("Input", _input_words(identity.input)),
        ("Package", f"jumpscore {record.versions.get('jumpscore', '?')}"),
        ("Bootstrap seed", str(identity.seed)),
    ]
    spent = spending(run.responses.values(), config.model.options)
    rows += [(name.capitalize(), words) for name, words in spending_words(spent).items()]
    if record.trust_remote_code:
        rows.append(("Remote code", "trusted"))
    # Without the run's folder, so that equal runs have equal pages.
    stored = config.model_dump(include={"model", "task", "input"})
    text = json.dumps(stored, indent=2, sort_keys=True, ensure_ascii=False)
    return (
        f'{page.fact_list(rows)}<details class="config"><summary>Configuration</summary>'
        f'<pre tabindex="0">{escaped(text[:20_000])}</pre></details>'
    )


def _input_words(settings: InputIdentity) -> str:
    options = settings.model_dump(exclude={"kind"})
    return ", ".join(
        [settings.kind, *(f"{key} {value}" for key, value in options.items() if value)]
    )


def headline(result: RunResult) -> str:
    """Return the big figures with their intervals."""
    by_name = {metric.name: metric for metric in result.described}
    figures = [_figure(by_name[name], result) for name in result.headline]
    return f'<section class="figures" aria-label="Headline">{"".join(figures)}</section>'


def _figure(metric: Metric, result: RunResult) -> str:
    estimate = result.metrics[metric.name]
    blind = blind_baseline(result, metric.name)
    value = number(estimate.mean, metric.unit, signed=metric.better == "zero")
    unit = "" if value == DASH else suffix(metric.unit)
    below = [f"95% interval {interval(estimate, metric)}, n = {estimate.n:,}"]
    if blind is not None and blind.mean is not None:
        below.append(
            f'<span class="blind-key"></span>blind baseline {number(blind.mean, metric.unit)}: '
            + (FIXED_GRID if metric.name in FITTED_ON_NOTHING else NEVER_LOOKS)
        )
    if metric.better == "lower":
        below.append("lower is better")
    lines = "".join(f"<p>{line}</p>" for line in below)
    incomplete = '<span class="stamp">incomplete</span>' if result.unscored else ""
    words = escaped(metric.title)
    title = f'<p class="title">{words}</p>' if words else ""
    return (
        f'<article class="figure"><h2><code>{escaped(metric.name)}</code>{incomplete}</h2>{title}'
        f'<p class="big{" long" if len(value) > 6 else ""}">{value}<small>{unit}</small></p>'
        f"{interval_bar(estimate, metric, blind=blind, scale=True)}{lines}</article>"
    )


def interval(estimate: Estimate, metric: Metric) -> str:
    """Return the 95% interval in the metric's unit, or a dash."""
    if estimate.ci_low is None or estimate.ci_high is None:
        return DASH
    signed = metric.better == "zero"
    low = number(estimate.ci_low, metric.unit, signed=signed)
    return f"{low} to {number(estimate.ci_high, metric.unit, signed=signed)}"


def interval_bar(
    estimate: Estimate, metric: Metric, *, blind: Estimate | None = None, scale: bool = False
) -> str:
    """Return mean and interval as a small bar, with a mark at the blind baseline if given."""
    if estimate.mean is None or not math.isfinite(estimate.mean):
        return '<div class="ci none"></div>'
    low, high = bar_range(estimate, metric, blind=blind)

    def at(value: float) -> str:
        return f"{100 * min(max((value - low) / (high - low), 0.0), 1.0):.2f}%"

    ends = (estimate.ci_low, estimate.ci_high)
    left, right = (estimate.mean if end is None else end for end in ends)
    tick = ""
    if blind is not None and blind.mean is not None:
        tick = f'<i class="blind" style="--at:{at(blind.mean)}"></i>'
    zero = f'<i class="zero" style="--at:{at(0.0)}"></i>' if low < 0 else ""
    labels = ""
    if scale:
        labels = (
            f'<div class="scale"><span>{_bound(low, metric)}</span>'
            f"<span>{_bound(high, metric)}</span></div>"
        )
    return (
        f'<div class="ci" style="--lo:{at(left)};--hi:{at(right)};--at:{at(estimate.mean)}">'
        f'{zero}<i class="band"></i>{tick}<i class="mean"></i></div>{labels}'
    )


def bar_range(
    estimate: Estimate, metric: Metric, *, blind: Estimate | None = None
) -> tuple[float, float]:
    """Return the range of a metric's bar: 0 to 1 for shares, round numbers otherwise.

    The range covers mean, interval and blind baseline. A value that rounds to 0 looks like 0.

    >>> bar_range(Estimate(1.3, None, 0.9, 1.8, 12), Metric("mae", "", "events", "lower"))
    (0.0, 2.0)
    """
    if metric.unit == "percent":
        return 0.0, 1.0
    known = (estimate.mean, estimate.ci_low, estimate.ci_high, blind.mean if blind else None)
    largest = max(abs(value) for value in known if value is not None)
    if number(largest, metric.unit) == number(0.0, metric.unit):
        largest = 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    high = next(step * power for step in (1, 2, 5, 10) if largest <= step * power * (1 + 1e-9))
    return (-high if metric.better == "zero" else 0.0), high


def _bound(value: float, metric: Metric) -> str:
    return f"{100 * value:g}" if metric.unit == "percent" else f"{value:,.10g}"


def metric_table(result: RunResult) -> str:
    """Return every metric of the run: the headline, the blind baselines and controls, the rest."""
    groups = "".join(
        f'<tbody><tr><th scope="rowgroup" colspan="5" class="group">{title}</th></tr>'
        f"{''.join(_metric_row(metric, result.metrics[metric.name]) for metric in metrics)}</tbody>"
        for title, metrics in metric_groups(result).items()
        if metrics
    )
    table = wide_table(
        '<thead><tr><th scope="col">metric</th><th scope="col" class="num">mean</th>'
        '<th scope="col" class="num">95% interval</th><td class="bar"></td>'
        f'<th scope="col" class="num">n</th></tr></thead>{groups}'
    )
    return f'<section class="panel"><h2>All metrics</h2>{table}</section>'


def _metric_row(metric: Metric, estimate: Estimate) -> str:
    undefined = ' class="undefined"' if estimate.mean is None else ""
    return (
        f'<tr{undefined}><th scope="row"><code>{escaped(metric.name)}</code>'
        f"<span>{escaped(metric.title)}</span></th>"
        f'<td class="num">{quantity(estimate.mean, metric)}</td>'
        f'<td class="num dim">{interval(estimate, metric)}</td>'
        f'<td class="bar">{interval_bar(estimate, metric)}</td>'
        f'<td class="num dim">{estimate.n:,}</td></tr>'
    )


def status_bar(result: RunResult) -> str:
    """Return how the samples ended: a stacked bar, and a legend that filters the samples."""
    counts = [(name, result.counts.get(name, 0)) for name in STATUSES]
    parts = "".join(
        f'<i class="st-{name}" style="flex-grow:{count}" title="{name}: {count:,}"></i>'
        for name, count in counts
        if count
    )
    legend = "".join(
        f'<li{"" if count else " class=zero"}><button type="button" data-filter="{name}">'
        f'<i class="st-{name}"></i><b>{count:,}</b> {name}</button>'
        f"<span>{STATUS_WORDS[name]}</span></li>"
        for name, count in counts
    )
    return (
        '<section class="panel"><h2>How the samples ended</h2>'
        f'<div class="stack" role="img" aria-label="Status counts">{parts}</div>'
        f'<ul class="legend">{legend}</ul></section>'
    )

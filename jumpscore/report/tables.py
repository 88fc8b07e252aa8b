"""Tables for the terminal: Rich renderables of stored results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from jumpscore.harness import RepeatedResult, RepeatedRun, Spread
from jumpscore.harness.blind_baseline import baseline_name
from jumpscore.harness.costs import spending
from jumpscore.harness.repeats import AnyRun
from jumpscore.records import Estimate, Metric, RunResult, TimelineView
from jumpscore.report.text import (
    DASH,
    incomplete_words,
    metric_groups,
    number,
    plural,
    quantity,
    spending_words,
    suffix,
)
from jumpscore.runs import StoredRun
from jumpscore.runs.failures import LOG, first_errors
from jumpscore.runs.long_scores import failed_scores
from jumpscore.scoring import TOO_FEW, Comparison

AnyResult = RunResult | RepeatedResult
MOST_REPEATS_SHOWN = 10
"""Repeats whose values are printed in one line."""
MOST_ERRORS, LONGEST_ERROR = 5, 300
"""Kinds of errors below a table, and characters of each message."""


def value_of(value: float | None, metric: Metric, *, signed: bool = False) -> str:
    """Return a value in the metric's unit; signed errors always have a sign.

    >>> value_of(0.512, Metric("f1", "F1"))
    '51.2'
    """
    return number(value, metric.unit, signed=signed or metric.better == "zero")


def interval(estimate: Estimate | Comparison, metric: Metric, *, signed: bool = False) -> str:
    """Return ``[low, high]``; empty without an interval."""
    if estimate.ci_low is None or estimate.ci_high is None:
        return ""
    low = value_of(estimate.ci_low, metric, signed=signed)
    high = value_of(estimate.ci_high, metric, signed=signed)
    return f"[{low}, {high}]"


def banner(result: AnyResult) -> Text:
    """Return caveats and notes about a result."""
    text = Text()
    if result.unscored:
        text.append_text(incomplete(result)).append("\n")
    for caveat in result.caveats:
        text.append(f"note: {caveat}\n", style="yellow")
    for note, count in result.notes.items():
        text.append(f"note: {note}: {count:,}\n", style="dim")
    for remark in getattr(result, "remarks", ()):
        text.append(f"note: {remark}\n", style="yellow")
    text.rstrip()
    return text


def incomplete(result: AnyResult) -> Text:
    """Return the warning of a run with unscored samples."""
    words = incomplete_words(result.unscored, result.total, _noun(result))
    return Text(f"INCOMPLETE: {words}", "bold red")


def errors_of(runs: Sequence[StoredRun]) -> list[Text]:
    """Return the first error of each kind with its count, and the path of the tracebacks."""
    kinds = first_errors(score for run in runs for score in failed_scores(run.scores))
    text = Text()
    for kind in kinds[:MOST_ERRORS]:
        message = " ".join(kind.message.split())
        short = message[:LONGEST_ERROR] + ("…" if len(message) > LONGEST_ERROR else "")
        text.append(f"error, {plural(kind.count, 'sample')}: ", style="red")
        text.append(f"{short} (first: {kind.id})\n")
    if len(kinds) > MOST_ERRORS:
        text.append(f"and {plural(len(kinds) - MOST_ERRORS, 'other kind')} of errors\n")
    logs = [run.folder / LOG for run in runs if (run.folder / LOG).is_file()]
    if kinds and logs:
        text.append(f"tracebacks: {logs[0]}\n", style="dim")
    text.rstrip()
    return [text] if kinds else []


def _noun(result: AnyResult) -> str:
    return "answer" if isinstance(result, RepeatedResult) else "sample"


def run_table(run: StoredRun, *, everything: bool = False) -> RenderableType:
    """Return a run's metrics with intervals, status counts and caveats.

    Args:
        run: A finished run.
        everything: Whether to print more than the headline and its blind baselines.
    """
    result = run.result
    table = Table(title=f"{result.task} · {result.model} · {result.data}", title_justify="left")
    table.add_column("metric", style="bold", no_wrap=True)
    table.add_column("mean", justify="right")
    table.add_column("95% interval", justify="right")
    table.add_column("n", justify="right")
    table.add_column("what it is", style="dim", ratio=1)
    groups, left_out = _printed(result, everything=everything)
    for group in groups:
        table.add_section()
        for metric in group:
            estimate = result.metrics[metric.name]
            table.add_row(
                metric.name,
                f"{value_of(estimate.mean, metric)} {suffix(metric.unit)}".rstrip(),
                interval(estimate, metric),
                str(estimate.n),
                metric.title,
            )
    below = [counts_line(result), *spending_line([run]), *errors_of([run]), banner(result)]
    return Group(table, *left_out, *below)


def _printed(result: AnyResult, *, everything: bool) -> tuple[list[list[Metric]], list[Text]]:
    """Return the groups of metrics to print, and a line about those that are left out."""
    groups = [  # without optional rows that would only contain dashes
        [m for m in group if result.metrics[m.name].mean is not None or not m.optional]
        for group in metric_groups(result).values()
    ]
    if everything:
        return groups, []
    blind = {baseline_name(metric.name) for metric in groups[0]}
    short = [groups[0], [metric for metric in groups[1] if metric.name in blind]]
    left = sum(map(len, groups)) - sum(map(len, short))
    words = f"{plural(left, 'further metric')}: --all prints them, the page explains them"
    return short, [Text(words, "dim")] if left else []


def repeats_table(repeated: RepeatedRun, *, everything: bool = False) -> RenderableType:
    """Return the metrics of repeats: spread over repeats, interval over videos.

    Args:
        repeated: Finished repeats.
        everything: As in ``run_table``.
    """
    result = repeated.result
    seeds = f"seeds {result.seeds[0]} to {result.seeds[-1]}"
    table = Table(
        title=f"{result.task} · {result.model} · {result.data}, {result.repeats} repeats, {seeds}",
        title_justify="left",
        caption="± sd and range: over repeats of the same videos\n"
        "95% interval: over videos, whose repeats are averaged first",
        caption_justify="left",
    )
    table.add_column("metric", style="bold", no_wrap=True)
    for column in ("mean ± sd", "range", "95% interval"):
        table.add_column(column, justify="right")
    table.add_column("n", justify="right", no_wrap=True, min_width=3)
    groups, left_out = _printed(result, everything=everything)
    for group in groups:
        table.add_section()
        for metric in group:
            table.add_row(metric.name, *_spread_cells(result.metrics[metric.name], metric))
    each = [
        _each_repeat(result, metric)
        for metric in result.described
        if metric.name in result.headline
    ]
    spent, errors = spending_line(repeated.runs), errors_of(repeated.runs)
    below = [counts_line(result), *spent, *errors, banner(result)]
    return Group(table, *left_out, *each, *below)


def _each_repeat(result: RepeatedResult, metric: Metric) -> Text:
    """Return the values of a metric in all repeats, in one line."""
    values = result.metrics[metric.name].values
    first = [value_of(value, metric) for value in values[:MOST_REPEATS_SHOWN]]
    left = len(values) - len(first)
    more = f" and {left} more" if left else ""
    return Text(f"{metric.name} of each repeat: ").append(f"{', '.join(first)}{more}", "bold")


def _spread_cells(spread: Spread, metric: Metric) -> list[str]:
    sd = "" if spread.sd is None else f" ± {number(spread.sd, metric.unit)}"
    ends = ""
    if spread.lowest is not None:
        ends = f"{value_of(spread.lowest, metric)} to {value_of(spread.highest, metric)}"
    over = spread.over_videos
    return [
        f"{value_of(spread.mean, metric)}{sd} {suffix(metric.unit)}".rstrip(),
        ends,
        "" if over is None else interval(over, metric),
        "" if over is None else str(over.n),
    ]


def spending_line(runs: Sequence[StoredRun]) -> list[Text]:
    """Return tokens and cost of the answers of runs of one model, if they are known."""
    responses = [response for run in runs for response in run.responses.values()]
    words = spending_words(spending(responses, runs[0].record.config.model.options))
    return [Text("; ".join(f"{name}: {value}" for name, value in words.items()))] if words else []


def counts_line(result: AnyResult) -> Text:
    """Return the counts of all statuses that occur, in one line."""
    text = Text(f"{plural(result.total, _noun(result))}: ")
    counts = [f"{count} {status}" for status, count in result.counts.items() if count]
    return text.append(", ".join(counts))


def leader_table(runs: Sequence[StoredRun]) -> RenderableType:
    """Return several runs of one task as rows, headline metrics as columns."""
    first = runs[0].result
    metrics = {metric.name: metric for metric in first.described}
    table = Table(
        title=f"{first.task} on {first.data}, {plural(first.total, 'sample')}, 95% intervals",
        title_justify="left",
    )
    table.add_column("model", style="bold")
    for name in first.headline:
        table.add_column(
            f"{name} {suffix(metrics[name].unit)}".rstrip(), justify="right", no_wrap=True
        )
    for run in runs:
        cells = []
        for name in first.headline:
            estimate = run.result.metrics[name]
            cells.append(
                f"{value_of(estimate.mean, metrics[name])} {interval(estimate, metrics[name])}"
            )
        mark = " *" if _saw_truth(run) else ""
        table.add_row(run.result.model + mark, *cells)
    notes = _truth_note(runs)
    if first.synthetic:
        notes.append(Text("synthetic videos: not numbers of the published benchmark", "yellow"))
    notes += [
        Text(f"{run.result.model}: ", "bold").append_text(incomplete(run.result))
        for run in runs
        if run.result.unscored
    ]
    return Group(table, *notes)


def tasks_table(runs: Sequence[StoredRun]) -> RenderableType:
    """Return runs of several tasks as rows, each with its own headline."""
    table = Table(title="every other task, on its rendered set", title_justify="left")
    table.add_column("task", style="bold")
    table.add_column("model")
    table.add_column("samples", justify="right")
    table.add_column("headline")
    for run in runs:
        result = run.result
        by_name = {metric.name: metric for metric in result.described}
        words = [
            f"{name} {quantity(result.metrics[name].mean, by_name[name])}"
            for name in result.headline
        ]
        mark = " *" if _saw_truth(run) else ""
        table.add_row(result.task, result.model + mark, str(result.total), ", ".join(words))
    return Group(table, *_truth_note(runs))


def _truth_note(runs: Sequence[StoredRun]) -> list[Text]:
    words = "* answers from the ground truth{}: a check of the metrics, not a model"
    notes = {words.format(_faults(run)): None for run in runs if _saw_truth(run)}
    return [Text(note, style="yellow") for note in notes]


def _faults(run: StoredRun) -> str:
    """Return in words the faults that an oracle makes on purpose; it makes them in times only."""
    options = run.record.config.model.options
    numbers = [options.get(name) for name in ("jitter", "misses", "insertions")]
    if not all(isinstance(value, int | float) for value in numbers):
        return ""
    if not any(isinstance(score.view, TimelineView) for score in run.scores):
        return ""
    jitter, misses, insertions = numbers
    return f" with {jitter:g} s jitter, {misses:.0%} misses and {insertions:.0%} insertions"


def _saw_truth(run: StoredRun) -> bool:
    return run.record.extras.needs_truth


def comparison_table(
    a: AnyRun, b: AnyRun, comparisons: Mapping[str, Comparison], metrics: Sequence[Metric]
) -> RenderableType:
    """Return the paired differences of two runs."""
    name_a, name_b = _names(a, b)
    table = Table(title=f"{name_a} against {name_b}, paired by video", title_justify="left")
    name_a, name_b = _short(name_a, name_b)
    table.add_column("metric", style="bold", no_wrap=True)
    for title in (name_a, name_b, "difference", "95% interval", "n"):
        table.add_column(title, justify="right")
    table.add_column("better")
    for metric in metrics:
        comparison = comparisons[metric.name]
        if comparison.difference is None:
            continue
        table.add_row(
            metric.name,
            value_of(comparison.mean_a, metric),
            value_of(comparison.mean_b, metric),
            value_of(comparison.difference, metric, signed=True),
            interval(comparison, metric, signed=True),
            str(comparison.n),
            better_of(comparison, metric, name_a, name_b),
        )
    return table


def better_of(comparison: Comparison, metric: Metric, name_a: str, name_b: str) -> str:
    """Return the name of the better run, or why none is better; a dash for signed errors."""
    if comparison.verdict == "tied":
        return "tied"
    if comparison.verdict == "too_few":
        return TOO_FEW
    if metric.better == "zero":
        return DASH
    a_wins = (comparison.verdict == "a") == (metric.better == "higher")
    return name_a if a_wins else name_b


def _short(name_a: str, name_b: str) -> tuple[str, str]:
    """Return two names without the wrappers that run their checkpoints, if they still differ.

    >>> _short("llava_ov2:jumpscore-tiny", "motion")
    ('jumpscore-tiny', 'motion')
    >>> _short("llava_ov2:mine", "vllm:mine")
    ('llava_ov2:mine', 'vllm:mine')
    """
    short = name_a.rpartition(":")[2], name_b.rpartition(":")[2]
    return short if short[0] != short[1] else (name_a, name_b)


def _names(a: AnyRun, b: AnyRun) -> tuple[str, str]:
    if a.result.model != b.result.model:
        return a.result.model, b.result.model
    return a.folder.name, b.folder.name

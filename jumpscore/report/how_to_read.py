"""The legend of a run's report: what the marks mean, and every metric explained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from evaluators import TASKS
from jumpscore.harness.blind_baseline import blind_baseline
from jumpscore.records import RunResult
from jumpscore.report.text import escaped

Term = tuple[str, tuple[str, ...], str]
"""Title, names of metrics, text."""
INTERVAL: Term = (
    "95% interval",
    (),
    "From a bootstrap over samples, with those about the same video or picture drawn together: "
    "where the mean would fall with other samples of the same kind. Two runs whose intervals "
    "overlap may still differ; compare them sample by sample with 'jumpscore compare'.",
)
BLIND: Term = (
    "Blind baseline",
    (),
    "The score of an answer that never looks at the video or the picture. A model that does not "
    "beat it has shown nothing.",
)
REFERENCE: Term = (
    "As published",
    ("*_reference*",),
    "The same answers as the public code reads and scores them, faults included: compare these "
    "numbers with published tables, and the others between models.",
)


def how_to_read(result: RunResult, *, timelines: bool) -> str:
    """Return a legend: marks, the headline metrics, and the others folded away.

    Args:
        result: Result of the run; its task explains the metrics.
        timelines: Whether the page shows timelines, whose marks need a legend.
    """
    headline, others = _explained(result)
    if any("_reference" in name for name in result.metrics):
        headline.append(REFERENCE)
    if any(blind_baseline(result, name) for name in result.metrics):
        headline.append(BLIND)
    more = ""
    if others:
        more = (
            f'<details class="config"><summary>The other metrics</summary>{_list(others)}</details>'
        )
    marks = f'<ul class="marks">{_MARKS}</ul>' if timelines else ""
    return (
        '<section class="panel" id="how"><h2>How to read it</h2>'
        f"{marks}{_list([*headline, INTERVAL])}{more}</section>"
    )


def _explained(result: RunResult) -> tuple[list[Term], list[Term]]:
    """Return what the task explains of the run's metrics: of its headline, and of the others."""
    texts = _explanations(result.task)
    names: dict[str, list[str]] = {}
    for metric in result.described:
        key = metric.name
        if key not in texts and "_reference" not in key:
            key = key.partition("@")[0]
        estimate = result.metrics.get(metric.name)
        if key in texts and estimate is not None and estimate.mean is not None:
            names.setdefault(key, []).append(metric.name)
    headline: list[Term] = []
    others: list[Term] = []
    for key, members in names.items():
        title, text = texts[key]
        terms = headline if set(members) & set(result.headline) else others
        terms.append((title, (key,) if key in members else tuple(members), text))
    return headline, others


def _explanations(task: str) -> Mapping[str, tuple[str, str]]:
    try:
        return TASKS.get(task).explanations
    except Exception:  # the task is not installed here, or cannot be imported
        return {}


def _list(terms: Iterable[Term]) -> str:
    items = "".join(
        f"<div><dt>{escaped(title)} {' '.join(f'<code>{escaped(name)}</code>' for name in names)}"
        f"</dt><dd>{escaped(text)}</dd></div>"
        for title, names, text in terms
    )
    return f'<dl class="reading">{items}</dl>'


_MARKS = "".join(
    '<li><svg class="timeline key" width="26" height="26" aria-hidden="true">'
    f'<g class="{kind}">{drawing}</g></svg>{words}</li>'
    for kind, drawing, words in (
        ("hits", '<line x1="13" y1="3" x2="13" y2="23"/>', "a matched jump"),
        (
            "misses",
            '<line x1="13" y1="9" x2="13" y2="25"/><circle cx="13" cy="5" r="4"/>',
            "a missed jump",
        ),
        ("dots", '<circle cx="13" cy="13" r="3.5"/>', "a matched answer"),
        ("extras", '<rect x="13" y="9.5" width="7" height="7"/>', "an extra answer"),
        (
            "joins",
            '<line class="close" x1="4" y1="3" x2="4" y2="23"/>'
            '<line class="near" x1="13" y1="3" x2="13" y2="23"/>'
            '<line class="far" x1="22" y1="3" x2="22" y2="23"/>',
            "a pair within 0.1, 0.2, 0.3 s",
        ),
        ("within", '<rect x="0" y="4" width="26" height="18"/>', "0.3 s around jumps"),
    )
)

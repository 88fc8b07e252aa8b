"""The lower half of a run's report: one card per sample, or one table row if it has no view.

Every sample has its sort values as ``data-s0``, ``data-s1``, ... and its status as attributes; the
script sorts and filters by these alone, for any task.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evaluators.columns import ScoreColumns
from jumpscore.records import CountView, Metric, Response, SampleScore, SpanView, TimelineView
from jumpscore.report.drawings import Drawn, drawings_html, span_lanes
from jumpscore.report.page import wide_table
from jumpscore.report.text import (
    DASH,
    cut,
    escaped,
    number,
    quantity,
    shortened,
    signed_count,
)
from jumpscore.report.thumbnails import COUNT, Strip
from jumpscore.report.timeline import Events, events_of, left_out, timeline

PREFERRED = ("f1", "map_reference", "count_error")
"""Metrics to sort by if a task has them; otherwise its first six."""
MOST_WINDOWS, WINDOW_LETTERS = 60, 1_000
"""Windows of a video, and characters of each answer, that a card contains."""
MOST_BARS = 1_200
"""More samples get no overview: its bars would be thinner than a pixel."""


@dataclass(frozen=True, slots=True)
class SortKey:
    """One way to order the samples.

    Attributes:
        title: Name in the menu.
        rising: Whether the default order begins with the lowest value.
        metric: Metric to sort by; ``None`` for the duration of the video.
        absolute: Whether the sign is ignored.
    """

    title: str
    rising: bool
    metric: Metric | None = None
    absolute: bool = False

    def value(self, score: SampleScore, strip: Strip | None) -> float | None:
        """Return the value to sort a sample by; ``None`` comes last in both directions."""
        if self.metric is not None:
            value = score.values.get(self.metric.name)
        else:
            view = score.view
            known = view.duration if isinstance(view, TimelineView) else None
            value = known or (strip.duration if strip else None)
        return self.usable(value)

    def usable(self, value: float | None) -> float | None:
        """Return what to sort by for a value; ``None`` if it is missing or not finite."""
        if value is None or not math.isfinite(value):
            return None
        return abs(value) if self.absolute else value


def sort_keys(metrics: Sequence[Metric], runs: Iterable[ScoreColumns]) -> list[SortKey]:
    """Return the ways to order the samples of runs; the first is the default, worst first."""
    runs = list(runs)
    known = {name for columns in runs for name in columns.defined}
    by_name = {metric.name: metric for metric in metrics if metric.name in known}
    preferred = [by_name[name] for name in PREFERRED if name in by_name]
    sortable = preferred or list(by_name.values())[:6]
    keys = [
        SortKey(
            title=f"|{metric.name}|" if metric.better == "zero" else metric.name,
            rising=metric.better in ("higher", None),
            metric=metric,
            absolute=metric.better == "zero",
        )
        for metric in sortable
    ]
    if any(columns.durations for columns in runs):
        keys.append(SortKey("duration", rising=False))
    return keys


def ordered(
    columns: ScoreColumns, keys: Sequence[SortKey], strips: Mapping[str, Strip]
) -> list[int]:
    """Return the places of the samples in default order; ties are broken by id."""
    ids = columns.ids
    if not keys:
        return sorted(range(len(ids)), key=ids.__getitem__)
    metric = keys[0].metric
    if metric is not None:
        values = [keys[0].usable(value) for value in columns.column(metric.name).tolist()]
    else:
        lengths = {name: strip.duration for name, strip in strips.items()}
        values = [
            keys[0].usable(columns.durations.get(k) or lengths.get(ids[k])) for k in range(len(ids))
        ]

    def rank(place: int) -> tuple[bool, float, str]:
        value = values[place]
        if value is None:
            return True, 0.0, ids[place]
        return False, value if keys[0].rising else -value, ids[place]

    return sorted(range(len(ids)), key=rank)


def sample_attributes(
    place: int, score: SampleScore, keys: Sequence[SortKey], strip: Strip | None
) -> str:
    """Return the attributes of a sample that the script needs."""
    values = [key.value(score, strip) for key in keys]
    sorting = "".join(
        f' data-s{i}="{value:.9g}"' for i, value in enumerate(values) if value is not None
    )
    status = escaped(score.status)
    return f'id="s{place}" data-id="{escaped(score.id)}" data-status="{status}"{sorting}'


def overview(scores: Sequence[SampleScore], order: Sequence[int], keys: Sequence[SortKey]) -> str:
    """Return one thin bar per sample, as high as its value of the first sort key."""
    metric = keys[0].metric if keys else None
    if metric is None or len(scores) > MOST_BARS:
        return ""
    values = {place: keys[0].value(scores[place], None) for place in order}
    top = 1.0 if metric.unit == "percent" else max((v or 0.0 for v in values.values()), default=0)
    bars = []
    for place in order:
        score, value = scores[place], values[place]
        words = quantity(value, metric)
        height = 100 * min((value or 0.0) / (top or 1.0), 1.0)
        bars.append(
            f'<a href="#s{place}" class="st-{escaped(score.status)}" style="--v:{height:.1f}%" '
            f'aria-label="{shortened(score.id, 40)}: {words}" '
            f'title="{shortened(score.id, 40)}: {words} ({escaped(score.status)})"></a>'
        )
    return (
        f'<figure class="overview"><div class="bars">{"".join(bars)}</div><figcaption>'
        f"<code>{escaped(keys[0].title)}</code> of every sample, in the order below</figcaption>"
        "</figure>"
    )


def card(
    place: int,
    score: SampleScore,
    response: Response | None,
    keys: Sequence[SortKey],
    strip: Strip | None,
    drawn: Sequence[Drawn] = (),
    prompt: str | None = None,
) -> str:
    """Return one sample as a card.

    Args:
        place: Place of the sample in the data set; part of its anchor.
        score: Score of the sample.
        response: The answer, if there is one.
        keys: Ways to sort.
        strip: Pictures of its video, if it has one.
        drawn: Drawings of the sample.
        prompt: The question, if it differs between samples.
    """
    duration = strip.duration if strip else None
    events = events_of(score.view, duration=duration)
    spans = span_lanes(score.view, duration) if isinstance(score.view, SpanView) else ""
    message = f'<p class="message">{shortened(score.message, 600)}</p>' if score.message else ""
    question = f'<p class="asked">{shortened(prompt, 400)}</p>' if prompt else ""
    return (
        f'<article class="sample" {sample_attributes(place, score, keys, strip)}>'
        f"<header><h3><bdi>{shortened(score.id, 80)}</bdi></h3>"
        f'<span class="pill st-{escaped(score.status)}">{escaped(score.status)}</span>'
        f'<dl class="values">{_values(score, events, keys, strip)}</dl></header>'
        f"{question}{message}"
        f"{canvas(score.id, events, strip)}{spans}{drawings_html(drawn)}"
        f"{_answer(score, response)}</article>"
    )


def _values(
    score: SampleScore, events: Events | None, keys: Sequence[SortKey], strip: Strip | None
) -> str:
    items = [
        (key.title, quantity(score.values.get(key.metric.name), key.metric))
        for key in keys
        if key.metric is not None and key.metric.name in score.values
        if key.metric.name != "count_error"
    ]
    counts = score.view
    if isinstance(counts, TimelineView):
        counts = CountView(len(counts.truth), len(counts.answered))
    if isinstance(counts, CountView):
        true, answered = counts.truth, counts.answered
        items.append(("jumps", f"{true:,}"))
        items.append(("answered", DASH if answered is None else f"{answered:,}"))
        if answered is not None:
            items.append(("difference", signed_count(answered - true)))
    length = events.duration if events else strip.duration if strip else None
    if length is not None:
        items.append(("length", f"{length:.1f} s"))
    return "".join(f"<div><dt>{escaped(name)}</dt><dd>{text}</dd></div>" for name, text in items)


def canvas(name: str, events: Events | None, strip: Strip | None) -> str:
    """Return pictures and timeline on one axis, with notes about what they leave out."""
    notes = left_out(events) if events else []
    if strip is not None and strip.problem:
        few = "Only some thumbnails" if strip.pictures else "No thumbnails"
        notes.append(f"{few}: {strip.problem}")
    below = "".join(f'<p class="aside">{escaped(note)}</p>' for note in notes)
    pictures = strip_pictures(strip, events.end if events else None) if strip else ""
    if events is None and not pictures:
        return below
    # On a narrow screen the axis stays wide enough to tell single jumps apart.
    width = min(max(560, 12 * events.end), 1600) if events else 560
    lanes = _LANES if events and events.truth is not None else _LANE if events else "<div></div>"
    drawing = timeline(events, label=name[:80]) if events else ""
    return (
        f'<div class="scroll"><div class="lanes">{lanes}</div>'
        f'<div class="canvas" style="--w:{width:.0f}px">{pictures}{drawing}</div></div>{below}'
    )


_LANES = '<span class="truth">truth</span><span class="answer">answer</span>'
_LANE = '<span class="answer">answer</span>'


def strip_pictures(strip: Strip, end: float | None) -> str:
    """Return the pictures, each at its part of the time axis."""
    if not strip.pictures or not strip.duration:
        return ""
    share = 100 * min(strip.duration / (end or strip.duration), 1.0)
    images = []
    for picture in strip.pictures:
        column = 1 + min(int(picture.time / strip.duration * COUNT), COUNT - 1)
        images.append(
            f'<img style="grid-column:{column}" loading="lazy" decoding="async" '
            f'src="{picture.address}" alt="" title="frame at {picture.time:.2f} s">'
        )
    return (
        f'<div class="strip" style="--n:{COUNT};--share:{share:.2f}%;--aspect:{strip.aspect:.3f}">'
        f"{''.join(images)}</div>"
    )


def _answer(score: SampleScore, response: Response | None) -> str:
    """Return the answer and how it was read, folded away."""
    if response is None or (response.error and not response.text and not response.windows):
        return ""
    facts = []
    rejected = score.parse.rejected if score.parse is not None else ()
    if score.parse is not None:
        facts.append(f"read as {shortened(score.parse.parser, 40)}")
        if score.parse.reasoning != "none":
            facts.append(f"reasoning tags {score.parse.reasoning}")
    if response.finish_reason == "length":
        facts.append("cut off at the token limit")
    facts += [f"{shortened(note, 80)}: {count:,}" for note, count in score.notes.items()]
    text, rest = cut(response.text)
    more = f'<p class="aside">… and {rest:,} more characters.</p>' if rest else ""
    items = "".join(f"<li><code>{shortened(item, 80)}</code></li>" for item in rejected)
    listed = f'<p class="aside">Rejected:</p><ul class="rejected">{items}</ul>'
    body = (
        f'<pre tabindex="0">{escaped(text)}</pre>'
        if text
        else '<p class="aside">The answer is empty.</p>'
    )
    return (
        f'<details class="answer-text"><summary>Answer<span>{", ".join(facts)}</span></summary>'
        f"{listed if rejected else ''}{body}{more}{_window_answers(response)}</details>"
    )


def _window_answers(response: Response) -> str:
    """Return the answers about the windows of a video, each with its place in the video."""
    if not response.windows:
        return ""
    items = []
    for window in response.windows[:MOST_WINDOWS]:
        text, rest = cut(window.text, WINDOW_LETTERS)
        facts = [f"{window.start:.2f} to {window.end:.2f} s"]
        if window.finish_reason == "length":
            facts.append("cut off at the token limit")
        if rest:
            facts.append(f"{rest:,} more characters")
        content = shortened(window.error, 300) if window.error is not None else escaped(text)
        items.append(f'<p class="aside">{", ".join(facts)}</p><pre tabindex="0">{content}</pre>')
    left_out = len(response.windows) - MOST_WINDOWS
    more = f'<p class="aside">… and {left_out:,} more windows.</p>' if left_out > 0 else ""
    return (
        '<p class="aside">Merged from the answers about windows of the video, whose times count '
        f"from the start of each window:</p>{''.join(items)}{more}"
    )


def table_rows(
    scores: Sequence[SampleScore],
    order: Sequence[int],
    keys: Sequence[SortKey],
    names: Sequence[str],
) -> Iterator[tuple[str, str]]:
    """Yield the attributes and the table row of every sample without a view.

    Args:
        scores: Scores of the samples.
        order: Places of the samples, in the order of the rows.
        keys: Ways to sort.
        names: Metrics of the columns.
    """
    units = {key.metric.name: key.metric for key in keys if key.metric}
    for place in order:
        score = scores[place]
        status = escaped(score.status)
        attributes = sample_attributes(place, score, keys, None)
        cells = "".join(
            f'<td class="num">{_cell(score.values.get(name), units.get(name))}</td>'
            for name in names
        )
        message = f"<small>{shortened(score.message, 300)}</small>" if score.message else ""
        yield (
            attributes,
            (
                f'<tr class="sample" {attributes}>'
                f'<th scope="row"><bdi>{shortened(score.id, 80)}</bdi>{message}</th>'
                f'<td><span class="pill st-{status}">{status}</span></td>{cells}</tr>'
            ),
        )


def sample_table(names: Sequence[str], rows: Iterable[str]) -> str:
    """Return the table around the rows of ``table_rows``."""
    head = "".join(f'<th scope="col" class="num">{shortened(name, 40)}</th>' for name in names)
    return wide_table(
        '<thead><tr><th scope="col">sample</th>'
        f'<th scope="col">status</th>{head}</tr></thead>'
        f'<tbody id="samples">{"".join(rows)}</tbody>',
        "samples",
    )


def _cell(value: float | None, metric: Metric | None) -> str:
    if metric is not None:
        return quantity(value, metric)
    return DASH if value is None else number(value, "seconds")

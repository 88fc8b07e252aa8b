"""The samples of a comparison as cards: the scores of all runs, one time axis, the answers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from jumpscore.records import SampleScore, SpanView, Status, TimelineView
from jumpscore.report.cards import SortKey
from jumpscore.report.lanes import CLOSE, Lane, lanes
from jumpscore.report.page import wide_table
from jumpscore.report.text import DASH, cut, escaped, plural, quantity, seconds, shortened
from jumpscore.report.timeline import drawn_answers, events_of, left_out
from jumpscore.scoring import TOLERANCES
from jumpscore.scoring.matching import EDGE
from jumpscore.studies.agreement import Agreement, Entry, agreements

MOST_LETTERS = 600
"""Characters of an answer on the page."""
MOST_NAMED = 8
"""Events on which the runs part that are listed below a drawing."""


@dataclass(frozen=True, slots=True)
class ComparedSample:
    """One sample in all runs.

    Attributes:
        id: Id of the sample.
        scores: Its score in every run; ``None`` if a run does not have the sample.
        differences: Largest difference between two runs, per sort key.
        agreements: Which events the runs match, at every tolerance; empty without events.
    """

    id: str
    scores: tuple[SampleScore | None, ...]
    differences: tuple[float | None, ...]
    agreements: tuple[Agreement, ...]

    @property
    def timelines(self) -> list[TimelineView]:
        """The timelines of the runs that have one."""
        views = (score.view for score in self.scores if score is not None)
        return [view for view in views if isinstance(view, TimelineView)]

    @property
    def duration(self) -> float | None:
        """Length of the video in seconds, if a view states it."""
        lengths = (view.duration for view in self.timelines if view.duration)
        return next((length for length in lengths if math.isfinite(length)), None)

    @property
    def rate(self) -> float | None:
        """True events per second."""
        return len(self.timelines[0].truth) / self.duration if self.duration else None

    @property
    def parted(self) -> frozenset[int]:
        """Places of the true events that only some runs match within the narrowest tolerance."""
        return self.agreements[0].parted if self.agreements else frozenset()


def compared_samples(entries: Sequence[Entry], keys: Sequence[SortKey]) -> list[ComparedSample]:
    """Return the samples of all runs, the largest difference in the first sort key first."""
    by_id = [{score.id: score for score in entry.run.scores} for entry in entries]
    samples = []
    for name in dict.fromkeys(name for scores in by_id for name in scores):
        scores = tuple(run.get(name) for run in by_id)
        differences = tuple(_difference(entries, scores, key) for key in keys)
        samples.append(ComparedSample(name, scores, differences, agreements(scores)))

    def rank(sample: ComparedSample) -> tuple[bool, float, str]:
        first = sample.differences[0] if keys else None
        return first is None, -(first or 0.0), sample.id

    return sorted(samples, key=rank)


def _difference(
    entries: Sequence[Entry], scores: Sequence[SampleScore | None], key: SortKey
) -> float | None:
    """Return the largest difference between two runs; repeats enter with their mean."""
    values: dict[int, list[float]] = {}
    assert key.metric is not None
    for entry, score in zip(entries, scores, strict=True):
        value = score.values.get(key.metric.name) if score is not None else None
        if value is not None and math.isfinite(value):
            values.setdefault(entry.place, []).append(value)
    means = [fmean(of_run) for of_run in values.values()]
    return max(means) - min(means) if len(means) > 1 else None


def statuses_of(sample: ComparedSample) -> list[Status]:
    """Return the statuses of a sample in all runs, each once."""
    return list(dict.fromkeys(score.status for score in sample.scores if score is not None))


def comparison_card(
    place: int, sample: ComparedSample, entries: Sequence[Entry], keys: Sequence[SortKey]
) -> tuple[str, str]:
    """Return the attributes of one sample, and its card.

    The card has the scores of all runs, the drawing, and the answers.
    """
    values = [*sample.differences]
    if sample.timelines:
        values += [float(len(sample.parted)), sample.duration, sample.rate]
    attributes = "".join(
        f' data-s{i}="{value:.9g}"' for i, value in enumerate(values) if value is not None
    )
    for name, value in (("length", sample.duration), ("rate", sample.rate)):
        attributes += "" if value is None else f' data-{name}="{value:.9g}"'
    drawing = _drawing(sample, entries)
    texts = _texts(sample, entries)
    if drawing:
        texts = f'<details class="answer-text"><summary>Answers</summary>{texts}</details>'
    attributes = (
        f'id="s{place}" data-id="{escaped(sample.id)}" '
        f'data-status="{" ".join(statuses_of(sample))}"{attributes}'
    )
    return attributes, (
        f'<article class="sample" {attributes}><header><h3>'
        f'<a href="#s{place}" data-open="1"><bdi>{shortened(sample.id, 80)}</bdi></a></h3>'
        f'<dl class="values">{_facts(sample, keys)}</dl></header>'
        f"{_scores(sample, entries, keys)}{drawing}{texts}</article>"
    )


def _facts(sample: ComparedSample, keys: Sequence[SortKey]) -> str:
    items = []
    if keys and (key := keys[0]).metric is not None:
        name = f"difference in {key.title}"
        items.append((name, quantity(sample.differences[0], key.metric).lstrip("+")))
    if sample.timelines:
        items.append(("jumps", f"{len(sample.timelines[0].truth):,}"))
    if sample.duration is not None and sample.rate is not None:
        items += [("length", f"{sample.duration:.1f} s"), ("rate", f"{sample.rate:.2f}/s")]
    return "".join(f"<div><dt>{escaped(name)}</dt><dd>{text}</dd></div>" for name, text in items)


def _scores(sample: ComparedSample, entries: Sequence[Entry], keys: Sequence[SortKey]) -> str:
    """Return a table with one row per run."""
    metrics = [key.metric for key in keys if key.metric is not None]
    columns = [metric.name for metric in metrics]
    if sample.timelines:
        columns += ["answered", *(f"within {tolerance:g} s" for tolerance in TOLERANCES)]
    head = "".join(f'<th scope="col" class="num">{escaped(name)}</th>' for name in columns)
    rows = []
    for place, (entry, score) in enumerate(zip(entries, sample.scores, strict=True)):
        cells = [quantity(score.values.get(m.name) if score else None, m) for m in metrics]
        if sample.timelines:
            view = score.view if score else None
            answered = f"{len(view.answered):,}" if isinstance(view, TimelineView) else DASH
            matched = (one.matched[place] for one in sample.agreements)
            cells += [answered, *(DASH if one is None else f"{len(one):,}" for one in matched)]
        status = "missing" if score is None else escaped(score.status)
        message = (
            f"<small>{shortened(score.message, 300)}</small>" if score and score.message else ""
        )
        numbers = "".join(f'<td class="num">{cell}</td>' for cell in cells)
        rows.append(
            f'<tr><th scope="row"><b class="letter">{entry.letter}</b>{shortened(entry.name, 60)}'
            f'{message}</th><td><span class="pill st-{status}">{status}</span></td>{numbers}</tr>'
        )
    return wide_table(
        f'<thead><tr><th scope="col">run</th><th scope="col">status</th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody>",
        "each",
    )


def _drawing(sample: ComparedSample, entries: Sequence[Entry]) -> str:
    """Return all runs on the time axis; empty if the sample has neither events nor spans."""
    views = [score.view if score is not None else None for score in sample.scores]
    if sample.timelines:
        return _timelines(sample, entries, views)
    spans = [view for view in views if isinstance(view, SpanView)]
    if not spans or not all(0 <= time < 1e9 for time in spans[0].truth):
        return ""
    rows = [
        Lane(entry.letter, span=view.answered if isinstance(view, SpanView) else None)
        for entry, view in zip(entries, views, strict=True)
    ]
    known = [row.span for row in rows if row.span and all(0 <= time < 1e9 for time in row.span)]
    end = 1.05 * max(1e-3, *spans[0].truth, *(max(span) for span in known), 1e-3)
    listed = [("truth", spans[0].truth), *((row.label, row.span) for row in rows if row.span)]
    words = ", ".join(f"{name} {seconds(a)} to {seconds(b)} s" for name, (a, b) in listed)
    drawing = lanes(spans[0].truth, rows, end, is_span=True, words=f"{sample.id[:80]}: {words}")
    return f'{drawing}<p class="aside">{escaped(words)}</p>'


def _timelines(sample: ComparedSample, entries: Sequence[Entry], views: Sequence[object]) -> str:
    rows, notes, end, truth = [], [], 0.1, sample.timelines[0].truth
    for entry, view in zip(entries, views, strict=True):
        events = events_of(view if isinstance(view, TimelineView) else None)
        if events is None:
            rows.append(Lane(entry.letter))
            continue
        end = events.end
        drawn = drawn_answers(events, end)
        matched = [(truth[i], events.answers[j], j) for i, j in events.pairs if j in drawn]
        rows.append(
            Lane(
                entry.letter,
                close=tuple(at for true, at, _ in matched if abs(at - true) <= CLOSE + EDGE),
                far=tuple(at for true, at, _ in matched if abs(at - true) > CLOSE + EDGE),
                extra=tuple(events.answers[j] for j in events.extra if j in drawn),
                missed=tuple(truth[i] for i in events.missed),
            )
        )
        notes += [f"{entry.letter}: {note}" for note in left_out(events)]
    if all(0 <= time <= end for time in truth):
        parted = [truth[place] for place in sorted(sample.parted)]
    else:
        return ""
    notes = [*_parted_words(sample, entries, truth), *notes]
    words = f"{sample.id[:80]}: {plural(len(truth), 'true jump')}, {len(rows)} runs"
    drawing = lanes(truth, rows, end, parted=parted, words=words)
    return drawing + "".join(f'<p class="aside">{escaped(note)}</p>' for note in notes)


def _parted_words(
    sample: ComparedSample, entries: Sequence[Entry], truth: Sequence[float]
) -> Iterator[str]:
    """Yield which runs match the jumps on which they part."""
    places = sorted(sample.parted)
    if not places:
        return
    matched: Mapping[str, frozenset[int] | None] = dict(
        zip((entry.letter for entry in entries), sample.agreements[0].matched, strict=True)
    )
    listed = []
    for place in places[:MOST_NAMED]:
        runs = ", ".join(letter for letter, at in matched.items() if at and place in at)
        listed.append(f"{seconds(truth[place])} s ({runs})")
    more = f" and {len(places) - MOST_NAMED} more" if len(places) > MOST_NAMED else ""
    yield f"Matched within {CLOSE:g} s by some runs only: {', '.join(listed)}{more}"


def _texts(sample: ComparedSample, entries: Sequence[Entry]) -> str:
    """Return the answers of all runs next to each other."""
    figures = []
    for entry in entries:
        response = entry.run.responses.get(sample.id)
        text, rest = cut(response.text if response else "", MOST_LETTERS)
        more = f"<small>… and {rest:,} more characters</small>" if rest else ""
        body = (
            f'<pre tabindex="0">{escaped(text)}</pre>' if text else '<p class="aside">No text.</p>'
        )
        figures.append(
            f'<figure><figcaption><b class="letter">{entry.letter}</b>'
            f"{shortened(entry.name, 60)}</figcaption>{body}{more}</figure>"
        )
    return f'<div class="texts">{"".join(figures)}</div>'

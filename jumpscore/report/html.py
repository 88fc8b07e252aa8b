"""Pages with the answers of a model: one per run, one per predicted video.

A page is one self-contained file: style, script, drawings and pictures are inside. Equal inputs
give equal bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from evaluators.columns import ScoreColumns
from jumpscore.harness import task_of
from jumpscore.records import (
    OverlayView,
    Progress,
    Question,
    Response,
    RunResult,
    SampleScore,
)
from jumpscore.report.cards import (
    SortKey,
    card,
    ordered,
    overview,
    sample_attributes,
    sample_table,
    sort_keys,
    table_rows,
)
from jumpscore.report.drawings import Drawn, drawn_sample
from jumpscore.report.how_to_read import how_to_read
from jumpscore.report.page import page_parts, write_page
from jumpscore.report.pages import first_page, is_paged, later_pages
from jumpscore.report.prediction_page import write_prediction_page
from jumpscore.report.summary import header, headline, metric_table, status_bar
from jumpscore.report.thumbnails import MOST_STRIPS, PAGE_BYTES, Strip, video_strip
from jumpscore.report.toolbar import Order, toolbar
from jumpscore.runs import StoredRun

__all__ = ["write_prediction_page", "write_report"]

STRIPED = frozenset({"timeline", "count", "span"})
"""Kinds of views that are shown with a strip of pictures of the video."""
DRAWN = STRIPED | {"overlay"}
"""Kinds of views that are shown as cards."""
MANY = 60
"""With more videos, pictures are smaller, to limit the size of the page."""


def write_report(
    run: StoredRun,
    path: Path | None = None,
    *,
    thumbnails: bool = True,
    on_progress: Progress | None = None,
) -> Path:
    """Write the page of a run.

    Args:
        run: A finished run.
        path: Path of the page; by default ``report.html`` in the run's folder.
        thumbnails: Whether to decode pictures from the videos. If a video is missing or damaged,
            its card has no pictures.
        on_progress: Called with (videos decoded, all).

    Returns:
        The path of the page.

    Raises:
        UsageError: The page cannot be written.
    """
    kinds = run.columns.kinds
    striped, pictured = bool(kinds & STRIPED), "overlay" in kinds
    questions = questions_of(run) if striped or pictured else {}
    strips = _strips(run, questions, on_progress) if thumbnails and striped else {}
    drawings = _drawings(run, questions, on_progress) if thumbnails and pictured else {}
    body = chain(
        [f"<main>{header(run)}", result_sections(run.result, run.columns)],
        samples_section(
            run.result,
            run.scores,
            run.responses,
            columns=run.columns,
            strips=strips,
            drawings=drawings,
            prompts=_different_prompts(questions),
        ),
        ["</main>"],
    )
    title = f"{run.result.model}: {run.result.task} on {run.result.data}"
    return write_page(path or run.folder / "report.html", page_parts(title, body))


def result_sections(result: RunResult, columns: ScoreColumns) -> str:
    """Return the headline, all metrics and all statuses of a run, with explanations."""
    timelines = "timeline" in columns.kinds
    return "".join(
        [
            headline(result),
            status_bar(result),
            how_to_read(result, timelines=timelines),
            metric_table(result),
        ]
    )


def samples_section(
    result: RunResult,
    scores: Sequence[SampleScore],
    responses: Mapping[str, Response],
    *,
    columns: ScoreColumns,
    strips: Mapping[str, Strip] = MappingProxyType({}),
    drawings: Mapping[str, Sequence[Drawn]] = MappingProxyType({}),
    prompts: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[str]:
    """Yield every sample as a card or a table row, worst first, with the toolbar above.

    Args:
        result: Result of the run.
        scores: Its scores in the order of the data set.
        responses: Answers by id.
        columns: Columns of the scores.
        strips: Pictures of each sample's video, by id.
        drawings: Drawings of each sample, by id.
        prompts: Question of each sample, by id, if they differ.
    """
    keys = sort_keys(result.described, [columns])
    order = ordered(columns, keys, strips)
    striped = bool(columns.kinds & STRIPED)
    orders = [Order(key.title, str(i), key.rising) for i, key in enumerate(keys)]
    paged, counts = is_paged(len(scores)), Counter(columns.statuses)
    bar = toolbar(orders, counts, zoom="timeline" in columns.kinds, paged=paged)
    yield f'<section id="list"><h2>Every {"video" if striped else "sample"}</h2>'
    yield f"{overview(scores, order, keys)}{bar}"
    if columns.kinds & DRAWN:
        samples = _cards(scores, responses, order, keys, _Extras(strips, drawings, prompts))
        yield '<div id="samples">'
        yield from first_page(samples, paged=paged)
        yield "</div>"
    else:
        names = list(columns.values)
        samples = table_rows(scores, order, keys, names)
        yield sample_table(names, first_page(samples, paged=paged))
    if paged:
        yield from later_pages(samples)
    yield '<p id="nothing" hidden>No sample fits the filter.</p></section>'


@dataclass(frozen=True, slots=True)
class _Extras:
    """What is shown with samples apart from their scores, by id."""

    strips: Mapping[str, Strip]
    drawings: Mapping[str, Sequence[Drawn]]
    prompts: Mapping[str, str]


def _cards(
    scores: Sequence[SampleScore],
    responses: Mapping[str, Response],
    order: Sequence[int],
    keys: Sequence[SortKey],
    extras: _Extras,
) -> Iterator[tuple[str, str]]:
    """Yield the attributes and the card of every sample."""
    for place in order:
        score = scores[place]
        name = score.id
        strip = extras.strips.get(name)
        yield (
            sample_attributes(place, score, keys, strip),
            card(
                place,
                score,
                responses.get(name),
                keys,
                strip,
                extras.drawings.get(name, ()),
                extras.prompts.get(name),
            ),
        )


def _strips(
    run: StoredRun, questions: Mapping[str, Question | str], on_progress: Progress | None
) -> dict[str, Strip]:
    """Return the pictures of every sample's video, by sample id."""
    ids = run.columns.ids
    budget = min(90_000, PAGE_BYTES // max(1, min(len(ids), MOST_STRIPS)))
    height = 96 if len(ids) <= MANY else 80
    strips: dict[str, Strip] = {}
    for done, name in enumerate(ids, start=1):
        place = _video(questions.get(name, "the data set has no video of this sample"))
        if done > MOST_STRIPS:
            place = f"only the first {MOST_STRIPS} samples of the data set get them"
        if isinstance(place, str):
            strips[name] = Strip(problem=place)
        else:
            strips[name] = video_strip(place, budget=budget, height=height)
        if on_progress is not None:
            on_progress(done, len(ids))
    return strips


def _drawings(
    run: StoredRun, questions: Mapping[str, Question | str], on_progress: Progress | None
) -> dict[str, tuple[Drawn, ...]]:
    """Return the drawings of the first samples, by sample id; the others get none."""
    scores = run.scores[:MOST_STRIPS]
    budget = min(120_000, PAGE_BYTES // max(1, len(scores)))
    drawn = {}
    for done, score in enumerate(scores, start=1):
        question = questions.get(score.id, "")
        media = () if isinstance(question, str) else question.media
        if isinstance(score.view, OverlayView):
            drawn[score.id] = drawn_sample(score.view, media, budget=budget)
        if on_progress is not None:
            on_progress(done, len(scores))
    return drawn


def _video(question: Question | str) -> Path | str:
    if isinstance(question, str):
        return question
    return next((m.path for m in question.media if m.kind == "video"), "the sample has no video")


def _different_prompts(questions: Mapping[str, Question | str]) -> dict[str, str]:
    """Return the prompt of each sample; empty if all are equal."""
    prompts = {name: q.prompt for name, q in questions.items() if isinstance(q, Question)}
    return prompts if len(set(prompts.values())) > 1 else {}


def questions_of(run: StoredRun) -> Mapping[str, Question | str]:
    """Return the question of each sample, or why it is not available."""
    try:
        task = task_of(run.record)
        now, then = task.data().checksum, run.record.identity.data.checksum
        samples = task.load()
    except Exception as error:  # a data set or a task of another package may raise anything
        reason = f"the data set cannot be read ({str(error)[:200]})"
        return dict.fromkeys(run.columns.ids, reason)
    if now != then:
        reason = "the data set has changed since the run"
        return dict.fromkeys(run.columns.ids, reason)
    return {sample.question.id: sample.question for sample in samples}

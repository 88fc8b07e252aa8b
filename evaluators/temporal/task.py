"""TimeLens: when does the described event begin and end?"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from evaluators.rows import RowTaskOptions, VideoRowTask
from evaluators.temporal.explanations import EXPLANATIONS
from evaluators.temporal.metrics import RECALL_AT, score_span
from evaluators.temporal.spans import Policy, Span, SpanStatus
from jumpscore.data.layout import END_SLACK, Row, is_time
from jumpscore.jsonio import parse_json
from jumpscore.records import (
    Convention,
    Media,
    Metric,
    Question,
    Response,
    Sample,
    SampleScore,
    SpanView,
    Status,
)
from jumpscore.scoring.reasoning_tags import ReasoningTags, scored_text

PROMPT = (
    "Please find the visual event described by the sentence '{query}', determining its starting "
    "and ending times. The format should be: 'The event happens in <start time> - <end time> "
    "seconds'."
)
"""The benchmark's prompt, to the letter."""

SUFFIXES: dict[Policy, str] = {
    policy: "" if policy == "strict" else f"_{policy}" for policy in get_args(Policy)
}
READ_AS: dict[Policy, str] = {
    "strict": "",
    "reference_lmms": ", as lmms-eval reads answers",
    "reference_official": ", as the benchmark's own script does (whole seconds)",
}
STATUS: dict[SpanStatus, Status] = {
    "ok": "ok",
    "inverted": "ok",
    "partial": "partial",
    "ambiguous": "unparseable",
    "not_finite": "unparseable",
    "unparseable": "unparseable",
}
NOTES: dict[SpanStatus, str] = {
    "inverted": "answers that end before they start",
    "ambiguous": "answers with more than one span",
    "not_finite": "answers with numbers beyond any video",
}


@dataclass(frozen=True, slots=True)
class SpanTruth:
    """Ground truth of one question.

    Attributes:
        span: Start and end in seconds.
        video: Path in the row; several questions can be about one video.
        duration: Length of the video in seconds, if known.
    """

    span: Span
    video: str
    duration: float | None = None

    def answer(self, convention: Convention) -> str:
        """Return the text of a right answer; coordinate conventions do not apply to spans."""
        return f"The event happens in {self.span.start:.3f} - {self.span.end:.3f} seconds."

    def blind_answer(self, convention: Convention, *, salt: str) -> str | None:
        """Return the answer of the blind baseline: the whole video."""
        return f"The event happens in 0.0 - {self.duration} seconds." if self.duration else None


class TimeLensOptions(RowTaskOptions):
    """Options of the task.

    Attributes:
        data: Folder of a data set in JumpScore's layout: ``question`` is the sentence that
            describes the event, ``answer`` its start and end in seconds as a JSON list.
        reasoning_tags: Which reasoning to remove before lmms-eval's code reads an answer:
            ``lmms_eval`` (the default of its command) or ``none``.
    """

    data: str = "mini_timelens"
    reasoning_tags: ReasoningTags = "lmms_eval"


def _metrics_of(policy: Policy) -> tuple[Metric, ...]:
    suffix, read = SUFFIXES[policy], READ_AS[policy]
    return (
        Metric(f"miou{suffix}", f"mean overlap (IoU) with the true span{read}"),
        *(
            Metric(f"r1@{at:g}{suffix}", f"share of answers with IoU >= {at:g}{read}")
            for at in RECALL_AT
        ),
    )


class TimeLens(VideoRowTask[SpanTruth]):
    """Find when a described event begins and ends; scored by mIoU and recall at three overlaps."""

    name = "timelens"
    explanations = EXPLANATIONS
    version = "2"
    Options = TimeLensOptions
    options: TimeLensOptions
    headline = ("miou", "r1@0.5", "miou_reference_lmms")
    metrics = (
        *(metric for policy in SUFFIXES for metric in _metrics_of(policy)),
        Metric("content_free_miou", "mIoU of the whole video: blind baseline", better=None),
    )

    def video_sample(self, row: Row, path: Path, duration: float | None) -> Sample[SpanTruth]:
        span, problem = parse_true_span(row.answer, duration=duration)
        prompt = PROMPT.format(query=row.question)
        question = Question(row.id, (Media(path),), prompt)
        return Sample(question, SpanTruth(span, row.video_path, duration), problem=problem)

    def score(self, truth: SpanTruth, response: Response, derived: Any = None) -> SampleScore:
        values: dict[str, float | None] = {}
        strict = None
        for policy, suffix in SUFFIXES.items():
            text = response.text
            if policy == "reference_lmms":
                text = scored_text(text, self.options.reasoning_tags)
            score = score_span(
                text, truth.span, policy=policy, finish_reason=response.finish_reason
            )
            strict = strict or score
            values[f"miou{suffix}"] = score.iou
            values |= {f"r1@{at:g}{suffix}": float(hit) for at, hit in score.recalls.items()}
        assert strict is not None
        values["content_free_miou"] = _blind_iou(truth)
        parsed = strict.parsed
        return SampleScore(
            id=response.id,
            status=STATUS[parsed.status],
            values=values,
            view=SpanView(
                (truth.span.start, truth.span.end),
                None if parsed.span is None else (parsed.span.start, parsed.span.end),
            ),
            details={"spans_found": parsed.count},
            notes={NOTES[parsed.status]: 1} if parsed.status in NOTES else {},
            cluster=truth.video,
        )


def _blind_iou(truth: SpanTruth) -> float | None:
    """Return the overlap of the whole video with the true span, if its length is known."""
    if not truth.duration:
        return None
    return min(1.0, (truth.span.end - truth.span.start) / truth.duration)


def parse_true_span(answer: str, *, duration: float | None = None) -> tuple[Span, str | None]:
    """Return the true span in seconds, and the problem if it is invalid.

    >>> parse_true_span("[4, 10.5]")
    (Span(start=4.0, end=10.5), None)
    >>> parse_true_span("[10, 4]")[1]
    'the true span [10, 4] ends before it starts'
    """
    nothing = Span(0.0, 0.0)
    try:
        bounds = parse_json(answer)
    except ValueError:
        bounds = None
    if not (isinstance(bounds, list) and len(bounds) == 2 and all(map(is_time, bounds))):
        return nothing, f"the truth is not a list of two times in seconds: {answer[:60]!r}"
    span = Span(float(bounds[0]), float(bounds[1]))
    if span.end < span.start:
        return nothing, f"the true span {json.dumps(bounds)} ends before it starts"
    if duration is not None and span.end > duration + END_SLACK:
        return nothing, f"the true span ends at {span.end:g} s, the video at {duration:.2f} s"
    return span, None

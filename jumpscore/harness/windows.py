"""Ask about a long video in windows: one question per window, one merged response per video.

``WindowedEngine`` wraps any engine. To the engine and the model, the windows are ordinary
questions, so batches, replicas and retries work as always, and memory does not grow with the
length of a video. Every answer about a window is stored as it comes, so that a killed run asks only
what is missing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from evaluators.base import Task
from jumpscore.errors import UsageError, VideoError
from jumpscore.harness.engines.engine import Asked, Engine, RunInterrupted, Sink
from jumpscore.harness.input import InputPlan
from jumpscore.records import (
    ParseResult,
    Progress,
    Question,
    Response,
    SampleScore,
    Status,
    TokenSource,
    Usage,
    WindowAnswer,
)
from jumpscore.scoring import parse_times
from jumpscore.scoring.seams import TimedAnswer, WindowTimes, merge_windows

OUTSIDE = "answered times outside their window"
CONTRADICTED = "answered times in an overlap that the other window does not confirm"


class WindowLog(Protocol):
    """Where answers about windows are stored: a ``runs.windows.WindowStore``, or a dict."""

    def answers(self) -> dict[str, Response]:
        """Return the stored answers by the id of the window's question."""

    def append(self, responses: Sequence[Response]) -> None:
        """Store answers."""


class MemoryLog:
    """Keeps answers about windows in memory."""

    def __init__(self) -> None:
        self._answers: dict[str, Response] = {}

    def answers(self) -> dict[str, Response]:
        """Return the answers so far."""
        return dict(self._answers)

    def append(self, responses: Sequence[Response]) -> None:
        """Keep answers."""
        self._answers |= {response.id: response for response in responses}


def window_questions(plan: InputPlan, question: Question) -> list[Question]:
    """Return the questions about the windows of a question's video, in order.

    The text stays the same. A video that cannot be read has one question, whose preparation
    reports why.

    Args:
        plan: What the model is shown; without windows the question is returned alone.
        question: A question with its media.

    Raises:
        UsageError: The video has too many windows.
    """
    if plan.config.window is None:
        return [question]
    try:
        spans = plan.spans(question)
    except VideoError:
        return [question]
    return [
        replace(
            question,
            id=f"{question.id}@{start:.3f}-{end:.3f}",
            media=tuple(replace(media, span=(start, end)) for media in question.media),
        )
        for start, end in spans
    ]


@dataclass(frozen=True, slots=True)
class WindowedEngine:
    """An engine that asks about every window of a video and merges the answers.

    Attributes:
        engine: Asks about the windows.
        plan: What the model is shown.
        log: Where answers about windows are stored.
    """

    engine: Engine
    plan: InputPlan
    log: WindowLog

    def ask(
        self, questions: Sequence[Question], sink: Sink, *, on_progress: Progress | None = None
    ) -> tuple[Asked, dict[str, Response]]:
        """Answer every question and store every response; see ``Engine``.

        Windows that were answered before are not asked again, unless they failed on our side.

        Raises:
            RunInterrupted: The user pressed Ctrl-C.
            UsageError: A video has too many windows.
        """
        started = time.perf_counter()
        windows = {one.id: window_questions(self.plan, one) for one in questions}
        stored = {name: one for name, one in self.log.answers().items() if one.error is None}
        merger = _Merger(windows, stored, self.log, sink)
        pending = [one for listed in windows.values() for one in listed if one.id not in stored]

        def advance(_: int = 0, __: int = 0) -> None:
            if on_progress is not None:
                on_progress(len(merger.merged), len(questions))

        merger.merge_complete(windows)
        try:
            cost, _ = self.engine.ask(pending, merger, on_progress=advance)
        except RunInterrupted:
            raise RunInterrupted(len(merger.merged), len(questions)) from None
        advance()
        wall = time.perf_counter() - started
        cached = sum(one.cached for one in merger.merged.values())
        asked = len(questions) - cached
        # Without a question to the model there is no speed to report.
        wall = wall if asked else 0.0
        return replace(cost, samples=asked, wall_seconds=wall, from_cache=cached), merger.merged


class _Merger:
    """The sink of the windows: passes on the merged response once a video is complete."""

    def __init__(
        self,
        windows: Mapping[str, Sequence[Question]],
        stored: Mapping[str, Response],
        log: WindowLog,
        sink: Sink,
    ) -> None:
        self._windows, self._log, self._sink = windows, log, sink
        self._answers = dict(stored)
        self._video_of = {one.id: name for name, listed in windows.items() for one in listed}
        self.merged: dict[str, Response] = {}

    def append(self, responses: Sequence[Response]) -> None:
        """Store answers about windows, and the merged response of videos that are complete."""
        self._log.append(responses)
        self._answers |= {response.id: response for response in responses}
        self.merge_complete(dict.fromkeys(self._video_of[one.id] for one in responses))

    def merge_complete(self, names: Iterable[str]) -> None:
        """Merge the videos among these of which every window is answered."""
        ready = [
            merged_response(name, self._windows[name], self._answers)
            for name in names
            if all(one.id in self._answers for one in self._windows[name])
        ]
        if ready:
            self._sink.append(ready)
            self.merged |= {response.id: response for response in ready}


def merged_response(
    name: str, windows: Sequence[Question], answers: Mapping[str, Response]
) -> Response:
    """Return one response about a video from the answers about its windows.

    A failure of one window is that of the video: if it is ours, the response has an ``error``; if
    it is the model's, the text is empty, and ``window_failure`` returns the status. The answer
    about a video of a single window stays as it is.

    Args:
        name: Id of the question about the video.
        windows: The questions about its windows, in order.
        answers: Answers by the id of these questions.
    """
    spans = [question.media[0].span for question in windows]
    responses = [answers[question.id] for question in windows]
    if spans[0] is None:  # the video could not be read
        return replace(responses[0], id=name)
    whole = _summed(name, [span for span in spans if span is not None], responses)
    failed = [place for place, one in enumerate(responses) if one.error is not None]
    if failed:
        where = _where(whole.windows, failed[0])
        return replace(whole, finish_reason="error", error=f"{where}: {responses[failed[0]].error}")
    if len(responses) == 1:
        [only] = responses
        return replace(whole, text=only.text, confidences=only.confidences)
    if window_failure(whole) is not None:
        return whole
    parsed = [read_window(answer) for answer in whole.windows]
    merged = merge_windows(
        [
            WindowTimes(answer.start, answer.end, _timed(one, response.confidences))
            for answer, one, response in zip(whole.windows, parsed, responses, strict=True)
        ]
    )
    confidences = tuple(one.confidence for one in merged.answers if one.confidence is not None)
    counts = {OUTSIDE: merged.outside, CONTRADICTED: merged.contradicted}
    return replace(
        whole,
        text=json.dumps([one.time for one in merged.answers]),
        confidences=confidences if len(confidences) == len(merged.answers) > 0 else None,
        notes={**whole.notes, **{note: count for note, count in counts.items() if count}},
    )


def read_window(answer: WindowAnswer) -> ParseResult:
    """Return what was read from the answer about a window."""
    return parse_times(answer.text, finish_reason=answer.finish_reason)


def window_failure(response: Response) -> tuple[Status, str] | None:
    """Return the status and the reason if the model failed in one of several windows.

    A cut-off answer without a time has failed, as it has about a whole video.
    """
    if len(response.windows) < 2 or response.error is not None:
        return None
    for place, answer in enumerate(response.windows):
        parsed = read_window(answer)
        if parsed.status in ("unparseable", "refused"):
            return parsed.status, f"{_where(response.windows, place)} is {parsed.status}"
        if parsed.status == "partial" and not parsed.times:
            where = _where(response.windows, place)
            return "partial", f"{where} was cut off before the first time"
    return None


def with_window_failure(scored: SampleScore, response: Response) -> SampleScore:
    """Return the score with the status and the reason of a failed window, if one failed."""
    failure = window_failure(response)
    if failure is None:
        return scored
    status, reason = failure
    return replace(scored, status=status, message=f"the answer about {reason}")


def _where(windows: Sequence[WindowAnswer], place: int) -> str:
    window = windows[place]
    return f"window {place + 1} of {len(windows)} ({window.start:.2f} to {window.end:.2f} s)"


def _timed(parsed: ParseResult, confidences: tuple[float, ...] | None) -> tuple[TimedAnswer, ...]:
    if confidences is None or len(confidences) != len(parsed.times):
        return tuple(TimedAnswer(time) for time in parsed.times)
    return tuple(map(TimedAnswer, parsed.times, confidences))


def _summed(
    name: str, spans: Sequence[tuple[float, float]], responses: Sequence[Response]
) -> Response:
    """Return a response without a text: tokens and seconds are sums over the windows."""
    seconds = [one.seconds for one in responses if one.seconds is not None]
    cached = any(one.cached for one in responses)
    notes: dict[str, int] = {}
    for response in responses:
        for note, count in response.notes.items():  # every window reports the repairs of the file
            notes[note] = max(count, notes.get(note, 0))
    return Response(
        name,
        usage=_usage([response.usage for response in responses]),
        finish_reason="length" if any(r.finish_reason == "length" for r in responses) else "stop",
        convention=responses[0].convention,
        image_size=responses[0].image_size,
        # The seconds of some windows only would look like those of the video.
        seconds=round(sum(seconds), 6) if seconds and not cached else None,
        cached=cached,
        notes=notes,
        windows=tuple(
            WindowAnswer(round(start, 6), round(end, 6), one.text, one.finish_reason, one.error)
            for (start, end), one in zip(spans, responses, strict=True)
        ),
    )


def _usage(usages: Sequence[Usage]) -> Usage:
    """Return the sums of token counts; unknown if a window's count is, measured if all are."""

    def total(counts: Sequence[int | None]) -> int | None:
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    sources = {usage.visual_source for usage in usages}
    order: tuple[TokenSource, ...] = ("unknown", "derived", "measured")
    return Usage(
        visual=total([usage.visual for usage in usages]),
        visual_source=next(source for source in order if source in sources),
        prompt=total([usage.prompt for usage in usages]),
        output=total([usage.output for usage in usages]),
    )


def check_task(task: Task[Any], plan: InputPlan) -> None:
    """Check that answers to a task's questions can be merged.

    Raises:
        UsageError: The plan has windows, and the answers cannot be merged.
    """
    reason = task.windows_problem
    if plan.config.window is not None and reason is not None:
        raise UsageError(
            f"input.window={plan.config.window:g} cannot be used with task={task.name}: {reason}; "
            "leave input.window out"
        )

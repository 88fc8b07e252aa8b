"""Every sample of a run with its question, truth, answer and score, for the logs of other tools."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jumpscore.records import (
    CountView,
    Question,
    Response,
    SampleScore,
    SpanView,
    TimelineView,
    View,
)
from jumpscore.report.html import questions_of
from jumpscore.runs import StoredRun


@dataclass(frozen=True, slots=True)
class LoggedSample:
    """A sample as it is logged.

    Attributes:
        score: Its score.
        response: What the model answered; ``None`` without an answer.
        prompt: Text of the question; empty if the data set is not available.
        media: Files of the question, by name only.
        target: True events, count or span as JSON; empty for other tasks.
    """

    score: SampleScore
    response: Response | None
    prompt: str
    media: tuple[str, ...]
    target: str

    @property
    def values(self) -> dict[str, float]:
        """Per-sample values that are defined, by metric."""
        return {name: value for name, value in self.score.values.items() if value is not None}

    @property
    def problem(self) -> str | None:
        """Why the sample is unscored; ``None`` if it has a score."""
        if self.score.status != "error":
            return None
        return self.score.message or (self.response and self.response.error) or "not answered"


def logged_samples(run: StoredRun) -> list[LoggedSample]:
    """Return every sample in the order of the data set."""
    questions = questions_of(run)
    return [_logged(score, run.responses.get(score.id), questions) for score in run.scores]


def _logged(
    score: SampleScore, response: Response | None, questions: Mapping[str, Question | str]
) -> LoggedSample:
    question = questions.get(score.id, "")
    known = question if isinstance(question, Question) else None
    return LoggedSample(
        score=score,
        response=response,
        prompt=known.prompt if known else "",
        media=tuple(media.path.name for media in known.media) if known else (),
        target=_target(score.view),
    )


def _target(view: View | None) -> str:
    return json.dumps(view.truth) if isinstance(view, TimelineView | CountView | SpanView) else ""


def json_text(content: Any, *, indent: int | None = None) -> str:
    """Return JSON in ASCII; lone surrogates of answers are replaced.

    Other tools encode what they read as UTF-8, which has no lone surrogates.
    """
    return json.dumps(_sound(content), indent=indent, allow_nan=False)


def _sound(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, Mapping):
        return {_sound(key): _sound(item) for key, item in value.items()}
    return [_sound(item) for item in value] if isinstance(value, list | tuple) else value

"""One opened model that answers about single videos, without a data set or a stored run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from jumpscore.data.layout import QUESTION
from jumpscore.errors import JumpScoreError, NoAnswerError, UsageError
from jumpscore.harness.config import RunConfig
from jumpscore.harness.factory import model_of_config
from jumpscore.harness.input import InputPlan
from jumpscore.harness.windows import merged_response, window_failure, window_questions
from jumpscore.records import Media, ParseResult, Question, Response
from jumpscore.scoring import parse_times
from model_wrappers.base import ModelWrapper


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's answer about one video.

    Attributes:
        model: Display name of the model.
        remarks: Limits of the model and of this answer that a reader should know.
        response: The answer.
        parsed: The times in it.
    """

    model: str
    remarks: tuple[str, ...]
    response: Response
    parsed: ParseResult

    @property
    def remark(self) -> str | None:
        """The remarks as one sentence with the model's name, or ``None`` without remarks."""
        return f"{self.model}: {'; '.join(self.remarks)}" if self.remarks else None


@dataclass(frozen=True, slots=True)
class OpenModel:
    """A model that is open, and what it is shown.

    Attributes:
        wrapper: The model.
        input: What it is shown of a video.
    """

    wrapper: ModelWrapper
    input: InputPlan

    def predict(self, video: Path, prompt: str = QUESTION) -> Prediction:
        """Return the model's answer to a question for times.

        Args:
            video: A video file.
            prompt: The question.

        Raises:
            VideoError: The video cannot be read.
            NoAnswerError: The answer contains no times.
        """
        wrapper = self.wrapper
        question = Question(id=video.stem, media=(Media(video),), prompt=prompt)
        windows = window_questions(self.input, question)
        answers: dict[str, Response] = {}
        with _blamed_on(wrapper, f" on {video}"):
            for window in windows:
                request = wrapper.prepare(window, self.input.prepare(window))
                [answers[window.id]] = wrapper.generate([request])
        if self.input.config.window is None:
            response = answers[question.id]
        else:
            response = merged_response(question.id, windows, answers)
        parsed = read_times(wrapper, response)
        remarks = (*wrapper.notes, *response.notes)
        return Prediction(wrapper.display_name, remarks, response, parsed)


def read_times(wrapper: ModelWrapper, response: Response) -> ParseResult:
    """Return the times in a model's answer.

    Raises:
        NoAnswerError: It contains no times and does not state that there are none.
    """
    if (failure := window_failure(response)) is not None:
        raise NoAnswerError(f"{wrapper.name} gave no times: the answer about {failure[1]}")
    parsed = parse_times(response.text, finish_reason=response.finish_reason)
    if parsed.status == "partial" and not parsed.times:
        raise NoAnswerError(
            f"{wrapper.name} gave no times before its answer was cut off: {response.text[:200]!r}"
        )
    if parsed.status in ("unparseable", "refused"):
        raise NoAnswerError(
            f"{wrapper.name} gave no times ({parsed.status}): {response.text[:200]!r}"
        )
    return parsed


@contextmanager
def open_model(config: RunConfig) -> Iterator[OpenModel]:
    """Yield the model of a configuration, and close it afterwards.

    Raises:
        UsageError: The model needs the truth or is unknown, or a cluster is configured.
        NoAnswerError: The model cannot be opened.
    """
    config.run.require_local("asking about single videos")
    wrapper = model_of_config(config)
    if wrapper.needs_truth:
        raise UsageError(f"model {wrapper.name!r} answers from the truth; a new video has none")
    plan = InputPlan.resolve(wrapper, config.input).in_run(config.run)
    try:
        with _blamed_on(wrapper, ""):
            wrapper.open()
        yield OpenModel(wrapper, plan)
    finally:
        wrapper.close()


@contextmanager
def _blamed_on(wrapper: ModelWrapper, where: str) -> Iterator[None]:
    """Raise a ``NoAnswerError`` with the model's name for errors that are not ours."""
    try:
        yield
    except JumpScoreError:
        raise
    except Exception as error:  # a wrapper may raise anything
        raise NoAnswerError(f"{wrapper.name} failed{where}: {error!r}") from error

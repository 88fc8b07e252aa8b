"""``jumpscore predict``: any video file in, times out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from jumpscore.cli.console import notes, output, print_json
from jumpscore.cli.options import Json, Overrides
from jumpscore.data.layout import QUESTION
from jumpscore.errors import JumpScoreError, NoAnswerError, UsageError
from jumpscore.harness import RunConfig, run_config
from jumpscore.harness.compose import compose
from jumpscore.harness.factory import model_of_config
from jumpscore.harness.input import InputPlan
from jumpscore.records import Media, ParseResult, Question, Response
from jumpscore.scoring import parse_times
from jumpscore.video import probe


def predict_video(
    video: Annotated[Path, typer.Argument(help="Any video file.")],
    overrides: Overrides = None,
    as_json: Json = False,
    html: Annotated[Path | None, typer.Option(help="Write a page with pictures here.")] = None,
) -> None:
    """Ask a model for the jumps of one video and print them."""
    info = probe(video)  # names what is wrong with a file before a model is loaded
    config = run_config(compose(overrides or []))
    prediction = ask_one(video, config)
    if as_json:
        print_json(_as_json(video, prediction) | {"video_notes": dict(info.notes)})
    else:
        _print(video, prediction)
        for note in info.note_lines:
            notes().print(f"{video.name}: {note}", style="yellow", soft_wrap=True)
    if html is not None:
        from jumpscore.report.html import write_prediction_page

        page = write_prediction_page(
            video,
            prediction.parsed.times,
            html,
            model=prediction.model,
            confidences=prediction.response.confidences,
            note=prediction.remark,
        )
        notes().print(f"page: {page}", style="dim", soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Prediction:
    """A model's answer about one video.

    Attributes:
        model: Display name of the model.
        remarks: Limits of the model that a reader of its answers should know.
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


def ask_one(video: Path, config: RunConfig) -> Prediction:
    """Return a model's answer to the JumpScore question about one video.

    Raises:
        UsageError: The model needs the truth, or is unknown.
        VideoError: The video cannot be read.
        NoAnswerError: The answer contains no times.
    """
    wrapper = model_of_config(config)
    if wrapper.needs_truth:
        raise UsageError(f"model {wrapper.name!r} answers from the truth; a new video has none")
    question = Question(id=video.stem, media=(Media(video),), prompt=QUESTION)
    plan = InputPlan.resolve(wrapper, config.input).in_run(config.run)
    try:
        wrapper.open()
        request = wrapper.prepare(question, plan.prepare(question))
        [response] = wrapper.generate([request])
    except JumpScoreError:
        raise
    except Exception as error:  # a wrapper may raise anything
        raise NoAnswerError(f"{wrapper.name} failed on {video}: {error!r}") from error
    finally:
        wrapper.close()
    parsed = parse_times(response.text, finish_reason=response.finish_reason)
    if parsed.status == "partial" and not parsed.times:
        raise NoAnswerError(
            f"{wrapper.name} gave no times before its answer was cut off: {response.text[:200]!r}"
        )
    if parsed.status in ("unparseable", "refused"):
        raise NoAnswerError(
            f"{wrapper.name} gave no times ({parsed.status}): {response.text[:200]!r}"
        )
    return Prediction(wrapper.display_name, wrapper.notes, response, parsed)


def _as_json(video: Path, prediction: Prediction) -> dict[str, Any]:
    confidences = prediction.response.confidences
    return {
        "video": str(video),
        "model": prediction.model,
        "remarks": list(prediction.remarks),
        "status": prediction.parsed.status,
        "times": list(prediction.parsed.times),
        "confidences": None if confidences is None else list(confidences),
    }


def _print(video: Path, prediction: Prediction) -> None:
    console, times = output(), prediction.parsed.times
    console.print(
        f"{len(times)} jump{'' if len(times) == 1 else 's'} in {video} (model {prediction.model}, "
        "times in seconds)",
        style="bold",
        soft_wrap=True,
    )
    if prediction.remark:
        console.print(prediction.remark, style="yellow", soft_wrap=True)
    if prediction.parsed.status == "partial":
        console.print("the answer was cut off; these are the times before that", style="yellow")
    if times:
        console.print(", ".join(f"{time:.2f}" for time in times), soft_wrap=True)

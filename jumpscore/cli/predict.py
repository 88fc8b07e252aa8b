"""``jumpscore predict``: any video file in, times out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from jumpscore.cli.console import notes, output, print_json
from jumpscore.cli.options import Json, Overrides
from jumpscore.harness import run_config
from jumpscore.harness.compose import compose
from jumpscore.harness.single import Prediction, open_model
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
    with open_model(config) as model:
        prediction = model.predict(video)
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


def _as_json(video: Path, prediction: Prediction) -> dict[str, Any]:
    confidences = prediction.response.confidences
    return {
        "video": str(video),
        "model": prediction.model,
        "remarks": list(prediction.remarks),
        "status": prediction.parsed.status,
        "times": list(prediction.parsed.times),
        "confidences": None if confidences is None else list(confidences),
        "windows": [asdict(window) for window in prediction.response.windows],
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

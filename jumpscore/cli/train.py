"""``jumpscore train``: clips, three stages, a checkpoint."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from jumpscore.cli.console import notes, output, print_json, progress
from jumpscore.cli.options import Json, Workers
from jumpscore.conf.settings import stored_settings
from jumpscore.errors import InterruptedRun

if TYPE_CHECKING:
    from jumpscore.training.settings import TrainSettings


def train_model(
    name: Annotated[str, typer.Argument(help="What to train: tiny or tiny2.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="key=value, such as seed=1 or join.steps=6000")
    ] = None,
    out: Annotated[
        Path, typer.Option(help="Output folder. Rerun with the same folder to resume.")
    ] = Path("jumpscore-train"),
    clips: Annotated[
        Path | None, typer.Option(help="Folder of prepared clips, shared by runs; default: in out.")
    ] = None,
    workers: Workers = None,
    as_json: Json = False,
) -> None:
    """Prepare clips, train, write the checkpoint and print how well it does.

    Raises:
        UsageError: Unknown run, key or device, or the folder contains another run.
        InterruptedRun: Ctrl-C.
    """
    from jumpscore.training.runs import CACHE, CHECKPOINT, claimed_folder
    from jumpscore.training.settings import TrainSettings
    from model_wrappers.transformers.wrapper import require_packages, torch_device

    settings = stored_settings(TrainSettings, "train", name, overrides or [])
    require_packages("llava_ov2")
    torch_device(settings.device, key="device")  # before ten minutes of rendering
    with claimed_folder(out, settings):
        try:
            facts = _train(settings, out, clips or out / CACHE, workers or os.cpu_count() or 1)
        except KeyboardInterrupt:
            raise InterruptedRun(
                f"{out}: prepared clips and the last checkpoint, one every {settings.save_every} "
                "steps, are stored; rerun the same command to resume"
            ) from None
    if as_json:
        print_json({"checkpoint": str(out / CHECKPOINT), **facts})
        return
    output().print(
        f"{out / CHECKPOINT}: {facts['parameters']:,} parameters, {facts['clips']} clips, "
        f"{facts['seconds'] / 60:.0f} min; {_held_out(facts['held_out'])}",
        soft_wrap=True,
    )
    output().print(
        f"try it: jumpscore run model=llava_ov2 model.checkpoint={out / CHECKPOINT} "
        "task.data=small",
        style="dim",
        soft_wrap=True,
    )


def _train(settings: TrainSettings, out: Path, clips: Path, workers: int) -> dict[str, Any]:
    """Prepare the clips and train, with a progress bar each; return the facts of the run."""
    from jumpscore.training.clips import prepare_lessons
    from jumpscore.training.runs import train

    with progress("preparing", "clips") as advance:
        learned, held_out = prepare_lessons(settings.data, clips, workers=workers, on_clip=advance)
    read, look, join = settings.read.steps, settings.look.steps, settings.join.steps
    before = {"read": 0, "look": read, "join": read + look}
    with progress("training", "steps") as advance:

        def on_step(stage: str, step: int, steps: int, row: Mapping[str, float]) -> None:
            advance(before[stage] + step, read + look + join)
            if "f1_codec" in row:
                notes().print(_checked(stage, step, row), style="dim", soft_wrap=True)

        return train(settings, out, learned=learned, held_out=held_out, on_step=on_step)


def _checked(stage: str, step: int, row: Mapping[str, float]) -> str:
    return f"{stage} {step}: {_held_out(row)}, loss {row['answer']:.3f}"


def _held_out(row: Mapping[str, float]) -> str:
    scores = {name: value for name, value in row.items() if name.startswith("f1_")}
    if not scores:
        return "not looked at held-out clips"
    parts = [f"{_shown(name)} {100 * value:.1f} %" for name, value in scores.items()]
    quiet = [
        f"; no times in {100 * value:.0f} % of {name.removeprefix('quiet_')}"
        for name, value in row.items()
        if name.startswith("quiet_")
    ]
    return f"held-out F1 at 0.1 s: {', '.join(parts)}{''.join(quiet)}"


def _shown(name: str) -> str:
    """Return the name of a score in words, such as ``canvases of mini``."""
    kind, _, profile = name.removeprefix("f1_").partition("_")
    kind = {"codec": "canvases"}.get(kind, kind)
    return f"{kind} of {profile}" if profile else kind

"""``jumpscore video``: the commands and their options; what they do lives in ``video``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jumpscore.cli.options import EXIT_FAILED_SAMPLES, Backend, Json

video_app = typer.Typer(
    help="See what a model would see of a video, and what it costs.", no_args_is_help=True
)


@video_app.command()
def inspect(
    video: Annotated[Path, typer.Argument(help="Any video file.")],
    canvases: Annotated[int, typer.Option(min=1, help="How many.")] = 16,
    max_pixels: Annotated[int, typer.Option(min=784, help="Largest area of a canvas.")] = 313_600,
    backend: Backend = "pyav",
    out: Annotated[
        Path | None, typer.Option(help="The page; by default <video>.codec.html here.")
    ] = None,
    canvas_dir: Annotated[
        Path | None, typer.Option(help="Write the canvases here too, in the published layout.")
    ] = None,
    json: Json = False,
) -> None:
    """Write a page with the bit-cost curve, the groups, the canvases and the chosen blocks."""
    from jumpscore.cli.video import inspect_video

    inspect_video(
        video,
        canvases=canvases,
        max_pixels=max_pixels,
        backend=backend,
        out=out,
        canvas_folder=canvas_dir,
        as_json=json,
    )


@video_app.command()
def plan(
    videos: Annotated[list[Path], typer.Argument(help="Any video files.")],
    tokens: Annotated[int, typer.Option(min=1, help="The budget.")],
    matching: Annotated[
        str, typer.Option(help="What the budget counts: visual, total or as_published.")
    ] = "visual",
    backend: Backend = "pyav",
    json: Json = False,
) -> None:
    """Print both arms of a comparison under one token budget: frames and canvases."""
    from jumpscore.cli.video import plan_videos

    if plan_videos(videos, tokens=tokens, matching=matching, backend=backend, as_json=json):
        raise typer.Exit(EXIT_FAILED_SAMPLES)

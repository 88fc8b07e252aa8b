"""``jumpscore video``: a table of its commands."""

from __future__ import annotations

from typing import ClassVar

import typer

from jumpscore.cli.commands import LazyGroup, Rows


class _Commands(LazyGroup):
    rows: ClassVar[Rows] = {
        "inspect": (
            "jumpscore.cli.video.inspect:inspect_video",
            "Write a page with the bit-cost curve, the groups, the canvases and their blocks.",
        ),
        "plan": (
            "jumpscore.cli.video.plan:plan_videos",
            "Print frames and canvases for one token budget: pictures, sizes and tokens.",
        ),
    }


app = typer.Typer(
    cls=_Commands, no_args_is_help=True, add_completion=False, rich_markup_mode="rich"
)


@app.callback()
def _root() -> None:
    """Show what a model would see of a video, and how many tokens that takes."""

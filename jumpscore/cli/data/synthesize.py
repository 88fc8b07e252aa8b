"""``jumpscore data synthesize``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from jumpscore.builder.generate import synthesize
from jumpscore.builder.jump_rope import load_profile
from jumpscore.cli.console import output, progress
from jumpscore.cli.options import Workers


def synthesize_set(
    out: Annotated[Path, typer.Option(help="Folder for the data set.")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="key=value of the profile, such as clips=100")
    ] = None,
    profile: Annotated[
        str, typer.Option(help="Render mini, small, full, rates or no_jumps.")
    ] = "mini",
    seed: Annotated[int, typer.Option(min=0, help="Seed; equal seeds give equal sets.")] = 0,
    workers: Workers = None,
) -> None:
    """Render a data set and print its size."""
    settings = load_profile(profile, overrides or [])
    with progress("rendering", "clips") as advance:
        manifest = synthesize(out, settings, seed=seed, workers=workers, on_progress=advance)
    jumps = sum(facts["jumps"] for facts in manifest.videos.values())
    seconds = sum(facts["duration"] for facts in manifest.videos.values())
    output().print(
        f"{out}: {len(manifest.videos)} clips, {seconds:.0f} s, {jumps} jumps",
        soft_wrap=True,
    )

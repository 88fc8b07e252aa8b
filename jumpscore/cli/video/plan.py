"""``jumpscore video plan``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, cast

import typer
from rich.table import Table

from jumpscore.cli.console import notes, output, print_json
from jumpscore.cli.options import Backend, Json
from jumpscore.errors import UsageError, VideoError, unknown_name
from jumpscore.video import PLAIN_GRID, MatchedArms, TokenGrid, VisualInput, match_budgets
from jumpscore.video.budgets import COARSE, Matching, mean_difference
from jumpscore.video.codec.canvases import ScoreBackend
from model_wrappers.families import FAMILIES, family_named


def plan_videos(
    videos: Annotated[list[Path], typer.Argument(help="Any video files.")],
    tokens: Annotated[int, typer.Option(min=1, help="Token budget.")],
    matching: Annotated[
        str, typer.Option(help="What the budget counts: visual, total or as_published.")
    ] = "visual",
    model: Annotated[
        str, typer.Option(help="Model whose token grid the frames have, such as molmo2.")
    ] = "llava_ov2",
    backend: Backend = "pyav",
    as_json: Json = False,
) -> bool:
    """Print both arms of a matched comparison; return whether a video could not be read.

    Raises:
        UsageError: The matching or the model is unknown, or the budget too small for a video.
    """
    grid = _grid_of(model)
    arms: list[MatchedArms] = []
    problems: list[str] = []
    for video in videos:
        try:
            pair = match_budgets(
                video,
                visual_tokens=tokens,
                matching=cast(Matching, matching),  # checked there, as is the backend
                grid=grid,
                backend=cast(ScoreBackend, backend),
            )
            arms.append(pair)
        except VideoError as error:
            if len(videos) == 1:
                raise
            problems.append(str(error))
    if as_json:
        print_json(
            {
                "budget": tokens,
                "matching": matching,
                "videos": [_arms_facts(pair) for pair in arms],
                "mean_difference": mean_difference(arms) if arms else None,
                "problems": problems,
            }
        )
        return bool(problems)
    if arms:
        output().print(_arms_table(arms, tokens, matching))
        for line in _remarks(arms):
            output().print(line, soft_wrap=True)
    for problem in problems:
        notes().print(f"error: {problem}", style="red", soft_wrap=True)
    return bool(problems)


def _grid_of(model: str) -> TokenGrid:
    """Return the token grid of a released model."""
    family = family_named(model)
    if family is not None:
        return family.grid
    names = ["llava_ov2", *(family.name for family in FAMILIES)]
    if model not in names:
        raise UsageError(unknown_name("--model", model, names))
    return PLAIN_GRID


def _arms_facts(pair: MatchedArms) -> dict[str, Any]:
    def facts(visual: VisualInput) -> dict[str, Any]:
        return {
            "pictures": len(visual.blocks),
            "size": [visual.width, visual.height],
            "visual_tokens": visual.visual_tokens,
            "stamp_tokens": visual.text_tokens,
            "total_tokens": visual.total_tokens,
            "exhausted": visual.exhausted,
            "truncated": visual.truncated,
            "notes": list(visual.notes),
        }

    return {
        "video": str(pair.frames.path),
        "frames": facts(pair.frames),
        "canvases": facts(pair.canvases),
        "difference": pair.difference,
    }


def _arms_table(arms: Sequence[MatchedArms], tokens: int, matching: str) -> Table:
    table = Table(
        title=f"budget {tokens:,} tokens, matching {matching}", title_justify="left", caption=""
    )
    if len(arms) > 1:
        table.add_column("video", overflow="fold")
    table.add_column("arm", style="bold")
    for name in ("pictures", "size", "tokens each", "visual", "stamps", "total", "difference"):
        table.add_column(name, justify="right", no_wrap=True)
    for pair in arms:
        for name, visual in (("frames", pair.frames), ("canvases", pair.canvases)):
            count = len(visual.blocks)
            first = [pair.frames.path.name if name == "frames" else ""] if len(arms) > 1 else []
            table.add_row(
                *first,
                name,
                f"{count:,}",
                f"{visual.width}x{visual.height}",
                f"{visual.visual_tokens // count:,}",
                f"{visual.visual_tokens:,}",
                f"{visual.text_tokens:,}",
                f"{visual.total_tokens:,}",
                f"{pair.difference:+.2%}" if name == "frames" else "",
            )
    return table


def _remarks(arms: Sequence[MatchedArms]) -> list[str]:
    lines = []
    if len(arms) > 1:
        lines.append(f"mean difference over {len(arms)} videos: {mean_difference(arms):+.2%}")
    for pair in arms:
        name = pair.frames.path.name
        if abs(pair.difference) > COARSE and pair.matching != "as_published":
            lines.append(
                f"{name}: the arms differ by {abs(pair.difference):.1%}; small budgets are coarse"
            )
        if pair.canvases.exhausted:
            lines.append(f"{name}: exhausted, it has only {len(pair.canvases.blocks)} frames")
        if pair.canvases.truncated:
            lines.append(f"{name}: the file is cut off ({pair.canvases.truncated})")
        lines += [f"{name}: {note}" for note in pair.canvases.notes]
    return lines

"""``jumpscore video``: what a model would see of a video, and what it would cost."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from rich.table import Table

from jumpscore.cli.console import notes, output, print_json
from jumpscore.errors import UsageError, VideoError
from jumpscore.video import MatchedArms, VisualInput, match_budgets
from jumpscore.video.budgets import COARSE, Matching, mean_difference
from jumpscore.video.codec import CodecPlan, ScoreBackend, plan_canvases


def inspect_video(
    video: Path,
    *,
    canvases: int,
    max_pixels: int,
    backend: str,
    out: Path | None,
    canvas_folder: Path | None,
    as_json: bool,
) -> None:
    """Write the page of a video's canvases and say what is on it."""
    from jumpscore.report.codec_page import write_codec_page

    page = out or Path(f"{video.stem}.codec.html")
    if page.exists() and video.exists() and page.samefile(video):
        raise UsageError(f"--out {page}: is the video itself; name another file")
    known = cast(ScoreBackend, backend)  # checked by what it is handed to
    plan = plan_canvases(video, canvases=canvases, max_pixels=max_pixels, backend=known)
    write_codec_page(plan, page)
    folder = None if canvas_folder is None else _write_canvases(plan.visual, canvas_folder)
    facts = _facts(plan)
    if as_json:
        print_json(facts | {"page": str(page), "folder": None if folder is None else str(folder)})
        return
    for key, value in facts.items():
        if value not in (None, [], False):
            output().print(f"{key.replace('_', ' ')}: {_words(value)}", soft_wrap=True)
    if folder is not None:
        notes().print(f"canvases: {folder}", style="dim", soft_wrap=True)
    notes().print(f"page: {page}", style="dim", soft_wrap=True)


def _write_canvases(visual: VisualInput, parent: Path) -> Path:
    from jumpscore.video.prepared import folder_name, write_prepared

    folder = parent / folder_name(visual.path)
    write_prepared(visual, folder)
    return folder


def _facts(plan: CodecPlan) -> dict[str, Any]:
    visual = plan.visual
    return {
        "video": str(visual.path),
        "canvases": len(visual.blocks),
        "size": [visual.width, visual.height],
        "visual_tokens": visual.visual_tokens,
        "stamp_tokens": visual.text_tokens,
        "frames": {
            "shown": len(visual.frame_indices),
            "sampled": len(plan.sampled),
            "in_video": plan.info.frames,
        },
        "groups": [
            {
                "seconds": [float(plan.info.times[f]) for f in (stretch.first, stretch.last)],
                "frames": [stretch.first, stretch.last],
                "canvases": [stretch.canvases.start, stretch.canvases.stop - 1],
            }
            for stretch in plan.stretches
        ],
        "time_policy": visual.time_policy,
        "track": plan.info.track,
        "provenance": dict(visual.provenance),
        "notes": list(visual.notes),
        "truncated": visual.truncated,
        "exhausted": visual.exhausted,
        "fingerprint": visual.fingerprint,
    }


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {part}" for key, part in value.items())
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return str(len(value))
    if isinstance(value, list) and value and isinstance(value[0], int):
        return "x".join(str(part) for part in value)
    return "; ".join(value) if isinstance(value, list) else str(value)


def plan_videos(
    videos: Sequence[Path], *, tokens: int, matching: str, backend: str, as_json: bool
) -> bool:
    """Print both arms of a matched comparison; return whether a video could not be read.

    Raises:
        UsageError: The matching is unknown, or the budget too small for a video.
    """
    arms: list[MatchedArms] = []
    problems: list[str] = []
    for video in videos:
        try:
            pair = match_budgets(
                video,
                visual_tokens=tokens,
                matching=cast(Matching, matching),  # checked there, as is the backend
                backend=cast(ScoreBackend, backend),
            )
            arms.append(pair)
        except VideoError as error:
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

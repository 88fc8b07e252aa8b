"""``jumpscore video inspect``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from jumpscore.cli.console import notes, output, print_json
from jumpscore.cli.options import Backend, Json
from jumpscore.errors import UsageError
from jumpscore.video import VisualInput
from jumpscore.video.codec.canvases import CodecPlan, ScoreBackend, plan_canvases


def inspect_video(
    video: Annotated[Path, typer.Argument(help="Any video file.")],
    canvases: Annotated[int, typer.Option(min=1, help="Number of canvases.")] = 16,
    max_pixels: Annotated[int, typer.Option(min=784, help="Largest area of a canvas.")] = 313_600,
    backend: Backend = "pyav",
    out: Annotated[
        Path | None, typer.Option(help="Page to write; default: <video>.codec.html here.")
    ] = None,
    canvas_dir: Annotated[
        Path | None, typer.Option(help="Write the canvases here too, in the published layout.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Write the page of a video's canvases and print what is on it."""
    from jumpscore.report.codec_page import write_codec_page

    page = out or Path(f"{video.stem}.codec.html")
    if page.exists() and video.exists() and page.samefile(video):
        raise UsageError(f"--out {page}: is the video itself; name another file")
    known = cast(ScoreBackend, backend)  # checked by what it is handed to
    plan = plan_canvases(video, canvases=canvases, max_pixels=max_pixels, backend=known)
    write_codec_page(plan, page)
    folder = None if canvas_dir is None else _write_canvases(plan.visual, canvas_dir)
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
    from jumpscore.video.prepared.folders import folder_name, write_prepared

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

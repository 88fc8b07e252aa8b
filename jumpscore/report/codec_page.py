"""The page of codec canvases: bits per frame, groups, and the chosen blocks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from jumpscore.report.codec_curve import canvases, curve
from jumpscore.report.codec_pictures import address, blocks_by_frame, most_used, overlays
from jumpscore.report.page import fact_list, header, page, write_page
from jumpscore.report.text import plural, seconds, shortened
from jumpscore.video.codec.canvases import CodecPlan, Stretch

LARGE = 16
"""Up to this number, canvases are shown in full size, and all groups with their source frames."""
SMALL_WIDTH = 364
"""Width in pixels of a canvas if there are more, and of a source frame."""
MOST_OVERLAYS = 6
"""Groups that are shown with their source frames if there are many."""
MOST_FRAMES = 8
"""Source frames that are shown per group."""
MOST_CANVASES = 128
"""Canvases that are shown; the numbers on the page count all."""


def write_codec_page(plan: CodecPlan, path: Path) -> Path:
    """Write a page about the canvases of one video.

    Args:
        plan: Canvases and how they were made.
        path: Path of the page.

    Returns:
        The path of the page.

    Raises:
        UsageError: The page cannot be written.
        VideoError: A source frame cannot be decoded.
    """
    visual = plan.visual
    name = visual.path.name
    sub = (
        f"{canvases(len(visual.blocks))} of {visual.width}x{visual.height}, "
        f"{visual.visual_tokens:,} visual tokens and {visual.text_tokens:,} of time stamps"
    )
    body = (
        f"<main>{header('Codec-stream input', name, sub, _banners(plan), _facts(plan))}"
        '<section class="panel first"><h2>What each frame cost</h2>'
        f"{curve(plan)}{_legend(plan)}</section>"
        f"<section><h2>{'Groups' if plan.stretches else 'Canvases'}</h2>{_groups(plan)}</section>"
        "</main>"
    )
    return write_page(path, page(f"{name}: codec canvases", body))


def _banners(plan: CodecPlan) -> list[tuple[str, str]]:
    visual = plan.visual
    lines = [("alarm", f"the file is cut off: {visual.truncated}")] if visual.truncated else []
    if visual.exhausted:
        frames = plural(len(visual.blocks), "frame")
        lines.append(("warn", f"exhausted: the video has only {frames}; all are shown, whole"))
    lines += [("warn", note) for note in visual.notes]
    return [(kind, shortened(text, 400)) for kind, text in lines]


def _facts(plan: CodecPlan) -> str:
    visual, info = plan.visual, plan.info
    rate = f"{info.fps:.2f} frames/s, {'constant' if info.constant_rate else 'variable'}"
    origin = ", ".join(f"{key} {value}" for key, value in visual.provenance.items())
    rows = [
        ("Video", f"{info.width}x{info.height}, {info.codec}, {seconds(info.duration)} s, {rate}"),
        (
            "Frames",
            f"{len(visual.frame_indices):,} shown of {len(plan.sampled):,} sampled "
            f"of {info.frames:,}",
        ),
        ("Stamps", f"{len(visual.stamps):,}, {visual.decimals} decimals, {visual.time_policy}"),
        ("Made by", origin),
        ("Fingerprint", visual.fingerprint[:16]),
    ]
    return fact_list(rows)


def _legend(plan: CodecPlan) -> str:
    words = [
        ("line", "bits of each frame in the file, on a logarithmic scale"),
        ("key", "frame at which decoding can start"),
        ("tick", "frame that was sampled"),
    ]
    if plan.stretches:
        words += [("lead", "frame that is shown whole"), ("band", "group")]
    items = "".join(f'<li><i class="{kind}"></i>{text}</li>' for kind, text in words)
    return f'<ul class="marks">{items}</ul>'


def _groups(plan: CodecPlan) -> str:
    if not plan.stretches:
        numbers = range(min(len(plan.visual.blocks), MOST_CANVASES))
        return f'<article class="panel">{_canvases(plan, numbers)}</article>'
    stretches = plan.stretches[: MOST_CANVASES // 4]
    with_frames = set(range(len(stretches)))
    notes = ""
    if len(plan.visual.blocks) > LARGE:
        spread = np.linspace(0, len(stretches) - 1, min(MOST_OVERLAYS, len(stretches)))
        with_frames = set(spread.round().astype(int).tolist())
        names = ", ".join(str(number + 1) for number in sorted(with_frames))
        notes = f'<p class="aside">Source frames are shown for groups {names}.</p>'
    if len(stretches) < len(plan.stretches):
        notes += f'<p class="aside">The first {MOST_CANVASES} canvases are shown.</p>'
    return notes + "".join(
        _group(plan, number, stretch, frames=number in with_frames)
        for number, stretch in enumerate(stretches)
    )


def _group(plan: CodecPlan, number: int, stretch: Stretch, *, frames: bool) -> str:
    times = plan.info.times
    sampled = sum(stretch.first <= frame <= stretch.last for frame in plan.sampled)
    blocks = plan.visual.blocks[stretch.canvases.start + 1 : stretch.canvases.stop]
    chosen = blocks_by_frame(blocks)
    words = (
        f"{seconds(float(times[stretch.first]))} to {seconds(float(times[stretch.last]))} s, "
        f"{plural(sampled, 'sampled frame')}, blocks of {len(chosen)}"
    )
    strip = _frames(plan, chosen) if frames and chosen else ""
    return (
        f'<article class="panel group"><h3>Group {number + 1} <span>{words}</span></h3>'
        f"{_canvases(plan, stretch.canvases)}{strip}</article>"
    )


def _canvases(plan: CodecPlan, numbers: range) -> str:
    visual = plan.visual
    width = visual.width if len(visual.blocks) <= LARGE else SMALL_WIDTH
    figures = []
    for number in numbers:
        sources = np.unique(visual.blocks[number, ..., 0])
        if len(sources) == 1:
            time = float(plan.info.times[sources[0]])
            words = f"frame {sources[0]} whole, {seconds(time)} s"
        else:
            words = f"blocks of {len(sources)} frames, {sources[0]} to {sources[-1]}"
        figures.append(
            f'<figure tabindex="0"><img loading="lazy" decoding="async" alt="canvas {number}" '
            f'src="{address(visual.pixels[number], width)}"><figcaption>{number}'
            f"<span>{words}</span></figcaption></figure>"
        )
    return f'<div class="canvases">{"".join(figures)}</div>'


def _frames(plan: CodecPlan, chosen: dict[int, np.ndarray]) -> str:
    """Return source frames with the chosen blocks on them."""
    frames = most_used(chosen, MOST_FRAMES)
    pictures = overlays(plan.visual, {frame: chosen[frame] for frame in frames}, SMALL_WIDTH)
    figures = []
    for frame in frames:
        time = seconds(float(plan.info.times[frame]))
        count = plural(len(chosen[frame]), "block")
        figures.append(
            f'<figure tabindex="0"><img loading="lazy" decoding="async" src="{pictures[frame]}" '
            f'alt="chosen blocks of frame {frame}"><figcaption>{time} s'
            f"<span>frame {frame}, {count}</span></figcaption></figure>"
        )
    few = len(frames) < len(chosen)
    which = f"the {len(frames)} of {len(chosen)} frames with the most" if few else ""
    return (
        f"<h4>Chosen blocks on their source frames <span>{which}</span></h4>"
        f'<div class="canvases sources">{"".join(figures)}</div>'
    )

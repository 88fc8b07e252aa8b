"""Time stamps in a prompt: what they say, and how many text tokens they cost.

A picture, or in codec input a run of blocks of one source frame, is preceded by
``<12.3 seconds>``. Nothing else in a prompt grows with the number of pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from jumpscore.video.probe import VideoInfo

TimePolicy = Literal["released", "pts"]
"""What stamps say: ``released`` is source frame index / average rate, as the released model, its
processor and vLLM compute it; ``pts`` is the container's presentation time."""

MARKERS = 2
"""Vision-start and vision-end tokens around what a stamp announces."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """One time stamp of a prompt.

    Attributes:
        seconds: The time it states, unrounded.
        frame: Source frame of what follows.
        visual_tokens: Visual tokens that follow, up to the next stamp.
    """

    seconds: float
    frame: int
    visual_tokens: int


def stamp_text(seconds: float, decimals: int) -> str:
    """Return a stamp as the released processor writes it.

    >>> stamp_text(12.345, 1)
    '<12.3 seconds>'
    """
    return f"<{seconds:.{decimals}f} seconds>"


def stamp_tokens(seconds: float, decimals: int, *, newline: bool) -> int:
    """Return the text tokens that a stamp costs: itself, the vision markers and its newline.

    Exact under the tokenizer of Qwen2 and Qwen3, which never merges digits: ``<``, every digit,
    ``.``, `` seconds`` and ``>`` are a token each.

    >>> stamp_tokens(12.34, 2, newline=True)
    11
    >>> stamp_tokens(2.5, 1, newline=False)
    8
    """
    return len(f"{seconds:.{decimals}f}") + 3 + MARKERS + int(newline)


def default_policy(info: VideoInfo) -> tuple[TimePolicy, str | None]:
    """Return the policy for a video, and why where it is not the released model's.

    ``released`` is right only where frame index / average rate is the presentation time: in a clip
    of constant rate that starts at 0.
    """
    if not info.constant_rate:
        return "pts", "the frame rate varies, so stamps are presentation times (policy pts)"
    if info.fps <= 0:
        return "pts", None
    off = float(np.max(np.abs(np.arange(info.frames) / info.fps - info.times)))
    # Half a frame: below that, both name the same frame.
    if off > 0.5 / info.fps:
        return "pts", (
            f"the video starts at {info.times[0]:.2f} s, so stamps are presentation times "
            "(policy pts)"
        )
    return "released", None


def stamp_seconds(policy: TimePolicy, frame: int, time: float, fps: float) -> float:
    """Return what the stamp of a source frame states, in seconds.

    Args:
        policy: Which time.
        frame: Source frame index.
        time: Presentation time of that frame in seconds.
        fps: Average rate of the video.
    """
    return frame / fps if policy == "released" and fps > 0 else time

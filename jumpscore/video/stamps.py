"""Time stamps in a prompt: their text, and how many tokens it costs.

A time stamp such as ``<12.3 seconds>`` precedes every picture or, in codec input, every run of
blocks from one source frame. Nothing else in a prompt grows with the number of pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from jumpscore.video.probe import VideoInfo
from jumpscore.video.sizes import PLAIN_STAMP, StampForm

TimePolicy = Literal["released", "pts"]
"""Time that stamps state: ``released`` is source frame index / average rate, as in the released
model, its processor and vLLM; ``pts`` is the container's presentation time."""

MARKERS = 2
"""Number of vision-start and vision-end tokens around the visual tokens that follow a stamp."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """One time stamp of a prompt.

    Attributes:
        seconds: Stated time, not yet rounded.
        frame: Source frame of the visual tokens that follow.
        visual_tokens: Number of visual tokens up to the next stamp.
    """

    seconds: float
    frame: int
    visual_tokens: int


def stamp_text(seconds: float, decimals: int) -> str:
    """Return a stamp as the released processor writes it.

    >>> stamp_text(12.345, 1)
    '<12.3 seconds>'
    """
    return PLAIN_STAMP.written(seconds, decimals)


def stamp_tokens(
    seconds: float, decimals: int, *, newline: bool, form: StampForm = PLAIN_STAMP
) -> int:
    """Return the text tokens of a stamp, with its vision markers and newline.

    The number is exact for the tokenizer of Qwen2 and Qwen3, which never merges digits: ``<``,
    every digit, ``.``, `` seconds`` and ``>`` are one token each.

    >>> stamp_tokens(12.34, 2, newline=True)
    11
    >>> stamp_tokens(2.5, 1, newline=False)
    8
    """
    return len(f"{seconds:.{decimals}f}") + form.tokens + MARKERS + int(newline)


def default_policy(info: VideoInfo) -> tuple[TimePolicy, str | None]:
    """Return the policy for a video, and the reason if it is not the released model's.

    ``released`` is correct only if frame index / average rate is the presentation time: in a clip
    of constant rate that starts at 0.
    """
    if not info.constant_rate:
        return "pts", "the frame rate varies, so stamps are presentation times (policy pts)"
    if info.fps <= 0:
        return "pts", None
    off = float(np.max(np.abs(np.arange(info.frames) / info.fps - info.times)))
    # Times that differ by less than half a frame mean the same frame.
    if off > 0.5 / info.fps:
        return "pts", (
            f"the video starts at {info.times[0]:.2f} s, so stamps are presentation times "
            "(policy pts)"
        )
    return "released", None


def stamp_seconds(policy: TimePolicy, frame: int, time: float, fps: float) -> float:
    """Return the time that the stamp of a source frame states, in seconds.

    Args:
        policy: Which time to state.
        frame: Source frame index.
        time: Presentation time of that frame in seconds.
        fps: Average rate of the video.
    """
    return frame / fps if policy == "released" and fps > 0 else time

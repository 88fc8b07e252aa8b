"""Matched budgets: spend the same number of tokens on uniform frames and on codec canvases.

"N frames against N canvases" is not an equal budget: a canvas may cost 400 tokens and a frame 196.
Here a budget is a number of tokens, and a comparison states which tokens it matches.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal, Unpack, get_args

from jumpscore.errors import UsageError
from jumpscore.records import Usage
from jumpscore.video.codec.canvases import (
    DECIMALS,
    MAX_PIXELS,
    MOST_CANVASES,
    CanvasOptions,
    cached_canvases,
)
from jumpscore.video.codec.groups import FRAMES_PER_CANVAS
from jumpscore.video.frames import even_count, frames_of_size, uniform_indices
from jumpscore.video.prepared.cache import InputCache
from jumpscore.video.probe import VideoInfo, probe
from jumpscore.video.sizes import PLAIN_GRID, TokenGrid
from jumpscore.video.stamps import default_policy, stamp_seconds, stamp_tokens
from jumpscore.video.visual_input import VisualInput

Matching = Literal["visual", "total", "as_published"]
"""What both arms match: ``visual`` tokens; ``total`` tokens, which include the text of the time
stamps; or the number of pictures, whatever they cost (``as_published``)."""

TextCost = Callable[[int], int]
"""Number of frames -> text tokens of their time stamps."""

MOST_REPLANS = 3
"""How often canvases may be added to fill a budget, or removed; each time the video is read
again."""
FRAME_PIXELS = 153_664
"""Area of a frame in the published runs with frames: 392 x 392."""
PUBLISHED_MIN_PIXELS = 100_352
"""Smallest area of a canvas in the published runs with codec input; no minimum otherwise."""
COARSE = 0.02
"""Difference between the arms above which a comparison should warn that its budget is coarse."""
CLOSE = 0.01
"""Shortfall, relative to the budget, below which the frame size most like the video's is taken."""
STRETCH = 0.15
"""Largest difference between the aspect ratios of frame and video, as a natural logarithm."""


@dataclass(frozen=True, slots=True)
class CanvasMaker:
    """Another way to make canvases, with sizes and numbers of its own.

    Attributes:
        make: Makes at most this many canvases.
        step: Their number is a multiple of it.
    """

    make: Callable[[int], VisualInput]
    step: int


@dataclass(frozen=True)
class MatchedArms:
    """The two arms of a comparison; unpacks to (frames, canvases).

    Attributes:
        frames: Uniform frames.
        canvases: Codec canvases.
        budget: Tokens that neither arm exceeds; under ``as_published`` the tokens that decided N.
        matching: Which tokens are matched.
    """

    frames: VisualInput
    canvases: VisualInput
    budget: int
    matching: Matching

    def __iter__(self) -> Iterator[VisualInput]:
        return iter((self.frames, self.canvases))

    @property
    def tokens(self) -> tuple[int, int]:
        """Tokens of (frames, canvases) in the matched sense."""
        return _spent(self.frames, self.matching), _spent(self.canvases, self.matching)

    @property
    def difference(self) -> float:
        """Relative cost of the frames over the canvases; negative if they cost less."""
        frames, canvases = self.tokens
        return frames / canvases - 1.0


def match_budgets(
    video: str | Path | VideoInfo,
    *,
    visual_tokens: int,
    matching: Matching = "visual",
    decimals: int = DECIMALS,
    cache: InputCache | None = None,
    grid: TokenGrid = PLAIN_GRID,
    maker: CanvasMaker | None = None,
    **options: Unpack[CanvasOptions],
) -> MatchedArms:
    """Plan both arms of a comparison under one token budget.

    The canvas arm takes as many whole canvases as fit. The frame arm comes as close to it as
    possible from below, by its (even) count and by its size in steps of a token's side. The
    remaining difference is ``MatchedArms.difference``; it is larger for small budgets.

    Args:
        video: A video file, or what ``probe`` returned for it.
        visual_tokens: The budget; under ``"total"`` it includes the text of the time stamps.
        matching: Which tokens are matched.
        decimals: Decimals of the time stamps, the same in both arms.
        cache: Cache for the canvases.
        grid: Token grid of the frame arm's model.
        maker: Makes the canvases instead of this package.
        **options: See ``CanvasOptions``; ``canvas_grid`` is that of the canvas arm's model.

    Raises:
        UsageError: The budget is too small for this video, or ``matching`` is unknown.
        VideoError: The file cannot be read.
    """
    if matching not in get_args(Matching):
        known = ", ".join(get_args(Matching))
        raise UsageError(f"unknown matching {matching!r}; known: {known}")
    info = video if isinstance(video, VideoInfo) else probe(video)
    min_pixels = PUBLISHED_MIN_PIXELS if matching == "as_published" else None
    max_pixels = options.get("max_pixels", MAX_PIXELS)
    squares = options.get("canvas_grid", PLAIN_GRID).squares
    size = squares.fitted(info.width, info.height, min_pixels=min_pixels, max_pixels=max_pixels)
    each = squares.tokens(*size)
    count = _canvases_within(visual_tokens, each, info, matching=matching, decimals=decimals)

    def planned(count: int) -> VisualInput:
        if maker is not None:
            return maker.make(count).changed(decimals=decimals)
        visual = cached_canvases(info, cache, canvases=count, min_pixels=min_pixels, **options)
        return visual.changed(decimals=decimals)

    if maker is not None:
        most = min(count, info.frames)  # a short video does not fill more
        fewer = _fewer(planned, most - most % maker.step, maker.step, visual_tokens, matching)
        if fewer is None:
            raise UsageError(
                f"{info.path}: a budget of {visual_tokens} tokens, or a video of {info.frames} "
                f"frames, is too small for {maker.step} canvases of this backend, which makes them "
                "in groups; give a larger budget or use backend 'pyav'"
            )
        canvases = fewer
    else:
        canvases = planned(count)
        if matching == "total":
            canvases = _filled(canvases, planned, visual_tokens)
    base = grid.fitted(info.width, info.height, min_pixels=FRAME_PIXELS, max_pixels=FRAME_PIXELS)
    if matching == "as_published":
        width, height = base
        number = even_count(count, info.frames)
    else:
        text = _text_cost(info, decimals, grid) if matching == "total" else None
        target = canvases.visual_tokens if text is None else canvases.total_tokens
        width, height, number = _closest(info, base, target, text, grid)
    frames = frames_of_size(info, count=number, width=width, height=height, grid=grid)
    return MatchedArms(frames.changed(decimals=decimals), canvases, visual_tokens, matching)


def mean_difference(arms: Sequence[MatchedArms]) -> float:
    """Return the mean over videos of ``MatchedArms.difference``."""
    return math.fsum(pair.difference for pair in arms) / len(arms)


def unlike_plan(visual: VisualInput, usage: Usage) -> str | None:
    """Return why a response's token count contradicts the plan, or ``None``.

    Args:
        visual: The input that was sent.
        usage: The tokens that the model reports; only a measured count can contradict the plan.
    """
    if usage.visual_source != "measured" or usage.visual == visual.visual_tokens:
        return None
    return (
        f"the model received {usage.visual} visual tokens instead of the planned "
        f"{visual.visual_tokens} ({len(visual.blocks)} pictures of "
        f"{visual.width}x{visual.height}): its processor resizes or drops pictures; set its pixel "
        "limits to the planned size"
    )


def _canvases_within(
    budget: int, each: int, info: VideoInfo, *, matching: Matching, decimals: int
) -> int:
    """Return how many canvases fit into the budget, whatever blocks they show."""
    count = budget // each
    if matching == "as_published":
        count -= count % 2
    text = _text_cost(info, decimals, newline=True)
    if matching == "total":
        # A canvas's blocks come from eight frames on average, and each frame has its own stamp.
        count = bisect_right(
            range(1, count + 1), budget, key=lambda n: n * each + text(FRAMES_PER_CANVAS * n)
        )
        while count and count * each + text(FRAMES_PER_CANVAS * count) > budget:
            count -= 1
    # A video never gives more canvases than it has frames.
    if count > MOST_CANVASES and info.frames <= MOST_CANVASES:
        count = MOST_CANVASES
    if count > MOST_CANVASES:
        raise UsageError(
            f"{info.path}: a budget of {budget} tokens would need {count} canvases, more than the "
            f"limit of {MOST_CANVASES}; give at most {MOST_CANVASES * each} tokens"
        )
    if count < 1:
        stamps = text(FRAMES_PER_CANVAS) if matching == "total" else 0
        fewest = (2 if matching == "as_published" else 1) * each + stamps
        raise UsageError(
            f"{info.path}: a budget of {budget} tokens is too small for a canvas of {each} visual "
            f"tokens{f' and {stamps} tokens of time stamps' if stamps else ''}; give at least "
            f"{fewest} tokens"
        )
    return count


def _spent(visual: VisualInput, matching: Matching) -> int:
    return visual.total_tokens if matching == "total" else visual.visual_tokens


def _fewer(
    planned: Callable[[int], VisualInput], count: int, step: int, budget: int, matching: Matching
) -> VisualInput | None:
    """Return canvases of another maker, fewer if they cost more than ours; ``None`` if none fit."""
    for _ in range(1 + MOST_REPLANS):
        if count < step:
            break
        canvases = planned(count)
        spent = _spent(canvases, matching)
        if spent <= budget:
            return canvases
        count = min(budget * count // spent, count - 1)
        count -= count % step
    return None


def _filled(
    canvases: VisualInput, planned: Callable[[int], VisualInput], budget: int
) -> VisualInput:
    """Return more canvases if frames without a stamp, which no canvas shows, leave room."""
    for _ in range(MOST_REPLANS):
        count = len(canvases.blocks)
        more = min(budget * count // canvases.total_tokens, MOST_CANVASES)
        if more <= count or canvases.exhausted:
            break
        tried = planned(more)
        if tried.total_tokens > budget:
            tried = planned(count + 1) if more > count + 1 else tried
        if tried.total_tokens > budget:
            break
        canvases = tried
    return canvases


def _text_cost(
    info: VideoInfo, decimals: int, grid: TokenGrid = PLAIN_GRID, *, newline: bool = False
) -> TextCost:
    """Return a function of a number of evenly spread frames: the text tokens of their stamps."""
    together = grid.frames
    policy = default_policy(info)[0]

    @cache
    def cost(frames: int) -> int:
        seconds = [
            stamp_seconds(policy, int(index), float(info.times[index]), info.fps)
            for index in uniform_indices(info.frames, frames)
        ]
        firsts, lasts = seconds[::together], [*seconds[together - 1 :: together], seconds[-1]]
        return sum(
            stamp_tokens((first + last) / 2, decimals, newline=newline, form=grid.stamp)
            for first, last in zip(firsts, lasts, strict=False)
        )

    return cost


def _closest(
    info: VideoInfo,
    base: tuple[int, int],
    target: int,
    text: TextCost | None,
    grid: TokenGrid,
) -> tuple[int, int, int]:
    """Return (width, height, count) of the frame arm that comes closest to ``target`` from below.

    If several sizes are within 1% of the target, the one most like ``base`` and the video's shape
    is taken, otherwise the one with the smallest shortfall.
    """
    best: tuple[tuple[float, float], tuple[int, int, int]] | None = None
    columns, rows = base[0] // grid.side, base[1] // grid.side
    free = grid.size is None
    for wide in range(1, 2 * columns + 1) if free else [columns]:
        for high in range(1, 2 * rows + 1) if free else [rows]:
            bent = abs(math.log(wide / high * info.height / info.width))
            natural = (wide, high) == (columns, rows)
            count = _count_within(info, wide * high, target, text, grid.frames)
            if (bent > STRETCH and not natural) or count == 0:
                continue
            spent = math.ceil(count / grid.frames) * wide * high + (text(count) if text else 0)
            shortfall = 1.0 - spent / target
            unlike = abs(math.log(wide * high / (columns * rows))) + bent
            rank = (0.0, unlike) if shortfall <= CLOSE else (shortfall, unlike)
            if best is None or rank < best[0]:
                best = rank, (wide * grid.side, high * grid.side, count)
    if best is None:
        raise UsageError(
            f"{info.path}: no even number of frames fits into {target} tokens; give a larger budget"
        )
    return best[1]


def _count_within(
    info: VideoInfo, each: int, target: int, text: TextCost | None, together: int
) -> int:
    """Return the largest even count of frames that stays within ``target``, or 0."""
    if info.frames == 1:
        return int(each + (text(1) if text else 0) <= target)
    count = min(target // each * together, info.frames)
    count -= count % 2
    while text is not None and count and math.ceil(count / together) * each + text(count) > target:
        count -= 2
    return count

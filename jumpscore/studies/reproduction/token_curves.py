"""Figure 5 at true token counts: what "N frames against N canvases" costs, and what is left of it.

The paper plots accuracy over the number of frames or canvases. In the published sizes a canvas has
up to twice the tokens of a frame, so equal numbers of pictures are not equal budgets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

from jumpscore.studies.ablation import ABLATION, Ablation, Outcome, read_ablation
from jumpscore.studies.reproduction.published import CurvePoint, curve_points
from jumpscore.video.budgets import COARSE, FRAME_PIXELS, PUBLISHED_MIN_PIXELS
from jumpscore.video.codec.canvases import MAX_PIXELS
from jumpscore.video.sizes import PLAIN_GRID, smart_size

Arm = Literal["frames", "canvases"]
ASSUMED = (1920, 1080)
"""Width and height of the videos; the paper does not state them."""
FIRST = "JumpScore"
"""The benchmark that comes first; the others follow in the order of the paper."""
OTHER_SIZES = ((640, 480), (640, 360), (720, 720))
"""Further sizes whose tokens are listed next to the assumed ones."""


@dataclass(frozen=True, slots=True)
class PictureCost:
    """Visual tokens of one picture of a video, in the published sizes.

    Attributes:
        size: Width and height of the video in pixels.
        frame: Tokens of a frame: 153,664 pixels, small videos are scaled up.
        canvas: Tokens of a canvas: 100,352 to 313,600 pixels.
    """

    size: tuple[int, int]
    frame: int
    canvas: int


def picture_cost(width: int, height: int) -> PictureCost:
    """Return the visual tokens of a frame and of a canvas.

    >>> picture_cost(1920, 1080)
    PictureCost(size=(1920, 1080), frame=180, canvas=364)
    """
    frame = smart_size(width, height, min_pixels=FRAME_PIXELS, max_pixels=FRAME_PIXELS)
    canvas = smart_size(width, height, min_pixels=PUBLISHED_MIN_PIXELS, max_pixels=MAX_PIXELS)
    return PictureCost((width, height), PLAIN_GRID.tokens(*frame), PLAIN_GRID.tokens(*canvas))


@dataclass(frozen=True, slots=True)
class PublishedPair:
    """One budget of the figure: N frames and N canvases.

    Attributes:
        pictures: N.
        frames: Published score of N frames, in percent.
        canvases: Published score of N canvases.
        frame_tokens: Visual tokens of N frames.
        canvas_tokens: Visual tokens of N canvases.
        frames_at_equal_tokens: Score of frames at the tokens of N canvases, between the two nearest
            published points on a straight line over the logarithm of tokens; ``None`` more than
            2% beyond the last published point.
    """

    pictures: int
    frames: float
    canvases: float
    frame_tokens: int
    canvas_tokens: int
    frames_at_equal_tokens: float | None

    @property
    def published_difference(self) -> float:
        """Canvases minus frames at equal numbers of pictures, in points."""
        return self.canvases - self.frames

    @property
    def difference_at_equal_tokens(self) -> float | None:
        """Canvases minus frames at equal visual tokens, in points."""
        at_equal = self.frames_at_equal_tokens
        return None if at_equal is None else self.canvases - at_equal


@dataclass(frozen=True, slots=True)
class MeasuredPoint:
    """One run of an ablation.

    Attributes:
        arm: Frames or canvases.
        tokens: Mean visual tokens of an answer, as measured.
        score: Score in percent.
        low: Lower end of its 95% interval.
        high: Upper end.
    """

    arm: Arm
    tokens: float
    score: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class MeasuredCurve:
    """The runs of an ablation next to a published curve.

    Attributes:
        folder: Name of the ablation's folder.
        model: Model.
        data: Data set.
        metric: Metric of the scores.
        points: Its runs with measured tokens, by arm and then by tokens.
        caveats: Caveats of its numbers.
    """

    folder: str
    model: str
    data: str
    metric: str
    points: tuple[MeasuredPoint, ...]
    caveats: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TokenCurve:
    """One benchmark of the figure.

    Attributes:
        benchmark: Name in the paper.
        pairs: Published points, by number of pictures.
        measured: Ablations of the same task; their model and data are their own.
    """

    benchmark: str
    pairs: tuple[PublishedPair, ...]
    measured: tuple[MeasuredCurve, ...] = ()


@dataclass(frozen=True, slots=True)
class TokenCurves:
    """Figure 5 over visual tokens.

    Attributes:
        assumed: Cost of a picture of the assumed videos.
        other_sizes: Cost for videos of other sizes.
        curves: One per benchmark.
    """

    assumed: PictureCost
    other_sizes: tuple[PictureCost, ...]
    curves: tuple[TokenCurve, ...]

    def to_json(self) -> dict[str, Any]:
        """Return all numbers as JSON values, with the differences."""
        content = asdict(self)
        for curve, listed in zip(self.curves, content["curves"], strict=True):
            for pair, row in zip(curve.pairs, listed["pairs"], strict=True):
                row["published_difference"] = round(pair.published_difference, 6)
                at_equal = pair.difference_at_equal_tokens
                row["difference_at_equal_tokens"] = None if at_equal is None else round(at_equal, 6)
        return content


def token_curves(ablations: Sequence[tuple[str, Ablation]] = ()) -> TokenCurves:
    """Return figure 5 at true token counts, with ablations of the same tasks.

    Args:
        ablations: Name of the folder and the ablation; those of other tasks are left out.
    """
    cost = picture_cost(*ASSUMED)
    points = curve_points()
    curves = tuple(
        TokenCurve(
            benchmark,
            published_pairs([one for one in points if one.benchmark == benchmark], cost),
            tuple(
                measured_curve(name, ablation)
                for name, ablation in ablations
                if is_about(ablation, benchmark)
            ),
        )
        for benchmark in dict.fromkeys([FIRST, *(point.benchmark for point in points)])
    )
    return TokenCurves(cost, tuple(picture_cost(*size) for size in OTHER_SIZES), curves)


def published_pairs(points: Sequence[CurvePoint], cost: PictureCost) -> tuple[PublishedPair, ...]:
    """Return the budgets at which a benchmark has both frames and canvases."""
    frames, canvases = (
        {point.budget_frames: point.value for point in points if point.input == kind}
        for kind in ("frame", "codec")
    )
    known = sorted((n * cost.frame, value) for n, value in frames.items())
    return tuple(
        PublishedPair(
            n, frames[n], canvases[n], n * cost.frame, n * cost.canvas,
            interpolated(known, n * cost.canvas),
        )
        for n in sorted(frames.keys() & canvases.keys())
    )  # fmt: skip


def interpolated(points: Sequence[tuple[float, float]], tokens: float) -> float | None:
    """Return the score at a number of tokens on straight lines over the logarithm of tokens.

    >>> interpolated([(100, 10.0), (400, 30.0)], 200)
    20.0

    Returns:
        ``None`` outside the points; up to 2% above the last one, its score.
    """
    last, score = points[-1]
    if last < tokens <= last * (1 + COARSE):
        return score
    for (left, low), (right, high) in pairwise(points):
        if left <= tokens <= right:
            share = math.log(tokens / left) / math.log(right / left)
            return low + share * (high - low)
    return None


def is_about(ablation: Ablation, benchmark: str) -> bool:
    """Whether an ablation has the task of a benchmark; TimeLens has one panel per data set.

    One in windows has not, because the paper asks about whole videos.
    """
    if any("window" in fields for fields in ablation.shown.values()):
        return False
    if ablation.task != "timelens":
        return ablation.task.casefold() == benchmark.casefold()
    data = ablation.data.casefold().replace("_", "-").rpartition("timelens-")[2]
    return (
        benchmark.casefold().startswith("timelens-") and bool(data) and data in benchmark.casefold()
    )


def measured_curve(name: str, ablation: Ablation) -> MeasuredCurve:
    """Return the runs of an ablation whose visual tokens were measured."""
    factor = 100.0 if ablation.metric.unit == "percent" else 1.0
    arms: tuple[tuple[Arm, list[Outcome]], ...] = (
        ("frames", [budget.frames for budget in ablation.budgets]),
        ("canvases", [budget.codec for budget in ablation.budgets]),
    )

    def percent(value: float | None) -> float | None:
        return None if value is None else factor * value

    points = [
        MeasuredPoint(
            arm, one.tokens.visual, factor * one.score.mean,
            percent(one.score.ci_low), percent(one.score.ci_high),
        )
        for arm, outcomes in arms
        for one in outcomes
        if one.tokens.visual and one.score.mean is not None
    ]  # fmt: skip
    return MeasuredCurve(
        name,
        ablation.model,
        ablation.data,
        ablation.metric.name,
        tuple(sorted(points, key=lambda point: (point.arm, point.tokens))),
        ablation.caveats,
    )


def find_ablations(folder: Path) -> list[tuple[str, Ablation]]:
    """Return the finished ablations in a folder and in the folders directly below it.

    Raises:
        DataError: An ablation is damaged.
    """
    places = [folder, *sorted(path for path in folder.glob("*") if path.is_dir())]
    return [
        (place.resolve().name, read_ablation(place))
        for place in places
        if (place / ABLATION).is_file()
    ]

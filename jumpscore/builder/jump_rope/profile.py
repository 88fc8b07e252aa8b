"""Profiles: how many clips, how long, how large, and how often each nuisance factor occurs.

A profile is a YAML file in ``jumpscore/conf/synthetic/``, validated here. All times are seconds,
all shares probabilities in 0..1, all sizes pixels as displayed.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from jumpscore.builder.jump_rope.styles import STYLE, Activity, StyleName
from jumpscore.conf.settings import Changes, Strict, stored_settings

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]


class _Range(Strict):
    """Values in [low, high]; subclasses limit both."""

    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.high < self.low:
            raise ValueError(f"high={self.high} is below low={self.low}; swap them")
        return self


class DurationBin(_Range):
    """Durations drawn uniformly from [low, high] seconds, with this relative weight."""

    low: Annotated[float, Field(ge=4.0, le=600.0)]
    high: Annotated[float, Field(ge=4.0, le=600.0)]
    weight: Positive


class Resolution(Strict):
    """A displayed frame size; both sides even, because 4:2:0 video stores chroma at half size."""

    width: Annotated[int, Field(ge=128, le=4096, multiple_of=2)]
    height: Annotated[int, Field(ge=128, le=4096, multiple_of=2)]
    weight: Positive


class FpsChoice(Strict):
    """Frames per second; 23.976, 29.97 and 59.94 mean the NTSC fractions."""

    fps: Annotated[float, Field(ge=10.0, le=120.0)]
    weight: Positive


class GapStats(Strict):
    """Seconds between jumps inside a run.

    Attributes:
        low: Shortest typical gap.
        high: Longest typical gap of an ordinary jumper.
        slow_high: Longest typical gap of a slow jumper (drawn from [high, slow_high]).
        slow_share: Share of slow jumpers.
        jitter: Standard deviation of one gap, relative to the typical gap.
        drift: Largest relative change of tempo over a clip.
    """

    low: Annotated[float, Field(ge=0.3, le=1.0)]
    high: Annotated[float, Field(ge=0.3, le=1.0)]
    slow_high: Annotated[float, Field(ge=0.3, le=1.0)]
    slow_share: Share
    jitter: Annotated[float, Field(ge=0.0, le=0.1)]
    drift: Annotated[float, Field(ge=0.0, le=0.3)]

    @model_validator(mode="after")
    def _ordered(self) -> GapStats:
        if not self.low <= self.high <= self.slow_high:
            raise ValueError(
                f"low={self.low}, high={self.high}, slow_high={self.slow_high} must not decrease"
            )
        return self


class PauseStats(_Range):
    """Seconds between two runs, uniform in [low, high]."""

    low: Annotated[float, Field(ge=0.7, le=30.0)]
    high: Annotated[float, Field(ge=0.7, le=30.0)]


class RunJumps(_Range):
    """Jumps in one run of a clip that has pauses, in [low, high]; short runs are likelier."""

    low: Annotated[int, Field(ge=1, le=200)]
    high: Annotated[int, Field(ge=1, le=200)]


class YawRange(_Range):
    """Viewing directions in degrees, as in `specs.View`; ``low`` may be negative."""

    low: Annotated[float, Field(ge=-360.0, le=360.0)]
    high: Annotated[float, Field(ge=-360.0, le=360.0)]


class Shares(Strict):
    """Share of all clips in which each nuisance factor occurs."""

    shake: Share = 0.0
    pan: Share = 0.0
    bystanders: Share = 0.0
    second_jumper: Share = 0.0
    occlusion: Share = 0.0
    light_change: Share = 0.0
    double_unders: Share = 0.0
    misses: Share = 0.0
    pauses: Share = 0.0
    vfr: Share = 0.0
    rotation: Share = 0.0
    noise: Share = 0.0


FACTORS: tuple[str, ...] = tuple(Shares.model_fields)
"""Names of the nuisance factors, as they appear in a clip's tags."""


class StyleGaps(_Range):
    """A style and a range of its typical gaps (s), as one stratum of a set."""

    style: StyleName
    low: float
    high: float

    @model_validator(mode="after")
    def _possible(self) -> Self:
        style = STYLE[self.style]
        if self.low < style.low or self.high > style.high:
            raise ValueError(
                f"gaps of {self.style} from {self.low} to {self.high} s; allowed: {style.low} to "
                f"{style.high} s ({style.reason}); change low and high"
            )
        return self


class Styles(Strict):
    """How people jump: each row comes equally often.

    Attributes:
        jitter: Standard deviation of one gap, relative to the typical gap.
        drift: Largest relative change of tempo over a clip.
        rows: Styles with their gaps.
    """

    jitter: Annotated[float, Field(ge=0.0, le=0.1)]
    drift: Annotated[float, Field(ge=0.0, le=0.3)]
    rows: Annotated[tuple[StyleGaps, ...], Field(min_length=1)]


class EyeRange(_Range):
    """Heights of the camera in metres."""

    low: Annotated[float, Field(ge=0.1, le=3.0)]
    high: Annotated[float, Field(ge=0.1, le=3.0)]


Delivery = Literal["camera", "stream", "social", "messenger"]


class Filming(Strict):
    """Clips as phones film them and apps deliver them, see `filming`.

    Attributes:
        eye: Heights of the camera.
        faint_rope: Share of clips whose rope is invisible while it turns: thin, fast, blurred.
        vignette: Share of clips with dark corners.
        border: Share of clips with black or blurred bars.
        deliveries: Ways from the camera to the file, each equally often.
    """

    eye: EyeRange
    faint_rope: Share = 0.0
    vignette: Share = 0.0
    border: Share = 0.0
    deliveries: Annotated[tuple[Delivery, ...], Field(min_length=1)]


FILMED_FACTORS: tuple[str, ...] = ("faint_rope", "vignette", "border")
"""Names of the nuisance factors of filmed clips."""


class Profile(Strict):
    """Settings of the clips of one synthetic data set.

    Attributes:
        clean_share: Share of clips without any nuisance factor. The factors are dealt among the
            others, so no factor's share may exceed ``1 - clean_share``.
        yaw: Ranges of directions, dealt so that each comes equally often; ``None``: all around.
        gaps: Gaps of recreational jumpers.
        styles: Styles and their gaps, instead of ``gaps``.
        activities: What people do who never jump, each equally often, instead of ``gaps``.
        pauses: Pauses of clips that have some; required with ``gaps`` or ``styles``.
        run_jumps: Jumps per run; required with ``gaps`` or ``styles``.
        filming: How the clips are filmed; required with ``styles`` or ``activities``.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,40}$")]
    clips: Annotated[int, Field(ge=1, le=100_000)]
    durations: Annotated[tuple[DurationBin, ...], Field(min_length=1)]
    resolutions: Annotated[tuple[Resolution, ...], Field(min_length=1)]
    fps: Annotated[tuple[FpsChoice, ...], Field(min_length=1)]
    h265_share: Share
    gaps: GapStats | None = None
    styles: Styles | None = None
    activities: Annotated[tuple[Activity, ...], Field(min_length=1)] | None = None
    pauses: PauseStats | None = None
    run_jumps: RunJumps | None = None
    clean_share: Share
    shares: Shares
    yaw: Annotated[tuple[YawRange, ...], Field(min_length=1)] | None = None
    filming: Filming | None = None

    def recipe(self) -> dict[str, Any]:
        """Return the settings as JSON values, without unset ones.

        Adding a key therefore does not change the recipe of older sets.
        """
        return self.model_dump(mode="json", exclude_none=True)

    @model_validator(mode="after")
    def _one_kind_of_movement(self) -> Profile:
        chosen = [key for key in ("gaps", "styles", "activities") if getattr(self, key) is not None]
        if len(chosen) != 1:
            raise ValueError(
                f"{' and '.join(chosen) or 'none'} of gaps, styles and activities; set exactly one"
            )
        needs = {"gaps": ("pauses", "run_jumps"), "activities": ("filming",)}
        needs["styles"] = ("pauses", "run_jumps", "filming")
        for key in needs[chosen[0]]:
            if getattr(self, key) is None:
                raise ValueError(f"{chosen[0]} without {key}; set {key}")
        if self.filming is not None and self.gaps is not None:
            raise ValueError("filming with gaps; use styles instead of gaps, or remove filming")
        return self

    @model_validator(mode="after")
    def _room_for_factors(self) -> Profile:
        room = 1.0 - self.clean_share
        for factor in FACTORS:
            share = getattr(self.shares, factor)
            if share > room + 1e-9:
                raise ValueError(
                    f"shares.{factor}={share} exceeds 1 - clean_share = {room:.3f}; "
                    f"lower it or lower clean_share"
                )
        return self


def load_profile(name: str, overrides: Changes = ()) -> Profile:
    """Loads a profile of the package and applies overrides.

    Args:
        name: Name of a file in ``jumpscore/conf/synthetic``.
        overrides: What differs from it, such as ``["clips=3", "fps=[{fps: 30, weight: 1}]"]``.

    Raises:
        UsageError: Unknown profile, malformed override, unknown key or value out of range.
    """
    return stored_settings(Profile, "synthetic", name, overrides)

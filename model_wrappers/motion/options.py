"""Options of the classical baseline."""

from __future__ import annotations

from pydantic import Field, model_validator

from model_wrappers.base import ModelOptions


class MotionOptions(ModelOptions):
    """What counts as a jump, and where in it the jump starts.

    Attributes:
        analysis_height: Shorter side, in pixels, of the picture in which motion is measured. A body
            of half that height rises by 4 to 10 pixels. 96 takes half of the CPU time, and loses
            jumps in small videos.
        shortest_period: Shortest time between two jumps of a run, s.
        longest_period: Longest time between two jumps of a run, s; jumps further apart belong to
            different runs.
        least_rise: Minimum rise of a jumping body, as a share of its height. The measured rise is
            about half of the true one, because the flow includes still surroundings.
        most_rise: Maximum rise; a double-under lifts the body by a sixth.
        least_pull: Minimum downward acceleration around the apex, in body heights per s^2. Free
            fall is 6; the smoothing of single frames leaves a third of it at the fastest tempo.
        least_fall: Minimum of the median of that acceleration over the jumps of a clip: people who
            walk are never in free flight and stay at about 2.
        most_fall: Maximum of that median. No body falls faster than free fall; a ball or a hand
            does so in units of its own size.
        least_shape: Minimum height of the region that bounces, as a multiple of its width: a person
            is upright, two hands side by side are not. 1.25 rejects more hands, and a few jumpers.
        least_unity: Minimum share of the body's vertical motion that one common movement explains.
        least_median: Minimum of the median of that share over the jumps of a clip.
        clear_unity: The same for a clip without an even pace.
        lone_unity: The same for a clip with at most two jumps in a row.
        weakest: Minimum rise of a jump as a share of the clip's median rise.
        double_rise: Rise of a double-under as a multiple of the clip's median rise.
        high_rise: Median rise of a run's jumps, in body heights, from which they may all be
            double-unders: a flight of 0.35 s.
        high_phase: `phase` of such a run. After a double-under the rope is behind the legs about a
            quarter of the time between jumps after the apex; this is the middle.
        phase: Time from an apex to the moment the rope is behind the legs (30 degrees past the
            feet), as a share of a turn.
        first_lead: Time from the start of a run's first jump to its apex, s: the rope rests behind
            the heels and has to be swung up. In the data set's published example the first gap of
            a run is about 0.6 s, of which `phase` takes 0.04 s.
        double_split: Time between the two passes of the rope in a double-under, s.
    """

    analysis_height: int = Field(default=192, ge=32, le=1080)
    shortest_period: float = Field(default=0.25, ge=0.1)
    longest_period: float = Field(default=1.25, le=5.0)
    least_rise: float = Field(default=0.012, gt=0.0, lt=1.0)
    most_rise: float = Field(default=0.25, gt=0.0, lt=1.0)
    least_pull: float = Field(default=1.5, gt=0.0)
    least_fall: float = Field(default=2.6, ge=0.0)
    most_fall: float = Field(default=15.0, gt=0.0)
    least_shape: float = Field(default=1.0, ge=0.0)
    least_unity: float = Field(default=0.65, ge=0.0, le=1.0)
    least_median: float = Field(default=0.7, ge=0.0, le=1.0)
    lone_unity: float = Field(default=0.85, ge=0.0, le=1.0)
    clear_unity: float = Field(default=0.92, ge=0.0, le=1.0)
    weakest: float = Field(default=0.55, ge=0.0, le=1.0)
    double_rise: float = Field(default=2.2, gt=1.0)
    high_rise: float = Field(default=0.09, gt=0.0, lt=1.0)
    high_phase: float = Field(default=0.17, ge=-0.5, le=0.5)
    phase: float = Field(default=1.0 / 12.0, ge=-0.5, le=0.5)
    first_lead: float = Field(default=0.57, ge=0.0, le=2.0)
    double_split: float = Field(default=0.22, ge=0.0, le=0.5)

    @model_validator(mode="after")
    def _ordered(self) -> MotionOptions:
        if self.shortest_period >= self.longest_period or self.least_rise >= self.most_rise:
            raise ValueError(
                f"shortest_period={self.shortest_period} must be below "
                f"longest_period={self.longest_period}, and least_rise={self.least_rise} below "
                f"most_rise={self.most_rise}"
            )
        return self

"""A classical baseline: detects jumps from the body's vertical motion; nothing is learned.

`flow` measures how every part of the picture moves relative to the camera, `body` finds the main
person and tracks their height, `events` turns that height into start times of jumps.

It sees neither the rope nor the legs: anyone who bounces like a jumper is counted, with or without
a rope, and the times follow from the physics of jumping (see `events`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field, model_validator

from jumpscore.records import Question, Response, Usage
from jumpscore.video import VisualInput
from model_wrappers.base import ModelOptions, ModelWrapper, Request, asks_for_count
from model_wrappers.motion.events import Limits, Timing, find_jumps
from model_wrappers.motion.flow import Signal, measure

__all__ = ["Motion", "MotionOptions", "Signal"]


class MotionOptions(ModelOptions):
    """What counts as a jump, and where in it the jump starts.

    Attributes:
        analysis_height: Shorter side, in pixels, of the picture in which motion is measured. A body
            of half that height rises by 2 to 5 pixels; a larger picture is slower and noisier.
        shortest_period: Shortest time between two jumps of a run, s.
        longest_period: Longest time between two jumps of a run, s; jumps further apart belong to
            different runs.
        least_rise: Minimum rise of a jumping body, as a share of its height. The measured rise is
            about half of the true one, because the flow includes still surroundings.
        most_rise: Maximum rise; a double-under lifts the body by a sixth.
        least_pull: Minimum downward acceleration around the apex, in body heights per s^2. Free
            fall is 6; the smoothing of single frames leaves a third of it at the fastest tempo.
        least_unity: Minimum share of the body's vertical motion that one common movement explains.
        weakest: Minimum rise of a jump as a share of the clip's median rise.
        double_rise: Rise of a double-under as a multiple of the clip's median rise.
        phase: Time from an apex to the moment the rope is behind the legs (30 degrees past the
            feet), as a share of a turn.
        first_lead: Time from the start of a run's first jump to its apex, s: the rope rests behind
            the heels and has to be swung up. In the data set's published example the first gap of
            a run is about 0.6 s, of which `phase` takes 0.04 s.
        double_split: Time between the two passes of the rope in a double-under, s.
    """

    analysis_height: int = Field(default=192, ge=64, le=1080)
    shortest_period: float = Field(default=0.25, ge=0.1)
    longest_period: float = Field(default=1.05, le=5.0)
    least_rise: float = Field(default=0.012, gt=0.0, lt=1.0)
    most_rise: float = Field(default=0.25, gt=0.0, lt=1.0)
    least_pull: float = Field(default=1.5, gt=0.0)
    least_unity: float = Field(default=0.65, ge=0.0, le=1.0)
    weakest: float = Field(default=0.55, ge=0.0, le=1.0)
    double_rise: float = Field(default=2.2, gt=1.0)
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

    @property
    def limits(self) -> Limits:
        """Thresholds for jumps."""
        return Limits(
            shortest=self.shortest_period,
            longest=self.longest_period,
            rise=(self.least_rise, self.most_rise),
            pull=self.least_pull,
            unity=self.least_unity,
            weakest=self.weakest,
            double=self.double_rise,
        )

    @property
    def timing(self) -> Timing:
        """Offsets of start times from flights."""
        return Timing(phase=self.phase, lead=self.first_lead, split=self.double_split)


class Motion(ModelWrapper):
    """Optical flow, one body, ballistic flights; answers with a time and a confidence per jump."""

    name = "motion"
    inputs = ("video",)
    Options = MotionOptions
    options: MotionOptions

    def identity(self) -> Mapping[str, Any]:
        """Return name and options, which determine every answer."""
        return self.stated()

    def prepare(self, question: Question, visual: VisualInput | None) -> Request:
        """Measure the motion of the question's video, which is nearly all of the work.

        Raises:
            VideoError: The video cannot be read to its end.
        """
        signal = measure(question.media[0].path, self.options.analysis_height)
        return Request(question, visual, payload=signal, notes=signal.notes)

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer with a JSON list of seconds, or the count if the question asks for it."""
        return [self._answer(request.question, request.payload) for request in requests]

    def _answer(self, question: Question, signal: Signal) -> Response:
        events = find_jumps(signal, limits=self.options.limits, timing=self.options.timing)
        usage = Usage(visual=0, visual_source="measured")
        if asks_for_count(question):
            return Response(question.id, str(len(events)), usage=usage)
        text = "[" + ", ".join(f"{event.time:.2f}" for event in events) + "]"
        confidences = tuple(event.confidence for event in events)
        return Response(question.id, text, usage=usage, confidences=confidences)

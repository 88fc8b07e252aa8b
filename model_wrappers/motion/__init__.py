"""A classical baseline: detects jumps from the body's vertical motion; nothing is learned.

`flow` measures how every part of the picture moves and `camera` removes the camera's share. `tempo`
finds the rate of the jumps over the whole clip, `steps` the jumps of a fast tempo. `body` finds the
main person and tracks their height, and `events` turns both into start times of jumps.

It does not see the rope: anyone who bounces evenly and in one piece is counted, with or without a
rope, and the times follow from the physics of jumping (see `events`).
"""

from __future__ import annotations

from collections.abc import Sequence

from jumpscore.records import Question, Response, Usage
from jumpscore.video import VisualInput
from model_wrappers.base import ModelWrapper, Request, asks_for_count
from model_wrappers.motion.events import find_jumps
from model_wrappers.motion.flow import Signal, measure
from model_wrappers.motion.options import MotionOptions

__all__ = ["Motion", "MotionOptions", "Signal"]


class Motion(ModelWrapper):
    """Optical flow, one tempo, ballistic flights; answers with a time and a confidence per jump."""

    name = "motion"
    inputs = ("video",)
    prepares_in_processes = True
    Options = MotionOptions
    options: MotionOptions

    identity = ModelWrapper.stated
    deterministic = True

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
        events = find_jumps(signal, self.options)
        usage = Usage(visual=0, visual_source="measured")
        if asks_for_count(question):
            return Response(question.id, str(len(events)), usage=usage)
        text = "[" + ", ".join(f"{event.time:.2f}" for event in events) + "]"
        confidences = tuple(event.confidence for event in events)
        return Response(question.id, text, usage=usage, confidences=confidences)

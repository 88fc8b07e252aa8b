"""How another process, on any machine of a cluster, makes the model of a run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from jumpscore.harness.factory import make_model
from jumpscore.harness.input import InputPlan
from jumpscore.records import Question, Response
from model_wrappers.base import ModelWrapper


@dataclass(frozen=True, slots=True)
class Received:
    """What the harness gave to a wrapper before the first question.

    Attributes:
        questions: All questions of the data set.
        truth: Id -> ground truth, for a wrapper that needs it.
        blind_answers: Id -> answer of the blind baseline, for a wrapper that gives it.
    """

    questions: tuple[Question, ...] = ()
    truth: Mapping[str, Any] | None = None
    blind_answers: Mapping[str, Response] | None = None

    def give(self, wrapper: ModelWrapper) -> None:
        """Give it to a wrapper."""
        wrapper.receive_questions(self.questions)
        if self.truth is not None:
            wrapper.receive_truth(self.truth)
        if self.blind_answers is not None:
            wrapper.receive_blind_answers(self.blind_answers)


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A model and its input plan, ready to be sent to another process.

    Attributes:
        model: Name of the model, or a wrapper that is sent as it is.
        options: Options of the named model.
        plan: What the model is shown, without the wrapper.
        received: What the wrapper received.
    """

    model: str | ModelWrapper
    options: Mapping[str, Any]
    plan: InputPlan
    received: Received

    @classmethod
    def of(cls, wrapper: ModelWrapper, plan: InputPlan, received: Received) -> Blueprint:
        """Return the blueprint of a wrapper; one made by name is made again by name."""
        if type(wrapper).receive_questions is ModelWrapper.receive_questions:
            received = replace(received, questions=())
        model = wrapper.name if wrapper.made_by_name else wrapper
        options = wrapper.options.model_dump() if wrapper.made_by_name else {}
        return cls(model, options, replace(plan, wrapper=None), received)

    def make(self) -> tuple[ModelWrapper, InputPlan]:
        """Return the wrapper, not yet open, and its input plan."""
        wrapper = make_model(self.model, self.options)
        if isinstance(self.model, str):
            self.received.give(wrapper)  # an object has received everything before it was sent
        return wrapper, replace(self.plan, wrapper=wrapper)

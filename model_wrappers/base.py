"""The one interface to every model: ``prepare`` on CPU, ahead; ``generate`` on the accelerator.

A wrapper receives questions, never the truth. The whole contract::

    class Mine(ModelWrapper):
        name = "mine"
        inputs = ("frames",)

        class Options(ModelOptions):
            temperature: float = 0.0

        def prepare(self, question, visual):
            return Request(question, visual, payload=tokenise(question.prompt, visual))

        def generate(self, requests):
            return [Response(id=r.question.id, text=self.model(r.payload)) for r in requests]
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from jumpscore.errors import UsageError
from jumpscore.records import Question, Response, Usage
from jumpscore.video import PLAIN_GRID, TokenGrid, VisualInput
from jumpscore.video.probe import repairs

InputKind = Literal["none", "video", "frames", "codec"]


class ModelOptions(BaseModel):
    """Options of a wrapper, as its YAML and the command line set them; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Request:
    """A question made ready for the model.

    Attributes:
        question: What is asked.
        visual: What the model sees, where the harness prepared it.
        payload: Whatever the wrapper's ``prepare`` computed (tokens, a motion signal, ...).
        notes: Notes of the video (``VideoInfo.notes``), where the wrapper read it itself.
    """

    question: Question
    visual: VisualInput | None = None
    payload: Any = None
    notes: Mapping[str, int] = field(default_factory=dict)

    @property
    def repairs(self) -> Mapping[str, int]:
        """What was repaired in the video that the model is shown, in words -> how many."""
        return self.notes or ({} if self.visual is None else repairs(self.visual.notes))


@dataclass(frozen=True, slots=True)
class GenerationTrace:
    """An answer with what led to it, to hold two ways of running one model against each other.

    Attributes:
        text: The answer.
        usage: Token counts.
        prompt_ids: Token ids of the prompt, where the model tells.
        stamps: Time stamps as the prompt holds them, where the model tells.
        first_logprobs: Token, as text, to log-probability, of the likeliest first tokens.
    """

    text: str
    usage: Usage
    prompt_ids: tuple[int, ...] | None = None
    stamps: tuple[str, ...] | None = None
    first_logprobs: Mapping[str, float] = field(default_factory=dict)


class ModelWrapper(ABC):
    """A model that answers questions.

    Class attributes:
        name: Registry name.
        inputs: Kinds of visual input it takes, the preferred one first. ``"frames"`` and
            ``"codec"`` canvases are prepared by the harness; ``"video"`` means that it opens the
            file itself; ``"none"`` that it looks at nothing.
        needs_truth: Whether it can only work when shown the truth (to test metrics with); the
            harness does so under an explicit flag, and the result carries it.
        trusts_remote_code: Whether it runs code that came with a checkpoint; every run records it.
        batch_size: Most requests per ``generate`` call.
        concurrency: ``generate`` calls at once, from threads; 1 for a wrapper that is no server.
        token_grid: How it cuts frames into visual tokens; frames are prepared for it.
        answered_ids: Ids that it has stored answers for, where it has any; the harness counts
            those that the data set does not know.
        identified_by_code: Whether edited code makes it another model. ``False`` for endpoints of
            others, whose answers cost money: a release of ours must not ask them all again.
        code_modules: Names of further modules whose code decides its answers.
        made_by_name: Whether the harness made it from its name and options, so that nothing else
            can have changed it.
        answer_notes: Oddities of its stored answers, in words -> how many; part of a run's notes.
        answer_hints: Sentences about them for the user: which records, and what to do.
    """

    name: ClassVar[str]
    inputs: tuple[InputKind, ...] = ("none",)
    needs_truth: ClassVar[bool] = False
    trusts_remote_code: bool = False
    batch_size: int = 1
    concurrency: int = 1
    token_grid: TokenGrid = PLAIN_GRID
    answered_ids: frozenset[str] = frozenset()
    identified_by_code: ClassVar[bool] = True
    code_modules: ClassVar[tuple[str, ...]] = ()
    made_by_name: bool = False
    answer_notes: Mapping[str, int] = MappingProxyType({})
    answer_hints: tuple[str, ...] = ()

    Options: ClassVar[type[ModelOptions]] = ModelOptions

    def __init__(self, options: Any = None) -> None:
        self.options = options if options is not None else self.Options()

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader of its answers should know, such as what it was trained on."""
        return ()

    def default_input(self, kind: InputKind) -> Mapping[str, Any]:
        """Return fields of a run's ``input`` that hold where the run says nothing.

        For a checkpoint that was trained with pictures of one size, say, and knows no other.

        Args:
            kind: What it is shown.
        """
        return {}

    @property
    def display_name(self) -> str:
        """What tables call it: its name, and which of many models it is where it may be any."""
        return self.name

    def receive_questions(self, questions: Sequence[Question]) -> None:  # noqa: B027
        """Take all questions of the data set; called before any is prepared.

        For wrappers that answer from a file, which may spell ids differently.

        Raises:
            DataError: None of the stored answers belongs to a question.
        """

    def receive_truth(self, truth: Mapping[str, Any]) -> None:  # noqa: B027 - most never get it
        """Take id -> truth of the task's type; called only where ``needs_truth`` and the flag."""

    def open(self) -> None:  # noqa: B027 - most wrappers need nothing
        """Load or start what ``generate`` needs; called once, before the first question.

        Raises:
            JumpScoreError: The model cannot be had; no sample is asked.
        """

    def prepare(self, question: Question, visual: VisualInput | None) -> Request:
        """Do all CPU work for one question. Runs in a pool, several at a time: keep no state.

        Raises:
            JumpScoreError: The question cannot be prepared; the sample becomes an ``error``.
        """
        return Request(question, visual)

    @abstractmethod
    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer a batch: one response per request, in any order, each with its question's id.

        Raises:
            Exception: Whatever it raises makes the samples of the batch ``error`` (each is tried
                alone first); a model's bad answer is no exception but a response.
        """

    def prompt_text(self, request: Request) -> str | None:
        """Return what the model is sent as text, to the letter, for people to read; if it is text.

        Tokens that stand for pictures may be written once with their number.
        """
        return None

    def trace(self, request: Request) -> GenerationTrace:
        """Answer one request and tell as much as there is to know about how; for ``parity``."""
        [response] = self.generate([request])
        return GenerationTrace(response.text, response.usage)

    def identity(self) -> Mapping[str, Any] | str | None:
        """Return what its answers follow from, or ``None`` if that cannot be known.

        A run is resumed only under an equal identity. A wrapper without one is asked everything
        each time, and each run gets a folder of its own. A model that the harness makes by name
        and that does not define this method is identified by its options, its code and the files
        that its options name. In a training loop, return ``weights_digest(self.model)`` of
        ``model_wrappers.identity`` if finished evaluations should not be repeated.

        Returns:
            A digest, to which the harness adds name, options and code; or a JSON object with
            everything but the code.
        """
        return None

    def stated(self) -> dict[str, Any]:
        """Return name and options, for the identity of a wrapper that has no other state."""
        return {"model": self.name, "options": self.options.model_dump(mode="json")}

    def reseed(self, seed: int) -> None:
        """Sample by another seed from now on; nothing is loaded again; the identity contains it.

        A wrapper that keeps its seed elsewhere than in its option ``seed`` takes it there too.

        Raises:
            UsageError: It has no such option, so another seed would change nothing.
        """
        if "seed" not in type(self.options).model_fields:
            raise UsageError(
                f"model {self.name!r} has no option seed: it answers alike every time, so repeats "
                "would be equal; leave out run.repeats"
            )
        self.options = self.options.model_copy(update={"seed": seed})

    def environment(self) -> Mapping[str, str]:
        """Return versions and devices that answers come from, for ``run.json``; no identity."""
        return {}

    def close(self) -> None:  # noqa: B027 - most wrappers hold nothing
        """Give back what the wrapper holds (processes, memory)."""


def size_shown(visual: VisualInput | None) -> tuple[int, int] | None:
    """Return (width, height) in pixels of the frames that a model is shown, for its response.

    On canvases a pixel is no place in the video.
    """
    return (visual.width, visual.height) if visual and visual.kind == "frames" else None


def asks_for_count(question: Question) -> bool:
    """Whether a question wants a number of jumps rather than their times.

    For baselines that do not read: they answer both JumpScore questions.

    >>> asks_for_count(Question("a", (), "How many jump rope did the person do?"))
    True
    """
    return question.prompt.lower().startswith("how many")

"""The interface of every model: ``prepare`` runs ahead on CPU, ``generate`` on the accelerator.

A wrapper receives questions, never the ground truth. The whole contract::

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
    """Options of a wrapper with their defaults; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Request:
    """A question prepared for the model.

    Attributes:
        question: The question.
        visual: Frames or canvases, if the harness prepared any.
        payload: Whatever the wrapper's ``prepare`` computed (tokens, a motion signal, ...).
        notes: ``VideoInfo.notes`` of the video, if the wrapper read it itself.
    """

    question: Question
    visual: VisualInput | None = None
    payload: Any = None
    notes: Mapping[str, int] = field(default_factory=dict)

    @property
    def repairs(self) -> Mapping[str, int]:
        """Repairs of the video that the model sees: description -> how many."""
        return self.notes or ({} if self.visual is None else repairs(self.visual.notes))


@dataclass(frozen=True, slots=True)
class GenerationTrace:
    """An answer with its inputs, to compare two ways of running one model (``parity``).

    Attributes:
        text: The answer.
        usage: Token counts.
        prompt_ids: Token ids of the prompt, if the model reports them.
        stamps: Time stamps in the prompt, if the model reports them.
        first_logprobs: Token text -> log-probability of the likeliest first tokens.
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
        inputs: Kinds of visual input it accepts, the preferred one first. The harness prepares
            ``"frames"`` and ``"codec"`` canvases; with ``"video"`` the wrapper opens the file
            itself; ``"none"`` is a model without visual input.
        needs_truth: Whether it answers from the ground truth (to test metrics). The harness allows
            that only under an explicit flag, which the result records.
        answers_blindly: Whether it gives the answers of the task's blind baseline.
        trusts_remote_code: Whether it runs code that came with a checkpoint; every run records it.
        batch_size: Maximum number of requests per ``generate`` call.
        concurrency: ``generate`` calls at once, from threads; 1 unless it calls a server.
        prepares_in_processes: Whether ``prepare`` is mostly Python code, so that threads wait for
            each other. Long runs then prepare in processes, with a copy of the wrapper that is
            never opened; in threads if it cannot be pickled.
        deterministic: Whether an equal request gets an equal answer, so that runs may share it
            (``run.reuse``); its identity must include everything that determines an answer.
        token_grid: How it divides frames into visual tokens; frames are prepared for this grid.
        canvas_grid: The same for canvases, if it takes them.
        frames_on_disk: Whether frames should be in the cache, because a server reads them there.
        answered_ids: Ids of its stored answers, if it has any; the harness counts those that are
            not in the data set.
        identified_by_code: Whether a change of its code changes its identity. ``False`` for paid
            endpoints: a new release of ours must not ask them everything again.
        code_modules: Names of further modules whose code affects its answers.
        made_by_name: Whether the harness made it from its name and options, so that nothing else
            can have changed it.
        answer_notes: Problems of its stored answers: description -> how many; added to the notes
            of a run.
        answer_hints: Sentences about these problems for the user: which records, and what to do.
    """

    name: ClassVar[str]
    inputs: tuple[InputKind, ...] = ("none",)
    needs_truth: ClassVar[bool] = False
    answers_blindly: ClassVar[bool] = False
    trusts_remote_code: bool = False
    batch_size: int = 1
    concurrency: int = 1
    prepares_in_processes: ClassVar[bool] = False
    deterministic: bool = False
    token_grid: TokenGrid = PLAIN_GRID
    canvas_grid: TokenGrid = PLAIN_GRID
    frames_on_disk: bool = False
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
        """Notes for readers of its answers, such as what it was trained on."""
        return ()

    def default_input(self, kind: InputKind) -> Mapping[str, Any]:
        """Return defaults for the fields of a run's ``input`` that the user leaves unset.

        For a checkpoint that was trained with pictures of one size, for instance.

        Args:
            kind: Kind of visual input of the run.
        """
        return {}

    @property
    def display_name(self) -> str:
        """Display name; includes the checkpoint if the wrapper can load several."""
        return self.name

    def receive_questions(self, questions: Sequence[Question]) -> None:  # noqa: B027
        """Receive all questions of the data set, before any is prepared.

        For wrappers that answer from a file, which may spell ids differently.

        Raises:
            DataError: No stored answer belongs to any of the questions.
        """

    def receive_truth(self, truth: Mapping[str, Any]) -> None:  # noqa: B027 - optional
        """Receive id -> truth; called only if ``needs_truth`` and the user set the flag."""

    def receive_blind_answers(self, answers: Mapping[str, Response]) -> None:  # noqa: B027
        """Receive id -> answer of the task's blind baseline; called only if ``answers_blindly``."""

    def open(self) -> None:  # noqa: B027 - optional
        """Load or start what ``generate`` needs; called once, before the first question.

        Raises:
            JumpScoreError: The model cannot be loaded or started; no question is asked.
        """

    def prepare(self, question: Question, visual: VisualInput | None) -> Request:
        """Do all CPU work for one question. Several threads call it, so it must not change state.

        Raises:
            JumpScoreError: The question cannot be prepared; the sample becomes an ``error``.
        """
        return Request(question, visual)

    @abstractmethod
    def generate(self, requests: Sequence[Request]) -> list[Response]:
        """Answer a batch: one response per request, in any order, each with its question's id.

        Return a model's bad answer as a response; do not raise.

        Raises:
            Exception: Any exception marks the samples of the batch as ``error``, after each was
                retried alone.
        """

    def prompt_text(self, request: Request) -> str | None:
        """Return the exact text that the model receives, for people to read; ``None`` if unknown.

        A run of picture tokens may be written once with its length.
        """
        return None

    def trace(self, request: Request) -> GenerationTrace:
        """Answer one request and report as much detail as possible; for ``parity``."""
        [response] = self.generate([request])
        return GenerationTrace(response.text, response.usage)

    def identity(self) -> Mapping[str, Any] | str | None:
        """Return everything that determines its answers, or ``None`` if that is unknown.

        A run is resumed only if the identity is equal. A wrapper without one starts every run from
        the beginning, in a new folder. A model that the harness makes by name and that does not
        define this method is identified by its options, its code and the files that its options
        name. In a training loop, return ``weights_digest(self.model)`` of
        ``model_wrappers.identity`` to skip evaluations that are already finished.

        Returns:
            A digest, to which the harness adds name, options and code; or a JSON object with
            everything except the code.
        """
        return None

    def stated(self) -> dict[str, Any]:
        """Return name and options: the identity of a wrapper that has no other state."""
        return {"model": self.name, "options": self.options.model_dump(mode="json")}

    def reseed(self, seed: int) -> None:
        """Use another sampling seed from now on, without loading anything again.

        Override it if the seed is stored anywhere else than in the option ``seed``. The identity
        must include the seed.

        Raises:
            UsageError: The wrapper has no option ``seed``, so another one would change nothing.
        """
        if "seed" not in type(self.options).model_fields:
            raise UsageError(
                f"model {self.name!r} has no option 'seed': its answers never vary, so repeats "
                "would be equal; leave out run.repeats"
            )
        self.options = self.options.model_copy(update={"seed": seed})

    def environment(self) -> Mapping[str, str]:
        """Return versions and devices for ``run.json``; they are not part of the identity."""
        return {}

    def close(self) -> None:  # noqa: B027 - optional
        """Release processes and memory."""


def size_shown(visual: VisualInput | None) -> tuple[int, int] | None:
    """Return (width, height) in pixels of the frames that a model sees, for its response.

    ``None`` for canvases, whose pixels do not correspond to positions in the video.
    """
    return (visual.width, visual.height) if visual and visual.kind == "frames" else None


def asks_for_count(question: Question) -> bool:
    """Return whether a question asks for the number of jumps instead of their times.

    For baselines that do not understand text but answer both JumpScore questions.

    >>> asks_for_count(Question("a", (), "How many jump rope did the person do?"))
    True
    """
    return question.prompt.lower().startswith("how many")

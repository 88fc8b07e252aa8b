"""Parity: do two ways to run one model give the same prompts, tokens and answers?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from jumpscore.errors import JumpScoreError, UsageError
from jumpscore.harness.input import InputPlan
from jumpscore.records import Progress, Question
from model_wrappers.base import GenerationTrace, ModelWrapper


@dataclass(frozen=True, slots=True)
class Parity:
    """Comparison of two models on one question.

    Attributes:
        id: Id of the question.
        prompt_tokens: Number of prompt tokens in each model.
        prompt_parts_at: Index of the first prompt token that differs; ``None`` if all are equal or
            a model does not report them.
        prompt_ids: Whether both models report the token ids of the prompt.
        visual_tokens: Number of visual tokens in each model.
        stamps: Whether the time stamps are equal; ``None`` if a model does not report them.
        first_logprob_gap: Largest difference of the log-probabilities of the first answered token,
            over the tokens that both models report.
        same_text: Whether the answers are equal.
        text_parts_at: Number of equal characters at the start of the answers.
        texts: Both answers.
        error: Why the question could not be compared.
    """

    id: str
    prompt_tokens: tuple[int | None, int | None] = (None, None)
    prompt_parts_at: int | None = None
    prompt_ids: bool = False
    visual_tokens: tuple[int | None, int | None] = (None, None)
    stamps: bool | None = None
    first_logprob_gap: float | None = None
    same_text: bool = False
    text_parts_at: int = 0
    texts: tuple[str, str] = ("", "")
    error: str | None = None

    @property
    def equal(self) -> bool:
        """Whether all reported facts are equal, except log-probabilities, which never are."""
        same_counts = all(
            None in pair or pair[0] == pair[1] for pair in (self.prompt_tokens, self.visual_tokens)
        )
        return (
            self.error is None
            and self.same_text
            and same_counts
            and self.prompt_parts_at is None
            and self.stamps is not False
        )


def compare_models(
    models: Sequence[ModelWrapper],
    questions: Sequence[Question],
    plan: InputPlan,
    *,
    on_progress: Progress | None = None,
) -> list[Parity]:
    """Ask two models the same questions and return one comparison per question.

    Args:
        models: Two open models.
        questions: Questions to ask.
        plan: Input of both models; a server on this machine needs its cache.
        on_progress: Called with (done, all).

    Raises:
        UsageError: The models cut frames into different tokens, so they cannot get the same ones.
    """
    one, other = models
    if plan.kind == "frames" and one.token_grid != other.token_grid:
        raise UsageError(
            f"{one.name} and {other.name} cut frames into different tokens ({one.token_grid}, "
            f"{other.token_grid}) and cannot get the same frames; compare them with input=codec"
        )
    if plan.kind == "codec" and one.canvas_grid != other.canvas_grid:
        raise UsageError(
            f"{one.name} and {other.name} have canvases of different tokens ({one.canvas_grid}, "
            f"{other.canvas_grid}) and cannot get the same ones; compare checkpoints of one grid"
        )
    entries = []
    for place, question in enumerate(questions):
        try:
            visual = plan.prepare(question)
            traces = [model.trace(model.prepare(question, visual)) for model in (one, other)]
            entries.append(compare_traces(question.id, *traces))
        except JumpScoreError as problem:
            entries.append(Parity(question.id, error=str(problem)))
        if on_progress:
            on_progress(place + 1, len(questions))
    return entries


def compare_traces(name: str, one: GenerationTrace, other: GenerationTrace) -> Parity:
    """Return where two traces of one question differ."""
    ids = (list(one.prompt_ids or ()), list(other.prompt_ids or ()))
    known = one.prompt_ids is not None and other.prompt_ids is not None
    # Different tokens of incomplete characters look equal as text.
    shared = {
        key
        for key in one.first_logprobs.keys() & other.first_logprobs.keys()
        if key and "\N{REPLACEMENT CHARACTER}" not in key
    }
    return Parity(
        id=name,
        prompt_tokens=(one.usage.prompt, other.usage.prompt),
        prompt_parts_at=None if not known or ids[0] == ids[1] else shared_start(*ids),
        prompt_ids=known,
        visual_tokens=(one.usage.visual, other.usage.visual),
        stamps=None if None in (one.stamps, other.stamps) else one.stamps == other.stamps,
        first_logprob_gap=max(
            (abs(one.first_logprobs[key] - other.first_logprobs[key]) for key in shared),
            default=None,
        ),
        same_text=_whole(one.text) == _whole(other.text),
        text_parts_at=shared_start(one.text, other.text),
        texts=(one.text, other.text),
    )


def _whole(text: str) -> str:
    """Return a text without an incomplete character at its end, which some models leave out."""
    return text.rstrip("\N{REPLACEMENT CHARACTER}")


def shared_start(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Return the number of equal items at the start of two sequences.

    >>> shared_start([1, 2, 3], [1, 2, 4]), shared_start([1], [1, 2])
    (2, 1)
    """
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))

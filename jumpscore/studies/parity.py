"""The same questions through two models that should be one: where do they part?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jumpscore.errors import JumpScoreError, UsageError
from jumpscore.harness.input import InputPlan
from jumpscore.records import Progress, Question
from model_wrappers.base import GenerationTrace, ModelWrapper


@dataclass(frozen=True, slots=True)
class Parity:
    """What two models did with one question.

    Attributes:
        id: The question's.
        prompt_tokens: Tokens of the prompt in each.
        prompt_parts_at: Place of the first other prompt token; ``None`` where all are equal or a
            model does not tell.
        prompt_ids: Whether both told their prompt's token ids.
        visual_tokens: In each.
        stamps: Whether the time stamps are the same; ``None`` where a model does not tell.
        first_logprob_gap: Largest difference of the log-probabilities of the first answered token,
            over the tokens that both name.
        same_text: Whether the answers are the same.
        text_parts_at: Characters that they share at the start.
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
        """Whether nothing that is known differs; log-probabilities aside, which never are equal."""
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
    """Return where two traces of one question part."""
    known = one.prompt_ids is not None and other.prompt_ids is not None
    # Tokens that are no whole letters look alike as text, or like nothing.
    shared = {
        key
        for key in one.first_logprobs.keys() & other.first_logprobs.keys()
        if key and "\N{REPLACEMENT CHARACTER}" not in key
    }
    return Parity(
        id=name,
        prompt_tokens=(one.usage.prompt, other.usage.prompt),
        prompt_parts_at=_parts_at(one.prompt_ids, other.prompt_ids) if known else None,
        prompt_ids=known,
        visual_tokens=(one.usage.visual, other.usage.visual),
        stamps=None if None in (one.stamps, other.stamps) else one.stamps == other.stamps,
        first_logprob_gap=max(
            (abs(one.first_logprobs[key] - other.first_logprobs[key]) for key in shared),
            default=None,
        ),
        same_text=_whole(one.text) == _whole(other.text),
        text_parts_at=_shared(one.text, other.text),
        texts=(one.text, other.text),
    )


def _whole(text: str) -> str:
    """Return a text without the bytes at its end that are no letter yet: some leave them out."""
    return text.rstrip("\N{REPLACEMENT CHARACTER}")


def _parts_at(one: Any, other: Any) -> int | None:
    """Return the first place where two sequences differ, ``None`` where they are equal.

    >>> _parts_at([1, 2, 3], [1, 2, 4]), _parts_at([1], [1, 2]), _parts_at([1], [1])
    (2, 1, None)
    """
    place = _shared(one, other)
    return None if place == len(one) == len(other) else place


def _shared(one: Sequence[Any], other: Sequence[Any]) -> int:
    """Return how many items two sequences share at the start."""
    for place, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return place
    return min(len(one), len(other))

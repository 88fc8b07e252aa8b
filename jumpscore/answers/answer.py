"""Prepare an answer for reading: the first step of every parser."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jumpscore.answers.characters import normalise
from jumpscore.answers.reasoning import Reasoning, answer_window
from jumpscore.answers.wrappers import Region, unwrap
from jumpscore.records import FinishReason

REFUSAL = re.compile(
    r"\b(?:i\s?(?:am|'m)\s(?:sorry|unable|not\sable)|i\s(?:cannot|can'?t|could\snot|"
    r"couldn't|won't)|i\sdo\snot\shave|unable\sto|as\san\sai)\b|无法|不能|抱歉",
    re.IGNORECASE,
)
"""Words of a refusal to answer; searched for in normalised text."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, prepared for reading.

    Attributes:
        original: The text as the model wrote it.
        text: What parsers read: characters are normalised, reasoning and wrappers are replaced
            with spaces. Offsets in ``text`` are offsets in ``original``.
        reasoning: ``closed`` or ``unclosed`` if the text contains reasoning.
        cut: Whether the model was stopped at its token limit.
        marked: Whether the model marked its answer (``<answer>``, ``\\\\boxed{}``, ...).
        aside: Regions with words or numbers that the model's own markers exclude from the answer,
            except reasoning.
        fences: Contents of fenced blocks, in order.
    """

    original: str
    text: str
    reasoning: Reasoning = "none"
    cut: bool = False
    marked: bool = False
    aside: tuple[Region, ...] = ()
    fences: tuple[Region, ...] = ()

    @property
    def end(self) -> int:
        """Offset after the last character that is not blank."""
        return len(self.text.rstrip())

    @property
    def number_end(self) -> int:
        """Offset at which a number may be incomplete if the answer was cut off (``4.``)."""
        return len(self.text.rstrip().removesuffix("."))

    @property
    def declines(self) -> bool:
        """Whether the answer contains words of a refusal."""
        return REFUSAL.search(self.text) is not None


def prepare(text: str, *, finish_reason: FinishReason | None = None) -> Answer:
    """Normalise characters, then blank reasoning and wrappers. Linear in the text.

    Args:
        text: The whole answer.
        finish_reason: ``"length"`` if the model was stopped at its token limit.

    >>> answer = prepare("<think>0.1?</think><answer>０.28，0.76</answer>")
    >>> answer.text.strip(), answer.text.index("0.28"), answer.reasoning, answer.marked
    ('0.28,0.76', 27, 'closed', True)
    """
    normal = normalise(text)
    low, high, reasoning = answer_window(normal)
    body = unwrap(normal, low, high)
    return Answer(
        original=text,
        text=body.text,
        reasoning=reasoning,
        cut=finish_reason == "length",
        marked=body.marked,
        aside=body.aside,
        fences=body.fences,
    )

"""Tokens and dollars: the estimate before a run, and the usage of its answers after it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jumpscore.records import Question, Response, Usage

LETTERS_PER_TOKEN = 4
"""Approximate, for English text; other languages and digits have fewer."""
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class PlannedTokens:
    """Planned tokens of a run; ``None`` if unknown before the run.

    Attributes:
        questions: Number of questions, repeats included.
        visual: Tokens of pictures, as the harness plans them.
        stamps: Tokens of time stamps and of the markers around pictures.
        prompt: Estimated tokens of the other text.
        output: Maximum number of tokens of all answers.
    """

    questions: int = 0
    visual: int | None = 0
    stamps: int | None = 0
    prompt: int = 0
    output: int | None = 0

    def __add__(self, other: PlannedTokens) -> PlannedTokens:
        return PlannedTokens(
            self.questions + other.questions,
            _sum(self.visual, other.visual),
            _sum(self.stamps, other.stamps),
            self.prompt + other.prompt,
            _sum(self.output, other.output),
        )

    def times(self, repeats: int) -> PlannedTokens:
        """Return the tokens of several repeats."""
        return sum([self] * repeats, PlannedTokens())

    @property
    def input(self) -> int | None:
        """All tokens that are sent, or ``None`` if one part is unknown."""
        return _sum(_sum(self.visual, self.stamps), self.prompt)


@dataclass(frozen=True, slots=True)
class UsedTokens:
    """Token counts of stored answers, as reported by the models and endpoints.

    Attributes:
        answers: Number of stored answers, including failures.
        prompt: Tokens sent, over the answers with this count.
        visual: Tokens of pictures among them, over the answers with this count.
        output: Tokens of the answers, reasoning included, over the answers with this count.
        prompt_untold: Number of answers without the count ``prompt``.
        visual_untold: Number of answers without the count ``visual``.
        output_untold: Number of answers without the count ``output``.
    """

    answers: int = 0
    prompt: int = 0
    visual: int = 0
    output: int = 0
    prompt_untold: int = 0
    visual_untold: int = 0
    output_untold: int = 0

    @property
    def any_known(self) -> bool:
        """Whether any answer has a count of tokens sent or answered."""
        return min(self.prompt_untold, self.output_untold) < self.answers

    @property
    def missing(self) -> int:
        """Lower bound on the number of answers with a missing count of paid tokens."""
        return max(self.prompt_untold, self.output_untold)


@dataclass(frozen=True, slots=True)
class MeanTokens:
    """Mean tokens of an answer, over the answers with a count; ``None`` if there are none.

    Attributes:
        visual: Tokens of pictures.
        prompt: All tokens that were sent: pictures, time stamps, question.
    """

    visual: float | None = None
    prompt: float | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """Tokens of answers, and their price in US dollars if prices are set and tokens are known."""

    tokens: UsedTokens
    cost: float | None = None


def prices_of(options: Mapping[str, Any]) -> Prices | None:
    """Return the prices among a model's options, or ``None``.

    >>> prices_of({"price_input": 0.15, "price_output": 0.6})
    Prices(input=0.15, output=0.6)
    >>> prices_of({"price_input": None, "price_output": None}), prices_of({})
    (None, None)
    """
    sent, answered = options.get("price_input"), options.get("price_output")
    # The options of a stored run may have been edited.
    if not (isinstance(sent, int | float) and isinstance(answered, int | float)):
        return None
    return Prices(sent, answered)


def planned_tokens(
    question: Question,
    *,
    visual: tuple[int, int] | None,
    system: str = "",
    max_new_tokens: int | None = None,
) -> PlannedTokens:
    """Return the planned tokens of one question.

    Args:
        question: The question.
        visual: Planned (visual, stamp) tokens; ``None`` if the harness does not plan them.
        system: Text of the system turn.
        max_new_tokens: Limit of the answer.

    >>> planned_tokens(Question("a", (), "When?"), visual=(64, 16), max_new_tokens=100)
    PlannedTokens(questions=1, visual=64, stamps=16, prompt=2, output=100)
    """
    texts = [system, *(turn.text for turn in question.history), question.prompt]
    pictures, stamps = (None, None) if visual is None else visual
    prompt = math.ceil(sum(map(len, texts)) / LETTERS_PER_TOKEN)
    return PlannedTokens(1, pictures, stamps, prompt, max_new_tokens)


def used_tokens(responses: Iterable[Response]) -> UsedTokens:
    """Return the tokens of stored answers.

    >>> counted = Response("a", usage=Usage(prompt=10, output=2))
    >>> used_tokens([counted, Response("b")])
    UsedTokens(answers=2, prompt=10, visual=0, output=2, prompt_untold=1, visual_untold=2, \
output_untold=1)
    """
    usages = [response.usage for response in responses]
    known = {name: _counts(usages, name) for name in ("prompt", "visual", "output")}
    return UsedTokens(
        answers=len(usages),
        **{name: sum(counts) for name, counts in known.items()},
        **{f"{name}_untold": len(usages) - len(counts) for name, counts in known.items()},
    )


def mean_tokens(responses: Iterable[Response]) -> MeanTokens:
    """Return the mean tokens of an answer; visual counts of unknown source are left out.

    >>> one, other = Usage(visual=64, visual_source="measured", prompt=90), Usage(visual=500)
    >>> mean_tokens([Response("a", usage=one), Response("b", usage=other)])
    MeanTokens(visual=64.0, prompt=90.0)
    """
    usages = [response.usage for response in responses]
    known = [usage for usage in usages if usage.visual_source != "unknown"]
    return MeanTokens(_mean(_counts(known, "visual")), _mean(_counts(usages, "prompt")))


def _mean(counts: list[int]) -> float | None:
    return sum(counts) / len(counts) if counts else None


def _counts(usages: Iterable[Usage], name: str) -> list[int]:
    return [count for usage in usages if (count := getattr(usage, name)) is not None]


def cost(prices: Prices, *, input: int | None, output: int | None) -> float | None:
    """Return US dollars, or ``None`` if a paid token count is unknown.

    >>> cost(Prices(0.5, 2.0), input=3_000_000, output=100_000)
    1.7
    >>> cost(Prices(0.5, 2.0), input=None, output=100_000)
    >>> cost(Prices(0.0, 2.0), input=None, output=100_000)
    0.2
    """
    # A zero price needs no token count.
    parts = [(prices.input, input), (prices.output, output)]
    paid = [(price, tokens) for price, tokens in parts if price > 0]
    if any(tokens is None for _, tokens in paid):
        return None
    return sum(price * (tokens or 0) for price, tokens in paid) / MILLION


def spending(responses: Iterable[Response], options: Mapping[str, Any]) -> Spending:
    """Return the tokens of stored answers, and their cost at the prices among a model's options.

    >>> answers = [Response("a", usage=Usage(prompt=3_000_000, output=100_000)), Response("b")]
    >>> spending(answers, {"price_input": 0.5, "price_output": 2.0}).cost
    1.7
    """
    tokens, prices = used_tokens(responses), prices_of(options)
    if prices is None or not tokens.any_known:
        return Spending(tokens)
    return Spending(tokens, cost(prices, input=tokens.prompt, output=tokens.output))


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other

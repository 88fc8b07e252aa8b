"""Tokens and dollars: what a run may cost before it, and what its answers used after it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jumpscore.records import Question, Response, Usage

LETTERS_PER_TOKEN = 4
"""Of English text, about; other languages and digits have fewer."""
MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """US dollars per million tokens."""

    input: float
    output: float


@dataclass(frozen=True, slots=True)
class PlannedTokens:
    """Tokens of a run that was not carried out yet; ``None`` is not known beforehand.

    Attributes:
        questions: That would be asked, repeats included.
        visual: Of pictures, in the harness's plan.
        stamps: Of time stamps and the markers around pictures.
        prompt: Of the other text, estimated.
        output: The most that the answers can have.
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
        """Return the tokens of so many repeats."""
        return sum([self] * repeats, PlannedTokens())

    @property
    def input(self) -> int | None:
        """All that is sent, where every part is known."""
        return _sum(_sum(self.visual, self.stamps), self.prompt)


@dataclass(frozen=True, slots=True)
class UsedTokens:
    """Tokens of stored answers, as whoever ran the model counted them.

    Attributes:
        answers: Stored ones, failures among them.
        prompt: All that was sent, of the answers that tell.
        visual: Pictures among them, of the answers that tell.
        output: All that was answered, thinking included, of the answers that tell.
        prompt_untold: Answers that do not tell the first number.
        visual_untold: Answers that do not tell the second.
        output_untold: Answers that do not tell the third.
    """

    answers: int = 0
    prompt: int = 0
    visual: int = 0
    output: int = 0
    prompt_untold: int = 0
    visual_untold: int = 0
    output_untold: int = 0

    @property
    def told(self) -> bool:
        """Whether any answer tells what was sent or answered."""
        return min(self.prompt_untold, self.output_untold) < self.answers

    @property
    def untold(self) -> int:
        """Answers, at least, that do not tell all that is paid for."""
        return max(self.prompt_untold, self.output_untold)


@dataclass(frozen=True, slots=True)
class MeanTokens:
    """Tokens that one answer took on average, over the answers that tell; ``None`` where none does.

    Attributes:
        visual: Of pictures.
        prompt: Of all that was sent: pictures, time stamps, question.
    """

    visual: float | None = None
    prompt: float | None = None


@dataclass(frozen=True, slots=True)
class Spending:
    """What answers used, and US dollars for those that tell it, where prices are given."""

    tokens: UsedTokens
    cost: float | None = None


def prices_of(options: Mapping[str, Any]) -> Prices | None:
    """Return the prices among a model's options, where there are any.

    >>> prices_of({"price_input": 0.15, "price_output": 0.6})
    Prices(input=0.15, output=0.6)
    >>> prices_of({"price_input": None, "price_output": None}), prices_of({})
    (None, None)
    """
    sent, answered = options.get("price_input"), options.get("price_output")
    # What a stored run says may have been edited.
    if not (isinstance(sent, int | float) and isinstance(answered, int | float)):
        return None
    return Prices(sent, answered)


def text_tokens(letters: int) -> int:
    """Return the tokens that so many letters make, about.

    >>> text_tokens(0), text_tokens(9)
    (0, 3)
    """
    return -(-letters // LETTERS_PER_TOKEN)


def planned_tokens(
    question: Question,
    *,
    visual: tuple[int, int] | None,
    system: str = "",
    max_new_tokens: int | None = None,
) -> PlannedTokens:
    """Return what one question costs.

    Args:
        question: What is asked.
        visual: Planned (visual, stamp) tokens; ``None`` where the harness does not plan them.
        system: Text of the system turn.
        max_new_tokens: Where the answer is cut off.

    >>> planned_tokens(Question("a", (), "When?"), visual=(64, 16), max_new_tokens=100)
    PlannedTokens(questions=1, visual=64, stamps=16, prompt=2, output=100)
    """
    texts = [system, *(turn.text for turn in question.history), question.prompt]
    seen, stamps = (None, None) if visual is None else visual
    return PlannedTokens(1, seen, stamps, text_tokens(sum(map(len, texts))), max_new_tokens)


def used_tokens(responses: Iterable[Response]) -> UsedTokens:
    """Return the tokens of stored answers.

    >>> told, silent = Response("a", usage=Usage(prompt=10, output=2)), Response("b")
    >>> used_tokens([told, silent])
    UsedTokens(answers=2, prompt=10, visual=0, output=2, prompt_untold=1, visual_untold=2, \
output_untold=1)
    """
    usages = [response.usage for response in responses]
    found = {name: _told(usages, name) for name in ("prompt", "visual", "output")}
    return UsedTokens(
        answers=len(usages),
        **{name: sum(counts) for name, counts in found.items()},
        **{f"{name}_untold": len(usages) - len(counts) for name, counts in found.items()},
    )


def mean_tokens(responses: Iterable[Response]) -> MeanTokens:
    """Return what an answer took on average; visual counts of unknown source are no counts.

    >>> one, other = Usage(visual=64, visual_source="measured", prompt=90), Usage(visual=500)
    >>> mean_tokens([Response("a", usage=one), Response("b", usage=other)])
    MeanTokens(visual=64.0, prompt=90.0)
    """
    usages = [response.usage for response in responses]
    known = [usage for usage in usages if usage.visual_source != "unknown"]
    return MeanTokens(_mean(_told(known, "visual")), _mean(_told(usages, "prompt")))


def _mean(counts: list[int]) -> float | None:
    return sum(counts) / len(counts) if counts else None


def _told(usages: Iterable[Usage], name: str) -> list[int]:
    return [count for usage in usages if (count := getattr(usage, name)) is not None]


def cost(prices: Prices, *, input: int | None, output: int | None) -> float | None:
    """Return US dollars, where all that is paid for is known.

    >>> cost(Prices(0.5, 2.0), input=3_000_000, output=100_000)
    1.7
    >>> cost(Prices(0.5, 2.0), input=None, output=100_000)
    >>> cost(Prices(0.0, 2.0), input=None, output=100_000)
    0.2
    """
    # What is free costs nothing however much it is.
    parts = [(prices.input, input), (prices.output, output)]
    paid = [(price, tokens) for price, tokens in parts if price > 0]
    if any(tokens is None for _, tokens in paid):
        return None
    return sum(price * (tokens or 0) for price, tokens in paid) / MILLION


def spending(responses: Iterable[Response], options: Mapping[str, Any]) -> Spending:
    """Return what stored answers used, and its cost at the prices among a model's options.

    >>> answers = [Response("a", usage=Usage(prompt=3_000_000, output=100_000)), Response("b")]
    >>> spending(answers, {"price_input": 0.5, "price_output": 2.0}).cost
    1.7
    """
    tokens, prices = used_tokens(responses), prices_of(options)
    if prices is None or not tokens.told:
        return Spending(tokens)
    return Spending(tokens, cost(prices, input=tokens.prompt, output=tokens.output))


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other

"""Readers of answers as tuples of named rules, so that a test can leave out each rule in turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class ReferenceCrashError(ValueError):
    """The public code raises an error on this answer; the sample is counted with a note."""


@dataclass(frozen=True, slots=True)
class Value(Generic[T]):
    """The result of a rule, which ends the reading."""

    value: T


def value_if_any(items: list[T]) -> Value[list[T]] | None:
    """Return a list as a value; an empty one changes nothing."""
    return Value(items) if items else None


def lower_case(text: str) -> str:
    """Return the text in lower case."""
    return text.lower()


Rule = Callable[..., Any]
"""Takes the answer as left by the rules before it, and the reader's facts. Returns a ``Value``,
which ends the reading, or a changed answer for the next rules, or ``None`` to change nothing."""


@dataclass(frozen=True)
class Reader(Generic[T]):
    """A reader of answers.

    Attributes:
        rules: Applied in order until one returns a ``Value``. A rule may be a reader itself.
    """

    rules: tuple[Rule, ...]

    def __call__(self, answer: Any, *facts: Any) -> Value[T] | None:
        """Return the value of the first rule that returns one, or ``None``."""
        for rule in self.rules:
            result = rule(answer, *facts)
            if isinstance(result, Value):
                return result
            if result is not None:
                answer = result
        return None

    def read(self, answer: Any, *facts: Any) -> T | None:
        """Return the value itself, or ``None``."""
        result = self(answer, *facts)
        return None if result is None else result.value

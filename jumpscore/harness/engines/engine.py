"""What every engine offers: it asks a model questions and stores each response once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from jumpscore.records import Progress, Question, Response


class RunInterrupted(KeyboardInterrupt):
    """Ctrl-C; all answers so far are stored."""

    def __init__(self, answered: int, total: int) -> None:
        super().__init__(f"{answered} of {total} samples are answered and stored")
        self.answered = answered
        self.total = total


class Sink(Protocol):
    """Where responses go as they come: a ``RunStore``, or a collection in memory."""

    def append(self, responses: Sequence[Response]) -> None:
        """Take responses."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Cost of asking.

    Attributes:
        samples: Number of questions that the model was asked.
        prepare_seconds: Seconds in ``prepare``, summed over all threads.
        generate_seconds: Seconds in ``generate``, summed over all threads.
        wall_seconds: Seconds overall.
        from_cache: Number of further questions that earlier runs have answered (``run.reuse``).
    """

    samples: int
    prepare_seconds: float
    generate_seconds: float
    wall_seconds: float
    from_cache: int = 0


class Engine(Protocol):
    """Asks one model questions."""

    def ask(
        self, questions: Sequence[Question], sink: Sink, *, on_progress: Progress | None = None
    ) -> tuple[Asked, dict[str, Response]]:
        """Answer every question and store every response; one bad sample never ends the run.

        Args:
            questions: Questions without a response.
            sink: Where responses are stored.
            on_progress: Called with (answered, all) after every batch.

        Returns:
            What it cost, and the responses by id.

        Raises:
            RunInterrupted: The user pressed Ctrl-C.
        """

"""Documents of lmms-eval through the harness's own pool and concurrency, answers back."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.lmms.messages import convert
from jumpscore.errors import JumpScoreError
from jumpscore.harness import RunInterrupted
from jumpscore.harness.ask import Asker
from jumpscore.harness.factory import make_model
from jumpscore.harness.input import InputPlan
from jumpscore.lmms.arguments import BridgeConfig
from jumpscore.lmms.generation import differences
from jumpscore.lmms.pictures import Pictures
from jumpscore.records import Progress, Question, Response

logger = logging.getLogger(__name__)
SHOWN = 5
"""Documents without an answer that a message names."""
MOVED = "show media after or between text; the wrapper sees their media first, then the text"
INSTRUCTED = "have a system message; it begins the first user turn (model.system is the wrapper's)"


class UnansweredError(JumpScoreError):
    """Documents stayed without an answer, by no fault of the model."""


@dataclass(frozen=True, slots=True)
class Document:
    """One request of lmms-eval's.

    Attributes:
        id: Unique among those that are asked together.
        task: Its task.
        messages: Returns its messages.
        wanted: ``generation_kwargs`` of the task.
    """

    id: str
    task: str
    messages: Callable[[], Any]
    wanted: Mapping[str, Any]


class Bridge:
    """A wrapper that answers documents; loaded at the first, and until ``close``.

    Args:
        config: What to run.

    Raises:
        UsageError: The wrapper does not take the input that was asked for.
    """

    def __init__(self, config: BridgeConfig) -> None:
        self.config = config
        self.wrapper = make_model(config.name, config.options)
        self._plan = InputPlan.resolve(self.wrapper, config.input, config.run)
        self._open = False
        self._pictures = Pictures()
        self._lock = threading.Lock()
        self._said: set[str] = set()
        self._noticed: Counter[str] = Counter()

    def answer(
        self, documents: Sequence[Document], *, on_progress: Progress | None = None
    ) -> list[Response]:
        """Return the responses, in the order of the documents.

        Args:
            documents: Documents to ask.
            on_progress: Called with (answered, all).

        Raises:
            UnansweredError: Some have none, and ``on_error`` is ``raise``.
            JumpScoreError: The model cannot be had; nothing was asked.
        """
        self._tell_differences(documents)
        try:
            answers = self._ask({document.id: document for document in documents}, on_progress)
            responses = [answers[document.id] for document in documents]
            self._check(responses)
        except BaseException:  # lmms-eval calls nothing more: a server would be left behind
            self.close()
            raise
        return responses

    def close(self) -> None:
        """Give back the model, remove the pictures, and tell what was changed about documents.

        The next document loads the model again.
        """
        for text, count in self._noticed.items():
            if count:
                _warn(f"{count} documents {text}")
        self._noticed.clear()
        self._pictures.close()
        if self._open:
            self._open = False
            self.wrapper.close()

    def _ask(
        self, documents: Mapping[str, Document], on_progress: Progress | None
    ) -> Mapping[str, Response]:
        if not self._open:
            self._open = True  # what opens halfway is closed too
            self.wrapper.open()
        self._pictures.open()
        try:
            asker = Asker(
                self.wrapper,
                self._plan,
                self.config.run,
                complete=lambda question: self._question(documents[question.id]),
            )
            questions = [Question(name, (), "") for name in documents]
            _, answers = asker.ask(questions, self._pictures, on_progress=on_progress)
        except RunInterrupted as stopped:
            raise KeyboardInterrupt(
                f"{stopped.answered} of {stopped.total} documents were answered; none is kept"
            ) from None
        return answers

    def _question(self, document: Document) -> Question:
        # Tasks expect to be called by one thread: some unpack their videos on the first call.
        with self._lock:
            messages = document.messages()
        found = convert(
            document.id, messages, lambda picture: self._pictures.keep(document.id, picture)
        )
        with self._lock:
            self._noticed[MOVED] += found.moved
            self._noticed[INSTRUCTED] += found.system
        return found.question

    def _tell_differences(self, documents: Sequence[Document]) -> None:
        options = self.wrapper.options.model_dump()
        for document in documents:
            for key, text in differences(self.wrapper.name, options, document.wanted).items():
                if key not in self._said:
                    self._said.add(key)
                    _warn(f"{key}: {document.task} {text}")

    def _check(self, responses: Sequence[Response]) -> None:
        failed = [response for response in responses if response.error is not None]
        if not failed:
            return
        lines = [f"  {response.id}: {response.error}" for response in failed[:SHOWN]]
        if len(failed) > SHOWN:
            lines.append(f"  and {len(failed) - SHOWN} more")
        count = f"{len(failed)} of {len(responses)} documents have no answer"
        if self.config.on_error == "empty":
            _warn(
                "\n".join([f"{count}; they are SCORED AS EMPTY ANSWERS (on_error=empty):", *lines])
            )
            return
        raise UnansweredError(
            "\n".join([f"{count}, so nothing is scored:", *lines])
            + "\nMend the cause and run again, or score them as empty answers: on_error=empty in "
            "model_args"
        )


def _warn(text: str) -> None:
    # lmms-eval has loggers of its own, and Python prints warnings without the logger's name.
    logger.warning("jumpscore: %s", text)

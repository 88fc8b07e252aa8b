"""Answers to documents of lmms-eval, with the harness's own pool and concurrency."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evaluators.lmms.messages import convert
from jumpscore.errors import JumpScoreError, UsageError
from jumpscore.harness import RunInterrupted
from jumpscore.harness.engines.local import LocalEngine
from jumpscore.harness.factory import make_model
from jumpscore.harness.input import InputPlan
from jumpscore.lmms.arguments import BridgeConfig
from jumpscore.lmms.generation import differences
from jumpscore.lmms.pictures import Pictures
from jumpscore.records import Progress, Question, Response

logger = logging.getLogger(__name__)
MOST_NAMED = 5
"""Documents without an answer that a message names."""
MOVED = "have media after or between text; the wrapper gets the media first, then the text"
INSTRUCTED = (
    "have a system message, which is added to the first user turn (model.system stays as it is)"
)


class UnansweredError(JumpScoreError):
    """Documents without an answer, for reasons other than the model."""


@dataclass(frozen=True, slots=True)
class Document:
    """One request of lmms-eval.

    Attributes:
        id: Id, unique among the documents of one call.
        task: Name of the task.
        messages: Returns the messages.
        settings: ``generation_kwargs`` of the task.
    """

    id: str
    task: str
    messages: Callable[[], Any]
    settings: Mapping[str, Any]


class Bridge:
    """Answers documents with a wrapper, which is loaded at the first document until ``close``.

    Args:
        config: Configuration of the bridge.

    Raises:
        UsageError: The wrapper does not take the configured input, or a cluster or windows are
            configured.
    """

    def __init__(self, config: BridgeConfig) -> None:
        self.config = config
        config.run.require_local("lmms-eval")
        self.wrapper = make_model(config.name, config.options)
        self._plan = InputPlan.resolve(self.wrapper, config.input).in_run(config.run)
        if self._plan.config.window is not None:
            raise UsageError(
                f"input.window={self._plan.config.window:g}: lmms-eval asks about whole videos; "
                "leave it out, or ask in windows with 'jumpscore run'"
            )
        self._open = False
        self._pictures = Pictures()
        self._lock = threading.Lock()
        self._warned: set[str] = set()
        self._noticed: Counter[str] = Counter()

    def answer(
        self, documents: Sequence[Document], *, on_progress: Progress | None = None
    ) -> list[Response]:
        """Return the responses, in the order of the documents.

        Args:
            documents: Documents to ask.
            on_progress: Called with (answered, all).

        Raises:
            UnansweredError: A document has no answer, and ``on_error`` is ``raise``.
            JumpScoreError: The model cannot be loaded; nothing was asked.
        """
        self._warn_of_differences(documents)
        try:
            answers = self._ask({document.id: document for document in documents}, on_progress)
            responses = [answers[document.id] for document in documents]
            self._check(responses)
        except BaseException:  # lmms-eval does not clean up: a server would keep running
            self.close()
            raise
        return responses

    def close(self) -> None:
        """Close the model, remove the pictures, and warn about changes to documents.

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
            self._open = True  # a model that fails while opening is closed, too
            self.wrapper.open()
        self._pictures.open()
        try:
            asker = LocalEngine(
                self.wrapper,
                self._plan,
                self.config.run,
                complete=lambda question: self._question(documents[question.id]),
            )
            questions = [Question(name, (), "") for name in documents]
            _, answers = asker.ask(questions, self._pictures, on_progress=on_progress)
        except RunInterrupted as stopped:
            raise KeyboardInterrupt(
                f"{stopped.answered} of {stopped.total} documents were answered; none is stored"
            ) from None
        return answers

    def _question(self, document: Document) -> Question:
        # Tasks are not thread-safe: some unpack their videos on the first call.
        with self._lock:
            messages = document.messages()
        converted = convert(
            document.id, messages, lambda picture: self._pictures.write(document.id, picture)
        )
        with self._lock:
            self._noticed[MOVED] += converted.moved
            self._noticed[INSTRUCTED] += converted.system
        return converted.question

    def _warn_of_differences(self, documents: Sequence[Document]) -> None:
        options = self.wrapper.options.model_dump()
        for document in documents:
            for key, text in differences(self.wrapper.name, options, document.settings).items():
                if key not in self._warned:
                    self._warned.add(key)
                    _warn(f"{key}: {document.task} {text}")

    def _check(self, responses: Sequence[Response]) -> None:
        failed = [response for response in responses if response.error is not None]
        if not failed:
            return
        lines = [f"  {response.id}: {response.error}" for response in failed[:MOST_NAMED]]
        if len(failed) > MOST_NAMED:
            lines.append(f"  and {len(failed) - MOST_NAMED} more")
        count = f"{len(failed)} of {len(responses)} documents have no answer"
        if self.config.on_error == "empty":
            _warn(
                "\n".join([f"{count}; they are SCORED AS EMPTY ANSWERS (on_error=empty):", *lines])
            )
            return
        raise UnansweredError(
            "\n".join([f"{count}, so nothing is scored:", *lines])
            + "\nFix the cause and run again, or set on_error=empty in model_args to score them as "
            "empty answers"
        )


def _warn(text: str) -> None:
    # lmms-eval has loggers of its own, and Python prints warnings without the logger's name.
    logger.warning("jumpscore: %s", text)

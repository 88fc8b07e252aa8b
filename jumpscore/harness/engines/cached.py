"""An engine that answers from earlier runs before it asks the model."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jumpscore.harness.engines.engine import Asked, Engine, RunInterrupted, Sink
from jumpscore.harness.engines.steps import Completion, Prepared, completed
from jumpscore.harness.input import InputPlan
from jumpscore.records import Progress, Question, Response
from jumpscore.runs.record import RunRecord
from jumpscore.runs.response_cache import ResponseCache, request_key
from jumpscore.video import content_hash
from model_wrappers.base import ModelWrapper
from model_wrappers.identity import sources_digest


def why_not_reused(wrapper: ModelWrapper, plan: InputPlan, record: RunRecord) -> str | None:
    """Return why a run's responses are not shared with other runs, or ``None`` if they are."""
    if not record.identity.model_is_known:
        return f"model {wrapper.name!r} has no identity"
    if not wrapper.deterministic:
        return f"model {wrapper.name!r} does not give equal answers to equal requests"
    if record.identity.control != "none":
        return f"run.control={record.identity.control} shows another clip"
    if plan.config.folder is not None:
        return "input.folder has canvases of another tool"
    return None


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of the requests of one run.

    A prepared input is a function of the video's content, the input's options, the model's grids
    and this package's code for video, so that no picture is prepared to look up an answer.

    Attributes:
        shared: What all requests of the run have in common, as JSON values.
    """

    shared: Mapping[str, Any]

    @classmethod
    def of(cls, wrapper: ModelWrapper, plan: InputPlan, record: RunRecord) -> Keys:
        """Return the keys of a run."""
        grids = [repr(plan.grid), repr(wrapper.canvas_grid)] if plan.prepared else []
        return cls(
            {
                "model": record.identity.model,
                "input": plan.config.model_dump(mode="json", exclude={"window", "overlap"})
                | {"kind": plan.kind},
                "grids": grids,
                "canvases": plan.canvas_facts,
                "video_code": _video_code(),
                "versions": record.versions,
                "environment": record.environment,
                "machine": [record.hardware.get(name) for name in ("machine", "system")],
            }
        )

    def key(self, question: Question) -> str:
        """Return the key of one request.

        Args:
            question: A question with its media and prompt.

        Raises:
            OSError: A media file cannot be read.
        """
        media = [
            [one.kind, one.span, one.path.suffix, _content(one.path)] for one in question.media
        ]
        history = [asdict(turn) for turn in question.history]
        return request_key([dict(self.shared), media, history, question.prompt])


@cache
def _video_code() -> str:
    """Return a digest of this package's code for video."""
    # An import of the package itself would be circular, and type checkers would see modules twice.
    return sources_digest((Path(__file__).parents[2] / "video").rglob("*.py"))


def _content(media: Path) -> str:
    """Return the digest of a media file, read once while it does not change; many windows ask."""
    if media.is_dir():
        return content_hash(media)
    state = media.stat()
    return _content_of(media, state.st_size, state.st_mtime_ns)


@lru_cache(maxsize=4096)
def _content_of(media: Path, size: int, changed: int) -> str:
    return content_hash(media)


@dataclass(slots=True)
class Stored:
    """Counts the questions of a planned run that earlier runs have answered, as they pass.

    Attributes:
        cache: Responses of earlier runs.
        keys: Keys of the requests.
        total: Questions that passed.
        answered: Those of them that have a stored response.
    """

    cache: ResponseCache
    keys: Keys
    total: int = 0
    answered: int = 0

    @property
    def share(self) -> str:
        """How much is answered, in words."""
        return f"{self.answered:,} of {self.total:,}"

    def counted(self, questions: Iterable[Question]) -> Iterator[Question]:
        """Yield completed questions and count them."""
        for question in questions:
            self.total += 1
            with suppress(OSError):  # an unreadable file is never answered
                self.answered += self.cache.has(self.keys.key(question))
            yield question


@dataclass(frozen=True, slots=True)
class CachedEngine:
    """Answers what earlier runs have answered, asks an engine the rest and stores its answers.

    Attributes:
        engine: Asks the model.
        cache: Responses of earlier runs.
        keys: Keys of the requests.
        before: Called before the first question that is not answered yet.
        complete: Completes questions that are made just in time.
        release: Releases what ``complete`` made, given the question's id.
    """

    engine: Engine
    cache: ResponseCache
    keys: Keys
    before: Callable[[], None]
    complete: Completion
    release: Callable[[str], None]

    def ask(
        self, questions: Sequence[Question], sink: Sink, *, on_progress: Progress | None = None
    ) -> tuple[Asked, dict[str, Response]]:
        """Answer every question and store every response; see ``Engine``.

        The cost is that of the questions that the model was asked.

        Raises:
            RunInterrupted: The user pressed Ctrl-C.
        """
        keys: dict[str, str] = {}
        known: dict[str, Response] = {}
        try:
            for question in questions:
                key = self.look_up(question)
                stored = None if key is None else self.cache.get(key, question.id)
                if stored is not None:
                    known[question.id] = stored
                    sink.append([stored])
                elif key is not None:
                    keys[question.id] = key
        except KeyboardInterrupt:
            raise RunInterrupted(len(known), len(questions)) from None
        pending = [question for question in questions if question.id not in known]

        def advance(done: int, _: int = 0) -> None:
            if on_progress is not None:
                on_progress(len(known) + done, len(questions))

        advance(0)
        if not pending:
            return Asked(0, 0.0, 0.0, 0.0, len(known)), known
        self.before()
        try:
            cost, fresh = self.engine.ask(
                pending, _Storing(sink, self.cache, keys), on_progress=advance
            )
        except RunInterrupted as stopped:
            answered = len(known) + stopped.answered
            raise RunInterrupted(answered, len(questions)) from None
        return replace(cost, from_cache=len(known)), known | fresh

    def look_up(self, question: Question) -> str | None:
        """Return the key of a question, or ``None`` if it cannot be completed or read.

        The engine reports why when it prepares the question.
        """
        whole = completed(question, self.complete)
        try:
            return None if isinstance(whole, Prepared) else self.keys.key(whole)
        except OSError:
            return None
        finally:
            self.release(question.id)


@dataclass(frozen=True, slots=True)
class _Storing:
    """Passes responses on and stores them for other runs."""

    sink: Sink
    cache: ResponseCache
    keys: Mapping[str, str]

    def append(self, responses: Sequence[Response]) -> None:
        self.sink.append(responses)
        for response in responses:
            if response.id in self.keys:
                self.cache.put(self.keys[response.id], response)

"""Decisions of the Ray engine, without Ray and without a clock.

The driver carries them out on a cluster, and a simulation of larger clusters in virtual time
(``tests/benchmarks/cluster_simulation.py``), so both decide alike.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from jumpscore.harness.engines.ray_messages import Job
from jumpscore.records import Question

MOST_TRIES = 3
"""Times that a single question may be lost before it counts as our failure."""


@dataclass(eq=False)
class Batch:
    """Questions that are answered together.

    Attributes:
        questions: The questions.
        losses: Times that the batch was lost.
        prepared: What was prepared of each question so far.
        waiting: Number of questions that are still being prepared.
        since: When the present step began, as monotonic time.
    """

    questions: Sequence[Question]
    losses: int = 0
    prepared: list[Any] = field(default_factory=list)
    waiting: int = 0
    since: float = 0.0

    def lost(self) -> list[Batch]:
        """Return what to try instead: the whole batch once more, then its questions one by one."""
        losses = self.losses + 1
        if losses < 2 or len(self.questions) == 1:
            return [Batch(self.questions, losses)]
        return [Batch([question], losses) for question in self.questions]

    @property
    def is_hopeless(self) -> bool:
        """Whether the batch is one question that was lost too often."""
        return self.losses >= MOST_TRIES and len(self.questions) == 1


class Schedule:
    """The questions of a job from their arrival to the last answer.

    Attributes:
        new: Batches to prepare.
        ready: Batches to answer.
    """

    def __init__(self, job: Job) -> None:
        self._job = job
        self.new: deque[Batch] = deque()
        self.ready: deque[Batch] = deque()
        self._partial: list[Question] = []
        self._requested, self._is_last = 0, False
        self._inside = 0  # questions that are not answered yet

    @property
    def is_finished(self) -> bool:
        """Whether every question has an answer and no others follow."""
        return self._is_last and not self._inside

    @property
    def is_waiting(self) -> bool:
        """Whether questions were requested that have not arrived."""
        return self._requested > 0

    @property
    def is_idle(self) -> bool:
        """Whether nothing can be done until questions arrive."""
        return self._inside == len(self._partial)

    def request(self, replicas: int, cpus: int) -> int:
        """Return how many questions to request now, perhaps 0: back-pressure.

        Args:
            replicas: Number of replicas, loaded or not.
            cpus: CPUs of the cluster.
        """
        if self._is_last or self._requested:
            return 0
        job = self._job
        each = max(job.ahead, 2 * job.batch_size * job.concurrency)
        self._requested = max(0, max(replicas * each, 2 * cpus) - self._inside)
        return self._requested

    def receive(self, questions: Sequence[Question], *, last: bool) -> None:
        """Take requested questions and form batches."""
        self._requested, self._is_last = 0, last
        self._partial += questions
        self._inside += len(questions)
        size = self._job.batch_size
        while len(self._partial) >= size or (last and self._partial):
            self.new.append(Batch(self._partial[:size]))
            del self._partial[:size]

    def to_prepare(self) -> Iterator[Batch]:
        """Yield the batches to prepare, or to give up if they are hopeless."""
        while self.new:
            batch = self.new.popleft()
            batch.prepared = [None] * len(batch.questions)
            batch.waiting = len(batch.questions)
            yield batch

    def prepared(self, batch: Batch, place: int, request: Any) -> None:
        """Record that a question was prepared; its batch may be ready now."""
        batch.prepared[place] = request
        batch.waiting -= 1
        if not batch.waiting:
            self.ready.append(batch)

    def lost(self, batch: Batch) -> None:
        """Record that a batch was lost with its process or machine."""
        self.new.extend(batch.lost())

    def answered(self, batch: Batch) -> None:
        """Record that a batch has its answers."""
        self._inside -= len(batch.questions)


class Answering(Protocol):
    """A replica, as far as the choice of one is concerned."""

    @property
    def is_open(self) -> bool:
        """Whether it answers."""

    @property
    def running(self) -> int:
        """Batches that it is answering."""


R = TypeVar("R", bound=Answering)


def least_busy(replicas: Iterable[R], concurrency: int) -> R | None:
    """Return the open replica with the least to do, or ``None`` if all are busy.

    Args:
        replicas: All replicas.
        concurrency: Batches that each answers at once.
    """
    able = [replica for replica in replicas if replica.is_open and replica.running < concurrency]
    return min(able, key=lambda replica: replica.running, default=None)

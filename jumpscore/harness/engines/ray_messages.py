"""Messages between a run and the process that is its driver on a Ray cluster.

When a cluster's head dies, Ray ends the driver's process without an exception. So the driver is a
child process: the run, which stores the answers, survives it. Both ends are this package, and the
connection is a private pair of sockets.
"""

from __future__ import annotations

from dataclasses import dataclass

from jumpscore.harness.engines.steps import Answered
from jumpscore.records import Question


@dataclass(frozen=True, slots=True)
class Job:
    """The first message to the driver: what to run, and how.

    Attributes:
        blueprint: A ``Blueprint``, pickled: the driver only hands it on. If empty, the driver
            answers with a ``Placement`` and ends.
        address: Address of a cluster, or ``None`` to start one on this machine.
        replicas: Number of models, or ``None`` for as many as fit.
        gpus: GPUs of each model, or ``None``: 1 if the cluster has any.
        ahead: Questions per replica that may be prepared ahead.
        batch_size: Questions of one batch.
        concurrency: Batches at once for each replica.
        timeout: Seconds after which an answer, a preparation or loading is given up.
    """

    blueprint: bytes
    address: str | None
    replicas: int | None
    gpus: int | None
    ahead: int
    batch_size: int
    concurrency: int
    timeout: float


@dataclass(frozen=True, slots=True)
class Ask:
    """To the driver: further questions; ``last`` if no others follow."""

    questions: tuple[Question, ...]
    last: bool


@dataclass(frozen=True, slots=True)
class More:
    """From the driver: it has room for this many questions."""

    questions: int


@dataclass(frozen=True, slots=True)
class Notice:
    """From the driver: a warning for the user, such as a lost machine."""

    text: str


@dataclass(frozen=True, slots=True)
class Stop:
    """From the driver: the run cannot go on, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Placement:
    """From the driver: what a cluster would do.

    Attributes:
        machines: Name and resources of each machine.
        replicas: Number of models.
        gpus: GPUs of each model.
        preparing: Questions that can be prepared at once.
    """

    machines: tuple[str, ...]
    replicas: int
    gpus: int
    preparing: int


Message = Answered | More | Notice | Placement | Stop

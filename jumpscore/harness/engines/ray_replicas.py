"""Replicas of a model on a Ray cluster: started, watched, and replaced when they are lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import RayError

from jumpscore.harness.engines.ray_messages import Job
from jumpscore.harness.engines.ray_workers import remote_replica
from jumpscore.harness.engines.schedule import least_busy

MOST_LOSSES = 10
"""Replicas that may be lost in a row, without an answer in between, before the run stops."""


class Unable(Exception):  # noqa: N818 - a reason, not an error of the program
    """Why the run cannot go on."""


@dataclass(eq=False)
class Replica:
    """One model on the cluster.

    Attributes:
        actor: The actor.
        opening: Result of loading it: why it failed, or ``None``.
        started: When it was asked to load, as monotonic time.
        is_open: Whether it answers.
        running: Batches that it is answering.
    """

    actor: Any
    opening: ray.ObjectRef
    started: float = field(default_factory=time.monotonic)
    is_open: bool = False
    running: int = 0


class Replicas:
    """All replicas of a job.

    Args:
        job: The job.
        digest: Digest of its blueprint.
        blueprint: The blueprint in the object store.
        notice: Called with warnings for the user.
    """

    def __init__(
        self, job: Job, digest: str, blueprint: ray.ObjectRef, notice: Callable[[str], None]
    ) -> None:
        self._job, self._digest, self._blueprint, self._notice = job, digest, blueprint, notice
        self._losses = 0
        self._gpus, number = placement(job, ray.cluster_resources(), len(alive_nodes()))
        self._all = [self._start() for _ in range(number)]

    def __iter__(self) -> Iterator[Replica]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def free(self) -> Replica | None:
        """Return the open replica with the least to do, or ``None`` if all are busy."""
        return least_busy(self._all, self._job.concurrency)

    def opened(self, replica: Replica) -> None:
        """Record the result of loading a replica.

        Raises:
            Unable: It cannot be loaded; every other one would fail alike.
        """
        try:
            problem = ray.get(replica.opening)
        except RayError as error:
            self.lose(replica, f"while it loaded ({first_line(error)})")
            return
        if problem is not None:
            raise Unable(problem)
        replica.is_open = True

    def answered(self) -> None:
        """Record that a batch was answered: losses before it are over."""
        self._losses = 0

    def lose(self, replica: Replica, when: str) -> None:
        """Kill a replica and start another one.

        Raises:
            Unable: Too many were lost in a row.
        """
        if replica not in self._all:
            return  # lost already, with another of its batches
        self._losses += 1
        if self._losses > MOST_LOSSES:
            raise Unable(
                f"{self._losses} replicas of the model were lost in a row, the last one {when}; "
                "see the logs of the cluster"
            )
        self._notice(f"a replica of the model was lost {when}; another one is started")
        ray.kill(replica.actor)
        self._all[self._all.index(replica)] = self._start()

    def check_time(self) -> None:
        """Check that replicas load in time; those that wait for a free machine are reported.

        Raises:
            Unable: None is open, and one has taken too long.
        """
        now = time.monotonic()
        slow = [r for r in self._all if not r.is_open and now - r.started > self._job.timeout]
        if slow and not any(replica.is_open for replica in self._all):
            needs = f"{self._gpus} GPUs" if self._gpus else "one free process"
            raise Unable(
                f"no replica of the model was ready after {self._job.timeout:.0f} s "
                f"(run.timeout); each needs {needs}, and the cluster has "
                f"{resources_text(ray.cluster_resources())}"
            )

    def close(self) -> None:
        """Close every model."""
        closing = [replica.actor.close.remote() for replica in self._all if replica.is_open]
        if closing:
            ray.wait(closing, num_returns=len(closing), timeout=10)
        for replica in self._all:
            ray.kill(replica.actor)

    def _start(self) -> Replica:
        options = {
            "num_gpus": self._gpus,
            "num_cpus": 0,
            "scheduling_strategy": "SPREAD",
            # One thread more, so that a busy replica can still be closed.
            "max_concurrency": self._job.concurrency + 1,
        }
        actor = remote_replica().options(**options).remote(self._digest, [self._blueprint])
        return Replica(actor, actor.open.remote())


def placement(job: Job, resources: dict[str, float], nodes: int) -> tuple[int, int]:
    """Return the GPUs of each replica, and the number of replicas.

    Args:
        job: The job.
        resources: Resources of the cluster.
        nodes: Number of its nodes.

    >>> job = Job(b"", None, None, None, 8, 1, 1, 60.0)
    >>> placement(job, {"GPU": 8.0, "CPU": 64.0}, 2), placement(job, {"CPU": 4.0}, 2)
    ((1, 8), (0, 2))
    """
    available = int(resources.get("GPU", 0))
    gpus = min(1, available) if job.gpus is None else job.gpus
    fitting = available // gpus if gpus else nodes
    if not fitting:
        raise Unable(
            f"run.gpus={gpus} needs more GPUs than the cluster has "
            f"({resources_text(resources)}); lower it or join more machines"
        )
    if job.replicas is not None and gpus and job.replicas > fitting:
        raise Unable(
            f"run.replicas={job.replicas} with {gpus} GPUs each do not fit on the cluster "
            f"({resources_text(resources)}); at most {fitting} do"
        )
    return gpus, job.replicas or fitting


def alive_nodes() -> Sequence[dict[str, Any]]:
    """Return the machines of the cluster that are alive."""
    return [node for node in ray.nodes() if node["Alive"]]


def resources_text(resources: dict[str, float]) -> str:
    """Return resources as text.

    >>> resources_text({"CPU": 4.0, "GPU": 1.0, "memory": 5e9})
    '4 CPUs, 1 GPU'
    """
    numbers = {name: int(resources.get(name, 0)) for name in ("CPU", "GPU")}
    return ", ".join(f"{n} {name}{'' if n == 1 else 's'}" for name, n in numbers.items())


def first_line(error: BaseException) -> str:
    """Return the first line of an error of Ray, whose messages contain whole logs."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__

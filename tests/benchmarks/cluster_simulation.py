"""A run on a Ray cluster in virtual time: how its wall time changes with the number of GPUs.

The decisions are those of the real driver (``engines.schedule``); Ray, the preparing CPUs and the
replicas are replaced by the seconds that they take. ``cluster_check`` compares the results with
real clusters on this machine.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from jumpscore.harness.engines.ray_messages import Job
from jumpscore.harness.engines.schedule import Batch, Schedule, least_busy
from jumpscore.records import Question

TICK = 0.5
SIZES = (
    11500, 8500, 7500, 5000, 4000, 2700, 2200, 1500, 1300,
    1300, 1000, 1000, 800, 600, 500, 500, 300, 300,
)  # fmt: skip
"""Questions of 18 benchmarks, of the sizes of public ones; each is one run."""
GPUS = (1, 8, 64, 256, 1000)
CPUS_PER_GPU = 8


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds that the parts of a run take.

    Attributes:
        opening: From the start of the run until the replicas answer.
        prepare: To prepare a question, on one CPU, on average.
        answer: To answer a batch, on average.
        spread: Standard deviation of the logarithm of both.
        latency: From the driver's call until a task begins, and from its end until the driver
            is notified.
        question: CPU time of the driver per question: to submit it, to take what was prepared
            and to hand on its answer.
        waiting: CPU time of the driver per awaited result, each time that it looks.
        seed: Seed of the spread.
    """

    opening: float = 0.0
    prepare: float = 0.0
    answer: float = 1.0
    spread: float = 0.0
    latency: float = 0.0
    question: float = 0.0
    waiting: float = 0.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Simulated:
    """Result of a simulated run.

    Attributes:
        wall: Seconds of the run.
        first: Seconds until the first answer.
        busy: Share of the replicas' time in which they answer.
        driver: Share of the wall time in which the driver works.
        tail: Seconds from the first time that a replica has nothing left to do to the end.
    """

    wall: float
    first: float
    busy: float
    driver: float
    tail: float


@dataclass(eq=False)
class _Replica:
    is_open: bool = False
    running: int = 0


@dataclass
class _Cluster:
    """What the driver sees of a cluster: calls that end some time later."""

    costs: Costs
    cpus: list[float]
    now: float = 0.0
    worked: float = 0.0
    answering: float = 0.0
    events: list[tuple[float, int, Any]] = field(default_factory=list)
    calls: int = 0

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(self.costs.seed)

    def seconds(self, mean: float) -> float:
        """Return how long something takes, log-normal with this mean."""
        spread = self.costs.spread
        return mean * float(np.exp(spread * self.random.standard_normal() - spread**2 / 2))

    def work(self, seconds: float) -> None:
        """Let the driver work."""
        self.now += seconds
        self.worked += seconds

    def end_at(self, time: float, what: Any) -> None:
        self.calls += 1
        heapq.heappush(self.events, (time, self.calls, what))

    def prepare(self, batch: Batch, place: int) -> None:
        self.work(self.costs.question / 2)
        begin = max(self.now + self.costs.latency, heapq.heappop(self.cpus))
        end = begin + self.seconds(self.costs.prepare)
        heapq.heappush(self.cpus, end)
        self.end_at(end + self.costs.latency, (batch, place))

    def answer(self, batch: Batch, replica: _Replica) -> None:
        self.work(len(batch.questions) * self.costs.question / 4)
        replica.running += 1
        seconds = self.seconds(self.costs.answer)
        self.answering += seconds
        self.end_at(self.now + seconds + 2 * self.costs.latency, (batch, replica))

    def ended(self) -> list[Any]:
        """Wait as the driver does, and return what has ended."""
        self.work(self.costs.waiting * len(self.events))
        if self.events and self.events[0][0] > self.now:
            self.now = min(self.now + TICK, self.events[0][0])
        results = []
        while self.events and self.events[0][0] <= self.now:
            results.append(heapq.heappop(self.events)[2])
        return results


def simulate(job: Job, questions: int, *, replicas: int, cpus: int, costs: Costs) -> Simulated:
    """Simulate a run.

    Args:
        job: Batch size, concurrency and number of questions that are prepared ahead.
        questions: Number of questions.
        replicas: Number of replicas.
        cpus: CPUs that prepare.
        costs: Seconds that everything takes.
    """
    schedule, cluster = Schedule(job), _Cluster(costs, [0.0] * cpus)
    models = [_Replica() for _ in range(replicas)]
    for model in models:
        cluster.end_at(costs.opening, model)
    sent, first, last_full = 0, 0.0, 0.0
    while not schedule.is_finished:
        if room := schedule.request(replicas, cpus):
            taken = min(room, questions - sent)
            sent += taken
            schedule.receive([Question("", (), "")] * taken, last=taken < room)
        for batch in schedule.to_prepare():
            for place in range(len(batch.questions)):
                cluster.prepare(batch, place)
        while schedule.ready and (free := least_busy(models, job.concurrency)) is not None:
            cluster.answer(schedule.ready.popleft(), free)
        if sent < questions or least_busy(models, 1) is None:
            last_full = cluster.now
        for event in cluster.ended():
            if isinstance(event, _Replica):
                event.is_open = True
                continue
            batch, target = event
            if isinstance(target, _Replica):
                target.running -= 1
                cluster.work(len(batch.questions) * costs.question / 4)
                schedule.answered(batch)
                first = first or cluster.now
            else:
                schedule.prepared(batch, target, None)
    wall = cluster.now
    capacity = replicas * job.concurrency * max(wall, 1e-9)
    busy, driver = cluster.answering / capacity, cluster.worked / max(wall, 1e-9)
    return Simulated(wall, first, busy, driver, wall - last_full)


DRIVER = Costs(question=0.0029, latency=0.005, waiting=2.1e-6)
"""``question`` is measured by ``cluster_check``, ``waiting`` was timed by hand with 8,000 tasks in
work, and ``latency`` is assumed."""


def main() -> None:
    """Print the wall time of 18 runs, one after another and all at once, by number of GPUs."""
    job = Job(b"", None, None, None, 8, 1, 1, 1800.0)
    costs = replace(DRIVER, opening=60.0, prepare=2.0, answer=5.0, spread=0.5)
    total = sum(SIZES)
    print(
        f"{len(SIZES)} runs with {total} questions; on average {costs.prepare} s to prepare and "
        f"{costs.answer} s to answer, {CPUS_PER_GPU} CPUs per GPU, {costs.opening:.0f} s to load\n"
        "GPUs, hours in turn, efficiency, loading, tail, driver; hours at once, efficiency"
    )
    alone = total * costs.answer + len(SIZES) * costs.opening
    for gpus in GPUS:
        runs = [_simulated(job, size, gpus, costs) for size in SIZES]
        wall = sum(run.wall for run in runs)
        loading = len(SIZES) * costs.opening
        tail = sum(run.tail for run in runs) / wall
        driver = sum(run.driver * run.wall for run in runs) / (wall - loading)
        line = f"| {gpus} | {wall / 3600:.2f} | {alone / wall / gpus:.0%} | {loading / wall:.0%} |"
        line += f" {tail:.0%} | {driver:.0%} |"
        if gpus >= len(SIZES):
            shares = zip(SIZES, shared(gpus, SIZES), strict=True)
            longest = max(_simulated(job, size, share, costs).wall for size, share in shares)
            line += f" {longest / 3600:.2f} | {alone / longest / gpus:.0%} |"
        print(line, flush=True)


def shared(gpus: int, sizes: Sequence[int]) -> list[int]:
    """Return how many GPUs each run gets: at least one, and equal numbers of questions per GPU.

    >>> shared(8, [500, 200, 10])
    [5, 2, 1]
    """
    shares = [1] * len(sizes)
    for _ in range(gpus - len(sizes)):
        most = max(range(len(sizes)), key=lambda place: sizes[place] / shares[place])
        shares[most] += 1
    return shares


def _simulated(job: Job, size: int, gpus: int, costs: Costs) -> Simulated:
    return simulate(job, size, replicas=gpus, cpus=CPUS_PER_GPU * gpus, costs=costs)


if __name__ == "__main__":
    main()

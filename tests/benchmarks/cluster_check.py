"""Compares simulated wall times with real Ray clusters of two nodes on this machine.

Needs Ray: ``.venv-ray/bin/python -m tests.benchmarks.cluster_check``. The models sleep for a known
time, because what is compared is the scheduling. What the cluster itself costs is measured first,
with runs of a few questions. Times are from the first answer to the last, without start-up.
"""

from __future__ import annotations

import os
import resource
import time
from dataclasses import replace

from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.harness.engines.blueprint import Received
from jumpscore.harness.engines.ray_messages import Job
from jumpscore.harness.input import InputPlan
from jumpscore.records import Question, Response
from model_wrappers.base import ModelWrapper, Request
from tests.benchmarks.cluster_simulation import Costs, simulate

SETTINGS = (
    # questions, batch size, seconds to prepare, seconds to answer
    (60, 1, 0.1, 2.0),
    (48, 1, 1.5, 0.5),
    (72, 4, 0.2, 4.0),
)
NODES = 2


class Sleeping(ModelWrapper):
    """Takes a known time to prepare a question and to answer a batch."""

    name = "sleeping"

    def __init__(self, prepare: float, answer: float, batch_size: int) -> None:
        super().__init__()
        self.times, self.batch_size = (prepare, answer), batch_size

    def prepare(self, question, visual):
        time.sleep(self.times[0])
        return Request(question)

    def generate(self, requests):
        time.sleep(self.times[1])
        return [Response(request.question.id, "1") for request in requests]


class _Arrivals:
    def __init__(self) -> None:
        self.times: list[float] = []

    def append(self, responses) -> None:
        self.times += [time.perf_counter()] * len(responses)


def main() -> None:
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80 << 20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        for _ in range(NODES - 1):
            cluster.add_node(**node)
        _compare(cluster.address)
    finally:
        cluster.shutdown()


def _compare(address: str) -> None:
    few = _driver_seconds(address, 50)
    question = max(0.0, (_driver_seconds(address, 550) - few) / 500)
    print(f"driver: {1000 * question:.1f} ms of CPU per question, load {os.getloadavg()[0]:.0f}")
    costs = Costs(question=question, latency=0.005)
    for questions, batch_size, prepare, answer in SETTINGS:
        arrivals = _run(Sleeping(prepare, answer, batch_size), address, questions)
        measured = arrivals[-1] - arrivals[0]
        job = Job(b"", None, None, None, 8, batch_size, 1, 1800.0)
        times = replace(costs, prepare=prepare, answer=answer)
        run = simulate(job, questions, replicas=NODES, cpus=NODES, costs=times)
        simulated = run.wall - run.first
        print(
            f"{questions} questions in batches of {batch_size}, {prepare} s to prepare, {answer} s "
            f"to answer: {measured:.1f} s from the first answer to the last, simulated "
            f"{simulated:.1f} s, ratio {simulated / measured:.2f}",
            flush=True,
        )


def _run(model: ModelWrapper, address: str, questions: int) -> list[float]:
    """Return when each answer came."""
    from jumpscore.harness.engines.ray_cluster import RayEngine

    arrivals = _Arrivals()
    plan = InputPlan.resolve(model, InputConfig())
    asked = [Question(f"q{number}", (), "") for number in range(questions)]
    settings = RunSettings(engine="ray", address=address)
    RayEngine(model, plan, settings, Received()).ask(asked, arrivals)
    return arrivals.times


def _driver_seconds(address: str, questions: int) -> float:
    """Return the CPU seconds of the driver, which is a child process, and of this process."""
    before = _cpu()
    _run(Sleeping(0.0, 0.0, 1), address, questions)
    return _cpu() - before


def _cpu() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(one) for one in who]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


if __name__ == "__main__":
    main()

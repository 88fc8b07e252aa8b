"""Decisions of the Ray engine, and its simulation against cases worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from jumpscore.errors import DataError
from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.harness.engines import ray_cluster
from jumpscore.harness.engines.blueprint import Received
from jumpscore.harness.engines.ray_messages import Job
from jumpscore.harness.engines.schedule import Batch, Schedule, least_busy
from jumpscore.harness.input import InputPlan
from jumpscore.records import Question
from tests.benchmarks.cluster_simulation import Costs, _Replica, simulate
from tests.jumpscore.harness.stub import Stub

JOB = Job(b"", None, None, None, 8, 1, 1, 60.0)


def questions(number: int) -> list[Question]:
    return [Question(f"q{place}", (), "") for place in range(number)]


@pytest.mark.parametrize(
    ("tensor", "data", "chosen", "gpus"),
    [(1, 1, None, None), (4, 1, None, 4), (2, 3, None, 6), (4, 1, 0, 0), (1, 1, 2, 2)],
)
def test_job_gpus_of_models_on_several(tensor, data, chosen, gpus):
    wrapper = Stub()
    wrapper.options = SimpleNamespace(tensor_parallel=tensor, data_parallel=data)
    settings = RunSettings(engine="ray", gpus=chosen)
    assert ray_cluster._job(wrapper, settings, b"").gpus == gpus


def test_questions_that_cannot_be_completed_are_answered_with_the_error():
    def complete(question):
        if question.id == "q1":
            raise DataError("a.mp4: is missing")
        return replace(question, prompt="How many?")

    plan = InputPlan("none", InputConfig())
    settings = RunSettings(engine="ray")
    engine = ray_cluster.RayEngine(Stub(), plan, settings, Received(), complete)
    first, second, third = engine._completed(questions(3))
    assert [first, third] == [Question(name, (), "How many?") for name in ("q0", "q2")]
    assert [response.error for response in second.responses] == ["a.mp4: is missing"]


def test_request_is_bounded_by_what_is_in_work():
    schedule = Schedule(JOB)
    assert schedule.request(2, 4) == 16  # 8 for each replica
    assert schedule.is_waiting
    assert schedule.request(2, 4) == 0  # one request at a time
    schedule.receive(questions(16), last=False)
    assert schedule.request(2, 4) == 0
    assert schedule.request(2, 10) == 4  # 2 for each CPU
    schedule.receive([], last=True)
    assert schedule.request(2, 100) == 0


def test_receive_forms_batches_of_what_came_in_parts():
    schedule = Schedule(replace(JOB, batch_size=3))
    schedule.receive(questions(4), last=False)
    assert [len(batch.questions) for batch in schedule.new] == [3]
    assert not schedule.is_idle
    schedule.receive(questions(1), last=True)
    assert [len(batch.questions) for batch in schedule.new] == [3, 2]


def test_batch_is_ready_when_every_question_is_prepared():
    schedule = Schedule(replace(JOB, batch_size=2))
    schedule.receive(questions(2), last=True)
    [batch] = schedule.to_prepare()
    schedule.prepared(batch, 1, "b")
    assert not schedule.ready
    schedule.prepared(batch, 0, "a")
    assert list(schedule.ready) == [batch]
    assert batch.prepared == ["a", "b"]
    assert not schedule.is_finished
    schedule.answered(batch)
    assert schedule.is_finished


def test_lost_batch_is_split_until_one_question_is_hopeless():
    schedule = Schedule(replace(JOB, batch_size=2))
    schedule.receive(questions(2), last=True)
    sizes = []
    for _ in range(3):
        batches = list(schedule.to_prepare())
        sizes.append([len(batch.questions) for batch in batches])
        assert not any(batch.is_hopeless for batch in batches)
        for batch in batches:
            schedule.lost(batch)
    assert sizes == [[2], [2], [1, 1]]
    assert [batch.is_hopeless for batch in schedule.to_prepare()] == [True, True]
    assert not Batch(questions(2), losses=9).is_hopeless


def test_least_busy_is_open_and_has_room():
    replicas = [_Replica(False, 0), _Replica(True, 2), _Replica(True, 1)]
    assert least_busy(replicas, 2) is replicas[2]
    assert least_busy(replicas, 1) is None


@pytest.mark.parametrize(
    ("costs", "batch_size", "wall"),
    [
        # 20 questions, 2 replicas: 10 answers of 3 s each, after the first preparation.
        (Costs(opening=0.0, prepare=1.0, answer=3.0), 1, 31.0),
        # Loading hides preparing.
        (Costs(opening=10.0, prepare=1.0, answer=3.0), 1, 40.0),
        # The 4 CPUs limit: 5 rounds of 9 s, and 2 answers on each replica for the last round.
        (Costs(prepare=9.0, answer=1.0), 1, 47.0),
        # 5 batches of 4 for 2 replicas: 3 rounds; the first batch is prepared at once.
        (Costs(prepare=1.0, answer=3.0), 4, 10.0),
        # The driver limits: 20 questions of 5 s of its time.
        (Costs(answer=0.1, question=5.0), 1, 100.0),
    ],
)
def test_simulate_by_hand(costs, batch_size, wall):
    job = replace(JOB, batch_size=batch_size)
    run = simulate(job, 20, replicas=2, cpus=4, costs=costs)
    assert run.wall == pytest.approx(wall, rel=0.02)


def test_simulate_more_gpus_never_take_longer():
    costs = Costs(opening=60.0, prepare=2.0, answer=5.0, spread=0.5, question=0.003)
    runs = [simulate(JOB, 400, replicas=n, cpus=8 * n, costs=costs) for n in (1, 4, 16, 64)]
    walls = [run.wall for run in runs]
    assert walls == sorted(walls, reverse=True)
    assert all(0 < run.busy <= 1 for run in runs)
    assert simulate(JOB, 400, replicas=4, cpus=32, costs=costs) == runs[1]

"""One opened model, any number of runs."""

from __future__ import annotations

import pytest

import jumpscore
from jumpscore.harness import RepeatedRun, RunInterrupted, open_session
from jumpscore.harness.session import Callbacks
from jumpscore.runs import StoredRun
from model_wrappers.base import ModelOptions
from tests.jumpscore.harness.stub import Stub


class SeededOptions(ModelOptions):
    seed: int = 3


class Seeded(Stub):
    """Records the seeds it answers with, and how often it is opened and closed."""

    Options = SeededOptions

    def __init__(self, interrupt_at=None):
        super().__init__()
        self.calls, self.seeds, self.interrupt_at = [], [], interrupt_at

    def identity(self):
        return self.stated()

    def open(self):
        self.calls.append("open")

    def close(self):
        self.calls.append("close")

    def generate(self, requests):
        if len(self.seeds) == self.interrupt_at:
            raise KeyboardInterrupt
        self.seeds.append(self.options.seed)
        return super().generate(requests)


@pytest.fixture
def session_of(tiny_set, tmp_path):
    def session_of(model, callbacks=None):
        return open_session(
            model,
            "jumpscore",
            task_options={"data": str(tiny_set)},
            run={"folder": str(tmp_path)},
            callbacks=callbacks,
        )

    return session_of


def configs_of(session, seeds):
    return [
        session.config.model_copy(
            update={
                "model": {**session.config.model, "seed": seed},
                "run": session.config.run.model_copy(update={"name": f"seed-{seed}"}),
            }
        )
        for seed in seeds
    ]


def test_carry_out_opens_once_and_resets_the_seed(session_of):
    model, counts = Seeded(), []
    with session_of(model, Callbacks(lambda *count: counts.append(count))) as session:
        runs = list(session.carry_out(configs_of(session, (7, 8))))
    assert [run.folder.name for run in runs] == ["seed-7", "seed-8"]
    assert model.seeds == [7] * 3 + [8] * 3
    assert model.options.seed == 3
    assert model.calls == ["open"]  # whoever made the wrapper closes it
    assert counts == [(0, 6), (1, 6), (2, 6), (3, 6), (3, 6), (4, 6), (5, 6), (6, 6)]


def test_carry_out_counts_an_interruption_over_all_runs(session_of):
    model = Seeded(interrupt_at=4)
    with session_of(model) as session, pytest.raises(RunInterrupted) as interrupted:
        list(session.carry_out(configs_of(session, (7, 8))))
    assert (interrupted.value.answered, interrupted.value.total) == (4, 6)
    assert model.options.seed == 3


def test_carry_out_finished_runs_do_not_open_the_model(session_of):
    with session_of(Seeded()) as session:
        list(session.carry_out(configs_of(session, (7,))))
    again = Seeded()
    with session_of(again) as session:
        [run] = session.carry_out(configs_of(session, (7,)))
    assert (again.calls, run.asked) == ([], 0)


@pytest.mark.parametrize(("repeats", "kind"), [(1, StoredRun), (2, RepeatedRun)])
def test_evaluate_returns_a_run_or_repeats(tiny_set, tmp_path, repeats, kind):
    run = jumpscore.evaluate(
        Seeded(),
        "jumpscore",
        task_options={"data": str(tiny_set)},
        run={"folder": tmp_path, "repeats": repeats},
    )
    assert type(run) is kind
    assert run.asked == 3 * repeats
    assert len(repr(run)) < 400

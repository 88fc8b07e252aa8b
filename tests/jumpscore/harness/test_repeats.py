from __future__ import annotations

import json
import re

import pytest

import jumpscore
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import RunInterrupted, read_repeats, score_repeats
from jumpscore.records import Response
from jumpscore.runs import read_run
from jumpscore.studies import compare_runs
from model_wrappers.base import ModelOptions, ModelWrapper
from tests.jumpscore.harness.stub import Stub


class SeededOptions(ModelOptions):
    seed: int = 0
    temperature: float = 1.0


class Seeded(ModelWrapper):
    """Answers by its seed; counts how often it is opened and what it is asked."""

    name = "seeded"
    Options = SeededOptions

    def __init__(self, fail=(), interrupt_at=None, **options):
        super().__init__(SeededOptions(**options))
        self.fail, self.interrupt_at = set(fail), interrupt_at
        self.opened, self.asked = 0, []

    def open(self):
        self.opened += 1

    def identity(self):
        return self.stated()

    def generate(self, requests):
        [request] = requests
        asked = (self.options.seed, request.question.id)
        if len(self.asked) == self.interrupt_at:
            raise KeyboardInterrupt
        self.asked.append(asked)
        if asked in self.fail:
            raise RuntimeError("out of memory")
        return [Response(request.question.id, f"[{0.5 + self.options.seed}]")]


@pytest.fixture
def repeat(tiny_set, tmp_path):
    def repeat(model, repeats=3, on_progress=None, **run):
        return jumpscore.evaluate(
            model,
            "jumpscore",
            task_options={"data": str(tiny_set)},
            run={"folder": tmp_path / "runs", "name": "mine", "repeats": repeats, **run},
            on_progress=on_progress,
        )

    return repeat


def content(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("timing.json", "run.json", "responses.jsonl")
    }


def test_evaluate_repeats_open_the_model_once(repeat, tmp_path):
    model, calls = Seeded(seed=4), []
    repeated = repeat(model, on_progress=lambda done, total: calls.append((done, total)))
    assert model.opened == 1
    assert model.options.seed == 4
    assert [seed for seed, _ in model.asked] == [4] * 3 + [5] * 3 + [6] * 3
    assert calls == [(done, 9) for done in (0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9)]
    assert repeated.result.seeds == (4, 5, 6)
    for place, run in enumerate(repeated.runs):
        assert run.folder == tmp_path / "runs" / "mine" / f"repeat-{place}"
        assert read_run(run.folder) == run
        assert run.record.identity.model["options"]["seed"] == 4 + place
        assert "repeats" not in run.record.config.run
    assert read_repeats(repeated.folder) == repeated
    assert repeated.result.metrics["f1"].mean == pytest.approx(
        sum(run.result.metrics["f1"].mean for run in repeated.runs) / 3
    )


def test_evaluate_repeats_twice_gives_equal_bytes(repeat):
    one, other = repeat(Seeded(), name="one"), repeat(Seeded(), name="other")
    assert content(one.folder) == content(other.folder)
    assert "_seconds" not in (one.folder / "repeats.json").read_text()


def test_evaluate_repeat_equals_run_with_its_seed(repeat):
    repeated = repeat(Seeded(), repeats=2)
    alone = repeat(Seeded(seed=1), repeats=1, name="alone")
    assert content(repeated.runs[1].folder) == content(alone.folder)


def test_evaluate_resumes_an_interrupted_repeat(repeat, tmp_path):
    with pytest.raises(RunInterrupted, match="4 of 9 samples"):
        repeat(Seeded(interrupt_at=4))
    folder = tmp_path / "runs" / "mine"
    assert not (folder / "repeats.json").exists()
    with pytest.raises(DataError, match=r"not all repeats are finished; rerun the same command"):
        read_repeats(folder)
    again = Seeded()
    repeated = repeat(again)
    assert again.asked == [(1, "clip1"), (1, "clip2"), *((2, f"clip{i}") for i in range(3))]
    assert content(folder) == content(repeat(Seeded(), name="fresh").folder)
    finished = Seeded()
    assert repeat(finished).result == repeated.result
    assert (finished.opened, finished.asked) == (0, [])


def test_evaluate_asks_failed_samples_of_a_repeat_again(repeat):
    repeated = repeat(Seeded(fail=[(1, "clip0")]))
    assert (repeated.result.unscored, repeated.result.total) == (1, 9)
    assert repeated.runs[1].result.unscored == 1
    again = Seeded()
    assert repeat(again).result.unscored == 0
    assert again.asked == [(1, "clip0")]


def test_evaluate_adds_repeats_and_refuses_fewer(repeat):
    repeat(Seeded(), repeats=2)
    more = Seeded()
    assert len(repeat(more, repeats=4).runs) == 4
    assert {seed for seed, _ in more.asked} == {2, 3}
    with pytest.raises(
        UsageError, match=r"contains repeat-3, which run\.repeats=3 would leave out"
    ):
        repeat(Seeded(), repeats=3)


def test_evaluate_repeats_refuse_a_changed_configuration(repeat):
    before = content(repeat(Seeded()).folder)
    with pytest.raises(UsageError, match=r"model\.options\.temperature: 1\.0 -> 0\.5"):
        repeat(Seeded(temperature=0.5))
    assert content(read_repeats(repeat(Seeded()).folder).folder) == before


def test_evaluate_repeats_of_a_greedy_model(repeat):
    [remark] = repeat(Seeded(temperature=0.0), repeats=2).result.remarks
    assert "is greedy" in remark


def test_evaluate_repeats_need_a_seed(repeat, tmp_path):
    with pytest.raises(UsageError, match="'content_free' has no option 'seed'"):
        repeat("content_free")
    assert not (tmp_path / "runs").exists()


def test_evaluate_repeats_need_a_set_seed(repeat):
    class UnsetOptions(ModelOptions):
        seed: int | None = None

    model = Seeded()
    model.options = UnsetOptions()
    with pytest.raises(UsageError, match=r"model\.seed=None: .*set it to a number"):
        repeat(model)


def test_evaluate_repeats_refuse_the_folder_of_a_run(repeat):
    folder = repeat(Seeded(), repeats=1).folder
    with pytest.raises(UsageError, match="contains a single run, not repeats"):
        repeat(Seeded())
    assert "repeats" not in json.loads((folder / "run.json").read_text())["config"]["run"]
    repeat(Seeded(), name="other")
    with pytest.raises(UsageError, match=r"contains repeats of a run; choose another run\.name"):
        repeat(Seeded(), repeats=1, name="other")


def test_evaluate_repeats_default_folder(repeat):
    one = repeat(Seeded(), repeats=1, name=None)
    several = repeat(Seeded(), repeats=2, name=None)
    assert several.folder.name == f"{one.folder.name}-repeats"


def test_read_run_of_repeats(repeat):
    folder = repeat(Seeded()).folder
    with pytest.raises(DataError, match=re.escape(f"{folder}/repeat-0 ... {folder}/repeat-2")):
        read_run(folder)


class TestOnDisk:
    @pytest.fixture
    def repeated(self, repeat):
        return repeat(Seeded())

    def test_score_repeats_without_the_model(self, repeated):
        before = content(repeated.folder)
        for name in ("repeats.json", "repeat-1/scores.jsonl", "repeat-1/result.json"):
            (repeated.folder / name).unlink()
        assert score_repeats(repeated.folder).result == repeated.result
        assert content(repeated.folder) == before

    def test_read_repeats_refuses_other_runs(self, repeated, repeat):
        other = repeat(Seeded(seed=9), name="other")
        for name in ("scores.jsonl", "result.json"):
            (repeated.runs[1].folder / name).write_bytes((other.runs[1].folder / name).read_bytes())
        with pytest.raises(
            DataError, match=r"does not match the runs next to it; 'jumpscore score"
        ):
            read_repeats(repeated.folder)

    @pytest.mark.parametrize("text", ["{}", "garbage", '{"metrics": 5}'])
    def test_read_repeats_damaged_summary(self, repeated, text):
        (repeated.folder / "repeats.json").write_text(text)
        with pytest.raises(DataError, match=r"repeats\.json.*'jumpscore score .*' writes it again"):
            read_repeats(repeated.folder)

    def test_read_repeats_missing_repeat(self, repeated):
        repeated.runs[1].folder.rename(repeated.folder / "away")
        with pytest.raises(DataError, match=r"repeat-1: is missing"):
            read_repeats(repeated.folder)
        with pytest.raises(DataError, match=r"repeat-1: is missing"):
            score_repeats(repeated.folder)

    def test_score_repeats_refuses_another_run(self, repeated, repeat):
        other = repeat(Seeded(seed=7, temperature=0.5), repeats=2, name="other")
        other.runs[0].folder.rename(repeated.folder / "repeat-3")
        with pytest.raises(DataError, match=r"repeat-3: not a repeat of .*temperature: 1\.0 -> 0"):
            score_repeats(repeated.folder)

    def test_compare_runs_of_repeats(self, repeated, repeat):
        alone = repeat(Seeded(), repeats=1, name="alone")
        compared = compare_runs(repeated, alone)["f1"]
        assert (compared.mean_a, compared.n) == (
            pytest.approx(repeated.result.metrics["f1"].mean),
            3,
        )
        assert compared.mean_b == pytest.approx(alone.result.metrics["f1"].mean)
        assert compare_runs(repeated, repeated)["f1"].differ == 0


def test_repeats_reset_a_seed_that_is_not_an_option(repeat):
    class Elsewhere(Stub):
        seed = 0

        def reseed(self, seed):
            self.seed = seed

    model = Elsewhere()
    repeat(model, repeats=3)
    assert model.seed == 0

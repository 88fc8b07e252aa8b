from __future__ import annotations

import json
import re

import numpy as np
import pytest

import jumpscore
from evaluators.base import Aggregate, DataFacts, Task
from jumpscore.errors import DataError, UsageError
from jumpscore.harness import RunInterrupted, read_repeats, score_repeats
from jumpscore.harness.repeats import summarise_repeats
from jumpscore.records import STATUSES, Estimate, Metric, Response, RunResult, SampleScore
from jumpscore.runs import read_run
from jumpscore.scoring import Ratio, bootstrap
from jumpscore.studies import compare_runs
from model_wrappers.base import ModelOptions, ModelWrapper


class Made(Task):
    """A mean and a rate, of samples that are made by hand."""

    name, version, headline = "made", "1", ("f1",)
    metrics = (
        Metric("f1", "F1"),
        Metric("miss_rate", "misses", better="lower", over=("misses", "true")),
    )

    def load(self):
        return []

    def data(self):
        return DataFacts("made", "00", True, "nowhere")

    def score(self, truth, response, derived=None):
        raise NotImplementedError


def score(name, f1, misses=0, true=2):
    return SampleScore(name, "ok", {"f1": f1, "misses": misses, "true": true})


ERROR = SampleScore("c", "error", message="the server is down")
SCORES = (
    (score("a", 0.2, 1), score("b", 0.6, 2), score("c", 1.0)),
    (score("a", 0.4, 0), score("b", 0.8, 1), ERROR),
)


def result_of(scores, **more):
    counts = dict.fromkeys(STATUSES, 0)
    for found in scores:
        counts[found.status] += 1
    facts = {"task": "made", "task_version": "1", "model": "m", "data": "made", "synthetic": True}
    unscored = counts["error"]
    caveats = ("the data are synthetic",)
    if unscored:
        caveats += (f"{unscored} of {len(scores)} samples are unscored",)
    return RunResult(
        **facts,
        metrics=Made().aggregate(scores).estimates,
        described=Made.metrics,
        headline=Made.headline,
        counts=counts,
        total=len(scores),
        unscored=unscored,
        caveats=caveats,
        **more,
    )


def summarised(task=None, scores=SCORES, **more):
    results = [result_of(found, notes={"oddities": 2}) for found in scores]
    seeds = range(5, 5 + len(scores))
    return summarise_repeats(task or Made(), results, scores, seeds=seeds, **more)


def test_the_spread_over_repeats_by_hand():
    f1 = summarised().metrics["f1"]
    # Repeat 0: (0.2 + 0.6 + 1.0) / 3 = 0.6; repeat 1, whose c is unscored: (0.4 + 0.8) / 2 = 0.6.
    assert f1.values == pytest.approx((0.6, 0.6))
    assert (f1.mean, f1.sd) == (pytest.approx(0.6), pytest.approx(0.0))
    misses = summarised().metrics["miss_rate"]
    # 3 of 6 jumps, then 1 of 4: mean 0.375, sd |0.5 - 0.25| / sqrt(2).
    assert misses.values == (0.5, 0.25)
    assert misses.mean == 0.375
    assert misses.sd == pytest.approx(0.25 / 2**0.5)
    assert (misses.lowest, misses.highest) == (0.25, 0.5)


def test_the_interval_is_over_videos_whose_repeats_are_averaged_first():
    found = summarised(seed=3).metrics
    # a (0.2 + 0.4) / 2, b (0.6 + 0.8) / 2, c from the one repeat that scored it.
    ratios = {
        "f1": Ratio.mean([0.3, 0.7, 1.0]),
        # Misses a 0.5, b 1.5, c 0 of two jumps each: 2 of 6.
        "miss_rate": Ratio(np.array([0.5, 1.5, 0.0]), np.array([2.0, 2.0, 2.0])),
    }
    wanted = bootstrap(ratios, seed=3)
    for name, estimate in wanted.items():
        over = found[name].over_videos
        assert (over.n, over.mean) == (3, pytest.approx(estimate.mean))
        assert (over.ci_low, over.ci_high, over.stderr) == pytest.approx(
            (estimate.ci_low, estimate.ci_high, estimate.stderr)
        )
    assert found["f1"].over_videos.mean == pytest.approx(2 / 3)
    assert found["miss_rate"].over_videos.mean == pytest.approx(1 / 3)


def test_equal_repeats_are_one_run_with_its_interval():
    """Asking again adds no videos: five times the same answers are no narrower than once."""
    once = Made().aggregate(SCORES[0]).estimates
    found = summarise_repeats(
        Made(), [result_of(SCORES[0])] * 5, [SCORES[0]] * 5, seeds=range(5)
    ).metrics
    for name, estimate in once.items():
        assert found[name].sd == 0.0
        assert found[name].over_videos.stderr == pytest.approx(estimate.stderr)


def test_what_is_unscored_is_counted_over_all_repeats():
    result = summarised(remarks=["greedy"])
    assert (result.total, result.unscored) == (6, 1)
    assert (result.counts["ok"], result.counts["error"]) == (5, 1)
    assert result.caveats == (
        "the data are synthetic",
        "1 of 6 answers are unscored, over all repeats",
    )
    assert result.notes == {"oddities": 4}
    assert (result.seeds, result.remarks) == ((5, 6), ("greedy",))


def test_a_metric_that_few_repeats_define_weighs_as_in_their_means():
    """Of a nine answers define it not, of b all do: the ten answers of b are not worth one of a."""
    a = [{"f1": 1.0}, *[{"f1": None}] * 9]
    repeats = [
        [SampleScore("a", "ok", values), SampleScore("b", "ok", {"f1": 0.0})] for values in a
    ]
    found = summarised(scores=repeats).metrics["f1"]
    assert found.mean == pytest.approx(0.05)  # 0.5 once, 0 nine times
    assert found.over_videos.mean == pytest.approx(1 / 11)
    assert found.over_videos.n == 2


def test_a_sample_that_no_repeat_scored_is_left_out_of_the_interval():
    repeats = [[score("a", 0.2), score("b", 0.6), ERROR]] * 2
    assert summarised(scores=repeats).metrics["f1"].over_videos.n == 2
    assert summarised(scores=[[ERROR]] * 2).metrics["f1"].over_videos.n == 0


def test_a_task_that_aggregates_in_its_own_way_gets_no_made_up_interval():
    class Own(Made):
        def aggregate(self, scores, *, seed=0):
            return Aggregate({"f1": Estimate(0.5, None, None, None, 3)}, self.metrics)

    assert summarised(Own()).metrics["f1"].over_videos is None
    assert summarised(Own()).metrics["f1"].mean == pytest.approx(0.6)


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


def test_repeats_are_ordinary_runs_of_one_opened_model(repeat, tmp_path):
    model, told = Seeded(seed=4), []
    found = repeat(model, on_progress=lambda done, total: told.append((done, total)))
    assert model.opened == 1
    assert model.options.seed == 4
    assert [seed for seed, _ in model.asked] == [4] * 3 + [5] * 3 + [6] * 3
    assert told == [(done, 9) for done in (0, 1, 2, 3, 3, 4, 5, 6, 6, 7, 8, 9)]
    assert found.result.seeds == (4, 5, 6)
    for place, run in enumerate(found.runs):
        assert run.folder == tmp_path / "runs" / "mine" / f"repeat-{place}"
        assert read_run(run.folder) == run
        assert run.record.identity.model["options"]["seed"] == 4 + place
        assert "repeats" not in run.record.config.run
    assert read_repeats(found.folder) == found
    assert found.result.metrics["f1"].mean == pytest.approx(
        sum(run.result.metrics["f1"].mean for run in found.runs) / 3
    )


def test_equal_repeats_give_equal_bytes(repeat):
    one, other = repeat(Seeded(), name="one"), repeat(Seeded(), name="other")
    assert content(one.folder) == content(other.folder)
    assert "_seconds" not in (one.folder / "repeats.json").read_text()


def test_a_repeat_is_what_a_run_with_its_seed_is(repeat):
    found = repeat(Seeded(), repeats=2)
    alone = repeat(Seeded(seed=1), repeats=1, name="alone")
    assert content(found.runs[1].folder) == content(alone.folder)


def test_ctrl_c_and_the_same_call_goes_on_with_that_repeat(repeat, tmp_path):
    with pytest.raises(RunInterrupted, match="4 of 9 samples"):
        repeat(Seeded(interrupt_at=4))
    folder = tmp_path / "runs" / "mine"
    assert not (folder / "repeats.json").exists()
    with pytest.raises(DataError, match=r"not all repeats are finished; rerun the same command"):
        read_repeats(folder)
    again = Seeded()
    found = repeat(again)
    assert again.asked == [(1, "clip1"), (1, "clip2"), *((2, f"clip{i}") for i in range(3))]
    assert content(folder) == content(repeat(Seeded(), name="fresh").folder)
    finished = Seeded()
    assert repeat(finished).result == found.result
    assert (finished.opened, finished.asked) == (0, [])


def test_what_failed_is_counted_and_asked_again(repeat):
    found = repeat(Seeded(fail=[(1, "clip0")]))
    assert (found.result.unscored, found.result.total) == (1, 9)
    assert found.runs[1].result.unscored == 1
    again = Seeded()
    assert repeat(again).result.unscored == 0
    assert again.asked == [(1, "clip0")]


def test_more_repeats_are_added_and_none_is_left_out(repeat):
    repeat(Seeded(), repeats=2)
    more = Seeded()
    assert len(repeat(more, repeats=4).runs) == 4
    assert {seed for seed, _ in more.asked} == {2, 3}
    with pytest.raises(
        UsageError, match=r"contains repeat-3, which run\.repeats=3 would leave out"
    ):
        repeat(Seeded(), repeats=3)


def test_a_changed_configuration_keeps_what_is_there(repeat):
    before = content(repeat(Seeded()).folder)
    with pytest.raises(UsageError, match=r"model\.options\.temperature: 1\.0 -> 0\.5"):
        repeat(Seeded(temperature=0.5))
    assert content(read_repeats(repeat(Seeded()).folder).folder) == before


def test_a_greedy_model_may_repeat_and_it_is_said(repeat):
    [remark] = repeat(Seeded(temperature=0.0), repeats=2).result.remarks
    assert "is greedy" in remark


def test_a_model_without_a_seed_is_refused(repeat, tmp_path):
    with pytest.raises(UsageError, match="'content_free' has no option 'seed'"):
        repeat("content_free")
    assert not (tmp_path / "runs").exists()


def test_a_seed_that_is_not_set_is_no_seed_to_count_up_from(repeat):
    class UnsetOptions(ModelOptions):
        seed: int | None = None

    model = Seeded()
    model.options = UnsetOptions()
    with pytest.raises(UsageError, match=r"model\.seed=None: .*set it to a number"):
        repeat(model)


def test_one_run_and_repeats_do_not_share_a_folder(repeat):
    folder = repeat(Seeded(), repeats=1).folder
    with pytest.raises(UsageError, match="contains a single run, not repeats"):
        repeat(Seeded())
    assert "repeats" not in json.loads((folder / "run.json").read_text())["config"]["run"]
    repeat(Seeded(), name="other")
    with pytest.raises(UsageError, match=r"contains repeats of a run; choose another run\.name"):
        repeat(Seeded(), repeats=1, name="other")


def test_by_default_repeats_have_a_folder_of_their_own(repeat):
    one = repeat(Seeded(), repeats=1, name=None)
    several = repeat(Seeded(), repeats=2, name=None)
    assert several.folder.name == f"{one.folder.name}-repeats"


def test_reading_one_run_where_repeats_are_names_them(repeat):
    folder = repeat(Seeded()).folder
    with pytest.raises(DataError, match=re.escape(f"{folder}/repeat-0 ... {folder}/repeat-2")):
        read_run(folder)


class TestOnDisk:
    @pytest.fixture
    def found(self, repeat):
        return repeat(Seeded())

    def test_scored_anew_without_the_model(self, found):
        before = content(found.folder)
        for name in ("repeats.json", "repeat-1/scores.jsonl", "repeat-1/result.json"):
            (found.folder / name).unlink()
        assert score_repeats(found.folder).result == found.result
        assert content(found.folder) == before

    def test_a_summary_of_other_runs_is_refused(self, found, repeat):
        other = repeat(Seeded(seed=9), name="other")
        for name in ("scores.jsonl", "result.json"):
            (found.runs[1].folder / name).write_bytes((other.runs[1].folder / name).read_bytes())
        with pytest.raises(
            DataError, match=r"does not match the runs next to it; 'jumpscore score"
        ):
            read_repeats(found.folder)

    @pytest.mark.parametrize("text", ["{}", "garbage", '{"metrics": 5}'])
    def test_a_damaged_summary_names_the_fix(self, found, text):
        (found.folder / "repeats.json").write_text(text)
        with pytest.raises(DataError, match=r"repeats\.json.*'jumpscore score .*' writes it again"):
            read_repeats(found.folder)

    def test_a_missing_repeat(self, found):
        found.runs[1].folder.rename(found.folder / "away")
        with pytest.raises(DataError, match=r"repeat-1: is missing"):
            read_repeats(found.folder)
        with pytest.raises(DataError, match=r"repeat-1: is missing"):
            score_repeats(found.folder)

    def test_a_run_of_something_else_in_a_repeats_place(self, found, repeat):
        other = repeat(Seeded(seed=7, temperature=0.5), repeats=2, name="other")
        other.runs[0].folder.rename(found.folder / "repeat-3")
        with pytest.raises(DataError, match=r"repeat-3: not a repeat of .*temperature: 1\.0 -> 0"):
            score_repeats(found.folder)

    def test_repeats_compare_by_their_means(self, found, repeat):
        alone = repeat(Seeded(), repeats=1, name="alone")
        compared = compare_runs(found, alone)["f1"]
        assert (compared.mean_a, compared.n) == (
            pytest.approx(found.result.metrics["f1"].mean),
            3,
        )
        assert compared.mean_b == pytest.approx(alone.result.metrics["f1"].mean)
        assert compare_runs(found, found)["f1"].verdict == "tied"

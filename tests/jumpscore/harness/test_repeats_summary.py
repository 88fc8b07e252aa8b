from __future__ import annotations

import numpy as np
import pytest

from evaluators.base import Aggregate, DataFacts, Task
from jumpscore.harness.repeats import summarise_repeats
from jumpscore.records import STATUSES, Estimate, Metric, RunResult, SampleScore
from jumpscore.scoring import Ratio, bootstrap


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
    for one in scores:
        counts[one.status] += 1
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
    results = [result_of(score, notes={"oddities": 2}) for score in scores]
    seeds = range(5, 5 + len(scores))
    return summarise_repeats(task or Made(), results, scores, seeds=seeds, **more)


def test_summarise_repeats_spread_by_hand():
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


def test_summarise_repeats_interval_over_videos():
    summary = summarised(seed=3).metrics
    # a (0.2 + 0.4) / 2, b (0.6 + 0.8) / 2, c from the one repeat that scored it.
    ratios = {
        "f1": Ratio.mean([0.3, 0.7, 1.0]),
        # Misses a 0.5, b 1.5, c 0 of two jumps each: 2 of 6.
        "miss_rate": Ratio(np.array([0.5, 1.5, 0.0]), np.array([2.0, 2.0, 2.0])),
    }
    expected = bootstrap(ratios, seed=3)
    for name, estimate in expected.items():
        over = summary[name].over_videos
        assert (over.n, over.mean) == (3, pytest.approx(estimate.mean))
        assert (over.ci_low, over.ci_high, over.stderr) == pytest.approx(
            (estimate.ci_low, estimate.ci_high, estimate.stderr)
        )
    assert summary["f1"].over_videos.mean == pytest.approx(2 / 3)
    assert summary["miss_rate"].over_videos.mean == pytest.approx(1 / 3)


def test_repeated_result_to_pandas():
    result = summarised()
    table = result.to_pandas()
    f1 = result.metrics["f1"]
    spread, videos = ["sd", "lowest", "highest"], ["stderr", "ci_low", "ci_high", "n"]
    assert list(table.columns) == ["title", "unit", "mean", *videos, *spread]
    row = table.loc["f1"]
    assert (row["mean"], row["sd"], row["n"]) == (f1.mean, f1.sd, f1.over_videos.n)
    assert row["ci_low"] == f1.over_videos.ci_low
    assert (row["title"], row["unit"]) == ("F1", "percent")


def test_summarise_repeats_equal_repeats():
    """Repeats add no videos: five equal repeats have the same interval as one."""
    once = Made().aggregate(SCORES[0]).estimates
    summary = summarise_repeats(
        Made(), [result_of(SCORES[0])] * 5, [SCORES[0]] * 5, seeds=range(5)
    ).metrics
    for name, estimate in once.items():
        assert summary[name].sd == 0.0
        assert summary[name].over_videos.stderr == pytest.approx(estimate.stderr)


def test_summarise_repeats_counts_unscored():
    result = summarised(remarks=["greedy"])
    assert (result.total, result.unscored) == (6, 1)
    assert (result.counts["ok"], result.counts["error"]) == (5, 1)
    assert result.caveats == (
        "the data are synthetic",
        "1 of 6 answers are unscored, over all repeats",
    )
    assert result.notes == {"oddities": 4}
    assert (result.seeds, result.remarks) == ((5, 6), ("greedy",))


def test_summarise_repeats_weights_of_undefined_values():
    """Nine of ten answers of a have no value; its one value has a tenth of the weight of b."""
    a = [{"f1": 1.0}, *[{"f1": None}] * 9]
    repeats = [
        [SampleScore("a", "ok", values), SampleScore("b", "ok", {"f1": 0.0})] for values in a
    ]
    summary = summarised(scores=repeats).metrics["f1"]
    assert summary.mean == pytest.approx(0.05)  # 0.5 once, 0 nine times
    assert summary.over_videos.mean == pytest.approx(1 / 11)
    assert summary.over_videos.n == 2


def test_summarise_repeats_sample_without_score():
    repeats = [[score("a", 0.2), score("b", 0.6), ERROR]] * 2
    assert summarised(scores=repeats).metrics["f1"].over_videos.n == 2
    assert summarised(scores=[[ERROR]] * 2).metrics["f1"].over_videos.n == 0


def test_summarise_repeats_task_with_own_aggregate():
    class Own(Made):
        def aggregate(self, scores, *, seed=0):
            return Aggregate({"f1": Estimate(0.5, None, None, None, 3)}, self.metrics)

    assert summarised(Own()).metrics["f1"].over_videos is None
    assert summarised(Own()).metrics["f1"].mean == pytest.approx(0.6)

"""Pairs of equally good models, for simulations of how often one is wrongly called better."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from jumpscore.scoring import Comparison, Ratio, bootstrap, compare

Pair = tuple[Ratio, Ratio]
Scenario = Callable[[np.random.Generator, int], tuple[Pair, list[str] | None]]
"""(generator, number of videos) -> both models, and the video of every entry if it has several."""
AT_ONCE = 200
"""Replicates that share their swaps."""


def _mostly_equal(generator, values, other, equal):
    return Ratio.mean(values), Ratio.mean(
        np.where(generator.random(len(values)) < equal, values, other)
    )


def zero_or_one(generator, videos):
    a, b = generator.integers(0, 2, (2, videos))
    return _mostly_equal(generator, a, b, 0.2), None


def five_levels(generator, videos):
    a, b = generator.integers(0, 5, (2, videos)) / 4
    return _mostly_equal(generator, a, b, 0.8), None


def skewed(generator, videos):
    a, b = np.round(generator.exponential(1, (2, videos)), 1)
    return _mostly_equal(generator, a, b, 0.5), None


def rows_of_videos(generator, videos):
    """1 to 8 rows of 0 or 1 per video, which depend on the video; a fifth of them is equal."""
    places = np.repeat(np.arange(videos), 1 + np.arange(videos) * 5 % 8)
    hard = generator.normal(0, 1, (2, videos))
    hard[1] = np.where(generator.random(videos) < 0.2, hard[0], hard[1])
    a, b = (hard[:, places] + generator.normal(0, 0.5, (2, len(places))) > 0).astype(float)
    b = np.where((hard[0] == hard[1])[places], a, b)
    return (Ratio.mean(a), Ratio.mean(b)), [f"{place:04d}" for place in places]


def precision(generator, videos):
    """A rate with unequal denominators: one model predicts twice as many events."""
    right = generator.beta(2, 2, (2, videos))
    events = generator.poisson([[10], [5]], (2, videos))
    hits = generator.binomial(events, right).astype(float)
    a, b = (Ratio(*pair) for pair in zip(hits, events.astype(float), strict=True))
    return (a, b), None


def skewed_differences(generator, videos):
    """One model is better by 1 on 80% of the videos and worse by 4 on the others."""
    worse = generator.random(videos) < 0.2
    return (Ratio.mean(np.where(worse, -4.0, 1.0)), Ratio.mean(np.zeros(videos))), None


SCENARIOS: dict[str, Scenario] = {
    "scores of 0 or 1, 60% of the videos equal": zero_or_one,
    "scores with five levels, 84% equal": five_levels,
    "skewed scores, half equal": skewed,
    "1 to 8 rows per video, 20% of the videos equal": rows_of_videos,
    "precision, one model predicts twice as many events": precision,
}
OUTSIDE: dict[str, Scenario] = {
    "one model +1 on 80% of the videos, -4 on the others": skewed_differences
}
"""Equal means, but the differences are not symmetric: no test is exact here."""


def comparisons(scenario: Scenario, videos: int, *, replicates: int) -> Iterator[Comparison]:
    """Yield the comparison of every replicate."""
    for number, (a, b, clusters) in enumerate(_batches(scenario, videos, replicates)):
        yield from compare(a, b, seed=number, clusters=clusters).values()


def bootstrap_errors(scenario: Scenario, videos: int, *, replicates: int) -> float:
    """Return how often the percentile interval of the paired difference of means excludes 0."""
    wrong = 0
    for number, (a, b, _) in enumerate(_batches(scenario, videos, replicates)):
        both = {k: Ratio.mean(a[k].numerator - b[k].numerator) for k in a}
        for estimate in bootstrap(both, seed=number).values():
            wrong += estimate.ci_low > 0 or estimate.ci_high < 0
    return wrong / replicates


def _batches(scenario, videos, replicates):
    generator = np.random.default_rng(videos)
    pairs = [scenario(generator, videos) for _ in range(replicates)]
    for start in range(0, replicates, AT_ONCE):
        batch = pairs[start : start + AT_ONCE]
        a, b = ({str(k): pair[side] for k, (pair, _) in enumerate(batch)} for side in (0, 1))
        yield a, b, batch[0][1]


def error_rate(scenario: Scenario, videos: int, *, replicates: int) -> tuple[float, float]:
    """Return the share of wrong verdicts where 12 or more videos differ, and their share."""
    verdicts = [c.verdict for c in comparisons(scenario, videos, replicates=replicates)]
    decided = [verdict for verdict in verdicts if verdict != "too_few"]
    wrong = sum(verdict in ("a", "b") for verdict in decided)
    return (wrong / len(decided) if decided else float("nan")), len(decided) / len(verdicts)

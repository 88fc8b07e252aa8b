"""How often equally good models are wrongly called different. The table is in the docs.

Rates are over the replicates in which at least 12 videos differ; with 6,000 of them, the standard
error of a rate of 5% is 0.3%.
"""

from __future__ import annotations

import numpy as np

from jumpscore.scoring import Ratio, rank
from tests.null_models import (
    OUTSIDE,
    SCENARIOS,
    bootstrap_errors,
    error_rate,
)

REPLICATES = 6_000
RANKINGS = 2_000
SIZES = (20, 40, 80, 300)


def main(replicates: int = REPLICATES) -> None:
    """Print the rates of wrong verdicts per pair, of the percentile bootstrap, and per family."""
    print(f"{replicates} replicates; wrong at 5% (share of replicates in which 12 videos differ)")
    for name, scenario in (SCENARIOS | OUTSIDE).items():
        for videos in SIZES:
            wrong, decided = error_rate(scenario, videos, replicates=replicates)
            print(f"{name}, {videos} videos: {wrong:.1%} ({decided:.0%})", flush=True)
    for name, scenario in list(SCENARIOS.items())[:3]:
        for videos in SIZES[:2]:
            wrong = bootstrap_errors(scenario, videos, replicates=replicates)
            print(f"percentile bootstrap, {name}, {videos} videos: {wrong:.1%}", flush=True)
    for models in (3, 10):
        wrong = family_errors(models, rankings=RANKINGS * replicates // REPLICATES)
        print(f"{models} equal models, 80 videos: several groups in {wrong:.1%}", flush=True)


def family_errors(models: int, *, rankings: int, videos: int = 80) -> float:
    """Return how often a ranking of equally good models has more than one group."""
    generator = np.random.default_rng(models)
    several = 0
    for seed in range(rankings):
        scores = generator.integers(0, 5, (models, videos)) / 4
        runs = {str(k): Ratio.mean(values) for k, values in enumerate(scores)}
        ranking = rank(runs, clusters=None, better="higher", seed=seed)
        several += ranking.rows[-1].group > 1
    return several / rankings


if __name__ == "__main__":
    main()

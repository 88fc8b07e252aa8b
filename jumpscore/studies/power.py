"""The spread of differences in pilot runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from jumpscore.errors import UsageError
from jumpscore.harness.repeating import AnyRun
from jumpscore.records import Metric
from jumpscore.scoring.power import Pilot, pilot_of_pair, pilot_of_run
from jumpscore.studies.compare import ratios_of


def pilot_of_runs(runs: Sequence[AnyRun], metric: Metric, *, correlation: float) -> Pilot:
    """Return the pilot of a run, or the pair of runs with the largest spread.

    Args:
        runs: One run, or several over the same data.
        metric: Metric whose differences matter.
        correlation: Correlation over videos that is assumed for a single run.

    Raises:
        UsageError: The runs cannot be compared, or have fewer than two scored videos in common.
    """
    ratios, clusters = ratios_of(runs, metric)
    if len(ratios) == 1:
        [one] = ratios.values()
        pilots = [pilot_of_run(one, clusters=clusters, correlation=correlation)]
    else:
        pairs = combinations(ratios.values(), 2)
        pilots = [pilot_of_pair(a, b, clusters=clusters) for a, b in pairs]
    measured = [pilot for pilot in pilots if pilot is not None]
    if not measured:
        raise UsageError(f"{metric.name}: needs two scored videos; score a larger pilot")
    return max(measured, key=lambda pilot: pilot.spread)

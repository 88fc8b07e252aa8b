"""Answers whose times all compete for each other, against the quadratic algorithms.

The quadratic algorithm takes seconds, so it runs once.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import partial

from jumpscore.scoring import event_scores, ranked_ap
from tests.benchmarks.row import Bound, Row, Setting
from tests.benchmarks.timing import alternating, cpu_seconds
from tests.jumpscore.scoring.slow import curve_of_ranked_answers, table_matching


def rows(setting: Setting) -> Iterator[Row]:
    """Measure ``event_scores`` with fewer, as many and more answers, and ``ranked_ap``."""
    generator, events = random.Random(0), 500 if setting.quick else 2_000
    truth = sorted(generator.uniform(0, 0.3) for _ in range(events))
    for count in (events // 2, events, events * 2):
        answers = sorted(generator.uniform(0, 0.3) for _ in range(count))
        yield _row(
            f"event_scores, {events:,} events within 0.3 s",
            f"{count:,} answers",
            partial(event_scores, answers, truth),
            partial(table_matching, answers, truth, 0.3),
            Bound(ours=20.0),
        )
    ranked = 1_000 if setting.quick else 10_000
    times, events = ([generator.uniform(0, 3000) for _ in range(ranked)] for _ in range(2))
    trust = [generator.random() for _ in times]
    yield _row(
        "ranked_ap over 3,000 s",
        f"{ranked:,} answers and events",
        partial(ranked_ap, times, trust, events, 0.3),
        partial(curve_of_ranked_answers, times, trust, events, 0.3),
        Bound(ours=50.0),
    )


def _row(
    name: str, size: str, ours: Callable[[], object], slow: Callable[[], object], bound: Bound
) -> Row:
    fast = alternating({name: ours}, repeats=7)[name]
    slowly = cpu_seconds(slow)
    return Row(
        name, size, "CPU ms", 1000 * fast, "quadratic algorithm", 1000 * slowly, bound=bound,
        excluded="parsing",
    )  # fmt: skip

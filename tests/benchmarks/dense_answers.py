"""Answers whose times all compete for each other, against the quadratic algorithms."""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable
from functools import partial
from time import process_time

from jumpscore.scoring import event_scores, ranked_ap
from tests.jumpscore.scoring.slow import curve_of_ranked_answers, table_matching

EVENTS, RANKED = 2_000, 10_000


def main() -> None:
    generator = random.Random(0)
    truth = sorted(generator.uniform(0, 0.3) for _ in range(EVENTS))
    for count in (EVENTS // 2, EVENTS, EVENTS * 2):
        answers = sorted(generator.uniform(0, 0.3) for _ in range(count))
        _compare(
            f"event_scores, {count} answers and {EVENTS} events within 0.3 s",
            partial(event_scores, answers, truth),
            partial(table_matching, answers, truth, 0.3),
        )
    times, events = ([generator.uniform(0, 3000) for _ in range(RANKED)] for _ in range(2))
    trust = [generator.random() for _ in times]
    _compare(
        f"ranked_ap, {RANKED} answers and {RANKED} events over 3000 s",
        partial(ranked_ap, times, trust, events, 0.3),
        partial(curve_of_ranked_answers, times, trust, events, 0.3),
    )


def _compare(name: str, ours: Callable[[], object], slow: Callable[[], object]) -> None:
    fast = min(_seconds(ours) for _ in range(5))
    tracemalloc.start()
    ours()
    memory = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    ratio = _seconds(slow) / fast
    print(f"{name}: {1000 * fast:.0f} CPU ms, {memory:.0f} MB; {ratio:.0f} times faster")


def _seconds(work: Callable[[], object]) -> float:
    before = process_time()
    work()
    return process_time() - before

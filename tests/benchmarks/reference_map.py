"""``reference_map`` and the real function of lmms-eval on the same input in the same process."""

from __future__ import annotations

import random
import statistics
import time

from jumpscore.scoring import TOLERANCES, reference_map
from tests.support import lmms_eval_scorer

EVENTS = 5000


def main() -> None:
    generator = random.Random(0)
    truth = sorted(generator.uniform(0, 2500) for _ in range(EVENTS))
    answers = [time + generator.gauss(0, 0.15) for time in truth]
    ours = statistics.median(_seconds(lambda: reference_map(answers, truth)) for _ in range(5))
    print(f"input: {EVENTS} answers, {EVENTS} events over 2500 s, 3 tolerances; parsing excluded")
    print(f"ours: {1000 * ours:.1f} ms (median of 5)")
    theirs = lmms_eval_scorer()
    if theirs is None:
        print("no ratio: lmms-eval is not installed; `make test` installs it")
        return
    before = time.perf_counter()
    value, _ = theirs.calculate_map_for_start_times(answers, truth, list(TOLERANCES))
    slow = time.perf_counter() - before
    same = value == reference_map(answers, truth)
    print(f"lmms-eval 0.7.3: {slow:.2f} s (once); same value: {same}")
    print(f"ratio: {slow / ours:.0f} times faster")


def _seconds(work) -> float:
    before = time.perf_counter()
    work()
    return time.perf_counter() - before

"""``reference_map`` and the function of lmms-eval on the same input in the same process."""

from __future__ import annotations

import random
from collections.abc import Iterator

from jumpscore.scoring import TOLERANCES, reference_map
from tests.benchmarks.row import Row, Setting, Skipped
from tests.benchmarks.timing import alternating
from tests.support import lmms_eval_scorer


def rows(setting: Setting) -> Iterator[Row | Skipped]:
    """Measure one long sample; the values must be equal."""
    theirs = lmms_eval_scorer()
    if theirs is None:
        yield Skipped("lmms-eval", "not installed; `make test` installs it")
        return
    generator, events = random.Random(0), 1_000 if setting.quick else 2_000
    truth = sorted(generator.uniform(0, events / 2) for _ in range(events))
    answers = [time + generator.gauss(0, 0.15) for time in truth]
    value, _ = theirs.calculate_map_for_start_times(answers, truth, list(TOLERANCES))
    assert value == reference_map(answers, truth)
    calculate = theirs.calculate_map_for_start_times
    seconds = alternating(
        {
            "ours": lambda: reference_map(answers, truth),
            "theirs": lambda: calculate(answers, truth, list(TOLERANCES)),
        },
        repeats=3,
    )
    yield Row(
        "reference_map, 3 tolerances", f"{events:,} events and answers", "CPU ms",
        1000 * seconds["ours"], "lmms-eval 0.7.3", 1000 * seconds["theirs"], excluded="parsing",
    )  # fmt: skip

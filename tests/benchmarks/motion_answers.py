"""What ``motion`` answers on fresh rendered clips: F1 per style, and events if no one jumps.

``python -m tests.benchmarks.motion_answers [FOLDER]`` keeps the clips in a folder, whose next
measurement then needs no rendering. Choose no threshold on clips of these seeds; docs/motion.md
states the one that was.
"""

from __future__ import annotations

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jumpscore
from jumpscore.builder.generate import synthesize
from jumpscore.builder.jump_rope import load_profile

SEEDS = {"no_jumps": 303, "rates": 202}
SIZES = "resolutions=[{width: 640, height: 360, weight: 1}, {width: 854, height: 480, weight: 1}]"
SETS = {
    "no_jumps": ("clips=28", "durations=[{low: 12, high: 16, weight: 1}]",
                 "resolutions=[{width: 640, height: 360, weight: 1}]"),
    "rates": ("clips=40", "durations=[{low: 8, high: 13, weight: 1}]", SIZES),
}  # fmt: skip


def main(folder: str | None = None) -> None:
    """Render both sets, unless ``folder`` contains them, and print one line per group."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, overrides in SETS.items():
            data = Path(folder or scratch) / name
            facts = synthesize(data, load_profile(name, list(overrides)), seed=SEEDS[name]).videos
            groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
            for sample, score, events in _answers(data, Path(scratch) / "runs", name):
                clip = facts[sample]
                group = clip.get("style") or clip["activity"]
                minutes = clip["duration"] / 60
                groups[group].append((score, minutes) if name == "rates" else (events, minutes))
            everything = [value for values in groups.values() for value in values]
            for group, values in [*sorted(groups.items()), ("all", everything)]:
                print(_line(name, group, values), flush=True)


def _answers(data: Path, runs: Path, name: str) -> Iterator[tuple[str, float, int]]:
    """Yield id, F1 at 0.1 s and number of events of every answer."""
    run: Any = jumpscore.evaluate(
        "motion", "jumpscore", task_options={"data": str(data)}, run={"folder": runs, "name": name}
    )
    for score in run.scores:
        text = run.responses[score.id].text
        events = 0 if text == "[]" else text.count(",") + 1
        yield score.id, score.values.get("f1@0.1") or 0.0, events


def _line(name: str, group: str, values: list[tuple[float, float]]) -> str:
    numbers = [value for value, _ in values]
    if name == "rates":
        mean = 100 * sum(numbers) / len(numbers)
        lowest = 100 * min(numbers)
        return f"{name} {group}: {len(values)} clips, F1@0.1 {mean:.1f}, lowest {lowest:.0f}"
    minutes = sum(length for _, length in values)
    return (
        f"{name} {group}: {len(values)} clips, {sum(n == 0 for n in numbers)} answered with [], "
        f"{sum(numbers):.0f} events in {minutes:.1f} minutes, {sum(numbers) / minutes:.1f} a minute"
    )


if __name__ == "__main__":
    main(*sys.argv[1:2])

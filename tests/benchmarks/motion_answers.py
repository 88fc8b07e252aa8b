"""What ``motion`` answers on ``rates`` and ``no_jumps``: F1 per style, and events if no one jumps.

``python -m tests.benchmarks.motion_answers``. Choose no threshold on these sets.
"""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jumpscore
from jumpscore.builder.bundled import bundled_manifest


def main(runs: Path | None = None) -> None:
    """Print one line per group; ``runs`` keeps the answers, so that a rerun resumes."""
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("no_jumps", "rates"):
            facts = bundled_manifest(name).videos
            groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
            for sample, score, events in _answers(name, runs or Path(scratch)):
                clip = facts[sample]
                group = clip.get("style") or clip["activity"]
                minutes = clip["duration"] / 60
                groups[group].append((score, minutes) if name == "rates" else (events, minutes))
            everything = [value for values in groups.values() for value in values]
            for group, values in [*sorted(groups.items()), ("all", everything)]:
                print(_line(name, group, values), flush=True)


def _answers(name: str, runs: Path) -> Iterator[tuple[str, float, int]]:
    """Yield id, F1 at 0.1 s and number of events of every answer."""
    run: Any = jumpscore.evaluate(
        "motion", "jumpscore", task_options={"data": name}, run={"folder": runs, "name": name}
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
    main()

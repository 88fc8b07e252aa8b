"""The page of 1,000 samples x 5 runs: how long it takes to write, and to sort and filter."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

from jumpscore.records import SampleScore, TimelineView
from jumpscore.report.comparison_page import write_comparison_page
from jumpscore.runs import StoredRun
from jumpscore.scoring import event_scores
from tests.jumpscore.report.browsing import CHROMIUM, QUIET
from tests.jumpscore.report.runs import made_up_run

SAMPLES, RUNS = 1000, 5
CHANGE = """([name, kind, value]) => {
  const control = document.querySelector(`[name=${name}]`);
  const before = performance.now();
  control.value = value;
  control.dispatchEvent(new Event(kind, { bubbles: true }));
  document.body.offsetHeight;
  return performance.now() - before;
}"""
"""Changes a control and returns the milliseconds until the page is laid out again."""


def main() -> None:
    """Print sizes and times."""
    with tempfile.TemporaryDirectory() as folder:
        runs = list(random_runs(Path(folder), SAMPLES, RUNS))
        before = process_time()
        page = write_comparison_page(runs, Path(folder) / "page.html")
        print(
            f"{SAMPLES:,} samples x {RUNS} runs: written in {process_time() - before:.1f} s of CPU"
        )
        print(f"size {page.stat().st_size / 1e6:.1f} MB")
        if CHROMIUM is not None:
            _print_times(page)


def random_runs(folder: Path, samples: int, count: int) -> Iterator[StoredRun]:
    """Yield runs whose answers are the truth with misses and errors."""
    generator = random.Random(0)
    truths = [
        [round(0.5 + 0.4 * i + generator.uniform(-0.05, 0.05), 3) for i in range(jumps)]
        for jumps in (generator.randint(10, 60) for _ in range(samples))
    ]
    for number in range(count):
        scores, texts = [], {}
        for place, truth in enumerate(truths):
            hit = [time for time in truth if generator.random() > 0.15]
            times = sorted(round(time + generator.gauss(0, 0.1), 2) for time in hit)
            result = event_scores(times, truth)
            view = TimelineView(tuple(truth), tuple(times), result.pairs, truth[-1] + 1)
            values = {name: result.values[name] for name in ("f1", "count_error")}
            scores.append(SampleScore(f"clip{place:04}", "ok", values, view=view))
            texts[scores[-1].id] = str(times)
        yield made_up_run(folder / str(number), scores, texts, model=f"model {number}")


def _print_times(page: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        tab = browser.new_page(viewport={"width": 1366, "height": 768})
        tab.goto(page.as_uri())
        timing = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
        print(f"ready after {tab.evaluate(timing):,.0f} ms")
        for name, kind, value in (
            ("sort", "change", "id"),
            ("sort", "change", "0"),
            ("search", "input", "99"),
            ("rate-min", "input", "2.45"),
        ):
            milliseconds = tab.evaluate(CHANGE, [name, kind, value])
            print(f"{name} {value}: {milliseconds:.0f} ms")
        browser.close()

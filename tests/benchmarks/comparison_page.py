"""The page of 1,000 samples x 5 runs: how long it takes to write, and to sort and filter."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jumpscore.records import SampleScore, TimelineView
from jumpscore.report.comparison_page import write_comparison_page
from jumpscore.runs import StoredRun
from jumpscore.scoring import event_scores
from tests.benchmarks.row import Row, Setting, Skipped
from tests.benchmarks.timing import alternating
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


def rows(setting: Setting) -> Iterator[Row | Skipped]:
    """Measure the page of several runs: writing it, its size, and its controls in Chromium."""
    samples = SAMPLES // 10 if setting.quick else SAMPLES
    size = f"{samples:,} samples x {RUNS} runs"
    with tempfile.TemporaryDirectory() as folder:
        runs = list(random_runs(Path(folder), samples, RUNS))
        page = Path(folder) / "page.html"
        seconds = alternating(
            {
                "page": lambda: write_comparison_page(runs, page),
                "json": lambda: [json.dumps(asdict(score)) for run in runs for score in run.scores],
            },
            repeats=2,
        )
        yield Row(
            "comparison page, written", size, "CPU s", seconds["page"],
            "the scores as JSON", seconds["json"],
        )  # fmt: skip
        yield Row("comparison page, size", size, "MB", page.stat().st_size / 1e6)
        if CHROMIUM is None:
            yield Skipped("controls of the comparison page", "no Chromium is installed")
            return
        for name, milliseconds in _times(page).items():
            yield Row(f"comparison page, {name}", size, "ms in Chromium", milliseconds)


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


def _times(page: Path) -> dict[str, float]:
    """Return the milliseconds until the page is ready, and of each control."""
    from playwright.sync_api import sync_playwright

    timing = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
    with sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        tab = browser.new_page(viewport={"width": 1366, "height": 768})
        tab.goto(page.as_uri())
        times = {"ready": tab.evaluate(timing)}
        for name, kind, value in (
            ("sort", "change", "id"),
            ("search", "input", "99"),
            ("rate-min", "input", "2.45"),
        ):
            times[name] = tab.evaluate(CHANGE, [name, kind, value])
        browser.close()
    return times

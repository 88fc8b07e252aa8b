"""Pages of 5,000 videos in Chromium: seconds until they are drawn and have answered a control."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jumpscore.report.comparison_page import write_comparison_page
from jumpscore.report.html import write_report
from tests.benchmarks.comparison_page import CHANGE, random_runs
from tests.benchmarks.row import Row, Setting, Skipped
from tests.jumpscore.report.browsing import CHROMIUM, QUIET

FEW, MANY = 500, 5_000
PAINTED = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  done([paint ? paint.startTime : NaN, performance.now()]);
})))"""
"""Returns the milliseconds until the first paint, and until the page has drawn what it loaded."""
CONTROLS = (("sort", "change", "id"), ("search", "input", "99"))


def rows(setting: Setting) -> Iterator[Row | Skipped]:
    """Measure both pages; the alternative is the page of a tenth of the videos."""
    if CHROMIUM is None:
        yield Skipped("long pages", "no Chromium is installed")
        return
    few, many = (50, 500) if setting.quick else (FEW, MANY)
    drawn = {}
    for samples in (few, many):
        with tempfile.TemporaryDirectory() as folder:
            runs = list(random_runs(Path(folder), samples, 2))
            drawn["report", samples] = _times(write_report(runs[0], Path(folder) / "report.html"))
            page = write_comparison_page(runs, Path(folder) / "comparison.html")
            drawn["comparison", samples] = _times(page)
    for name in ("report", "comparison"):
        for what, milliseconds in drawn[name, many].items():
            yield Row(
                f"{name}, {what}", f"{many:,} videos", "ms in Chromium", milliseconds,
                f"{few:,} videos", drawn[name, few][what],
            )  # fmt: skip


def _times(page: Path) -> dict[str, float]:
    """Return milliseconds: drawn, all of the controls, and drawn at a linked video."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        tab = browser.new_page(viewport={"width": 1366, "height": 768})
        tab.goto(page.as_uri())
        _, drawn = tab.evaluate(PAINTED)
        controls = sum(tab.evaluate(CHANGE, list(control)) for control in CONTROLS)
        linked = browser.new_page(viewport={"width": 1366, "height": 768})
        linked.goto(f"{page.as_uri()}#sample=clip0450")
        link = linked.evaluate(PAINTED)[1]
        browser.close()
    return {"drawn": drawn, "sort and search": controls, "drawn at a linked video": link}

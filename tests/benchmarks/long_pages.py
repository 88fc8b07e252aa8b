"""Pages of 5,000 videos in Chromium: seconds until they are drawn and have answered a control."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from jumpscore.report.comparison_page import write_comparison_page
from jumpscore.report.html import write_report
from tests.benchmarks.comparison_page import CHANGE, random_runs
from tests.jumpscore.report.browsing import CHROMIUM, QUIET

FEW, MANY = 500, 5_000
PAINTED = """() => new Promise((done) => requestAnimationFrame(() => setTimeout(() => {
  const paint = performance.getEntriesByName("first-contentful-paint")[0];
  done([paint ? paint.startTime : NaN, performance.now()]);
})))"""
"""Returns the milliseconds until the first paint, and until the page has drawn what it loaded."""
CONTROLS = (("sort", "change", "id"), ("search", "input", "99"))


def main() -> None:
    """Print sizes and times; needs an installed Chromium."""
    with tempfile.TemporaryDirectory() as folder:
        for samples in (FEW, MANY):
            runs = list(random_runs(Path(folder) / str(samples), samples, 2))
            pages = {
                "report": write_report(runs[0], Path(folder) / "report.html"),
                "comparison": write_comparison_page(runs, Path(folder) / "comparison.html"),
            }
            for name, page in pages.items():
                words = f"{name} of {samples:,} videos, {page.stat().st_size / 1e6:.1f} MB"
                if CHROMIUM is None:
                    print(f"{words}; no Chromium is installed")
                else:
                    print(f"{words}: {_times(page)}")


def _times(page: Path) -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser: Any = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        tab = browser.new_page(viewport={"width": 1366, "height": 768})
        before = time.perf_counter()
        tab.goto(page.as_uri())
        paint, drawn = tab.evaluate(PAINTED)
        steps = {name: tab.evaluate(CHANGE, [name, *rest]) for name, *rest in CONTROLS}
        whole = time.perf_counter() - before
        linked = browser.new_page(viewport={"width": 1366, "height": 768})
        linked.goto(f"{page.as_uri()}#sample=clip0450")
        link = linked.evaluate(PAINTED)[1]
        browser.close()
    listed = ", ".join(f"{name} {milliseconds:.0f} ms" for name, milliseconds in steps.items())
    return (
        f"first paint {paint:.0f} ms, drawn {drawn:.0f} ms, {listed}; all of that within "
        f"{whole:.2f} s; drawn at a linked video {link:.0f} ms"
    )

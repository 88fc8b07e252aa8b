"""Pages in a real browser: the fixture ``browser`` of ``conftest.py`` starts it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
IN_BROWSER = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
"""The ``pytestmark`` of a module whose tests open pages."""
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SCREENS = {"phone": (390, 844), "desktop": (1366, 768)}
"""Width and height in CSS pixels of the screens on which every page must be usable."""


class Visit:
    """A page that is open, with all that it printed and requested.

    Args:
        browser: The fixture ``browser``.
        path: File of the page.
        fragment: What follows ``#`` in its address.
        settings: Options of the tab, such as ``viewport``.
    """

    def __init__(self, browser: Any, path: Path, fragment: str = "", **settings: Any) -> None:
        self.page = browser.new_page(**settings)
        self.messages: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda message: self.messages.append(message.text))
        self.page.on("pageerror", lambda error: self.messages.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("dialog", lambda dialog: self.messages.append(dialog.message))
        self.page.goto(path.as_uri() + (f"#{fragment}" if fragment else ""))

    def visible(self) -> list[str]:
        """Return the ids of the samples that no filter hides, in order."""
        ids: list[str] = self.page.eval_on_selector_all(
            ".sample:not([hidden])", "nodes => nodes.map(node => node.dataset.id)"
        )
        return ids

    def settle(self) -> None:
        """Wait for the next drawn frames, after which a page has noticed that it was scrolled."""
        self.page.evaluate(
            "() => new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)))"
        )

    def check_quiet(self) -> None:
        """Assert that the page printed nothing and requested only itself, then close it."""
        self.page.wait_for_timeout(50)
        assert self.messages == []
        address = self.page.url.partition("#")[0]
        loaded = {url.partition("#")[0] for url in self.requests if not url.startswith("data:")}
        assert loaded == {address}
        self.page.close()


def check_accessible(browser: Any, path: Path) -> None:
    """Assert that a page is accessible and quiet on a phone and on a desktop, light and dark.

    axe-core reads the page with everything unfolded: WCAG 2 levels A and AA, and best practices.
    Text that is hard to read because of its colour counts too.
    """
    for scheme, (width, height) in zip(("light", "dark"), SCREENS.values(), strict=True):
        visit = Visit(
            browser, path, viewport={"width": width, "height": height}, color_scheme=scheme
        )
        visit.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        # What is out of sight is not laid out, so its contrast could not be measured.
        visit.page.add_style_tag(content="* { content-visibility: visible !important }")
        results = _violations(visit.page)
        assert not results.violations_count, results.generate_report()
        assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
        visit.check_quiet()


def _violations(page: Any) -> Any:
    """Return what axe-core finds; after a minute a page that hangs is an error."""
    from axe_playwright_python.base import AXE_SCRIPT, AxeResults

    page.evaluate(AXE_SCRIPT)
    page.evaluate(
        "() => { axe.run({resultTypes: ['violations']}).then(found => { window.found = found }) }"
    )
    return AxeResults(page.wait_for_function("() => window.found", timeout=60_000).json_value())

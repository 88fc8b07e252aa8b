from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import jumpscore
from tests.jumpscore.report.browsing import CHROMIUM, QUIET


# Of one module only: while it runs, so does an event loop, which other tests may need to start.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium."""
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def start(tiny_set, tmp_path):
    def start(model, *, task="jumpscore", data=tiny_set, input=None, on_progress=None, **run):
        return jumpscore.evaluate(
            model,
            task,
            task_options={"data": str(data)},
            input=input,
            run={"folder": tmp_path / "runs", **run},
            on_progress=on_progress,
        )

    return start

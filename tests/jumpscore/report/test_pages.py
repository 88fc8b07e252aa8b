"""Lists of samples with pages, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest

from jumpscore.records import Metric, SampleScore, TimelineView
from jumpscore.report.comparison_page import write_comparison_page
from jumpscore.report.html import write_report
from jumpscore.report.pages import MOST_AT_ONCE, PAGE_SAMPLES
from tests.jumpscore.report.browsing import IN_BROWSER, Visit, check_accessible
from tests.jumpscore.report.runs import HOSTILE, made_up_run, none

COUNT = 250
SCORES = tuple(
    SampleScore(
        f"clip{k:03}",
        "refused" if k % 50 == 7 else "ok",
        {"f1": k / COUNT},
        view=TimelineView((0.5, 1.0), (0.5,), ((0, 0),), 2.0),
    )
    for k in range(COUNT)
)
TEXTS = {score.id: HOSTILE[k % len(HOSTILE)] for k, score in enumerate(SCORES)}


def paged_run(folder, scores=SCORES, **more):
    return made_up_run(folder, scores, TEXTS, **more)


def test_report_of_a_long_run_draws_one_page(tmp_path):
    content = write_report(paged_run(tmp_path / "run")).read_text()
    drawn, later = content.split('<div id="later" hidden>')
    assert drawn.count('<article class="sample"') == PAGE_SAMPLES
    texts = re.findall(r'<script type="text/plain" (id="s\d+" [^>]*)>(.*?)</script>', later, re.S)
    assert len(texts) == COUNT - PAGE_SAMPLES
    assert all(html.startswith(f'<article class="sample" {names}>') for names, html in texts)
    ids = re.findall(r'<article class="sample" id="s\d+" data-id="([^"]*)"', content)
    assert ids == [score.id for score in SCORES]


def test_report_of_a_short_run_has_no_pages(tmp_path):
    content = write_report(paged_run(tmp_path / "run", SCORES[:MOST_AT_ONCE])).read_text()
    assert content.count('<article class="sample"') == MOST_AT_ONCE
    assert 'id="later"' not in content
    assert "data-step" not in content.partition("<script>")[0]


class TestBrowser:
    pytestmark = IN_BROWSER

    def test_pages_of_a_report(self, browser: Any, tmp_path):
        visit = Visit(browser, write_report(paged_run(tmp_path / "run")))
        page = visit.page
        assert visit.visible() == [f"clip{k:03}" for k in range(50)]
        assert page.inner_text("[name=page]") == "page 1 of 5"
        for _ in range(4):
            page.click("[data-step='1']")
        assert visit.visible() == [f"clip{k:03}" for k in range(200, 250)]
        assert page.is_disabled("[data-step='1']")
        assert page.url.endswith("#page=5")
        page.click("[name=turn]")
        assert visit.visible() == [f"clip{k:03}" for k in range(249, 199, -1)]
        page.select_option("[name=status]", "refused")
        assert visit.visible() == [f"clip{k:03}" for k in (207, 157, 107, 57, 7)]
        page.select_option("[name=status]", "")
        page.fill("[name=search]", "clip24")
        assert visit.visible() == [f"clip24{k}" for k in range(9, -1, -1)]
        assert page.inner_text("[name=shown]") == "10 of 250 fit"
        assert page.evaluate("window.hacked") is None
        visit.check_quiet()

    @pytest.mark.parametrize(
        "fragment", ["sample=clip230", "s230", "search=nothing&sample=clip230"]
    )
    def test_link_to_a_sample_of_a_later_page(self, browser: Any, tmp_path, fragment):
        visit = Visit(browser, write_report(paged_run(tmp_path / "run")), fragment)
        assert "clip230" in visit.visible()
        assert visit.page.eval_on_selector(".here", "node => node.dataset.id") == "clip230"
        visit.settle()
        box = visit.page.locator(".here").bounding_box()
        assert 0 <= box["y"] <= 720
        visit.check_quiet()

    def test_pages_of_a_comparison(self, browser: Any, tmp_path):
        runs = [paged_run(tmp_path / name, model=name) for name in ("one", "other")]
        visit = Visit(browser, write_comparison_page(runs, tmp_path / "page.html"), "page=2")
        assert visit.visible() == [f"clip{k:03}" for k in range(50, 100)]
        visit.page.click("[data-step='-1']")
        visit.page.click("a[data-open]")
        assert visit.page.url.endswith("#sample=clip000")
        visit.page.fill("[name=length-min]", "3")
        assert visit.visible() == []
        assert visit.page.is_visible("#nothing")
        visit.check_quiet()

    def test_pages_of_a_table(self, browser: Any, tmp_path):
        scores = [SampleScore(f"row{k:03}", "ok", {"f1": k / COUNT}) for k in range(COUNT)]
        run = paged_run(tmp_path / "run", scores, metrics={"f1": none()})
        assert run.result.described == (Metric("f1", "what f1 is"),)
        visit = Visit(browser, write_report(run), "page=5")
        assert visit.visible() == [f"row{k:03}" for k in range(200, 250)]
        assert (
            visit.page.eval_on_selector(".sample", "node => node.parentNode.localName") == "tbody"
        )
        visit.check_quiet()

    def test_pages_are_accessible(self, browser: Any, tmp_path):
        check_accessible(browser, write_report(paged_run(tmp_path / "run")))

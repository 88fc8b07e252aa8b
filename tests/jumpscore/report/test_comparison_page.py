"""The page of several runs, as text and in a real browser."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

from jumpscore.harness import read_repeats
from jumpscore.records import Metric, SampleScore, SpanView
from jumpscore.report.comparison_page import write_comparison_page
from jumpscore.runs import StoredRun
from tests.benchmarks.comparison_page import random_runs
from tests.jumpscore.report.browsing import IN_BROWSER, Visit, check_accessible
from tests.jumpscore.report.runs import HOSTILE, made_up_run, none, oracle_run, timed

TRUTH = [1.0, 2.0, 4.0]


def two_runs(folder: Path) -> list[StoredRun]:
    """Two runs that differ most on ``beta``; ``gamma`` failed in the second."""
    one = [
        timed("Alpha", 1.0, TRUTH, TRUTH),
        timed("beta", 1.0, TRUTH, TRUTH, duration=20.0),
        timed("gamma", 0.5, [1.0], [1.0]),
    ]
    other = [
        timed("Alpha", 0.9, TRUTH, [1.0, 2.0, 7.0]),
        timed("beta", 0.2, TRUTH, [2.0], duration=20.0),
        SampleScore("gamma", "error", message="dead server"),
    ]
    texts = {"Alpha": "[1, 2, 4]", "beta": "[2]"}
    return [
        made_up_run(folder / "one", one, texts, model="model one"),
        made_up_run(folder / "other", other, texts, model="model two"),
    ]


def spans(name: str, answered: tuple[float, float] | None) -> SampleScore:
    status = "unparseable" if answered is None else "ok"
    view = SpanView((2.0, 5.0), answered)
    return SampleScore(name, status, {"iou": 0.0 if answered is None else 0.5}, view=view)


def page_of(runs: list[StoredRun], folder: Path) -> str:
    return write_comparison_page(runs, folder / "c.html").read_text(encoding="utf-8")


def test_comparison_page_counts_agreement(tmp_path):
    text = page_of(two_runs(tmp_path), tmp_path)
    [row] = re.findall(r'row">within 0.1 s</th>(.*?)</tr>', text)
    assert "of 6 true jumps" in text
    assert re.findall(r'num">(\d+)<', row) == ["3", "3", "0", "3", "0"]
    assert "Left out: 1 video without a score in some run." in text
    assert "Matched within 0.1 s by some runs only: 1.00 s (A), 4.00 s (A)" in text


def test_comparison_page_draws_every_run(tmp_path):
    text = page_of(two_runs(tmp_path), tmp_path)
    [beta] = re.findall(r'data-id="beta".*?</article>', text, re.DOTALL)
    assert 'viewBox="0 0 20000 78"' in beta
    assert '<path class="hits" d="M1000 5V20M2000 5V20M4000 5V20"/>' in beta
    assert '<path class="dots" d="M1000 39h0M2000 39h0M4000 39h0"/>' in beta  # model one
    assert '<path class="dots" d="M2000 65h0"/>' in beta  # model two
    assert '<path class="misses" d="M1000 58v14M4000 58v14"/>' in beta
    assert '<path class="parted" d="M900 0H1100V78H900ZM3900 0H4100V78H3900Z"/>' in beta


def test_comparison_page_draws_spans(tmp_path):
    metrics = {"iou": none()}
    described = (Metric("iou", "overlap"),)
    runs = [
        made_up_run(
            tmp_path / name, [spans("clip", answer)], model=name, metrics=metrics,
            headline=("iou",), described=described,
        )
        for name, answer in (("one", (2.5, 5.5)), ("other", None))
    ]  # fmt: skip
    text = page_of(runs, tmp_path)
    assert '<path class="bar truth" d="M2000 13H5000"/>' in text
    assert '<path class="bar answer" d="M2500 39H5500"/>' in text
    assert "truth 2.00 to 5.00 s, A 2.50 to 5.50 s" in text
    assert "Where they part" not in text


def test_comparison_page_without_views_shows_texts(tmp_path):
    runs = [
        made_up_run(tmp_path / name, [SampleScore("q", "ok", {"f1": 1.0})], {"q": f"<b>{name}"})
        for name in ("one", "other")
    ]
    text = page_of(runs, tmp_path)
    assert "&lt;b&gt;one" in text
    assert "&lt;b&gt;other" in text
    assert "<details" not in text, "without a drawing, the answers are what the page shows"


def test_comparison_page_averages_repeats(tiny_set, tmp_path):
    oracle_run(tiny_set, tmp_path / "a", repeats=2)
    run = oracle_run(tiny_set, tmp_path / "b")
    [folder] = (tmp_path / "a").iterdir()
    repeats = read_repeats(folder)
    text = page_of([repeats, run], tmp_path)
    for letter in ("A0", "A1", "B"):
        assert f'<b class="letter">{letter}</b>' in text
    [row] = re.findall(r'data-id="clip0"[^>]*data-s0="([^"]*)"', text)
    f1 = [one.scores[0].values["f1"] for one in (*repeats.runs, run)]
    assert float(row) == float(f"{abs((f1[0] + f1[1]) / 2 - f1[2]):.9g}")


def test_comparison_page_names_times_outside_the_video(tmp_path):
    runs = two_runs(tmp_path)
    runs[1] = dataclasses.replace(
        runs[1], scores=(timed("Alpha", 0.1, TRUTH, [1.0, 99.0]), *runs[1].scores[1:])
    )
    text = page_of(runs, tmp_path)
    assert "B: 1 answered time outside the video, not drawn: 99.00 s" in text


def test_comparison_page_equal_inputs_give_equal_bytes(tmp_path):
    assert page_of(two_runs(tmp_path), tmp_path) == page_of(two_runs(tmp_path), tmp_path)


def test_comparison_page_of_many_samples_is_small(tmp_path):
    size = len(page_of(list(random_runs(tmp_path, 40, 5)), tmp_path))
    assert size < 40 * 15_000, "15 kB per sample of 5 runs with about 35 jumps"


class TestInBrowser:
    pytestmark = IN_BROWSER

    def test_comparison_page_is_accessible(self, browser, tmp_path):
        check_accessible(browser, write_comparison_page(two_runs(tmp_path), tmp_path / "c.html"))

    def test_comparison_page_filters(self, browser, tmp_path):
        visit = Visit(browser, write_comparison_page(two_runs(tmp_path), tmp_path / "c.html"))
        assert visit.visible() == ["beta", "Alpha", "gamma"]  # gamma has no difference
        visit.page.select_option("[name=status]", "error")
        assert visit.visible() == ["gamma"]
        visit.page.select_option("[name=status]", "")
        visit.page.fill("[name=length-min]", "15")
        assert visit.visible() == ["beta"]
        visit.page.fill("[name=length-min]", "")
        visit.page.fill("[name=rate-min]", "0.14")
        visit.page.fill("[name=rate-max]", "0.2")
        assert visit.visible() == ["beta"]
        visit.page.fill("[name=search]", "alpha")
        assert visit.visible() == []
        assert visit.page.is_visible("#nothing")
        visit.check_quiet()

    def test_comparison_page_restores_its_address(self, browser, tmp_path):
        path = write_comparison_page(two_runs(tmp_path), tmp_path / "c.html")
        visit = Visit(browser, path)
        visit.page.select_option("[name=sort]", "id")
        visit.page.fill("[name=length-max]", "12")
        visit.page.click("[data-id=gamma] a[data-open]")
        fragment = visit.page.url.partition("#")[2]
        assert fragment == "sort=id&length-max=12&sample=gamma"
        visit.check_quiet()

        again = Visit(browser, path, fragment)
        assert again.visible() == ["Alpha", "gamma"]
        assert again.page.locator(".sample.here").get_attribute("data-id") == "gamma"
        again.page.evaluate("location.hash = 'status=error&sort=nonsense&search='")
        again.page.wait_for_function(
            "document.querySelectorAll('.sample:not([hidden])').length === 1"
        )
        assert again.page.input_value("[name=sort]") == "0", "an unknown value is ignored"
        again.check_quiet()

    def test_comparison_page_tips_name_the_run(self, browser, tmp_path):
        path = write_comparison_page(two_runs(tmp_path), tmp_path / "c.html")
        visit = Visit(browser, path, viewport={"width": 1200, "height": 900})
        drawing = visit.page.locator("[data-id=Alpha] svg.runs")
        drawing.scroll_into_view_if_needed()
        drawing.focus()
        visit.settle()  # a tip does not survive scrolling
        texts = []
        for _ in range(10):
            visit.page.keyboard.press("ArrowRight")
            texts.append(visit.page.inner_text("#tip"))
        assert texts[:2] == ["Jump 1.00 s", "A answered 1.00 s\nNearest jump 1.00 s, error +0.00 s"]
        assert "B answered 7.00 s\nNearest jump 4.00 s, error +3.00 s" in texts
        visit.check_quiet()

    def test_comparison_page_shows_hostile_text(self, browser, tmp_path):
        runs = [
            made_up_run(
                tmp_path / str(number), [timed(text, 0.5, [1.0], [1.0]) for text in HOSTILE],
                dict(zip(HOSTILE, HOSTILE, strict=True)), model=HOSTILE[number], caveats=HOSTILE,
            )
            for number in (0, 1)
        ]  # fmt: skip
        visit = Visit(browser, write_comparison_page(runs, tmp_path / "c.html"))
        visit.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true })")
        for number in range(len(HOSTILE)):
            visit.page.locator("a[data-open]").nth(number).click()
            assert visit.page.locator(".sample.here").count() == 1
        assert visit.page.evaluate("window.hacked") is None
        visit.check_quiet()

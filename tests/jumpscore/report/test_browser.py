"""The pages in a real browser: quiet, offline, and unaffected by a model's text."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from jumpscore.records import SampleScore
from jumpscore.report.ablation import write_ablation_page
from jumpscore.report.codec_page import write_codec_page
from jumpscore.report.html import write_prediction_page, write_report
from jumpscore.report.reproduction import write_claims_page, write_reproduction_page
from jumpscore.studies.reproduction.headlines import check_claims
from jumpscore.studies.reproduction.published import TABLES
from jumpscore.studies.reproduction.recipes import cells
from jumpscore.studies.reproduction.table import reproduce
from jumpscore.video.codec.canvases import plan_canvases
from tests.jumpscore.report.browsing import IN_BROWSER, Visit, check_accessible
from tests.jumpscore.report.runs import HOSTILE, made_up_run, oracle_run, timed
from tests.jumpscore.report.test_ablation import ablation
from tests.support import write_video

pytestmark = IN_BROWSER


@pytest.fixture
def report(tmp_path: Path) -> Path:
    scores = [
        timed("beta", 0.5, [1.0, 4.0], [1.0, 8.0]),
        timed("Alpha", 0.9, [1.0], [1.0]),
        SampleScore("gamma", "error", message="dead server"),
        timed("delta", 0.1, [1.0], [2.0, 3.0, 4.0], duration=30.0),
    ]
    return write_report(made_up_run(tmp_path, scores, {"beta": "[1, 8]"}), tmp_path / "r.html")


def test_toolbar_sorts_cards(browser: Any, report: Path) -> None:
    visit = Visit(browser, report)
    assert visit.visible() == ["delta", "beta", "Alpha", "gamma"]
    visit.page.select_option("[name=sort]", label="map_reference")
    assert visit.visible() == ["Alpha", "beta", "delta", "gamma"]
    visit.page.click("[name=turn]")
    assert visit.visible() == ["delta", "beta", "Alpha", "gamma"]
    visit.page.select_option("[name=sort]", label="id")
    assert visit.visible() == ["Alpha", "beta", "delta", "gamma"]
    visit.page.select_option("[name=sort]", label="duration")
    assert visit.visible()[0] == "delta"
    bars = visit.page.eval_on_selector_all(".bars a", "all => all.map(bar => bar.hash)")
    assert bars[0] == "#s3"
    visit.check_quiet()


def test_toolbar_filters_cards(browser: Any, report: Path) -> None:
    visit = Visit(browser, report)
    visit.page.select_option("[name=status]", "error")
    assert visit.visible() == ["gamma"]
    assert visit.page.inner_text("[name=shown]") == "1 of 4 shown"
    visit.page.select_option("[name=status]", "")
    visit.page.fill("[name=search]", "ALPH")
    assert visit.visible() == ["Alpha"]
    visit.page.fill("[name=search]", "no such id")
    assert visit.page.is_visible("#nothing")
    visit.page.click(".banners [data-filter=error]")
    assert visit.visible() == ["gamma"]
    visit.check_quiet()


def test_timeline_tips_show_time_and_error(browser: Any, report: Path) -> None:
    visit = Visit(browser, report, viewport={"width": 1200, "height": 900})
    drawing = visit.page.locator("[data-id=beta] svg.timeline")
    drawing.focus()
    visit.settle()  # a tip does not survive scrolling
    box = drawing.bounding_box()

    def tip_at(seconds: float, y: float) -> str:
        visit.page.mouse.move(box["x"] + box["width"] * seconds / 10, box["y"] + y)
        text: str = visit.page.inner_text("#tip")
        return text

    assert "Jump 1.00 s\nAnswered 1.00 s\nExact" in tip_at(1.0, 22)
    assert "Missed jump 4.00 s" in tip_at(4.0, 22)
    assert "Extra answer 8.00 s\nNearest jump 4.00 s, error +4.00 s" in tip_at(8.0, 62)
    visit.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 22)
    assert not visit.page.is_visible("#tip")
    visit.page.keyboard.press("ArrowRight")
    assert "Jump 1.00 s" in visit.page.inner_text("#tip")
    visit.check_quiet()


def test_page_shows_hostile_text(browser: Any, tmp_path: Path) -> None:
    scores = [
        dataclasses.replace(timed(name, 0.5, [1.0], [1.0], rejected=[name]), message=name)
        for name in HOSTILE
    ]
    run = made_up_run(
        tmp_path, scores, dict(zip(HOSTILE, HOSTILE, strict=True)), model=HOSTILE[0],
        data=HOSTILE[1], caveats=HOSTILE, notes=dict.fromkeys(HOSTILE, 2),
    )  # fmt: skip
    visit = Visit(browser, write_report(run))
    visit.page.eval_on_selector_all("details", "all => all.forEach(one => { one.open = true; })")
    visit.page.mouse.move(400, 300)
    assert visit.page.evaluate("window.hacked") is None
    assert visit.page.inner_text("h1") == HOSTILE[0]
    texts = visit.page.eval_on_selector_all(
        ".answer-text pre", "all => all.map(p => p.textContent)"
    )
    assert HOSTILE[0] in texts
    assert HOSTILE[1] in texts
    visit.page.fill("[name=search]", "<SCRIPT>")
    assert visit.visible() == [HOSTILE[0]]
    visit.check_quiet()


def test_page_blocks_unescaped_script(browser: Any, report: Path) -> None:
    """The content policy is the second wall; here the first one is torn down on purpose."""
    text = report.read_text(encoding="utf-8")
    report.write_text(text.replace("<main>", f"<main>{HOSTILE[0]}"), encoding="utf-8")
    visit = Visit(browser, report)
    visit.page.wait_for_timeout(100)
    assert visit.page.evaluate("window.hacked") is None
    assert any("Content Security Policy" in line for line in visit.messages)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_page_fits_the_screen(
    browser: Any, tiny_set: Path, tmp_path: Path, width: int, scheme: str
) -> None:
    size = {"width": width, "height": 700}
    video = write_video(tmp_path / "v.mp4", frames=50)
    pages = [
        write_report(oracle_run(tiny_set, tmp_path)),
        write_prediction_page(video, [0.5, 1.0], tmp_path / "p.html", model="m"),
    ]
    for path in pages:
        visit = Visit(browser, path, viewport=size, color_scheme=scheme)
        assert visit.page.evaluate("document.documentElement.scrollWidth") == width
        # Pictures are lazy: out of sight they never load, and cards grow as they come into sight.
        visit.page.wait_for_function(
            """() => {
                const image = document.querySelector("img");
                image.scrollIntoView({ block: "center" });
                return image.naturalWidth > 0;
            }"""
        )
        visit.check_quiet()


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_codec_page_fits_the_screen(browser, tmp_path, width, scheme):
    video = write_video(tmp_path / "a <b> clip.mp4", frames=100, size=(448, 252))
    page = write_codec_page(plan_canvases(video, canvases=8), tmp_path / "page.html")
    visit = Visit(browser, page, viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= width
    visit.page.evaluate(
        "document.querySelectorAll('img').forEach(image => image.loading = 'eager')"
    )
    visit.page.wait_for_function(
        "[...document.images].every(image => image.complete && image.naturalWidth > 0)"
    )
    figure = visit.page.locator(".canvases figure").first
    before = figure.bounding_box()["width"]
    figure.focus()
    assert figure.bounding_box()["width"] > 1.8 * before, "a canvas opens where it is chosen"
    visit.check_quiet()


def test_pages_are_accessible(browser, tiny_set, tmp_path):
    video = write_video(tmp_path / "clip.mp4", frames=100, size=(448, 252))
    check_accessible(browser, write_report(oracle_run(tiny_set, tmp_path)))
    check_accessible(
        browser, write_prediction_page(video, [0.5, 1.0, 7.0], tmp_path / "p.html", model="m")
    )
    check_accessible(
        browser, write_codec_page(plan_canvases(video, canvases=8), tmp_path / "c.html")
    )
    check_accessible(browser, write_ablation_page(ablation(), tmp_path))


def test_reproduction_pages_are_accessible(browser, tmp_path):
    table = reproduce("1d", cells("1d"), [])
    check_accessible(browser, write_reproduction_page(table, tmp_path / "1d.html"))
    rows = [row for name in TABLES for row in reproduce(name, cells(name), []).rows]
    check_accessible(browser, write_claims_page(check_claims(rows), tmp_path / "claims.html"))

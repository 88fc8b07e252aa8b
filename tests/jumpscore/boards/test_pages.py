"""The site in a real browser: accessible, quiet, sorted and filtered without delay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from jumpscore.boards.board import add_submission
from jumpscore.boards.index_page import index_page
from jumpscore.boards.site import INDEX, build_site
from jumpscore.boards.standings import PAPER, Published, Row, Standings
from jumpscore.report.page import write_page
from tests.jumpscore.boards.submissions import answers, write
from tests.jumpscore.report.browsing import IN_BROWSER, Visit, check_accessible

pytestmark = IN_BROWSER
MANY = 1_000
PARTS = ("ScriptDuration", "LayoutDuration", "RecalcStyleDuration")


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> tuple[Path, Standings]:
    root = tmp_path_factory.mktemp("boards")
    settings = [
        {"model": "Borealis", "input": "codec", "budget": "16 canvases", "recipe": "tuned"},
        {"model": "aurora", "input": "frames", "budget": "4 frames", "recipe": ""},
        {"model": "Cascade", "input": "frames", "budget": "16 frames", "protocol": "own"},
    ]
    for seed, facts in enumerate(settings):
        lines = answers(seed, jitter=0.02 + 0.1 * seed)
        lines[0]["text"] = "<script>document.title = 'x'</script> [1.0]"
        add_submission(write(root / str(seed), lines, **facts), root / "board")
    return root / "site", build_site(root / "board", root / "site")


def models(visit: Visit) -> list[str]:
    names: list[str] = visit.page.eval_on_selector_all(
        "#entries tr:not([hidden]) th a", "links => links.map(link => link.textContent)"
    )
    return names


def test_index_is_accessible(browser, built, tmp_path):
    site, standings = built
    published = (Published("Other-8B", 74.9, PAPER.format(table="1a")),)
    page = index_page(replace(standings, published=published))
    check_accessible(browser, write_page(tmp_path / "index.html", page))
    check_accessible(browser, site / INDEX)


def test_model_page_is_accessible(browser, built):
    page = built[0] / "models" / "borealis-codec-16-canvases-tuned-v2.html"
    check_accessible(browser, page)


def test_model_page_is_reached_and_left_by_links(browser, built):
    visit = Visit(browser, built[0] / INDEX)
    visit.page.click("text=Borealis")
    assert visit.page.url.endswith("models/borealis-codec-16-canvases-tuned-v2.html")
    assert len(visit.visible()) == 12
    assert visit.page.title().startswith("Borealis: jumpscore")
    visit.page.click("text=Leaderboard")
    assert visit.page.url.endswith(INDEX)
    assert visit.messages == []
    visit.page.close()


def test_index_sorts_and_filters(browser, built):
    visit = Visit(browser, built[0] / INDEX)
    page = visit.page
    assert models(visit) == ["Borealis", "aurora", "Cascade"]
    page.click("thead >> text=model")
    assert models(visit) == ["aurora", "Borealis", "Cascade"]
    assert page.get_attribute("th[aria-sort]", "aria-sort") == "ascending"
    page.click("thead >> text=model")
    assert models(visit) == ["Cascade", "Borealis", "aurora"]
    page.focus("thead th >> nth=0 >> button")
    page.keyboard.press("Enter")
    assert models(visit) == ["Borealis", "aurora", "Cascade"]
    assert page.locator("th[aria-sort]").count() == 1

    page.select_option("[name=input]", "frames")
    assert models(visit) == ["aurora", "Cascade"]
    assert page.text_content("[name=shown]") == "2 of 3 shown"
    assert page.eval_on_selector_all("[name=budget] option", "all => all.map(o => o.value)") == [
        "*",
        "4 frames",
        "16 canvases",
        "16 frames",
    ]
    page.select_option("[name=recipe]", "tuned")
    assert models(visit) == []
    assert page.is_visible("#nothing")
    page.select_option("[name=input]", "*")
    page.select_option("[name=recipe]", "")
    page.fill("[name=search]", "AUR")
    assert models(visit) == ["aurora"]
    visit.check_quiet()


def test_index_without_script_is_complete(browser, built):
    visit = Visit(browser, built[0] / INDEX, java_script_enabled=False)
    assert visit.page.locator("#entries tr").count() == 3
    assert not visit.page.is_visible(".filters")
    visit.page.close()


@pytest.mark.slow
def test_index_sorts_many_submissions_at_once(browser, built, tmp_path):
    standings = built[1]
    rows = []
    for number in range(MANY):
        row = standings.rows[number % len(standings.rows)]
        submission = row.entry.submission.model_copy(update={"model": f"Model-{number * 7919}"})
        entry = replace(row.entry, submission=submission)
        rows.append(Row(entry, replace(row.ranked, rank=number + 1, group=1 + number // 10)))
    page = index_page(replace(standings, rows=tuple(rows)))
    visit = Visit(browser, write_page(tmp_path / "many.html", page))
    chrome = visit.page.context.new_cdp_session(visit.page)
    # Processor time of the page's thread, which other tests on this machine do not lengthen.
    chrome.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = chrome.send("Performance.getMetrics")["metrics"]
        by_name = {metric["name"]: metric["value"] for metric in metrics}
        return 1000 * sum(by_name[name] for name in PARTS)

    def fastest(script: str) -> float:
        """Return the least processor time of a script and of the layout after it, in ms."""
        times = []
        for _ in range(3):
            rows = visit.page.locator("#entries tr")
            while rows.count() < MANY:
                visit.page.wait_for_timeout(50)
            before = spent()
            visit.page.evaluate(
                f"""() => {{
                  {script}
                  document.querySelector(".board").offsetHeight;
                }}"""
            )
            times.append(spent() - before)
        return min(times)

    every = fastest(
        """const rows = document.querySelector("#entries");
           rows.replaceChildren(...[...rows.children].reverse());"""
    )
    for column in (1, 0, 2):
        click = f'document.querySelectorAll(".board thead button")[{column}].click();'
        first = fastest(click)
        print(f"column {column}: {first:.0f} ms, placing all rows once: {every:.0f} ms")
        assert first < every / 2  # only the first screens are drawn at once
    visit.check_quiet()


def test_board_title_is_escaped(browser, built, tmp_path):
    page = index_page(replace(built[1], title="<b>Mine</b> & ${x}"))
    visit = Visit(browser, write_page(tmp_path / "index.html", page))
    assert visit.page.text_content("h1") == "<b>Mine</b> & ${x}"
    visit.check_quiet()

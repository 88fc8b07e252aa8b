"""The annotation page for everybody: keyboard alone, screen readers, phones, two annotators."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jumpscore.builder.project import ADJUDICATED, Project
from jumpscore.builder.proposals import Candidate, Proposals, write_proposals
from tests.jumpscore.builder.annotate.paging import Page, visiting
from tests.jumpscore.builder.annotate.serving import Server, serving
from tests.jumpscore.builder.projects import add_marks, add_video
from tests.jumpscore.report.browsing import IN_BROWSER
from tests.support import write_video

pytestmark = IN_BROWSER
ACTIVE = "() => document.activeElement.id || document.activeElement.tagName"


@pytest.fixture
def project(tmp_path: Path, numbered: Path) -> Project:
    """A project of two videos; a model proposes times in the first one."""
    project = Project.create(tmp_path / "ropes")
    first = add_video(project, numbered, name="<i>first</i>.mp4")
    other = write_video(tmp_path / "other.mp4", frames=50, size=(128, 96))
    add_video(project, other, name="second.mp4")
    rows = tuple(
        Candidate(frame, frame / 25, confidence)
        for frame, confidence in ((5, 0.9), (20, 0.3), (35, 0.8), (50, None))
    )
    write_proposals(project, first, Proposals(first.id, "motion", "", "ok", rows))
    return project


@pytest.fixture
def page(browser: Any, server: Server) -> Iterator[Page]:
    with visiting(browser, server) as page:
        yield page
        assert page.messages == page.errors == []
        assert all(url.startswith(server.origin) for url in page.requests)


def test_proposals_are_accepted_and_rejected(page: Page) -> None:
    page.press("ArrowDown").wait_for_frame(5)
    page.press("a").wait_for_status("accept proposal at 0.200 s")
    page.press("w", "w").wait_for_frame(7)
    assert page.text("proposals-open") == "3 left"  # a corrected one stays accepted
    page.press("q", "q").wait_for_frame(5)
    page.press("ArrowDown").wait_for_frame(20)
    page.press("x").wait_for_frame(35)
    assert page.text("proposals-open") == "2 left"
    page.press("u").wait_for_status("undid: reject proposal at 0.800 s")
    assert page.text("proposals-open") == "3 left"
    page.press("U").wait_until_saved()
    page.reload()
    assert page.text("proposals-open") == "2 left"  # rejections are stored with the marks
    page.press("ArrowDown", "ArrowDown").wait_for_frame(35)
    page.press("A").wait_for_status("accept 2 proposals from confidence 0.50").wait_until_saved()
    assert page.frames == page.stored() == [5, 35, 50]
    page.press("u").wait_until_saved()
    assert page.frames == page.stored() == [5]
    page.press("h", "End").wait_for_frame(59)
    page.press("ArrowUp").wait_for_frame(5)  # hidden proposals are not visited
    page.tab.click("#restore")
    page.wait_for_status("restore 1 rejected proposal")
    assert page.text("proposals-open") == "3 left"


def test_keyboard_alone_annotates_the_set(page: Page) -> None:
    page.press("?")
    assert page.tab.is_visible("#help")
    for name in ("Undo", "Mark this frame", "Measure your reaction time"):
        assert name in page.text("keys")
    assert "disagreement" not in page.text("keys")
    page.press("Escape", "m", "Shift+ArrowRight").wait_for_frame(10)
    page.press("Enter").wait_until_saved()
    while page.tab.evaluate(ACTIVE) != "DIV":  # a row of the list
        page.press("Tab")
    page.press("Home", "Enter").wait_for_frame(0)
    page.press("ArrowDown", "Delete").wait_until_saved()
    assert page.frames == page.stored() == [0]
    assert page.tab.evaluate("() => document.activeElement.dataset.id") is not None
    page.press("Shift+Enter").wait_for_status("done: <i>first</i>.mp4").wait_until_saved()
    page.wait_for_name("second.mp4")
    assert page.text("progress-text") == "1 of 2 videos done"
    page.press("Shift+Enter").wait_for_status("all videos are done")
    page.press("/").tab.keyboard.type("FIRST")
    page.press("Enter", "Escape")
    page.tab.wait_for_function(
        "() => document.getElementById('name').textContent.includes('first')"
    )
    assert page.count("#videos li:not([hidden])") == 1


def test_buttons_do_what_their_keys_do(page: Page) -> None:
    def click(*actions: str) -> None:
        for action in actions:
            page.tab.click(f"[data-action={action}]")

    click("forward10")
    page.wait_for_frame(10)  # the frame on screen is marked
    click("mark", "back")
    page.wait_for_frame(9)
    click("mark", "flag", "undo", "previousMark")
    page.wait_until_saved()
    assert page.frames == page.stored() == [9, 10]
    assert page.tab.get_attribute("[data-action=redo]", "aria-disabled") == "false"
    assert page.tab.get_attribute("[data-action=mark]", "title") == (
        "Mark this frame (live during playback) (M)"
    )
    page.tab.locator("#overview").click(position={"x": 683, "y": 20})
    page.wait_for_frame(30)
    page.tab.click("#video-done")
    page.wait_until_saved()
    assert page.tab.is_checked("#video-done")
    assert page.tab.evaluate(ACTIVE) == "BODY"  # Space plays again after the mouse
    page.press("Space").wait_until("frame > 33")
    page.tab.locator("#overview").click(position={"x": 30, "y": 20})
    page.wait_until("frame > 3 && frame < 30")  # playback goes on from there


def test_wheel_and_keys_zoom_the_timeline(page: Page) -> None:
    page.tab.locator("#overview").click(position={"x": 683, "y": 20})
    page.wait_for_frame(30).press("+", "+")
    box = page.tab.locator("#lane").bounding_box()
    page.tab.mouse.click(box["x"] + box["width"] - 2, box["y"] + 37)
    page.wait_for_frame(38)  # 1.2 s + a quarter of half of 2.46 s
    page.press("0")
    page.tab.mouse.click(box["x"] + box["width"] - 2, box["y"] + 37)
    page.wait_for_frame(59)
    page.tab.mouse.wheel(0, -200)
    page.tab.mouse.click(box["x"] + 2, box["y"] + 37)
    page.wait_until("frame > 20")


def test_adjudication_reports_what_is_undecided(browser: Any, project: Project) -> None:
    for number in range(2):
        add_marks(project, number, "ann", 5, 20)
        add_marks(project, number, "ben", 5)
    options = ("cleo", "--adjudicate")
    with serving(project.root, *options) as server, visiting(browser, server) as page:
        page.press("s").wait_for_status("disagreement 1 of 1")
        assert page.count("#choices button") == 3
        page.press("Shift+Enter").wait_for_name("second.mp4")
        page.wait_for_status("first</i>.mp4; 1 disagreement without a decision")
        assert page.text("disagreement") == "1 disagreement in this video"
        assert page.count("#choices button") == 0


def test_adjudication_decides_between_two_annotators(browser: Any, project: Project) -> None:
    add_marks(project, 0, "ann", 5, 20, 40)
    add_marks(project, 0, "ben", 5, 25, 55)
    options = ("cleo", "--adjudicate")
    with serving(project.root, *options) as server, visiting(browser, server) as page:
        assert page.text("annotator") == "cleo decides"
        assert page.text("progress-text") == "0 of 1 video done"
        assert page.count("#videos li:not([hidden])") == 1
        assert page.frames == [5]
        total = len(server.call(f"/api/videos/{page.video}").json["disagreements"])
        assert page.text("disagreements-left") == f"{total} of {total} to decide"
        page.press("s").wait_for_status("disagreement 1 of")
        page.press("1").wait_for_frame(20)
        for _ in range(total - 1):
            page.press("s", "e")
        page.wait_until_saved()
        assert page.text("disagreements-left") == f"0 of {total} to decide"
        assert page.frames == page.stored() == [5, 20]
        page.reload()  # decisions for no mark are stored like marks
        assert page.text("disagreements-left") == f"0 of {total} to decide"
        page.press("u").wait_until_saved()
        assert page.text("disagreements-left") == f"1 of {total} to decide"
        page.press("Shift+S", "2", "u", "U").wait_until_saved()
        page.press("?")
        assert "Next disagreement" in page.text("keys")
    final = project.annotation(project.videos()[0], ADJUDICATED)
    origins = {mark.frame: mark.origin for mark in final.marks}
    assert (origins.pop(5), set(origins.values())) == ("consensus", {"adjudicated"})


@pytest.mark.parametrize("mode", ["annotate", "adjudicate"])
@pytest.mark.parametrize(("scheme", "screen"), [("light", "phone"), ("dark", "desktop")])
def test_page_is_accessible(
    browser: Any, project: Project, mode: str, scheme: str, screen: str
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    add_marks(project, 0, "ann", 5, 20, 40)
    add_marks(project, 0, "ben", 5, 6, 55)
    options = ("ben", "--adjudicate")[: 1 + (mode == "adjudicate")]
    # The checker is a script that the page's own policy would refuse.
    settings = {"screen": screen, "color_scheme": scheme, "bypass_csp": True}
    with serving(project.root, *options) as server, visiting(browser, server, **settings) as page:
        page.press("ArrowRight").wait_for_frame(1)
        page.press("m", "f").wait_until_saved()
        for key in ("Escape", "?", "c"):
            page.press(key)
            results = Axe().run(page.tab)
            assert not results.violations_count, results.generate_report()
            page.press("Escape")
        width = page.tab.viewport_size["width"]
        assert page.tab.evaluate("() => document.documentElement.scrollWidth") <= width


def test_desktop_needs_no_scrolling(page: Page) -> None:
    page.press("m").wait_until_saved()
    assert page.tab.evaluate("() => document.documentElement.scrollHeight") <= 768
    boxes = [page.tab.locator(name).bounding_box() for name in ("#lane", "#video-note", "#frame")]
    assert all(box["y"] + box["height"] <= 768 for box in boxes)
    assert boxes[2]["height"] > 380

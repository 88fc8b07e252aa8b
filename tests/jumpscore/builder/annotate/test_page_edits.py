"""The annotation page in a real browser on the real server: nothing that a person did is lost."""

from __future__ import annotations

import signal
from typing import Any

from jumpscore.builder.project import Project
from tests.jumpscore.builder.annotate.paging import Page, visiting
from tests.jumpscore.builder.annotate.serving import Server, serving
from tests.jumpscore.report.browsing import IN_BROWSER

pytestmark = IN_BROWSER


def test_page_adds_deletes_and_undoes(page: Page) -> None:
    page.press("ArrowRight", "ArrowRight").wait_for_frame(2)
    page.press("m").wait_for_status("add mark at 0.080 s")
    page.press("Shift+ArrowRight").wait_for_frame(12)
    page.press("Enter", "Shift+ArrowLeft").wait_for_frame(2)
    assert page.frames == [2, 12]
    page.press("Delete").wait_for_status("delete mark at 0.080 s")
    assert page.frames == [12]
    page.press("u").wait_for_status("undid: delete mark at 0.080 s")
    page.press("u").wait_for_status("undid: add mark at 0.480 s")
    page.press("u", "u").wait_for_status("nothing to undo")
    assert page.frames == []
    page.press("Control+Shift+Z", "Control+y", "Control+Shift+Z", "U").wait_for_status("nothing to")
    page.wait_until_saved()
    assert page.frames == page.stored() == [12]


def test_page_undoes_edits_from_before_it_was_loaded(page: Page) -> None:
    page.press("m", "End").wait_for_frame(59)
    page.press("m").wait_until_saved()
    page.reload()
    page.press("u").wait_for_status("undid: add mark at 2.360 s").wait_until_saved()
    assert page.frames == page.stored() == [0]
    page.press("U", "u", "u", "U").wait_until_saved()
    assert page.frames == page.stored() == [0]


def test_rapid_taps_are_all_carried_out_in_order(page: Page) -> None:
    for frame in range(1, 13):  # so that the browser has these frames
        page.press("ArrowRight").wait_for_frame(frame)
    page.press("Home").wait_for_frame(0)
    taps = ["m", "ArrowRight"] * 12 + ["u"] * 5 + ["U"] * 2 + ["D", "D", "D"]
    page.dispatch(taps)
    assert "not saved yet" in page.text("saved")
    assert page.frames == list(range(9))
    page.wait_until_saved()
    assert page.stored() == page.frames == list(range(9))
    assert page.server.state(page.video)["sequence"] == 12 + 5 + 2 + 3


def test_dragged_mark_shows_the_frame_under_the_mouse(page: Page) -> None:
    page.press("Shift+ArrowRight").wait_for_frame(10)
    page.press("m").wait_until_saved()
    page.drag_on_lane(from_time=0.4, to_time=0.72, during=lambda: page.wait_for_frame(18))
    page.wait_for_status("move mark from 0.400 s to 0.720 s").wait_until_saved()
    assert page.stored() == [18]
    page.press("u").wait_until_saved()
    assert page.frames == page.stored() == [10]


def test_click_with_a_trembling_mouse_moves_no_mark(page: Page) -> None:
    page.press("Shift+ArrowRight").wait_for_frame(10)
    page.press("m", "Home").wait_for_frame(0)
    page.drag_on_lane(from_time=0.402, to_time=0.404)
    page.wait_for_frame(10)
    assert page.frames == [10]


def test_closed_tab_and_killed_server_lose_nothing(
    browser: Any, project: Project, server: Server
) -> None:
    with visiting(browser, server) as page:
        page.press("m", "Shift+ArrowRight").wait_for_frame(10)
        page.press("m", "n").type("knees high").wait_until_saved()
        page.press("ArrowRight", "ArrowRight").wait_for_frame(12)
        page.press("ArrowLeft", "ArrowLeft").wait_for_frame(10)
        server.stop(signal.SIGKILL)
        page.press("w").wait_for_frame(11)
        page.press("Shift+D", "ArrowRight").wait_for_frame(12)
        page.press("m").wait_for_banner("the server is gone. 3 edits waiting")
        assert page.frames == [0, 11, 12]
    with serving(project.root) as again, visiting(page.context, again) as other:
        other.wait_for_status("3 edits of a closed tab saved").wait_until_saved()
        assert other.frames == other.stored() == [0, 11, 12]
        assert other.tab.is_checked("#video-done")
        assert "knees high" in other.text("marks")


def test_open_tab_goes_on_when_the_server_is_back(
    browser: Any, project: Project, server: Server
) -> None:
    with visiting(browser, server) as page:
        server.stop(signal.SIGKILL)
        page.press("m").wait_for_banner("the server is gone")
        with serving(project.root) as again:
            page.wait_for_banner("Open the address that it printed")
            with visiting(page.context, again):
                page.wait_until_saved()
            assert not page.tab.is_visible("#banner")
            assert (
                page.frames == [mark["frame"] for mark in again.state(page.video)["marks"]] == [0]
            )


def test_tabs_load_what_the_other_one_changed(page: Page) -> None:
    with visiting(page.context, page.server, video=page.video) as other:
        page.press("m").wait_until_saved()
        other.press("ArrowRight").wait_for_frame(1)
        other.press("m").wait_for_status("changed elsewhere").wait_until_saved()
        assert other.frames == other.stored() == [0, 1]
        page.press("u").wait_for_status("Not done: undo").wait_until_saved()
        assert page.frames == [0, 1]


def test_page_warns_about_marks_that_are_too_close(page: Page) -> None:
    page.press("m", "ArrowRight", "ArrowRight").wait_for_frame(2)
    page.press("m").wait_for_status("0.080 s after the previous mark; closer than 0.1 s")
    assert "2 too close" in page.text("marks-count")
    page.press("w").wait_until_saved()  # 0.12 s after it
    assert page.text("marks-count") == "2"


def test_notes_and_flags_are_stored(page: Page) -> None:
    page.press("m", "f", "n").type("<b>left</b> foot").press("Shift+N").tab.keyboard.type("dark")
    page.press("Escape", "Shift+F").wait_until_saved()
    state = page.server.state(page.video)
    [mark] = state["marks"]
    assert (mark["flagged"], mark["note"], mark["origin"]) == (True, "<b>left</b> foot", "hand")
    assert state["details"] == {"done": False, "flagged": True, "note": "dark"}
    assert "<b>left</b> foot" in page.text("marks")

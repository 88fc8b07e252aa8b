"""The frame on the canvas is that of the label, on a still picture and during playback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jumpscore.builder.project import Project
from tests.jumpscore.builder.annotate.paging import READ, Page, visiting
from tests.jumpscore.builder.annotate.serving import Server, mark, serving
from tests.jumpscore.builder.projects import add_video
from tests.jumpscore.report.browsing import IN_BROWSER
from tests.support import write_video

pytestmark = IN_BROWSER
WATCH = f"""() => {{
  // The label and the pixels of every frame that is painted, read in the same moment.
  const read = {READ};
  window.watched = [];
  new MutationObserver(() => window.watched.push([...read(), performance.now()]))
    .observe(document.getElementById("clock"), {{ childList: true }});
}}"""


@pytest.fixture
def watched_page(page: Page) -> Page:
    page.tab.evaluate(WATCH)
    return page


def watched(page: Page) -> list[list[float]]:
    rows: list[list[float]] = page.tab.evaluate("() => window.watched")
    return rows


def test_steps_and_jumps_show_the_frame_of_the_label(watched_page: Page) -> None:
    page = watched_page
    steps = [("ArrowRight", 1), (".", 2), (">", 12), ("Shift+ArrowRight", 22), (",", 21)]
    steps += [("End", 59), ("ArrowRight", 59), ("<", 49), ("ArrowLeft", 48), ("Home", 0)]
    for key, frame in steps:
        assert page.press(key).wait_for_frame(frame).on_screen() == (frame, frame)
    page.press("g").type("1.52").wait_for_frame(38)
    page.press("g").type("#41").wait_for_frame(41)
    assert page.on_screen() == (41, 41)
    page.press("g").type("soon").wait_for_status('"soon" is not a time')
    assert all(label == number for label, number, _ in watched(page))


def test_held_key_shows_frames_on_the_way(watched_page: Page) -> None:
    page = watched_page
    page.press(*["ArrowRight"] * 40).wait_for_frame(40)
    rows = watched(page)
    assert all(label == number for label, number, _ in rows)
    assert len(rows) > 2  # how many depends on the machine
    assert [label for label, _, _ in rows] == sorted(label for label, _, _ in rows)


@pytest.mark.parametrize("speed", ["0.5", "1", "2"])
def test_playback_shows_the_frame_of_the_label_at_its_time(watched_page: Page, speed: str) -> None:
    page = watched_page
    page.tab.select_option("#speed", speed)
    page.press("Space").wait_until("frame >= 58")
    rows = watched(page)
    assert all(label == number for label, number, _ in rows)
    labels = [label for label, _, _ in rows]
    assert labels == sorted(labels)
    first, last = rows[0], rows[-1]
    # 25 frames per second; a slow machine may only be late.
    assert (last[2] - first[2]) / 1000 > 0.9 * (last[0] - first[0]) / 25 / float(speed)
    assert len(set(labels)) > 5


def test_loop_plays_its_stretch_again(watched_page: Page) -> None:
    page = watched_page
    page.press("Shift+ArrowRight").wait_for_frame(10)
    page.press("i", "Shift+ArrowRight").wait_for_frame(20)
    page.press("o", "Space")
    page.tab.wait_for_function("() => window.watched.filter(([frame]) => frame === 12).length > 3")
    page.press("Space")
    labels = [label for label, _, _ in watched(page)]
    # A busy machine may paint more than one frame on the way to the end of the stretch.
    assert set(labels[labels.index(20) :]) <= set(range(10, 21))
    assert all(label == number for label, number, _ in watched(page))


def test_live_mark_is_set_back_by_the_reaction_time(browser: Any, server: Server) -> None:
    server.call("/api/reaction", {"seconds": 0.3})
    with visiting(browser, server) as page:
        page.tab.evaluate(WATCH)
        page.tab.evaluate("""() => addEventListener("keydown", (event) => {
          if (event.key === "m") window.pressed = event.timeStamp;
        }, true)""")
        page.press("Space").wait_until("frame >= 15")
        page.press("m").wait_until_saved().press("Space")
        pressed = page.tab.evaluate("() => window.pressed")
        seen = [label for label, _, at in watched(page) if at <= pressed - 300]
        [mark] = server.state(page.video)["marks"]
        assert mark["origin"] == "live"
        # The label is noted just after its frame is painted.
        assert abs(mark["frame"] - seen[-1]) <= 1


def test_reaction_time_is_the_median_of_ten_presses(page: Page) -> None:
    page.tab.evaluate("() => { Math.random = () => 0; }")  # the shortest waits
    page.press("c")
    # A machine that is busy for 1.2 s presses too late, which does not count.
    for _ in range(30):
        page.tab.wait_for_selector("#flash.lit")
        page.tab.wait_for_timeout(120)
        page.press("m")
        if page.text("calibrate-progress") == "10 of 10":
            break
    page.tab.click("#calibrate-save")
    page.wait_for_status("live marks are set")
    stored = page.server.call("/api/project").json["reaction"]
    assert 0.1 < stored < 1.2
    assert page.text("reaction") == f"{1000 * stored:.0f} ms"


def test_damaged_video_shows_frames_up_to_the_damage(
    browser: Any, tmp_path: Path, numbered: Path
) -> None:
    path = write_video(tmp_path / "damaged.mkv", frames=120, gop=12, size=(128, 96), b_frames=0)
    content, middle = path.read_bytes(), path.stat().st_size // 2
    path.write_bytes(content[:middle] + bytes(3000) + content[middle + 3000 :])
    project = Project.create(tmp_path / "project")
    damaged, whole = add_video(project, path), add_video(project, numbered)
    with serving(project.root) as server, visiting(browser, server) as page:
        page.press("End")
        bad = damaged.frames - 1
        while server.frame(damaged.id, bad).status == 200:
            bad -= 1  # the damage is in the middle
        page.press("g").type(f"#{bad}")
        page.tab.wait_for_selector("#problem:not([hidden])")
        assert "copy or download the file again" in page.text("problem")
        assert page.press("Home").wait_for_frame(0).on_screen() == (0, 0)
        assert not page.tab.is_visible("#problem")
        page.press("Space").wait_until("frame > 30").tab.wait_for_function(
            "() => document.querySelector('[data-action=play]').ariaPressed === 'false'"
        )
        assert 30 < page.on_screen()[0] < bad
        page.press("PageDown")
        page.tab.wait_for_function("id => location.hash === `#${id}`", arg=whole.id)
        assert page.press("End").wait_for_frame(59).on_screen() == (59, 59)


def test_thousand_marks_are_edited_within_a_frame_or_two(browser: Any, server: Server) -> None:
    video = server.call("/api/project").json["videos"][0]["id"]
    marks = [{"before": None, "after": mark(f"m{k}", k % 59)} for k in range(1000)]
    server.edit(video, 0, marks)
    with visiting(browser, server) as page:
        page.press("End").wait_for_frame(59)
        assert len(page.frames) == 1000
        ours = page.tab.evaluate(
            """async () => {
          const times = [];
          for (const key of ["m", "f", "f", "u", "U", "Delete", "u", "f"]) {
            const start = performance.now();
            document.body.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
            await new Promise((f) => requestAnimationFrame(() => setTimeout(f)));
            times.push(performance.now() - start);
          }
          return times.sort((a, b) => a - b);
        }"""
        )
        print("milliseconds of an action with 1,000 marks:", ours)
        page.wait_until_saved()
        assert len(page.stored()) == 1001

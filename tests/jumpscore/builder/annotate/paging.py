"""The annotation page in a browser, as a person uses it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tests.jumpscore.builder.annotate.serving import Server
from tests.jumpscore.report.browsing import SCREENS

SETTLE = "() => new Promise(f => requestAnimationFrame(() => requestAnimationFrame(f)))"
READ = """() => {
  // The number of the label, and the one that the pixels encode: see numbered_frame.
  const canvas = document.getElementById("frame");
  const { width, height } = canvas;
  const context = canvas.getContext("2d");
  const { data } = context.getImageData(0, Math.trunc(height / 4), width, 1);
  let number = 0;
  for (let place = 0; place < 8; place++) {
    number = 2 * number + (data[4 * Math.trunc(((place + 0.5) * width) / 8)] > 128 ? 1 : 0);
  }
  return [Number(document.getElementById("clock").textContent.split(" ")[1]), number];
}"""


class Page:
    """An open annotation page.

    Args:
        page: The tab.
        server: Its server.
        video: Id of the video to open.
    """

    def __init__(self, page: Any, server: Server, video: str = "") -> None:
        self.tab = page
        self.context = page.context
        self.server = server
        self.messages: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.messages.append(message.text))
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(f"{server.address}#{video}")
        self._wait_for_load()

    def _wait_for_load(self) -> None:
        self.tab.wait_for_selector("html[data-ready]")
        self._wait_for("clock", "frame")

    def reload(self) -> Page:
        """Load the page again."""
        self.tab.reload()
        self._wait_for_load()
        return self

    def press(self, *keys: str) -> Page:
        """Press keys one after the other."""
        for key in keys:
            self.tab.keyboard.press(key)
        return self

    def type(self, text: str) -> Page:
        """Write into the focused field and leave it with Enter."""
        self.tab.keyboard.type(text)
        return self.press("Enter")

    def dispatch(self, keys: Sequence[str]) -> Page:
        """Press keys faster than any answer of the server can arrive."""
        self.tab.evaluate(
            "keys => keys.forEach(key => document.body.dispatchEvent("
            "new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true})))",
            list(keys),
        )
        return self

    def text(self, name: str) -> str:
        """Return the text of an element, by its id."""
        self.tab.evaluate(SETTLE)
        text: str = self.tab.inner_text(f"#{name}")
        return text

    def count(self, selector: str) -> int:
        """Return the number of elements on the drawn page."""
        self.tab.evaluate(SETTLE)
        count: int = self.tab.locator(selector).count()
        return count

    def wait_for_frame(self, frame: int) -> Page:
        """Wait until a frame is on screen."""
        return self._wait_for("clock", f"frame {frame} of ")

    def wait_until(self, condition: str) -> Page:
        """Wait until the frame on screen fulfils a condition; playback may skip a certain one."""
        frame = "Number(document.getElementById('clock').textContent.split(' ')[1])"
        self.tab.wait_for_function(f"() => {{ const frame = {frame}; return {condition}; }}")
        return self

    def wait_for_status(self, text: str) -> Page:
        """Wait until the status line contains a text."""
        return self._wait_for("status", text)

    def wait_for_banner(self, text: str) -> Page:
        """Wait until the banner contains a text."""
        return self._wait_for("banner", text)

    def wait_for_name(self, name: str) -> Page:
        """Wait until a video is open, by its name."""
        return self._wait_for("name", name)

    def _wait_for(self, name: str, text: str) -> Page:
        self.tab.wait_for_function(
            "([name, text]) => document.getElementById(name).textContent.includes(text)",
            arg=[name, text],
        )
        return self

    def wait_until_saved(self) -> Page:
        """Wait until the server has acknowledged every edit."""
        self.tab.evaluate(SETTLE)
        return self._wait_for("saved", "All saved")

    @property
    def video(self) -> str:
        """Id of the open video."""
        return str(self.tab.url.partition("#")[2])

    @property
    def frames(self) -> list[int]:
        """The frames of the marks in the list."""
        self.tab.evaluate(SETTLE)
        texts = self.tab.eval_on_selector_all(
            "#marks .frame", "all => all.map(one => one.textContent)"
        )
        return [int(text.replace(",", "")) for text in texts]

    def stored(self) -> list[int]:
        """Return the frames of the marks that the server has stored."""
        return [mark["frame"] for mark in self.server.state(self.video)["marks"]]

    def on_screen(self) -> tuple[int, int]:
        """Return the frame of the label, and the number in the pixels on screen."""
        label, number = self.tab.evaluate(READ)
        return label, number

    def drag_on_lane(
        self,
        from_time: float,
        to_time: float,
        *,
        during: Callable[[], object] = lambda: None,
    ) -> Page:
        """Drag along the row of marks, between two times in seconds of the clip of the tests."""
        box = self.tab.locator("#lane").bounding_box()
        left, right = (box["x"] + box["width"] * _share(time) for time in (from_time, to_time))
        y = box["y"] + 37
        mouse = self.tab.mouse
        mouse.move(left, y)
        mouse.down()
        mouse.move((left + right) / 2, y)
        mouse.move(right, y)
        during()
        mouse.up()
        return self


def _share(time: float) -> float:
    """Return where the lane shows a time: all 2.4 s are visible, with 1.2% free on both sides."""
    return 0.012 + 0.976 * time / 2.4


@contextmanager
def visiting(
    browser: Any, server: Server, *, video: str = "", screen: str = "desktop", **settings: Any
) -> Iterator[Page]:
    """Open the page in a new tab of a browser or of one of its contexts."""
    width, height = SCREENS[screen]
    if hasattr(browser, "new_context"):
        browser = browser.new_context(viewport={"width": width, "height": height}, **settings)
    page = Page(browser.new_page(), server, video)
    yield page
    page.tab.close()

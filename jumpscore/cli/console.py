"""Where output goes: results to standard output, progress and notes to standard error.

Paths, names and answers come from others. Whatever is printed here is shown as it is: no markup is
read in it, and characters that would control the terminal become visible.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from jumpscore.data.catalogue import Rendering
from jumpscore.errors import visible

PLAIN_SECONDS = 10.0
"""Seconds between two progress lines if the output is not a terminal."""
MOST_MISSING = 10
"""Missing files shown by name; a last line counts the others."""

_UNSEEN = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
"""Characters that JSON does not escape and that no terminal should get."""


def output() -> Console:
    """Return the console for results, with a fixed width if the output is not a terminal."""
    return _console(width=None if sys.stdout.isatty() else 120)


def notes() -> Console:
    """Return the console for everything else."""
    return _console(stderr=True)


class SafeConsole(Console):
    """A console whose text cannot control the terminal, whatever it is rendered from."""

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a string as text; replaced here so that tables measure the visible form."""
        return super().render_str(visible(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield the segments of a renderable; only Rich's own control codes pass."""
        for segment in super().render(renderable, options):
            if segment.control:
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


def _console(**options: Any) -> Console:
    return SafeConsole(markup=False, emoji=False, highlight=False, **options)


def print_note(message: str, *, warning: bool = True) -> None:
    """Print a message that the package logged."""
    style = "yellow" if warning else "dim"
    notes().print(f"note: {message}" if warning else message, style=style, soft_wrap=True)


def note_missing_files(missing: Sequence[Path], fix: str, *, samples: str | None = None) -> None:
    """Print which files are missing, what happens to their samples, and how to fix it."""
    from jumpscore.report.text import plural

    paths = "".join(f"\n  {path}" for path in missing[:MOST_MISSING])
    left = len(missing) - MOST_MISSING
    one = len(missing) == 1
    problem = f"{plural(len(missing), 'file')} {'is' if one else 'are'} missing"
    if samples is not None:
        problem += f", and {'its' if one else 'their'} samples {samples}"
    notes().print(
        f"{problem}:{paths}" + (f"\n  and {left} more" if left > 0 else "") + f"\n{fix}",
        style="yellow",
        soft_wrap=True,
    )


def print_json(content: Any) -> None:
    """Print JSON on standard output, and nothing else."""
    # Escaped if standard output cannot show every letter; NaN is not JSON and never printed.
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"
    text = json.dumps(content, indent=1, ensure_ascii=plain, sort_keys=True, allow_nan=False)
    # They occur in strings only, where an escape is the same text.
    print(_UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text))


@contextmanager
def progress(label: str, unit: str = "videos") -> Iterator[Callable[[int, int], None]]:
    """Yield a callback of (done, all): a bar with rate and time left, or plain lines."""
    console = notes()
    if not console.is_terminal:
        yield _plain(label, unit)
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
    ) as bar:
        job = bar.add_task(label, total=None, rate="")

        def advance(done: int, total: int) -> None:
            bar.update(job, completed=done, total=total)
            speed = bar.tasks[0].speed or 0.0  # of the last seconds; stored answers took none
            bar.update(job, rate=f"{speed:.1f} {unit}/s")

        yield advance


@contextmanager
def late_progress(label: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a callback whose bar appears with its first call."""
    with ExitStack() as stack:
        bars: list[Callable[[int, int], None]] = []

        def advance(done: int, total: int) -> None:
            if not bars:
                bars.append(stack.enter_context(progress(label, unit)))
            bars[0](done, total)

        yield advance


@contextmanager
def rendering() -> Iterator[Rendering]:
    """Yield how to render a data set: in all cores, with a bar if it takes place."""
    with late_progress("rendering", "clips") as advance:
        yield Rendering(None, advance)


def _plain(label: str, unit: str) -> Callable[[int, int], None]:
    printed: list[tuple[float, int]] = []

    def advance(done: int, total: int) -> None:
        now = time.monotonic()
        if printed and done < total and now - printed[-1][0] < PLAIN_SECONDS:
            return
        line = f"{label}: {done}/{total} {unit}"
        if printed and done > printed[-1][1]:
            before, count = printed[-1]
            rate = (done - count) / max(1e-9, now - before)
            line += f", {rate:.1f}/s, {(total - done) / rate:.0f} s left"
        printed.append((now, done))
        print(visible(line), file=sys.stderr, flush=True)

    return advance

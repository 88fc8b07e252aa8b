"""How CPU time grows over two decades of every input size; samples of runs are in ``load``.

A work whose cost does not depend on the size has an exponent of 0, a linear one of 1.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from evaluators.tracking import j_and_f_of_rles
from jumpscore.records import Media, Question
from jumpscore.report.comparison_page import write_comparison_page
from jumpscore.report.html import write_report
from jumpscore.scoring import (
    event_scores,
    parse_count,
    parse_reference,
    parse_times,
    ranked_ap,
    reference_map,
)
from jumpscore.video import codec_canvases, uniform_frames
from model_wrappers.motion import Motion
from tests.benchmarks.clips import rendered
from tests.benchmarks.comparison_page import random_runs
from tests.benchmarks.row import EXPONENT, LARGEST_EXPONENT, Bound, Row, Setting
from tests.benchmarks.timing import alternating, exponent
from tests.tracking_support import encoded

Work = Callable[[], object]
Times = tuple[list[float], list[float]]
EVENTS = (100, 1_000, 10_000)
CANVASES = (10, 100, 1_000)
SECONDS = (4, 40, 400)
FRAMES = (4, 40, 400)
WIDTHS = (96, 304, 960)
"""Widths of 4:3 masks; their pixels span two decades."""
PAGES = (50, 500, 5_000)


def rows(setting: Setting) -> Iterator[Row]:
    """Measure everything; the quick setting leaves out videos and pages."""
    yield from _of_events()
    yield from _of_masks()
    if not setting.quick:
        yield from _of_videos()
        yield from _of_pages()


def _row(name: str, unit: str, works: dict[int, Work], *, repeats: int = 3) -> Row:
    """Return the exponent over the sizes of works, which take turns."""
    seconds = alternating({str(size): work for size, work in works.items()}, repeats=repeats)
    return _exponent(name, unit, dict(zip(works, seconds.values(), strict=True)))


def _exponent(name: str, unit: str, costs: dict[int, float]) -> Row:
    sizes = [*costs]
    growth = exponent(sizes, [*costs.values()])
    size = f"{sizes[0]:,} to {sizes[-1]:,} {unit}"
    return Row(name, size, EXPONENT, growth, bound=Bound(ours=LARGEST_EXPONENT))


def _of_events() -> Iterator[Row]:
    sparse, dense = _samples(_jumps), _samples(_crowd)
    for name, score in (("event_scores", event_scores), ("reference_map", reference_map)):
        yield _events_row(name, lambda a, t, score=score: score(a, t), sparse)
    yield _events_row("event_scores, all within the tolerance", event_scores, dense)
    tied = {n: [(a, sorted([*t[: n // 2]] * 2)) for a, t in every] for n, every in sparse.items()}
    yield _events_row("reference_map, equal true times", reference_map, tied)
    for name, samples in (("", sparse), (", all within the tolerance", dense)):
        yield _events_row(f"ranked_ap{name}", lambda a, t: ranked_ap(a, a, t, 0.3), samples)
    texts = {n: [(json.dumps(a), None) for a, _ in every] for n, every in sparse.items()}
    for parse in (parse_reference, parse_times, parse_count):
        yield _events_row(parse.__name__, lambda text, _, parse=parse: parse(text), texts)


def _events_row(
    name: str, score: Callable[[Any, Any], object], samples: dict[int, list[tuple[Any, Any]]]
) -> Row:
    """Return the exponent of the time per sample."""

    def work(pairs: list[tuple[Any, Any]]) -> None:
        for answers, truth in pairs:
            score(answers, truth)

    works = {str(n): partial(work, pairs) for n, pairs in samples.items()}
    seconds = alternating(works, repeats=5)
    return _exponent(name, "events", {n: seconds[str(n)] / len(samples[n]) for n in samples})


def _samples(
    draw: Callable[[random.Random, int], Times],
) -> dict[int, list[tuple[list[float], list[float]]]]:
    """Return number of events -> answers and true times of samples, always as many events in all.

    Otherwise short samples would fit into faster caches, which looks like growth.
    """
    generator = random.Random(0)
    samples = {}
    for events in EVENTS:
        drawn = [draw(generator, events) for _ in range(EVENTS[-1] // events)]
        samples[events] = [tuple(json.loads(json.dumps(pair))) for pair in drawn]
    return samples


def _jumps(generator: random.Random, events: int) -> Times:
    truth, moment = [], 0.0
    for _ in range(events):
        moment += generator.uniform(0.3, 0.5)
        truth.append(round(moment, 3))
    return sorted(round(t + generator.gauss(0, 0.08), 3) for t in truth), truth


def _crowd(generator: random.Random, events: int) -> Times:
    first, second = (sorted(generator.uniform(0, 0.3) for _ in range(events)) for _ in range(2))
    return first, second


def _of_masks() -> Iterator[Row]:
    generator = np.random.default_rng(0)

    def work(frames: int, width: int) -> Work:
        height = width * 3 // 4
        masks = (generator.random((frames + 1, height, width)) < 0.5).astype(np.uint8)
        truth, prediction = encoded(masks[:-1]), encoded(masks[1:])
        return lambda: j_and_f_of_rles(truth, prediction, height=height, width=width)

    yield _row("J and F of noise", "masks of 96x72", {n: work(n, 96) for n in FRAMES})
    works = {width * width * 3 // 4: work(2, width) for width in WIDTHS}
    yield _row("J and F of noise, 2 masks", "pixels", works)


def _of_videos() -> Iterator[Row]:
    clip = rendered(640, 360, 40)
    works: dict[int, Work] = {n: partial(codec_canvases, clip, canvases=n) for n in CANVASES}
    yield _row("codec_canvases of 40 s", "canvases", works, repeats=2)
    works = {n: partial(uniform_frames, clip, count=n) for n in CANVASES}
    yield _row("uniform_frames of 40 s", "frames", works, repeats=2)
    clips = {n: rendered(640, 360, n) for n in SECONDS}
    works = {n: partial(codec_canvases, path, canvases=16) for n, path in clips.items()}
    yield _row("codec_canvases, 16 canvases", "s of video", works, repeats=1)
    wrapper = Motion()

    def answer(path: Path) -> object:
        question = Question("a", (Media(path),), "List the start timestamps")
        return wrapper.generate([wrapper.prepare(question, None)])

    answer(clips[SECONDS[0]])  # imports
    works = {n: partial(answer, path) for n, path in clips.items()}
    yield _row("motion", "s of video", works, repeats=1)


def _of_pages() -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        runs = {n: [*random_runs(root / str(n), n, 2)] for n in PAGES}
        pages = {
            "report": {n: partial(write_report, two[0], root / f"r{n}") for n, two in runs.items()},
            "comparison page": {
                n: partial(write_comparison_page, two, root / f"c{n}") for n, two in runs.items()
            },
        }
        for name, works in pages.items():
            yield _row(name, "videos", works, repeats=2)
            sizes = {n: float(write().stat().st_size) for n, write in works.items()}
            yield _exponent(f"{name}, bytes", "videos", sizes)

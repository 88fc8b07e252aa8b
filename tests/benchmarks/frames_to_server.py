"""Frames for our vLLM server: by reference to the cache, compared with PNG in every request.

Requests are prepared as for ``model=vllm`` and kept in memory, like those in flight; none is sent.
The cache starts empty, so that every picture is encoded once in both cases.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.clips import rendered
from tests.benchmarks.row import Bound, Row, Setting
from tests.benchmarks.timing import Job, in_processes

JOB = "tests.benchmarks.frames_to_server:requests"
FRAMES, WINDOW = 64, 4
Work = Callable[[], object]


def rows(setting: Setting) -> Iterator[Row]:
    """Measure two numbers of requests: the memory should not grow."""
    clip = str(rendered(640, 360, 20 if setting.quick else 60))
    with tempfile.TemporaryDirectory() as folder:
        tiny = _checkpoint(Path(folder))
        for count in (4,) if setting.quick else (4, 16):
            jobs = {
                way: Job(JOB, (tiny, clip, str(count), way)) for way in ("reference", "content")
            }
            costs = in_processes(jobs, repeats=1)
            ours, others = costs["reference"], costs["content"]
            size = f"{count} requests of {FRAMES} frames, 640x360"
            yield Row(
                "frames to our server, memory", size, "MB", ours.memory, "PNG in the request",
                others.memory, ours.memory, Bound(), "the server",
            )  # fmt: skip
            yield Row(
                "frames to our server", size, "CPU s", ours.cpu, "PNG in the request", others.cpu,
                ours.memory, Bound(ratio=1.2), "the server; HTTP",
            )  # fmt: skip


def _checkpoint(folder: Path) -> str:
    from model_wrappers.llava_onevision2.tiny import write_tiny

    write_tiny(folder / "tiny")
    return str(folder / "tiny")


def requests(checkpoint: str, clip: str, count: str, way: str) -> Work:
    """Prepare the bodies of requests about windows of a clip."""
    from jumpscore.harness.config import InputConfig
    from jumpscore.harness.input import InputPlan
    from jumpscore.records import Media, Question
    from jumpscore.video.prepared.cache import InputCache, default_cache_folder
    from model_wrappers.vllm.options import VLLMOptions
    from model_wrappers.vllm.wrapper import VLLM

    scratch = tempfile.TemporaryDirectory()
    os.environ["JUMPSCORE_CACHE"] = scratch.name
    # The limit of vLLM would be looked up in its environment.
    wrapper = VLLM(VLLMOptions(checkpoint=checkpoint, largest_media=2**40))
    cache = InputCache(default_cache_folder()) if way == "reference" else None
    config = InputConfig(kind="frames", count=FRAMES, window=WINDOW, overlap=0)
    plan = InputPlan("frames", config, cache, wrapper=wrapper)
    spans = [(3.0 * number, 3.0 * number + WINDOW) for number in range(int(count))]
    questions = [
        Question(f"q{number}", (Media(Path(clip), span=span),), "When?")
        for number, span in enumerate(spans)
    ]

    def work() -> list[Any]:
        bodies = []
        for question in questions:
            request = wrapper.prepare(question, plan.prepare(question))
            bodies.append(wrapper.body(request))
        scratch.cleanup()
        return bodies

    return work

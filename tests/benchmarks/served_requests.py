"""Overhead of the harness per request: a run with ``model=vllm`` compared with bare HTTP calls.

Needs a Python with vLLM in JUMPSCORE_VLLM_PYTHON. Both send the same prepared bodies to one server
with the same concurrency; the harness also checks, counts and stores every answer.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

from jumpscore.harness import InputConfig, RunSettings
from jumpscore.harness.engines.local import LocalEngine
from jumpscore.harness.input import InputPlan
from jumpscore.records import Media, Question
from jumpscore.runs.writer import RunStore
from jumpscore.video import uniform_frames
from model_wrappers.base import ModelWrapper
from tests.benchmarks.row import Bound, Row, Setting, Skipped
from tests.serving.on_a_cpu import ON_A_CPU, SERVED
from tests.support import bare_record, write_video

REQUESTS, ROUNDS = 200, 3
SIZE = f"{REQUESTS} requests of 2 frames of 112x84, 4 tokens each"


def rows(setting: Setting) -> Iterator[Row | Skipped]:
    """Measure with a tiny checkpoint."""
    if "JUMPSCORE_VLLM_PYTHON" not in os.environ:
        yield Skipped("requests to vLLM", "set JUMPSCORE_VLLM_PYTHON to a Python with vLLM")
        return
    from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny
    from model_wrappers.vllm.options import VLLMOptions
    from model_wrappers.vllm.wrapper import VLLM

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        with mock.patch.dict(os.environ, {**ON_A_CPU, "JUMPSCORE_CACHE": str(root / "cache")}):
            write_tiny(root / "tiny", TinyOptions(spread=0.2))
            clip = write_video(root / "clip.mp4", frames=50, fps=25, size=(112, 84))
            options = VLLMOptions(checkpoint=str(root / "tiny"), max_new_tokens=4, **SERVED)
            wrapper = _Prepared(VLLM, options, clip)
            try:
                wrapper.open()
                ours, bare = compared(wrapper, root, _bare)
            finally:
                wrapper.close()
    yield Row(
        "request to vLLM, served", SIZE, "ms each", ours, "bare HTTP", bare,
        bound=Bound(ratio=1.2), excluded="preparing",
    )  # fmt: skip


def _Prepared(kind, options, clip):
    """Return a wrapper with prepared requests, because preparation is not measured."""

    class Prepared(kind):
        def prepare(self, question, visual):
            return ready[question.id]

    wrapper = Prepared(options)
    visual = uniform_frames(clip, count=2)
    ready = {}
    for number in range(REQUESTS):
        question = Question(f"q{number}", (Media(clip),), f"When? {number}")
        ready[question.id] = kind.prepare(wrapper, question, visual)
    wrapper.ready = ready
    return wrapper


def compared(wrapper, root: Path, bare: Callable[[ModelWrapper], float]) -> tuple[float, float]:
    """Return milliseconds per request through the harness and bare, in turn; least of each."""
    bare(wrapper)  # warms the engine up, and fills its caches for both
    ours, theirs = [], []
    for number in range(ROUNDS):
        ours.append(through_the_harness(wrapper, root / f"run{number}"))
        theirs.append(bare(wrapper))
    return 1000 * min(ours) / REQUESTS, 1000 * min(theirs) / REQUESTS


def through_the_harness(wrapper, folder: Path) -> float:
    """Return the seconds for a run of the prepared requests, including storage."""
    questions = [request.question for request in wrapper.ready.values()]
    before = time.perf_counter()
    with RunStore(folder) as store:
        store.open(bare_record())
        plan = InputPlan("none", InputConfig())
        _, answers = LocalEngine(wrapper, plan, RunSettings()).ask(questions, store)
    assert all(answer.error is None for answer in answers.values())
    return time.perf_counter() - before


def _bare(wrapper) -> float:
    """Return the seconds for the same bodies from as many threads; answers are discarded."""
    url = f"{wrapper.server.url}/v1/chat/completions"
    headers = {
        "content-type": "application/json",
        "authorization": f"Bearer {wrapper.server.token}",
    }
    bodies = []
    for request in wrapper.ready.values():
        body = wrapper.body(request)
        body |= body.pop("extra_body")
        bodies.append(json.dumps(body).encode())

    def send(body: bytes) -> None:
        request = urllib.request.Request(url, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=300) as answer:
            json.load(answer)

    before = time.perf_counter()
    with ThreadPoolExecutor(wrapper.concurrency) as pool:
        list(pool.map(send, bodies))
    return time.perf_counter() - before

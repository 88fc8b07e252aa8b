"""Overhead of the harness per request: ``model=vllm_offline`` compared with vLLM's bare engine.

Needs a Python with vLLM in JUMPSCORE_VLLM_PYTHON, which runs this module. Both get the same
prepared messages: the bare engine all at once (``LLM.chat``), the harness from threads. The harness
also checks, counts and stores every answer.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.row import Bound, Row, Setting, Skipped
from tests.benchmarks.served_requests import SIZE, _Prepared, compared
from tests.serving.on_a_cpu import HERE, ON_A_CPU
from tests.support import write_video

VARIABLES = {
    **ON_A_CPU,
    "PYTHONPATH": str(HERE.parents[1]),
    "VLLM_LOGGING_LEVEL": "ERROR",
}


def rows(setting: Setting) -> Iterator[Row | Skipped]:
    """Measure in the other environment, whose last line has both figures."""
    if "JUMPSCORE_VLLM_PYTHON" not in os.environ:
        yield Skipped("requests to vLLM", "set JUMPSCORE_VLLM_PYTHON to a Python with vLLM")
        return
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        done = subprocess.run(
            [os.environ["JUMPSCORE_VLLM_PYTHON"], "-m", "tests.benchmarks.engine_requests", folder],
            env={**os.environ, **VARIABLES}, capture_output=True, text=True, cwd=HERE.parents[1],
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-3000:])
    ours, bare = map(float, done.stdout.splitlines()[-1].split())
    yield Row(
        "request to vLLM's engine", SIZE, "ms each", ours, "LLM.chat", bare,
        bound=Bound(ratio=1.2), excluded="preparing",
    )  # fmt: skip
    yield Row(
        "request to vLLM's engine, difference", SIZE, "ms each", ours - bare, bound=Bound(ours=1.0)
    )


def _write(root: Path) -> None:
    from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny

    write_tiny(root / "tiny", TinyOptions(spread=0.2))
    write_video(root / "clip.mp4", frames=50, fps=25, size=(112, 84))


def _measure() -> None:
    import sys

    from model_wrappers.vllm.offline import OfflineVLLM, OfflineVLLMOptions

    root = Path(sys.argv[1])
    os.environ["JUMPSCORE_CACHE"] = str(root / "cache")
    options = OfflineVLLMOptions(
        checkpoint=str(root / "tiny"),
        max_new_tokens=4,
        dtype="float32",
        max_model_len=8192,
        arguments={"enforce_eager": True},
    )
    wrapper = _Prepared(OfflineVLLM, options, root / "clip.mp4")
    wrapper.open()
    ours, bare = compared(wrapper, root, _bare)
    wrapper.close()
    print(ours, bare)


def _bare(wrapper) -> float:
    """Return the seconds for the same messages in one call."""
    from vllm import SamplingParams

    chats = [request.payload.messages for request in wrapper.ready.values()]
    sampling = SamplingParams(max_tokens=4, temperature=0.0, top_p=1.0, seed=0)
    llm = wrapper.engine._llm
    # The engine's own thread checks for requests only while it has none.
    before = time.perf_counter()
    llm.chat(chats, sampling, use_tqdm=False)
    return time.perf_counter() - before


if __name__ == "__main__":
    _measure()

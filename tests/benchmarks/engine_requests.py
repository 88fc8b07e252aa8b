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
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from tests.benchmarks.served_requests import REQUESTS, ROUNDS, _Prepared, through_the_harness
from tests.serving.on_a_cpu import HERE, ON_A_CPU
from tests.support import write_video

VARIABLES = {
    **ON_A_CPU,
    "PYTHONPATH": str(HERE.parents[1]),
    "VLLM_LOGGING_LEVEL": "ERROR",
}


def main() -> None:
    if find_spec("vllm") is not None:
        _measure()
    elif "JUMPSCORE_VLLM_PYTHON" in os.environ:
        python = os.environ["JUMPSCORE_VLLM_PYTHON"]
        with tempfile.TemporaryDirectory() as folder:
            _write(Path(folder))
            command = [python, "-m", "tests.benchmarks.engine_requests", folder]
            done = subprocess.run(
                command, env={**os.environ, **VARIABLES}, capture_output=True,
                text=True, cwd=HERE.parents[1],
            )  # fmt: skip
        lines = done.stdout.splitlines()[-2:] if done.returncode == 0 else [done.stderr[-3000:]]
        print("\n".join(lines))
    else:
        print("skipped: set JUMPSCORE_VLLM_PYTHON to a Python with vLLM")


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
    _bare(wrapper)  # warms the engine up, and fills its caches for both
    ours, bare = [], []
    for number in range(ROUNDS):
        ours.append(through_the_harness(wrapper, root / f"run{number}"))
        bare.append(_bare(wrapper))
    wrapper.close()
    one, other = float(np.median(ours)), float(np.median(bare))
    print(
        f"{REQUESTS} requests of 2 frames, 4 tokens each, {wrapper.concurrency} at a time, vLLM's "
        f"engine on the CPU, tiny checkpoint; medians of {ROUNDS} in turn\n"
        f"harness {one:.2f} s, LLM.chat {other:.2f} s: ratio {one / other:.2f}, "
        f"{1000 * (one - other) / REQUESTS:+.2f} ms per request"
    )


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
    main()

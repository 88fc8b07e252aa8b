"""How a real vLLM runs on a machine without a GPU."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from model_wrappers.vllm.server import CPU_ONLY

VLLM = os.environ.get("JUMPSCORE_VLLM_PYTHON")
HERE = Path(__file__).parent
ON_A_CPU = {
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "TORCH_COMPILE_DISABLE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "HF_HUB_OFFLINE": "1",
}
SERVED = {
    "cpu_only": True,
    "dtype": "float32",
    "max_model_len": 8192,
    "arguments": {"enforce_eager": True},
    "patience": 400,
}


@contextmanager
def cache_below(root: Path) -> Iterator[None]:
    """Serve on a CPU, with a separate cache."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**ON_A_CPU, "JUMPSCORE_CACHE": str(root / "cache")}.items():
            patch.setenv(name, value)
        yield


def in_vllm(script: str, *arguments: object, seconds: int = 600) -> str:
    """Run a script of this folder in the environment of vLLM and return its last line."""
    done = subprocess.run(
        [VLLM, str(HERE / script), *map(str, arguments)],
        env={**os.environ, **ON_A_CPU, "PYTHONPATH": str(CPU_ONLY)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
    return (done.stdout.splitlines() or [""])[-1]

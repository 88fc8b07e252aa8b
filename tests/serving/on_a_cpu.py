"""How a real vLLM runs on a machine without a GPU."""

from __future__ import annotations

from pathlib import Path

HERE = Path(__file__).parent
ON_A_CPU = {
    "PYTHONPATH": str(HERE / "cpu_only"),
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "TORCH_COMPILE_DISABLE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_CPU_OMP_THREADS_BIND": "nobind",
    "HF_HUB_OFFLINE": "1",
}
SERVED = {
    "dtype": "float32",
    "max_model_len": 8192,
    "arguments": {"enforce_eager": True},
    "patience": 400,
}

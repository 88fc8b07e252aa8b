"""Options of checkpoints in vLLM."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from model_wrappers.openai_compatible.wrapper import ChatOptions, OpenAICompatibleOptions
from model_wrappers.vllm.plugin import TOKEN_VARIABLE


class EngineOptions(ChatOptions):
    """Options of a checkpoint in vLLM on this machine.

    Attributes:
        checkpoint: Folder, or ``owner/name`` on the hub.
        revision: Commit, tag or branch on the hub.
        system: System prompt; by default the one that the model was trained with, if any.
        dtype: Data type, in vLLM's names.
        tensor_parallel: Number of GPUs that share a model.
        max_model_len: Maximum context length, instead of the checkpoint's.
        trust_remote_code: Run code that comes with the checkpoint. vLLM needs this for every
            LLaVA-OneVision-2, but folders that this package wrote need no permission.
        untested_vllm: Send canvases to a vLLM version that the guard was not tested with.
        cpu_only: For machines without a GPU and a CPU build of torch: start although torchvision,
            torchaudio and torchcodec are CUDA builds.
        arguments: Further options of vLLM, name to value, such as ``{enforce_eager: true}``.
    """

    checkpoint: str
    revision: str | None = None
    concurrency: int = Field(default=32, gt=0, le=1024)
    system: str | None = None  # type: ignore[assignment]
    picture_format: Literal["jpeg", "png"] = "png"
    dtype: str = "auto"
    tensor_parallel: int = Field(default=1, gt=0)
    max_model_len: int | None = Field(default=None, gt=0)
    trust_remote_code: bool = False
    untested_vllm: bool = False
    cpu_only: bool = False
    arguments: dict[str, Any] = Field(default={})


class VLLMOptions(EngineOptions, OpenAICompatibleOptions):
    """Options of a checkpoint, of an endpoint and of the server.

    Attributes:
        served_model: Name of the model in the server; by default made from the checkpoint's digest,
            so that a server with another checkpoint is noticed.
        base_url: Address of a running server (``jumpscore serve``); by default one is started.
        api_key_env: Environment variable with the server's token; by default, each gets a new one.
        python: Python of an environment with vLLM and this package; by default
            ``$JUMPSCORE_VLLM_PYTHON``, else this one.
        data_parallel: Number of copies of the model.
        port: Port of the server; 0 for any free one.
        patience: Maximum seconds that the server may take to start.
    """

    served_model: str = ""
    api_key_env: str = TOKEN_VARIABLE
    python: str | None = None
    data_parallel: int = Field(default=1, gt=0)
    port: int = Field(default=0, ge=0, le=65535)
    patience: float = Field(default=900.0, gt=0)


SERVING = {
    "served_model", "checkpoint", "revision", "python", "tensor_parallel", "data_parallel", "port",
    "base_url", "trust_remote_code", "untested_vllm", "cpu_only", "patience",
}  # fmt: skip
"""Options that do not affect answers, or only through the checkpoint's digest."""

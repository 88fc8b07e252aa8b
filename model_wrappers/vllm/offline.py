"""Checkpoints in vLLM's engine, in this process: no server, no HTTP."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import cached_property
from importlib.util import find_spec
from typing import Any, ClassVar

from pydantic import Field

from jumpscore.errors import UsageError
from model_wrappers.base import ModelOptions, Request
from model_wrappers.openai_compatible.calls import Completion
from model_wrappers.vllm.engine import Engine, EngineError
from model_wrappers.vllm.options import EngineOptions
from model_wrappers.vllm.server import InstalledVLLM, Server, installed_vllm
from model_wrappers.vllm.wrapper import VLLM


class OfflineVLLMOptions(EngineOptions):
    """Options of any checkpoint in vLLM."""

    concurrency: int = Field(default=64, gt=0, le=1024)
    # Options that only an endpoint has:
    served_model: ClassVar[str] = ""
    base_url: ClassVar[None] = None
    python: ClassVar[None] = None
    token_side: ClassVar[None] = None
    video_by: ClassVar[str] = "data"
    extra_body: ClassVar[dict[str, Any]] = {}
    largest_body: ClassVar[None] = None


class OfflineVLLM(VLLM):
    """A checkpoint in vLLM's engine in this process: canvases (LLaVA-OneVision-2) or frames."""

    name = "vllm_offline"
    Options: ClassVar[type[ModelOptions]] = OfflineVLLMOptions

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.engine: Engine | None = None

    def open(self) -> None:
        with self._lock:
            self._closed = False
            if self.engine is None:
                engine = Engine(self.plan())
                engine.start()
                self.engine = engine

    def serve(self) -> Server:
        raise UsageError(f"model {self.name!r} has no server; use model=vllm")

    def close(self) -> None:
        self._closed = True
        engine, self.engine = self.engine, None
        if engine is not None:
            engine.stop()

    @cached_property
    def installed(self) -> InstalledVLLM:
        if find_spec("vllm") is None:
            raise UsageError(
                f"{sys.executable}: vLLM is not installed; run jumpscore from an environment that "
                "has it, or use model=vllm"
            )
        return installed_vllm(sys.executable)

    def _require_open(self) -> None:
        if self._closed:
            raise EngineError("the model was closed before all questions were answered")
        if self.engine is None:
            self.open()

    def _call(self, body: Mapping[str, Any], request: Request) -> Completion:
        assert self.engine is not None
        return self.engine.complete(body)

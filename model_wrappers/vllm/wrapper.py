"""Checkpoints served by vLLM, through its OpenAI-compatible server."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from jumpscore.errors import UsageError
from jumpscore.jsonio import read_object
from jumpscore.records import Convention, Question, Usage
from jumpscore.video import PLAIN_GRID, TokenGrid, VisualInput
from jumpscore.video.prepared.cache import default_cache_folder
from jumpscore.video.prepared.references import has_files
from model_wrappers.base import GenerationTrace, InputKind, ModelOptions, Request
from model_wrappers.checkpoints import FromCheckpoint, digest, local_folder, resolve
from model_wrappers.families import INTERNVL3_5, QWEN3_VL, Family, family_of
from model_wrappers.llava_onevision2.checkpoint import stated_grid
from model_wrappers.llava_onevision2.prompts import CONVENTION, SYSTEM
from model_wrappers.openai_compatible.calls import Completion
from model_wrappers.openai_compatible.limits import bounded_http_client
from model_wrappers.openai_compatible.messages import Message
from model_wrappers.openai_compatible.wrapper import NO_IDENTITY, OpenAICompatible
from model_wrappers.vllm.options import SERVING, VLLMOptions
from model_wrappers.vllm.pictures import content_parts, reference_parts
from model_wrappers.vllm.processing import (
    check_architecture,
    extra_counted_tokens,
    processing,
)
from model_wrappers.vllm.server import (
    SERVED_NAME,
    InstalledVLLM,
    Server,
    ServerError,
    ServerPlan,
    installed_vllm,
)

CODEC_MODEL = "llava_onevision2"
"""The model type that accepts canvases."""
PYTHON_VARIABLE = "JUMPSCORE_VLLM_PYTHON"
MOST_RESTARTS = 2
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


COUNTED = (QWEN3_VL, INTERNVL3_5)
"""Families whose visual token counts in vLLM are compared with the plan."""


class VLLM(FromCheckpoint, OpenAICompatible):
    """A checkpoint served by vLLM here: canvases (LLaVA-OneVision-2), frames or videos."""

    name = "vllm"
    inputs: tuple[InputKind, ...] = ("codec", "frames", "video")
    identified_by_code = True
    Options: ClassVar[type[ModelOptions]] = VLLMOptions
    traced: ClassVar[Mapping[str, Any]] = {"return_token_ids": True}

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.server: Server | None = None
        self._restarts = 0
        self._restarting = threading.Lock()
        if local_folder(self.options.checkpoint) and self.model_type != CODEC_MODEL:
            self.inputs = ("frames", "video")

    @cached_property
    def family(self) -> Family | None:
        """Family with the rules of its wrapper in transformers, if they were verified with vLLM."""
        family = family_of(self.model_type)
        return family if family is not None and "vllm" in family.backends else None

    @property
    def convention(self) -> Convention | None:
        """The configured convention, else that of the checkpoint's family."""
        if self.model_type == CODEC_MODEL:
            return super().convention or CONVENTION
        return super().convention or (self.family.convention if self.family else None)

    @cached_property
    def token_grid(self) -> TokenGrid:  # type: ignore[override]
        """Token grid of the checkpoint."""
        return self.family.grid_in(self.folder) if self.family is not None else self.canvas_grid

    @cached_property
    def canvas_grid(self) -> TokenGrid:  # type: ignore[override]
        """The same for canvases, which only one model takes."""
        return stated_grid(self.folder) if self.model_type == CODEC_MODEL else PLAIN_GRID

    @property
    def system(self) -> str:
        if self.options.system is not None:
            return str(self.options.system)
        return SYSTEM if self.model_type == CODEC_MODEL else ""

    @cached_property
    def folder(self) -> Path:
        """Folder of the checkpoint."""
        options = self.options
        return resolve(options.checkpoint, options.revision, code=options.trust_remote_code)

    @cached_property
    def model_type(self) -> str:
        """``model_type`` of its ``config.json``."""
        config = read_object(
            self.folder / "config.json", fix="set model.checkpoint to the folder of a checkpoint"
        )
        return str(config.get("model_type"))

    @property
    def trusts_remote_code(self) -> bool:  # type: ignore[override]
        """Whether the server runs code of the checkpoint folder."""
        return self.options.trust_remote_code or self._own_checkpoint

    @cached_property
    def _own_checkpoint(self) -> bool:
        from model_wrappers.llava_onevision2.provenance import holds_only_our_code

        return self.model_type == CODEC_MODEL and holds_only_our_code(self.folder)

    @cached_property
    def media(self) -> Path:
        """Directory that the server may read."""
        return default_cache_folder().parent.resolve()

    @cached_property
    def installed(self) -> InstalledVLLM:
        """The installed vLLM."""
        python = self.options.python or os.environ.get(PYTHON_VARIABLE) or sys.executable
        return installed_vllm(python)

    @property
    def largest_media(self) -> int | None:
        """The configured limit, else vLLM's own if this package starts it."""
        limit: int | None = self.options.largest_media
        if limit is None and (self.options.base_url is None or self.server is not None):
            return self.installed.largest_media
        return limit

    def plan(self) -> ServerPlan:
        """Return the settings of the server.

        Raises:
            UsageError: Running the checkpoint's code is not allowed, or canvases, or its sizes, are
                untested with this vLLM.
        """
        options = self.options
        codec = self.model_type == CODEC_MODEL
        if codec and not self.trusts_remote_code:
            raise UsageError(
                f"vLLM needs to run code in {self.folder} that this package did not write; review "
                "it, then allow it with model.trust_remote_code=true"
            )
        if codec and not options.untested_vllm:
            self.installed.check_tested()
            check_architecture(self.folder)
        return ServerPlan(
            python=self.installed.python,
            checkpoint=str(self.folder),
            name=options.served_model or self.served_name,
            media=self.media,
            trust_remote_code=self.trusts_remote_code,
            codec=codec,
            guard=codec,
            dtype=options.dtype,
            tensor_parallel=options.tensor_parallel,
            max_model_len=options.max_model_len,
            largest_media=options.largest_media,
            cpu_only=options.cpu_only,
            arguments=options.arguments,
        )

    def open(self) -> None:
        if self.options.base_url is None:
            self.serve()
        if not self.options.served_model:
            self.options = self.options.model_copy(update={"served_model": self.served_name})
        super().open()

    @cached_property
    def served_name(self) -> str:
        """Name of the model in its server, different for every checkpoint."""
        return f"{SERVED_NAME}-{self.digest}"

    @cached_property
    def digest(self) -> str:
        """Digest of the checkpoint; computed once, with one seek per tensor."""
        return digest(self.folder)

    def _key(self) -> str | None:
        return self.server.token if self.server is not None else super()._key()

    def client_options(self) -> dict[str, Any]:
        # A proxy from the environment cannot reach a server on this machine.
        return {"http_client": bounded_http_client(trust_env=False)}

    def serve(self) -> Server:
        """Start the server, if it is not running, and return it.

        Raises:
            ServerError: The server does not start.
            UsageError: The checkpoint or vLLM is unsuitable.
        """
        with self._lock:
            if self.server is None:
                options = self.options
                plan = replace(self.plan(), port=options.port, data_parallel=options.data_parallel)
                server = Server(plan, token=self._key(), patience=options.patience)
                server.start()
                self.server = server
            self.options = self.options.model_copy(update={"base_url": f"{self.server.url}/v1"})
            return self.server

    def close(self) -> None:
        super().close()
        # Without the lock, whose owner may be waiting for a server to start; stopping it ends that.
        server, self.server = self.server, None
        if server is not None:
            server.stop()
            self.options = self.options.model_copy(update={"base_url": None})

    def identity(self) -> Mapping[str, Any]:
        options = self.options.model_dump(mode="json", exclude=NO_IDENTITY | SERVING)
        return {
            "model": self.name,
            "options": {**options, "system": self.system},
            "checkpoint_digest": self.digest,
            "vllm": self.installed.version,
        }

    def environment(self) -> Mapping[str, str]:
        return {"vllm": self.installed.version, "checkpoint": str(self.folder)}

    def prepare(self, question: Question, visual: VisualInput | None) -> Request:
        request = super().prepare(question, visual)
        if self.model_type != CODEC_MODEL and self.family not in COUNTED:
            return request
        # Its tokens follow the plan, so the server's count is compared with it.
        return Request(question, visual, request.payload)

    @property
    def frames_on_disk(self) -> bool:  # type: ignore[override]
        """Whether the server is ours and on this machine, so that it can read the cache."""
        url, name = self.options.base_url, self.options.served_model or SERVED_NAME
        ours = url is None or (urlsplit(url).hostname in LOOPBACK and name.startswith(SERVED_NAME))
        return ours and self.options.picture_format == "png"

    def parts(self, question: Question, visual: VisualInput | None) -> list[Message]:
        if visual is None:
            return super().parts(question, visual)
        if visual.kind == "codec" and self.model_type != CODEC_MODEL:
            raise UsageError(
                f"{self.folder}: model type {self.model_type} does not support canvases; use "
                "input=frames"
            )
        if self._by_reference(visual):
            return reference_parts(visual, self.family)
        options = self.options
        return content_parts(
            visual, self.family, format=options.picture_format, quality=options.picture_quality
        )

    def _by_reference(self, visual: VisualInput) -> bool:
        """Whether a request refers to the pictures instead of containing them."""
        if visual.kind == "codec":
            return True  # vLLM's protocol has no other way
        return self.frames_on_disk and has_files(visual, below=self.media)

    def body(self, request: Request) -> dict[str, Any]:
        body = super().body(request)
        if request.visual is None:
            return body
        by_reference = self._by_reference(request.visual)
        own = processing(request.visual, self.family, by_reference=by_reference)
        return {**body, "extra_body": {**body["extra_body"], **own}}

    def usage(self, completion: Completion, request: Request) -> Usage:
        usage = super().usage(completion, request)
        if usage.visual is None:
            return usage
        own = self.model_type == CODEC_MODEL and find_spec("transformers") is not None
        tokenizer = self._tokenizer if own else None
        extra = extra_counted_tokens(request, self.family, tokenizer)
        return replace(usage, visual=usage.visual - extra)

    def trace(self, request: Request) -> GenerationTrace:
        trace = super().trace(request)
        if trace.prompt_ids is None:
            return trace
        return replace(trace, stamps=self._stamps(trace.prompt_ids))

    def _stamps(self, ids: Sequence[int]) -> tuple[str, ...] | None:
        """Return the time stamps in a prompt, or ``None`` without a tokenizer here."""
        if self.model_type != CODEC_MODEL and self.family not in COUNTED:
            return None
        if find_spec("transformers") is None:
            return None
        from model_wrappers.transformers.wrapper import STAMP

        return tuple(STAMP.findall(self._tokenizer.decode(ids)))

    @cached_property
    def _tokenizer(self) -> Any:
        if self.model_type != CODEC_MODEL:
            from transformers import AutoTokenizer

            options = {"local_files_only": True, "trust_remote_code": False}
            return AutoTokenizer.from_pretrained(self.folder, **options)
        from model_wrappers.llava_onevision2.checkpoint import inspect_settings, load_tokenizer

        return load_tokenizer(self.folder, inspect_settings(self.folder)[0])

    def pause(self, seconds: float) -> None:
        """Wait before the next attempt; restart the server first if it died.

        Raises:
            ServerError: It died too often, or does not start.
        """
        with self._restarting:
            server = self.server
            if server is not None and not self._closed and not server.alive():
                if self._restarts >= MOST_RESTARTS:
                    raise ServerError(
                        f"vLLM died {self._restarts + 1} times; the end of its log {server.log}:\n"
                        f"{server.log_end()}"
                    )
                self._restarts += 1
                # The same port, because requests in progress use the old address.
                server.start_again()
        super().pause(seconds)

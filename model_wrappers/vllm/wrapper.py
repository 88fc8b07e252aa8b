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
from typing import Any, ClassVar, Literal

from pydantic import Field

from jumpscore.errors import UsageError
from jumpscore.jsonio import read_object
from jumpscore.records import Convention, Question, Usage
from jumpscore.video import PLAIN_GRID, TokenGrid, VisualInput
from jumpscore.video.prepared import default_cache_folder
from model_wrappers.base import GenerationTrace, InputKind, ModelOptions, Request
from model_wrappers.checkpoints import FromCheckpoint, digest, local_folder, resolve
from model_wrappers.families import INTERNVL3_5, QWEN3_VL, Family, family_of
from model_wrappers.llava_onevision2.prompts import CONVENTION
from model_wrappers.openai_compatible.calls import Completion
from model_wrappers.openai_compatible.limits import bounded_http_client
from model_wrappers.openai_compatible.messages import (
    Message,
    frame_parts,
    frames_video_part,
    video_part,
)
from model_wrappers.openai_compatible.wrapper import (
    NO_IDENTITY,
    ChatOptions,
    OpenAICompatible,
    OpenAICompatibleOptions,
)
from model_wrappers.vllm.processing import check_stamps, counted_beside, processing
from model_wrappers.vllm.server import (
    SERVED_NAME,
    InstalledVLLM,
    Server,
    ServerError,
    ServerPlan,
    installed_vllm,
)

CODEC_MODEL = "llava_onevision2"
"""Model type that reads canvases."""
PYTHON_VARIABLE = "JUMPSCORE_VLLM_PYTHON"
MOST_RESTARTS = 2


class EngineOptions(ChatOptions):
    """Options of a checkpoint that vLLM runs here.

    Attributes:
        checkpoint: Folder, or ``owner/name`` on the hub.
        revision: Commit, tag or branch on the hub.
        system: System turn; by default the one that the model was trained with, or none.
        dtype: As vLLM names it.
        tensor_parallel: GPUs that share a model.
        max_model_len: Longest context, where the checkpoint's is not wanted.
        trust_remote_code: Run code that came with the checkpoint. vLLM needs it for every
            LLaVA-OneVision-2; folders that this package wrote need no permission.
        untested_vllm: Send canvases to a vLLM whose model file the guard was not tested with.
        cpu_only: For machines without a GPU, whose torch is a CPU build: start although
            torchvision, torchaudio and torchcodec are CUDA builds.
        arguments: Further options of vLLM's, name to value.
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
    """Options of the model; those of a checkpoint and of an endpoint, and how it is served.

    Attributes:
        served_model: Follows from the checkpoint, so that a server of another one is noticed.
        base_url: Of a server that runs already (``jumpscore serve``); by default one is started.
        python: Of an environment that has vLLM and this package; by default
            ``$JUMPSCORE_VLLM_PYTHON``, else this one.
        data_parallel: Copies of it.
        port: 0 takes a free one.
        patience: Seconds that the server has to start.
    """

    served_model: str = ""
    python: str | None = None
    data_parallel: int = Field(default=1, gt=0)
    port: int = Field(default=0, ge=0, le=65535)
    patience: float = Field(default=900.0, gt=0)


SERVING = {
    "served_model", "checkpoint", "revision", "python", "tensor_parallel", "data_parallel", "port",
    "base_url", "trust_remote_code", "untested_vllm", "cpu_only", "patience",
}  # fmt: skip
"""Options that change no answer, or that say it through the checkpoint's digest."""


CODEC_SYSTEM = "You are a helpful assistant."
COUNTED = (QWEN3_VL, INTERNVL3_5)
"""Families whose count of visual tokens in vLLM was held against the plan, and is."""


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
        """Of a baseline; its rules are those of its wrapper in transformers."""
        return family_of(self.model_type)

    @property
    def convention(self) -> Convention | None:
        """As set, or as the checkpoint's family has it."""
        if self.model_type == CODEC_MODEL:
            return super().convention or CONVENTION
        return super().convention or (self.family.convention if self.family else None)

    @property
    def token_grid(self) -> TokenGrid:  # type: ignore[override]
        """As the checkpoint says."""
        return self.family.grid_in(self.folder) if self.family is not None else PLAIN_GRID

    @property
    def system(self) -> str:
        if self.options.system is not None:
            return str(self.options.system)
        return CODEC_SYSTEM if self.model_type == CODEC_MODEL else ""

    @cached_property
    def folder(self) -> Path:
        """Where the checkpoint is."""
        options = self.options
        return resolve(options.checkpoint, options.revision, code=options.trust_remote_code)

    @cached_property
    def model_type(self) -> str:
        """As its ``config.json`` says."""
        held = read_object(self.folder / "config.json", fix="give the folder of a checkpoint")
        return str(held.get("model_type"))

    @property
    def trusts_remote_code(self) -> bool:  # type: ignore[override]
        """Whether code of the checkpoint folder runs in the server."""
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
        """The vLLM that serves."""
        python = self.options.python or os.environ.get(PYTHON_VARIABLE) or sys.executable
        return installed_vllm(python)

    @property
    def largest_media(self) -> int | None:
        """As set; by default vLLM's own limit where this package starts it."""
        limit: int | None = self.options.largest_media
        if limit is None and (self.options.base_url is None or self.server is not None):
            return self.installed.largest_media
        return limit

    def plan(self) -> ServerPlan:
        """Return what the server is started with.

        Raises:
            UsageError: The checkpoint's code may not run, or canvases are untested with this vLLM.
        """
        options = self.options
        codec = self.model_type == CODEC_MODEL
        if codec and not self.trusts_remote_code:
            raise UsageError(
                f"vLLM runs code of {self.folder} to serve it, and this package did not write it; "
                "look at it, then allow that with model.trust_remote_code=true"
            )
        if codec and not options.untested_vllm:
            self.installed.check_tested()
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
        """Name of the model in its server: it tells one checkpoint from another."""
        return f"{SERVED_NAME}-{self.digest}"

    @cached_property
    def digest(self) -> str:
        """Of the checkpoint; read once, which takes a seek per tensor."""
        return digest(self.folder)

    def client_options(self) -> dict[str, Any]:
        # A proxy of the environment is no way to a server on this machine.
        return {"http_client": bounded_http_client(trust_env=False)}

    def serve(self) -> Server:
        """Start the server, if it is not running, and return it.

        Raises:
            ServerError: It does not start.
            UsageError: The checkpoint or vLLM is not as it must be.
        """
        with self._lock:
            if self.server is None:
                options = self.options
                plan = replace(self.plan(), port=options.port, data_parallel=options.data_parallel)
                server = Server(plan, patience=options.patience)
                server.start()
                self.server = server
            self.options = self.options.model_copy(update={"base_url": f"{self.server.url}/v1"})
            return self.server

    def close(self) -> None:
        super().close()
        # Without the lock: who holds it may be waiting for a server to start, which ends with it.
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
        # Its tokens are those of the plan, so the server's count is held against it.
        return Request(question, visual, request.payload)

    def parts(self, question: Question, visual: VisualInput | None) -> list[Message]:
        from jumpscore.video.prepared.references import reference_to

        if visual is not None and visual.kind == "codec":
            if self.model_type != CODEC_MODEL:
                raise UsageError(f"{self.folder} is a {self.model_type} and reads no canvases")
            content = reference_to(visual).to_bytes()
            return [video_part(question.media[0].path, content=content)]
        if visual is None or self.family is None:
            return super().parts(question, visual)
        options = self.options
        drawn: Any = {"format": options.picture_format, "quality": options.picture_quality}
        if not self.family.as_video:
            return frame_parts(visual, before=self.family.before_frame, **drawn)
        check_stamps(visual)
        return [frames_video_part(visual, **drawn)]

    def body(self, request: Request) -> dict[str, Any]:
        body = super().body(request)
        if request.visual is None:
            return body
        own = processing(request.visual, self.family)
        return {**body, "extra_body": {**body["extra_body"], **own}}

    def usage(self, found: Completion, request: Request) -> Usage:
        usage = super().usage(found, request)
        if usage.visual is None:
            return usage
        own = self.model_type == CODEC_MODEL and find_spec("transformers") is not None
        tokenizer = self._tokenizer if own else None
        beside = counted_beside(request, self.family, tokenizer)
        return replace(usage, visual=usage.visual - beside)

    def trace(self, request: Request) -> GenerationTrace:
        found = super().trace(request)
        if found.prompt_ids is None:
            return found
        return replace(found, stamps=self._stamps(found.prompt_ids))

    def _stamps(self, ids: Sequence[int]) -> tuple[str, ...] | None:
        """Return the time stamps that a prompt holds, where its tokenizer can be had here."""
        own = self.model_type == CODEC_MODEL or self.family in COUNTED
        if not own or find_spec("transformers") is None:
            return None
        from model_wrappers.transformers.wrapper import STAMP

        return tuple(STAMP.findall(self._tokenizer.decode(ids)))

    @cached_property
    def _tokenizer(self) -> Any:
        if self.model_type != CODEC_MODEL:
            from transformers import AutoTokenizer

            return AutoTokenizer.from_pretrained(
                self.folder, local_files_only=True, trust_remote_code=False
            )
        from model_wrappers.llava_onevision2.checkpoint import inspect_settings, load_tokenizer

        return load_tokenizer(self.folder, inspect_settings(self.folder)[0])

    def pause(self, seconds: float) -> None:
        """Wait before another try; a server that died is started again first.

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
                # The same port: requests on the way are told the old address.
                server.start_again()
        super().pause(seconds)

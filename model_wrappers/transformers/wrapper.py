"""Base class of models in this process: loading, batches, sampling, token counts."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from jumpscore.errors import DataError, UsageError
from jumpscore.records import Convention, Question, Response, Usage
from jumpscore.video import VisualInput
from model_wrappers.base import GenerationTrace, ModelOptions, Request, size_shown
from model_wrappers.checkpoints import FromCheckpoint, digest, resolve
from model_wrappers.identity import fingerprint, weights_digest
from model_wrappers.transformers.prompts import chat_ids, chat_messages, expand_pads

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from torch import Tensor

    from model_wrappers.transformers.generation import Answer, Prompt, Sampling

NO_IDENTITY = {
    "checkpoint", "revision", "device", "dtype", "attention", "batch_size", "batch_tokens",
    "generation",
}  # fmt: skip
"""Options that do not affect answers, or only through what they resolve to: the weights' digest and
the placement."""

TRACED = 20
"""First tokens in a trace; vLLM reports at most this many."""
STAMP = re.compile(r"<\d+(?:\.\d+)? seconds>")
PACKAGES = ("torch", "transformers", "PIL")


class TransformersOptions(ModelOptions):
    """Options of a model in transformers.

    Attributes:
        checkpoint: Folder, or ``owner/name`` on the hub.
        revision: Commit, tag or branch on the hub.
        device: ``auto`` (a GPU if available), ``cpu``, ``cuda`` or ``cuda:1``.
        dtype: ``auto`` is the checkpoint's on a GPU and ``float32`` on a CPU.
        attention: ``auto`` is ``flash_attention_2`` if installed and supported, else ``sdpa``.
        system: System prompt; left out if empty.
        max_new_tokens: Maximum length of an answer.
        temperature: Sampling temperature; 0 always takes the likeliest token.
        top_p: Sample from the likeliest tokens with this total probability.
        top_k: Sample from this many likeliest tokens; 0 for all.
        seed: Sampling seed, combined with the question's id.
        batch_size: Maximum number of questions in a batch.
        batch_tokens: Maximum number of tokens in a batch, including padding; a longer prompt is
            its own batch.
    """

    checkpoint: str
    revision: str | None = None
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    attention: Literal["auto", "sdpa", "eager", "flash_attention_2"] = "auto"
    system: str = ""
    max_new_tokens: int = Field(default=1024, gt=0)
    temperature: float = Field(default=0.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=0, ge=0)
    seed: int = Field(default=0, ge=0)
    batch_size: int = Field(default=8, gt=0)
    batch_tokens: int = Field(default=65_536, gt=0)


class InTransformers(FromCheckpoint):
    """A model in this process; subclasses define how a family of models receives pictures.

    The harness prepares frames and canvases in their final size, and they are used unchanged: no
    processor resizes, drops or resamples them, so token counts match the plan.
    """

    Options: ClassVar[type[ModelOptions]] = TransformersOptions
    options: Any
    flash_attention: ClassVar[bool] = True
    """Whether the model supports ``flash_attention_2``."""
    stamp_pattern: ClassVar[re.Pattern[str]] = STAMP
    """Finds the time stamps in the text of a prompt."""

    @property
    def convention(self) -> Convention | None:
        """Coordinate convention of answers; ``None`` if the authors do not document one."""
        return None

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.batch_size = self.options.batch_size
        self.deterministic = self.options.temperature == 0  # samples depend on earlier requests
        self._lock = threading.Lock()
        self._model: Any = None
        self._loaded = ""

    @property
    @abstractmethod
    def config(self) -> Any:
        """The checkpoint's configuration, validated."""

    @abstractmethod
    def load_tokenizer(self) -> Any:
        """Return the checkpoint's tokenizer, with a chat template."""

    @abstractmethod
    def load_model(self) -> Any:
        """Return the model, on its device."""

    @abstractmethod
    def pictures(self, question: Question, visual: VisualInput | None) -> Any:
        """Return the question's pictures, an object with ``runs``, or ``None``.

        ``runs`` are (text before, visual tokens, text after) of every run of visual tokens.
        """

    @abstractmethod
    def pictures_text(self, pictures: Any) -> str:
        """Return the prompt's text of pictures, with one pad per run."""

    @abstractmethod
    def model_inputs(self, ids: Tensor, pictures: Sequence[Any]) -> Mapping[str, Tensor]:
        """Return the model inputs besides token ids [batch, tokens]: the batch's pictures."""

    @property
    @abstractmethod
    def pads(self) -> tuple[int, ...]:
        """Ids of the placeholder tokens of visual tokens."""

    @abstractmethod
    def control_tokens(self) -> Sequence[str]:
        """Return the control tokens of the chat format."""

    def messages(self, question: Question, pictures: str) -> Sequence[Any]:
        """Return the chat in the format of the checkpoint's template."""
        return chat_messages(
            question, pictures, system=self.options.system, control=self.control_tokens()
        )

    @property
    def template_variables(self) -> Mapping[str, Any]:
        """Further variables of the chat template."""
        return {}

    def prompt_ids(self, question: Question, pictures: str) -> npt.NDArray[np.int64]:
        """Return the token ids of the prompt, with one pad per run of visual tokens."""
        messages = self.messages(question, pictures)
        return chat_ids(self.tokenizer, messages, **self.template_variables)

    @cached_property
    def folder(self) -> Path:
        """Folder of the checkpoint."""
        require_packages(self.name)
        return resolve(self.options.checkpoint, self.options.revision)

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of the checkpoint."""
        return self.load_tokenizer()

    @cached_property
    def placement(self) -> dict[str, str]:
        """Device, dtype and attention, with every ``auto`` resolved."""
        return _placement(self.options, self.config, flash_supported=self.flash_attention)

    def open(self) -> None:
        with self._lock:
            if self._model is None:
                model = self.load_model()
                model.generation_config.eos_token_id = self._ends(model)
                model.generation_config.pad_token_id = self.tokenizer.pad_token_id
                self._loaded = fingerprint(model)
                self._model = model

    def close(self) -> None:
        self._model = None

    def identity(self) -> Mapping[str, Any]:
        """Return options, placement and weights, including changes since loading."""
        model = self._model
        changed = model is not None and fingerprint(model) != self._loaded
        return {
            "model": self.name,
            "options": self.options.model_dump(mode="json", exclude=NO_IDENTITY),
            "checkpoint_digest": digest(self.folder),
            **self.placement,
            "device": self.placement["device"].partition(":")[0],
            **({"weights": weights_digest(model)} if changed else {}),
        }

    def environment(self) -> Mapping[str, str]:
        import torch

        facts = {name: version(name) for name in ("torch", "transformers", "tokenizers")}
        if torch.device(self.placement["device"]).type == "cuda":
            facts["gpu"] = torch.cuda.get_device_name(self.placement["device"])
        return {**facts, "checkpoint": str(self.folder)}

    def prepare(self, question: Question, visual: VisualInput | None) -> Request:
        from model_wrappers.transformers.generation import Prompt

        pictures = self.pictures(question, visual)
        runs = pictures.runs if pictures is not None else ()
        text = self.pictures_text(pictures) if pictures is not None else ""
        with self._lock:
            assert self.tokenizer is not None  # loaded once, before threads use it
        ids = self.prompt_ids(question, text)
        # All runs of a prompt are of one kind: images or a video.
        pad = next((pad for pad in self.pads if (ids == pad).any()), self.pads[0])
        ids = expand_pads(ids, [tokens for _, tokens, _ in runs], pad)
        self._check_length(question, len(ids))
        seeded = hashlib.sha256(f"{self.options.seed}:{question.id}".encode()).digest()
        seed = int.from_bytes(seeded[:7], "big")
        return Request(question, visual, payload=Prompt(ids, pictures, seed))

    def prompt_text(self, request: Request) -> str:
        text = self.tokenizer.decode(request.payload.ids)
        for pad in self.pads:
            text = _counted(text, self.tokenizer.decode([pad]))
        return str(text)

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        from model_wrappers.transformers.generation import Sampling, batches
        from model_wrappers.transformers.threads import fitting_threads

        self.open()
        options = self.options
        sampling = Sampling(
            options.max_new_tokens, options.temperature, options.top_p, options.top_k
        )
        lengths = [len(request.payload.ids) for request in requests]
        responses = []
        for places in batches(lengths, options.batch_tokens):
            batch = [requests[place] for place in places]
            prompts = [request.payload for request in batch]
            before = time.perf_counter()
            with fitting_threads(self._model) as threads:
                answers = self.answers(prompts, sampling, threads=threads)
            seconds = (time.perf_counter() - before) / len(batch)
            responses += [
                self._response(request, answered, seconds)
                for request, answered in zip(batch, answers, strict=True)
            ]
        return responses

    def answers(
        self, prompts: Sequence[Prompt], sampling: Sampling, *, threads: int
    ) -> list[Answer]:
        """Return the answers of one batch, in order.

        Args:
            prompts: Prompts of similar length.
            sampling: How tokens are chosen.
            threads: Number of threads that torch may use, of which a small model uses one.
        """
        from model_wrappers.transformers.generation import answer

        return answer(self._model, prompts, sampling, self.model_inputs)

    def trace(self, request: Request) -> GenerationTrace:
        from model_wrappers.transformers.generation import first_logprobs

        [response] = self.generate([request])
        prompt = request.payload
        likeliest = first_logprobs(self._model, prompt, TRACED, self.model_inputs)
        return GenerationTrace(
            response.text,
            response.usage,
            prompt_ids=tuple(prompt.ids.tolist()),
            stamps=tuple(self.stamp_pattern.findall(self.tokenizer.decode(prompt.ids))),
            first_logprobs={
                self.tokenizer.decode([token]): share for token, share in likeliest.items()
            },
        )

    def _check_length(self, question: Question, tokens: int) -> None:
        longest = self.config.get_text_config().max_position_embeddings
        needed = tokens + self.options.max_new_tokens
        if needed > longest:
            raise DataError(
                f"{question.id}: the prompt has {tokens} tokens; with up to "
                f"{self.options.max_new_tokens} for the answer it exceeds the model's limit of "
                f"{longest}; lower input.count, input.tokens or model.max_new_tokens"
            )

    def _response(self, request: Request, answered: Any, seconds: float) -> Response:
        prompt = request.payload
        # Counted in the model's input; the vision tower checks that it makes as many.
        visual = sum(int((prompt.ids == pad).sum()) for pad in self.pads)
        return Response(
            request.question.id,
            text=self.tokenizer.decode(answered.ids, skip_special_tokens=True),
            usage=Usage(
                visual=visual,
                visual_source="measured",
                prompt=len(prompt.ids),
                output=len(answered.ids),
            ),
            finish_reason=answered.finish_reason,
            convention=self.convention,
            image_size=size_shown(request.visual) or getattr(prompt.pictures, "size", None),
            seconds=round(seconds, 6),
        )

    def _ends(self, model: Any) -> list[int]:
        """Return the ids that end an answer: the checkpoint's, and the end of a chat turn."""
        ends: set[int] = set()
        for token in (model.generation_config.eos_token_id, self.tokenizer.eos_token_id):
            ends |= set(token) if isinstance(token, list) else {token}
        return sorted(ends - {None})


def _counted(text: str, pad: str) -> str:
    """Return a text with every run of a pad replaced by one pad and its length.

    >>> _counted("a<p><p><p>b", "<p>")
    'a<p> x 3b'
    """
    runs = re.compile(f"(?:{re.escape(pad)})+")
    return runs.sub(lambda run: f"{pad} x {len(run[0]) // len(pad)}", text)


def require_packages(model: str) -> None:
    """Check that the packages of models in this process are installed.

    Raises:
        UsageError: A package is missing; the message explains how to install it.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"model {model!r} needs {', '.join(missing)}; install the extra: "
            "pip install 'jumpscore[models]' (in this repository: make models)"
        )


def torch_device(name: str, *, key: str) -> str:
    """Return the name of a device, with ``auto`` resolved.

    Args:
        name: Device in the configuration.
        key: Its key, for the message.

    Raises:
        UsageError: This machine has no such device.
    """
    import torch

    device = name
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        parsed = torch.device(device)
    except RuntimeError:
        raise UsageError(f"{key}={device!r}: not a device; use auto, cpu, cuda or cuda:0") from None
    if parsed.type == "cuda" and (parsed.index or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"{key}={device!r}: torch sees {torch.cuda.device_count() or 'no'} GPU on this "
            "machine; use cpu or auto"
        )
    return device


def _placement(options: Any, config: Any, *, flash_supported: bool) -> dict[str, str]:
    """Return device, dtype and attention with every ``auto`` resolved."""
    import torch

    dtype, attention = options.dtype, options.attention
    device = torch_device(options.device, key="model.device")
    on_gpu = torch.device(device).type == "cuda"
    if dtype == "auto":
        stored = str(config.dtype).removeprefix("torch.") if config.dtype else "bfloat16"
        dtype = stored if on_gpu else "float32"
    flash = on_gpu and dtype != "float32" and find_spec("flash_attn") is not None
    if attention == "auto":
        attention = "flash_attention_2" if flash and flash_supported else "sdpa"
    elif attention == "flash_attention_2" and not flash_supported:
        raise UsageError(
            f"model.attention={attention!r}: not supported by this model; use sdpa, eager or auto"
        )
    elif attention == "flash_attention_2" and not flash:
        raise UsageError(
            f"model.attention={attention!r} needs a GPU, the package flash-attn and bfloat16 or "
            f"float16, but this run uses {device} and {dtype}; use sdpa or auto"
        )
    return {"device": device, "dtype": dtype, "attention": attention}

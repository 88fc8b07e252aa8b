"""LLaVA-OneVision-2 behind the interface of every model."""

from __future__ import annotations

import hashlib
import re
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from jumpscore.errors import DataError, UsageError
from jumpscore.records import Question, Response, Usage
from jumpscore.video import VisualInput
from model_wrappers.base import ModelOptions, ModelWrapper, Request, Trace

if TYPE_CHECKING:
    from model_wrappers.llava_onevision2.checkpoint import Checkpoint

NO_IDENTITY = {
    "checkpoint", "revision", "device", "dtype", "attention", "batch_size", "batch_tokens",
}  # fmt: skip
"""Options that change no answer, or that say it through what they resolve to: the weights' digest
and the placement."""

TRACED = 20
"""Likeliest first tokens of a trace; vLLM gives no more."""
STAMP = re.compile(r"<\d+(?:\.\d+)? seconds>")

RELEASED = "lmms-lab-encoder/LLaVA-OneVision-2-8B-Instruct"


class LlavaOnevision2Options(ModelOptions):
    """Options of the model.

    Attributes:
        checkpoint: Folder, or ``owner/name`` on the hub.
        revision: Commit, tag or branch on the hub.
        device: ``auto`` takes a GPU where there is one.
        dtype: ``auto``: the checkpoint's on a GPU, ``float32`` on a CPU.
        attention: ``auto``: ``flash_attention_2`` where it is installed and fits, else ``sdpa``.
        system: System turn, none where empty.
        max_new_tokens: Where an answer is cut off.
        temperature: 0 takes the likeliest token.
        top_p: Sample among the likeliest tokens that hold this share.
        top_k: Sample among so many tokens; 0 for all.
        seed: Of sampling, with the question's id.
        batch_size: Most questions in one batch.
        batch_tokens: Most tokens in one batch, padding counted, unless one prompt has more.
        frame_positions: Time coordinate of frames: ``zero`` as vLLM serves them, or ``source``.
    """

    checkpoint: str = RELEASED
    revision: str | None = None
    device: str = "auto"
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    attention: Literal["auto", "sdpa", "eager", "flash_attention_2"] = "auto"
    system: str = "You are a helpful assistant."
    max_new_tokens: int = Field(default=1024, gt=0)
    temperature: float = Field(default=0.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    top_k: int = Field(default=0, ge=0)
    seed: int = Field(default=0, ge=0)
    batch_size: int = Field(default=8, gt=0)
    batch_tokens: int = Field(default=65_536, gt=0)
    frame_positions: Literal["zero", "source"] = "zero"


class LlavaOnevision2(ModelWrapper):
    """LLaVA-OneVision-2 (8B) in transformers: codec canvases, frames or images."""

    name = "llava_ov2"
    inputs = ("codec", "frames")
    Options: ClassVar[type[ModelOptions]] = LlavaOnevision2Options
    options: LlavaOnevision2Options

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.batch_size = self.options.batch_size
        self._lock = threading.Lock()
        self._model: Any = None

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint, looked at but not loaded."""
        require_packages()
        from model_wrappers.llava_onevision2.checkpoint import inspect_checkpoint, resolve

        return inspect_checkpoint(resolve(self.options.checkpoint, self.options.revision))

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of the checkpoint."""
        from model_wrappers.llava_onevision2.checkpoint import load_tokenizer

        return load_tokenizer(self.checkpoint.folder, self.checkpoint.config)

    @cached_property
    def placement(self) -> dict[str, str]:
        """Device, dtype and attention, with every ``auto`` resolved."""
        return _placement(self.options, self.checkpoint.config)

    def open(self) -> None:
        from model_wrappers.llava_onevision2.checkpoint import load_model

        with self._lock:
            if self._model is None:
                model = load_model(self.checkpoint, **self.placement)
                model.generation_config.eos_token_id = _ends(model, self.tokenizer)
                model.generation_config.pad_token_id = self.tokenizer.pad_token_id
                self._model = model

    def close(self) -> None:
        self._model = None

    def identity(self) -> Mapping[str, Any]:
        from model_wrappers.llava_onevision2.provenance import digest

        return {
            "model": self.name,
            "options": self.options.model_dump(mode="json", exclude=NO_IDENTITY),
            "checkpoint_digest": digest(self.checkpoint.folder),
            **self.placement,
            "device": self.placement["device"].partition(":")[0],
        }

    def environment(self) -> Mapping[str, str]:
        import torch

        found = {name: version(name) for name in ("torch", "transformers", "tokenizers")}
        if torch.device(self.placement["device"]).type == "cuda":
            found["gpu"] = torch.cuda.get_device_name(self.placement["device"])
        return {**found, "checkpoint": str(self.checkpoint.folder)}

    def prepare(self, question: Question, visual: VisualInput | None) -> Request:
        from model_wrappers.llava_onevision2.generation import Prompt
        from model_wrappers.llava_onevision2.prompts import (
            chat_ids,
            chat_messages,
            expand_pads,
            vision_text,
        )

        pictures = self._pictures(question, visual)
        runs = pictures.runs if pictures is not None else ()
        messages = chat_messages(question, vision_text(runs), system=self.options.system)
        with self._lock:
            tokenizer = self.tokenizer
        ids = expand_pads(
            chat_ids(tokenizer, messages),
            [tokens for _, tokens, _ in runs],
            self.checkpoint.config.image_token_id,
        )
        self._check_length(question, len(ids))
        return Request(question, visual, payload=Prompt(ids, pictures, self._seed(question)))

    def prompt_text(self, request: Request) -> str:
        from model_wrappers.llava_onevision2.prompts import IMAGE_PAD

        text = self.tokenizer.decode(request.payload.ids)
        runs = re.compile(f"(?:{re.escape(IMAGE_PAD)})+")
        return runs.sub(lambda found: f"{IMAGE_PAD} x {len(found[0]) // len(IMAGE_PAD)}", text)

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        from model_wrappers.llava_onevision2.generation import Sampling, answer, batches

        self.open()
        options = self.options
        sampling = Sampling(
            options.max_new_tokens, options.temperature, options.top_p, options.top_k
        )
        lengths = [len(request.payload.ids) for request in requests]
        responses = []
        for places in batches(lengths, options.batch_tokens):
            batch = [requests[place] for place in places]
            before = time.perf_counter()
            answers = answer(self._model, [request.payload for request in batch], sampling)
            seconds = (time.perf_counter() - before) / len(batch)
            responses += [
                self._response(request, found, seconds)
                for request, found in zip(batch, answers, strict=True)
            ]
        return responses

    def trace(self, request: Request) -> Trace:
        from model_wrappers.llava_onevision2.generation import first_logprobs

        [response] = self.generate([request])
        prompt = request.payload
        likeliest = first_logprobs(self._model, prompt, TRACED)
        return Trace(
            response.text,
            response.usage,
            prompt_ids=tuple(prompt.ids.tolist()),
            stamps=tuple(STAMP.findall(self.tokenizer.decode(prompt.ids))),
            first_logprobs={
                self.tokenizer.decode([token]): share for token, share in likeliest.items()
            },
        )

    def _pictures(self, question: Question, visual: VisualInput | None) -> Any:
        """Return what the question shows: frames or canvases, or its images."""
        from model_wrappers.llava_onevision2.inputs import (
            codec_pictures,
            frame_pictures,
            image_pictures,
        )
        from model_wrappers.llava_onevision2.pixels import fitted, read_image

        if visual is not None:
            if visual.kind == "codec":
                return codec_pictures(visual)
            return frame_pictures(visual, positions=self.options.frame_positions)
        limits = (self.checkpoint.min_pixels, self.checkpoint.max_pixels)
        images = [
            fitted(read_image(media.path), min_pixels=limits[0], max_pixels=limits[1])
            for media in question.media
            if media.kind == "image"
        ]
        return image_pictures(images) if images else None

    def _check_length(self, question: Question, tokens: int) -> None:
        longest = self.checkpoint.config.text_config.max_position_embeddings
        needed = tokens + self.options.max_new_tokens
        if needed > longest:
            raise DataError(
                f"{question.id}: the prompt has {tokens} tokens, with an answer of up to "
                f"{self.options.max_new_tokens} more than the model's {longest}; show it less "
                "(input.count, input.tokens) or lower model.max_new_tokens"
            )

    def _seed(self, question: Question) -> int:
        text = f"{self.options.seed}:{question.id}".encode()
        return int.from_bytes(hashlib.sha256(text).digest()[:7], "big")

    def _response(self, request: Request, found: Any, seconds: float) -> Response:
        prompt = request.payload
        # Counted in what the model was fed; that the tower made as many is checked there.
        fed = int((prompt.ids == self.checkpoint.config.image_token_id).sum())
        return Response(
            request.question.id,
            text=self.tokenizer.decode(found.ids, skip_special_tokens=True),
            usage=Usage(
                visual=fed,
                visual_source="measured",
                prompt=len(prompt.ids),
                output=len(found.ids),
            ),
            finish_reason=found.finish_reason,
            seconds=round(seconds, 6),
        )


def require_packages() -> None:
    """Check that what the model needs is installed.

    Raises:
        UsageError: With what is missing and how to get it.
    """
    missing = [name for name in ("torch", "transformers", "PIL") if find_spec(name) is None]
    if missing:
        raise UsageError(
            f"model 'llava_ov2' needs {', '.join(missing)}; install the extra: "
            "pip install 'jumpscore[models]' (in this repository: make models)"
        )


def _placement(options: Any, config: Any) -> dict[str, str]:
    """Return device, dtype and attention with every ``auto`` resolved."""
    import torch

    device, dtype, attention = options.device, options.dtype, options.attention
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        on_gpu = torch.device(device).type == "cuda"
    except RuntimeError:
        raise UsageError(f"model.device={device!r}: write auto, cpu, cuda or cuda:0") from None
    if on_gpu and (torch.device(device).index or 0) >= torch.cuda.device_count():
        raise UsageError(
            f"model.device={device!r}: torch finds {torch.cuda.device_count() or 'no'} GPU here; "
            "write cpu or auto"
        )
    if dtype == "auto":
        held = str(config.dtype).removeprefix("torch.") if config.dtype else "bfloat16"
        dtype = held if on_gpu else "float32"
    flash = on_gpu and dtype != "float32" and find_spec("flash_attn") is not None
    if attention == "auto":
        attention = "flash_attention_2" if flash else "sdpa"
    elif attention == "flash_attention_2" and not flash:
        raise UsageError(
            f"model.attention={attention!r} needs a GPU, the package flash-attn and bfloat16 or "
            f"float16; here it is {device}, {dtype}; write sdpa or auto"
        )
    return {"device": device, "dtype": dtype, "attention": attention}


def _ends(model: Any, tokenizer: Any) -> list[int]:
    """Return the ids that end an answer: the checkpoint's, and the end of a chat turn."""
    from model_wrappers.llava_onevision2.prompts import CHAT_END, END_OF_TEXT

    held = model.generation_config.eos_token_id
    ends = held if isinstance(held, list) else [] if held is None else [held]
    return sorted({*ends, *tokenizer.convert_tokens_to_ids([CHAT_END, END_OF_TEXT])})

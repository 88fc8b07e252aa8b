"""Models behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import os
import re
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from jumpscore.errors import UsageError
from jumpscore.records import Convention, Question, Response, Usage
from jumpscore.video import VisualInput
from model_wrappers.base import (
    GenerationTrace,
    InputKind,
    ModelOptions,
    ModelWrapper,
    Request,
    size_shown,
)
from model_wrappers.openai_compatible.calls import (
    Completion,
    TooLargeError,
    call,
    check_endpoint,
)
from model_wrappers.openai_compatible.limits import EndpointError, bounded_http_client
from model_wrappers.openai_compatible.messages import (
    Message,
    chat,
    frame_parts,
    image_part,
    video_part,
)
from model_wrappers.openai_compatible.request_limits import (
    SHOW_LESS,
    body_bytes,
    check_limit,
    decoded_bytes,
)


class ChatOptions(ModelOptions):
    """Options of any chat model.

    Attributes:
        concurrency: Maximum number of requests in progress.
        system: System prompt; left out if empty.
        max_new_tokens: Maximum length of an answer.
        temperature: Sampling temperature; 0 always takes the likeliest token.
        top_p: Sample from the likeliest tokens with this total probability.
        seed: Sampling seed, if the endpoint supports it.
        picture_format: Picture format of frames: ``jpeg`` or ``png``.
        picture_quality: JPEG quality.
        convention: Coordinate convention of the model's answers: ``unit`` (0-1), ``relative_1000``
            or ``pixel``; by default that of the model's family, if known.
        largest_media: Maximum size of a request's pictures in bytes after decoding (width x height
            x 4 each); a larger request is an error before it is sent.
    """

    concurrency: int = Field(default=8, gt=0, le=1024)
    system: str = ""
    max_new_tokens: int = Field(default=1024, gt=0)
    temperature: float = Field(default=0.0, ge=0)
    top_p: float = Field(default=1.0, gt=0, le=1)
    seed: int = Field(default=0, ge=0)
    picture_format: Literal["jpeg", "png"] = "jpeg"
    picture_quality: int = Field(default=95, ge=1, le=100)
    convention: Convention | None = None
    largest_media: int | None = Field(default=None, gt=0)


class OpenAICompatibleOptions(ChatOptions):
    """Options of any chat model, and of an endpoint.

    Attributes:
        served_model: Name of the model at the endpoint.
        base_url: Address of the endpoint, such as ``http://localhost:8000/v1``; by default OpenAI.
        api_key_env: Environment variable with the key; the key itself is never stored.
        timeout: Seconds without any data before a request is given up; six times as long in total.
        retries: Attempts after the first, with growing pauses or those that the server asks for.
        video_by: ``data`` sends a video's bytes, ``file`` its path, to a server on this machine.
        token_side: 28 if a visual token covers 28x28 pixels; then the endpoint's token counts must
            equal the plan's.
        extra_body: Further fields of every request.
        largest_body: Maximum size of a request in bytes; a larger one is an error before it is
            sent.
        price_input: US dollars per million prompt tokens, to estimate and report costs; set both
            prices or neither, 0 if free.
        price_output: US dollars per million answer tokens, including reasoning.
    """

    served_model: str
    base_url: str | None = None
    api_key_env: str = "OPENAI_API_KEY"
    timeout: float = Field(default=600.0, gt=0)
    retries: int = Field(default=5, ge=0)
    video_by: Literal["data", "file"] = "data"
    token_side: Literal[28] | None = None
    extra_body: dict[str, Any] = Field(default={})
    largest_body: int | None = Field(default=None, gt=0)
    price_input: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    price_output: float | None = Field(default=None, ge=0, allow_inf_nan=False)

    @model_validator(mode="after")
    def _both_prices(self) -> OpenAICompatibleOptions:
        names = ("price_input", "price_output")
        missing = [name for name in names if getattr(self, name) is None]
        if len(missing) == 1:
            raise ValueError(f"{missing[0]} is not set; set both prices or neither, 0 if free")
        return self


TRACED = 20
"""Number of first tokens in a trace."""

NO_IDENTITY = {
    "api_key_env", "concurrency", "timeout", "retries", "price_input", "price_output",
    "largest_body", "largest_media",
}  # fmt: skip
"""Options that do not affect answers."""


@dataclass(frozen=True, slots=True)
class _Payload:
    messages: list[Message]
    request_id: str
    image_size: tuple[int, int] | None


class OpenAICompatible(ModelWrapper):
    """Any model behind an OpenAI-compatible endpoint: frames as images, or the video itself."""

    name = "openai"
    inputs: tuple[InputKind, ...] = ("frames", "video")
    identified_by_code = False
    Options: ClassVar[type[ModelOptions]] = OpenAICompatibleOptions
    options: Any
    traced: ClassVar[Mapping[str, Any]] = {}
    """Further fields of a request for a trace, such as one for the prompt's token ids."""

    def __init__(self, options: Any = None) -> None:
        super().__init__(options)
        self.concurrency = self.options.concurrency
        self._lock = threading.Lock()
        self._client: Any = None
        self._closed = False

    @property
    def display_name(self) -> str:
        return f"{self.name}:{self.options.served_model}"

    def open(self) -> None:
        with self._lock:
            self._closed = False
            if self._client is None:
                client = self._connected()
                check_endpoint(client, self.options.served_model, secret=self._key())
                self._client = client

    def close(self) -> None:
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def identity(self) -> Mapping[str, Any]:
        """Return name, address and options: an endpoint reveals nothing else."""
        options = self.options.model_dump(mode="json", exclude=NO_IDENTITY)
        return {"model": self.name, "options": options}

    def prepare(self, question: Question, visual: VisualInput | None) -> Request:
        messages = chat(question, self.parts(question, visual), system=self.system)
        # Counts of another token grid cannot be compared with the plan.
        planned = visual if self.options.token_side is not None else None
        payload = _Payload(messages, f"jumpscore-{uuid.uuid4().hex}", size_shown(visual))
        self._check_limits(Request(question, visual, payload))
        return Request(question, planned, payload)

    @property
    def largest_media(self) -> int | None:
        """Maximum size of decoded pictures in bytes, if the server's limit is known."""
        limit: int | None = self.options.largest_media
        return limit

    def _check_limits(self, request: Request) -> None:
        question = request.question
        largest, most = self.options.largest_body, self.largest_media
        if most is not None:
            size = decoded_bytes(question, request.visual)
            check_limit(question, "the decoded pictures have", size, most, "model.largest_media")
        if largest is not None:
            size = body_bytes(self.body(request))
            check_limit(question, "the request has", size, largest, "model.largest_body")

    @property
    def convention(self) -> Convention | None:
        """Coordinate convention of answers, if configured or known."""
        convention: Convention | None = self.options.convention
        return convention

    @property
    def system(self) -> str:
        """Text of the system turn; empty for none."""
        return str(self.options.system)

    def parts(self, question: Question, visual: VisualInput | None) -> list[Message]:
        """Return the pictures of the first user turn."""
        options = self.options
        if visual is not None:
            return frame_parts(
                visual, format=options.picture_format, quality=options.picture_quality
            )
        return [
            image_part(media.path)
            if media.kind == "image"
            else video_part(media.path, by=options.video_by)
            for media in question.media
        ]

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        self._require_open()
        return [self._answer(request) for request in requests]

    def body(self, request: Request) -> dict[str, Any]:
        """Return the arguments of a chat completion."""
        options = self.options
        return {
            "model": options.served_model,
            "messages": request.payload.messages,
            "max_tokens": options.max_new_tokens,
            "temperature": options.temperature,
            "top_p": options.top_p,
            "seed": options.seed,
            "extra_body": options.extra_body,
        }

    def pause(self, seconds: float) -> None:
        """Wait before the next attempt."""
        time.sleep(seconds)

    def prompt_text(self, request: Request) -> str:
        lines = []
        for message in request.payload.messages:
            content = message["content"]
            parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
            text = "".join(
                part["text"] if part["type"] == "text" else f"[{_summary(part)}]" for part in parts
            )
            lines.append(f"{message['role']}: {text}")
        return "\n".join(lines)

    def _answer(self, request: Request) -> Response:
        completion = self._call(self.body(request), request)
        return Response(
            request.question.id,
            text=completion.text,
            finish_reason=completion.finish_reason,
            usage=self.usage(completion, request),
            convention=self.convention,
            image_size=request.payload.image_size,
        )

    def trace(self, request: Request) -> GenerationTrace:
        self._require_open()
        body = self.body(request)
        body |= {"logprobs": True, "top_logprobs": TRACED}
        body["extra_body"] = {**body["extra_body"], **self.traced}
        completion = self._call(body, request)
        return GenerationTrace(
            completion.text,
            self.usage(completion, request),
            prompt_ids=completion.prompt_ids,
            first_logprobs=completion.first_logprobs,
        )

    def _require_open(self) -> None:
        """Open lazily; raise if already closed."""
        if self._closed:
            raise EndpointError("the model was closed before all questions were answered")
        if self._client is None:
            self.open()

    def _call(self, body: Mapping[str, Any], request: Request) -> Completion:
        try:
            return call(
                self._client,
                body,
                request_id=request.payload.request_id,
                retries=self.options.retries,
                secret=self._key(),
                timeout=self.options.timeout,
                sleep=self.pause,
            )
        except TooLargeError as error:
            raise TooLargeError(
                f"{error}; the request has {body_bytes(body):,} bytes: {SHOW_LESS}, and set "
                "model.largest_body to the server's limit"
            ) from None

    def usage(self, completion: Completion, request: Request) -> Usage:
        """Return token counts as the endpoint reports them."""
        return Usage(
            visual=completion.visual,
            visual_source="unknown" if completion.visual is None else "measured",
            prompt=completion.prompt,
            output=completion.output,
        )

    def _key(self) -> str | None:
        """Return the key, or ``None`` if it is not set.

        Raises:
            UsageError: The key has invalid characters; the message does not contain it.
        """
        key = (os.environ.get(self.options.api_key_env) or "").strip()
        if not (key.isascii() and key.isprintable()):
            raise UsageError(
                f"the environment variable {self.options.api_key_env} contains characters that are "
                "not allowed in a key, such as a line break; set it again"
            )
        return key or None

    def _connected(self) -> Any:
        if find_spec("openai") is None:
            raise UsageError(
                f"model {self.name!r} needs the package openai; install the extra: "
                "pip install 'jumpscore[openai]'"
            )
        import openai

        options = self.options
        url = options.base_url
        if url is not None and (urlsplit(url).username or urlsplit(url).password):
            raise UsageError(
                "model.base_url contains a user name or password, which would be stored with the "
                f"run; put the key into the environment variable {options.api_key_env}"
            )
        key = self._key()
        if key is None and url is None:
            raise UsageError(
                f"no API key: set the environment variable {options.api_key_env}, or set "
                "model.base_url to an endpoint that needs no key"
            )
        return openai.OpenAI(
            api_key=key or "none",  # your own server needs none, but the package requires one
            base_url=url,
            timeout=options.timeout,
            max_retries=0,
            **self.client_options(),
        )

    def client_options(self) -> dict[str, Any]:
        """Return further arguments of the client."""
        return {"http_client": bounded_http_client()}


def _summary(part: Message) -> str:
    """Return the type and size of a picture instead of its bytes."""
    url = part[part["type"]]["url"]
    head, comma, content = url.partition(",")
    kind = re.sub(r"^data:|;base64$", "", head)
    return f"{kind}, {len(content) * 3 // 4:,} bytes" if comma else url

"""One call to an endpoint: which failures to retry and when, and how to read the answer."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Literal
from urllib.parse import quote

from jumpscore.errors import JumpScoreError, UsageError, nearest_names
from jumpscore.jsonio import parse_json
from model_wrappers.openai_compatible.limits import TIMEOUTS, EndpointError, within

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds between attempts: doubled each time, unless the server states a delay."""
PATIENCE = 600.0
"""Longest delay in seconds that a server may ask for."""
RETRIED = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""HTTP statuses of temporary failures."""
WRONG_USE = frozenset({401, 403, 404})
"""HTTP statuses that any other question would cause as well."""
TOO_LARGE = 413
UNFINISHED = frozenset({"abort", "error"})
"""Finish reasons caused by the server, not by the model."""
MOST_TOKENS = 2**53
"""Largest accepted token count: larger JSON integers are not portable."""
ECHOED = 16
"""Keys of at least this length are also removed from answers; shorter ones may occur by chance."""


class TooLargeError(EndpointError):
    """The endpoint refused a request because of its size (413)."""


class _Transient(Exception):  # noqa: N818 - never leaves this module
    """A temporary failure; ``pause`` is the delay in seconds that the server asked for."""

    def __init__(self, message: str, pause: float | None = None) -> None:
        super().__init__(message)
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Completion:
    """A validated chat completion.

    Attributes:
        text: The answer; separate reasoning comes first, in think tags.
        finish_reason: ``stop`` or ``length``.
        prompt: Tokens of the prompt, if the endpoint reports them.
        output: Tokens of the answer, if reported.
        visual: Tokens of pictures and videos in the prompt, if reported.
        tries: Number of attempts.
        prompt_ids: Token ids of the prompt, if requested and reported.
        first_logprobs: Likeliest first tokens, if requested and reported.
    """

    text: str
    finish_reason: Literal["stop", "length"]
    prompt: int | None
    output: int | None
    visual: int | None
    tries: int = 1
    prompt_ids: tuple[int, ...] | None = None
    first_logprobs: Mapping[str, float] = field(default_factory=dict)


def call(
    client: Any,
    body: Mapping[str, Any],
    *,
    request_id: str,
    retries: int,
    secret: str | None = None,
    timeout: float = 600.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Completion:
    """Return a completion, retrying after temporary failures.

    Args:
        client: Client of the package ``openai`` without its own retries, which do not cover
            truncated answers or answers to another request.
        body: Arguments of a chat completion.
        request_id: Sent in a header; an answer with another id is rejected.
        retries: Attempts after the first.
        secret: The key, removed from messages and answers.
        timeout: Seconds without any data from the endpoint; an attempt may take ``TIMEOUTS`` times
            as long in all.
        sleep: Waits between attempts; replaced in tests.

    Raises:
        UsageError: The key, the address or the model's name is wrong.
        EndpointError: There was no usable answer after all attempts, or the failure is permanent.
    """
    # Random, so that many waiting requests do not retry at the same time.
    spread = random.Random(request_id)
    for attempt in range(retries + 1):
        try:
            answer = within(TIMEOUTS * timeout, lambda: _once(client, body, request_id, secret))
            return Completion(**{**_fields(answer, secret), "tries": attempt + 1})
        except _Transient as problem:
            reason = _hidden(str(problem), secret)
            if attempt == retries:
                raise EndpointError(
                    f"no usable answer after {attempt + 1} attempts: {reason}"
                ) from None
            if problem.pause is not None and problem.pause > PATIENCE:
                raise EndpointError(
                    f"the endpoint asks to wait {problem.pause:.0f} s, more than {PATIENCE:.0f} s: "
                    f"{reason}; rerun later"
                ) from None
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt) * spread.uniform(0.75, 1.25)
            sleep(max(pause, problem.pause or 0.0))
        except JumpScoreError as problem:
            raise type(problem)(_hidden(str(problem), secret)) from None
        except Exception as problem:  # openai raises anything on malformed bodies, and quotes them
            reason = f"{type(problem).__name__}: {_hidden(str(problem), secret)}"
            raise EndpointError(f"the answer cannot be read ({reason[:500]})") from None
    raise AssertionError("unreachable")


def check_endpoint(client: Any, model: str, *, secret: str | None = None) -> None:
    """Check that an endpoint responds, accepts the key and serves the model.

    An endpoint without a list of models passes.

    Raises:
        UsageError: One of these fails; the message includes the endpoint's.
    """
    import openai

    try:
        known = [entry.id for entry in client.models.list() if isinstance(entry.id, str)]
    except openai.APIConnectionError as error:
        why = _hidden(str(error.__cause__ or error), secret)
        raise UsageError(
            f"{client.base_url}: no response ({why}); check model.base_url and that the server runs"
        ) from None
    except openai.APIStatusError as error:
        if error.status_code in (401, 403):
            reason = _hidden(error.message, secret)[:500]
            raise UsageError(
                f"{client.base_url}: the key was rejected ({reason}); check model.api_key_env"
            ) from None
        return
    except EndpointError as error:
        raise UsageError(f"{client.base_url}: {_hidden(str(error), secret)}") from None
    except (TypeError, AttributeError, ValueError, RecursionError):
        return  # some endpoints have a list of another format
    if known and model not in known:
        near = nearest_names(model, known) or "."
        names = ", ".join(sorted(known)[:8])
        raise UsageError(f"{client.base_url}: unknown model {model!r}{near} Known: {names}.")


def _once(client: Any, body: Mapping[str, Any], request_id: str, secret: str | None) -> Any:
    """Return the body of one answer as plain data."""
    import openai

    try:
        raw = client.chat.completions.with_raw_response.create(
            **body, extra_headers={"X-Request-Id": request_id}
        )
    except openai.APIStatusError as error:
        message = _hidden(error.message, secret)
        raise _status_error(error.status_code, message, error.response.headers) from None
    except openai.APITimeoutError:
        raise _Transient("no response before the timeout (model.timeout)") from None
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, JumpScoreError):
            raise error.__cause__ from None  # one of our limits, which openai before 3 wraps
        raise _Transient(f"the connection failed ({error.__cause__ or error})") from None
    answered = raw.headers.get("x-request-id")
    # Servers also make their own ids; only these are ours.
    if answered and answered.startswith("jumpscore-") and answered != request_id:
        raise _Transient(f"the answer belongs to request {answered}, not {request_id}")
    try:
        return parse_json(raw.http_response.content)
    except ValueError as error:
        raise _Transient(f"the answer is not valid JSON ({error})") from None


def _status_error(status: int, message: str, headers: Mapping[str, str]) -> Exception:
    text = f"status {status}: {message[:500]}"
    if status in RETRIED and "insufficient_quota" not in message:
        return _Transient(text, _retry_after(headers.get("retry-after")))
    if status in WRONG_USE:
        return UsageError(f"{text}; check model.base_url, model.served_model and the key")
    return TooLargeError(text) if status == TOO_LARGE else EndpointError(text)


def _retry_after(value: str | None) -> float | None:
    """Return the seconds to wait from a Retry-After header, a number or a date.

    >>> _retry_after("1.5"), _retry_after("soon"), _retry_after(None)
    (1.5, None, None)
    """
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, seconds) if seconds == seconds else None


def _fields(body: Any, secret: str | None = None) -> dict[str, Any]:
    """Return the fields of a ``Completion`` from an answer's body.

    Malformed token counts are left out; they are no reason to retry.

    Raises:
        _Transient: The body is not a complete chat completion.
    """
    try:
        [choice] = body["choices"]
        message, reason = choice["message"], choice["finish_reason"]
        text = message.get("content") or message.get("refusal") or ""
        reasoning = message.get("reasoning") or message.get("reasoning_content") or ""
    except (TypeError, KeyError, ValueError, AttributeError):
        excerpt = repr(_excerpt(body, secret))
        raise _Transient(f"the answer is not a chat completion ({excerpt})") from None
    if not isinstance(text, str) or not isinstance(reasoning, str):
        raise _Transient("the answer's content is not text")
    if not isinstance(reason, str) or reason in UNFINISHED:
        raise _Transient(f"the answer was aborted (finish_reason {_excerpt(reason, secret)!r})")
    if reasoning:
        # Truncated while thinking: there is no answer, so the tag stays open.
        closed = bool(text) or reason != "length"
        text = f"<think>{reasoning}{'</think>' if closed else ''}{text}"
    if secret is not None and len(secret) >= ECHOED:
        text = _hidden(text, secret)
    usage = _object(body.get("usage"))
    return {
        "text": text,
        "finish_reason": "length" if reason == "length" else "stop",
        "prompt": _count(usage.get("prompt_tokens")),
        "output": _count(usage.get("completion_tokens")),
        "visual": _sum(_object(usage.get("prompt_tokens_details")).get("multimodal_tokens")),
        "prompt_ids": _ids(body.get("prompt_token_ids")),
        "first_logprobs": _first_logprobs(choice.get("logprobs")),
    }


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _excerpt(value: Any, secret: str | None, limit: int = 200) -> str:
    """Return the beginning of a response, with the key removed before cutting."""
    try:
        return _hidden(str(value), secret)[:limit]
    except RecursionError:
        return "nested too deeply"


def _ids(value: Any) -> tuple[int, ...] | None:
    whole = isinstance(value, list) and all(isinstance(item, int) for item in value)
    return tuple(value) if whole else None


def _first_logprobs(value: Any) -> dict[str, float]:
    """Return the likeliest first tokens of an answer; empty if not reported."""
    try:
        likeliest = value["content"][0]["top_logprobs"]
        return {str(item["token"]): float(item["logprob"]) for item in likeliest}
    except (TypeError, KeyError, IndexError, ValueError):
        return {}


def _count(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= MOST_TOKENS else None


def _sum(kinds: Any) -> int | None:
    """Return the total tokens of all kinds of pictures, or ``None`` if one is malformed."""
    if not isinstance(kinds, dict):
        return None
    counts = [_count(value) for value in kinds.values()]
    return None if None in counts else sum(count or 0 for count in counts)


def _hidden(text: str, secret: str | None) -> str:
    """Return a text without the key, including its Python, JSON and URL spellings.

    >>> _hidden("Bearer a'b, a%27b", "a'b")
    'Bearer ***, ***'
    """
    if not secret:
        return text
    spellings = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe="")}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, "***")
    return text

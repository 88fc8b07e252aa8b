"""One call to an endpoint: what to try again and when, and what an answer must look like."""

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
from model_wrappers.openai_compatible.limits import EndpointError, deadline, within

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 60.0
"""Seconds between tries: doubled each time, unless the server says how long."""
PATIENCE = 600.0
"""The longest time that a server may ask us to wait."""
AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
"""Statuses that may go away."""
WRONG_USE = frozenset({401, 403, 404})
"""Statuses that every other question would get too."""
TOO_LARGE = 413
UNFINISHED = frozenset({"abort", "error"})
"""Reasons to finish that are the server's, not the model's."""
MOST_TOKENS = 2**53
"""Largest count that is believed; a larger one is not a JSON number that others can read."""
ECHOED = 16
"""Letters from which a key is hidden in an answer too; a shorter one may be part of any answer."""


class TooLargeError(EndpointError):
    """The endpoint refused a request because of its size (413)."""


class _Transient(Exception):  # noqa: N818 - never leaves this module
    """Something that may go away; ``pause`` is what the server asked for."""

    def __init__(self, what: str, pause: float | None = None) -> None:
        super().__init__(what)
        self.pause = pause


@dataclass(frozen=True, slots=True)
class Completion:
    """What came back, checked.

    Attributes:
        text: The answer; separate reasoning stands before it in think tags.
        finish_reason: ``stop`` or ``length``.
        prompt: Tokens of the prompt, where the endpoint says.
        output: Tokens of the answer.
        visual: Tokens of pictures and videos among those of the prompt.
        tries: Calls that it took.
        prompt_ids: Token ids of the prompt, where they were asked for and given.
        first_logprobs: Likeliest first tokens, likewise.
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
    """Return a completion, trying again what may go away.

    Args:
        client: Of the package ``openai``, told not to try again by itself: it knows nothing of
            answers that are cut off or belong to another request.
        body: Arguments of a chat completion.
        request_id: Sent along; an answer that names another one is refused.
        retries: Tries after the first.
        secret: The key, kept out of messages and answers.
        timeout: Seconds without a sign of the endpoint; a try ends after a few times as long.
        sleep: Waits; replaced in tests.

    Raises:
        UsageError: The key, the address or the model's name is wrong.
        EndpointError: No usable answer after all tries, or a refusal that another try won't change.
    """
    # Spread out, so that many waiting requests do not come back together.
    spread = random.Random(request_id)
    for attempt in range(retries + 1):
        try:
            answer = within(deadline(timeout), lambda: _once(client, body, request_id, secret))
            return Completion(**{**_fields(answer, secret), "tries": attempt + 1})
        except _Transient as problem:
            said = _hidden(str(problem), secret)
            if attempt == retries:
                raise EndpointError(f"no usable answer in {attempt + 1} tries: {said}") from None
            if problem.pause is not None and problem.pause > PATIENCE:
                raise EndpointError(f"asked to wait {problem.pause:.0f} s: {said}") from None
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt) * spread.uniform(0.75, 1.25)
            sleep(max(pause, problem.pause or 0.0))
        except JumpScoreError as problem:
            raise type(problem)(_hidden(str(problem), secret)) from None
        except Exception as problem:  # of the package openai, on odd bodies; it may quote them
            what = f"{type(problem).__name__}: {_hidden(str(problem), secret)}"
            raise EndpointError(f"the answer cannot be read ({what[:500]})") from None
    raise AssertionError("unreachable")


def check_endpoint(client: Any, model: str, *, secret: str | None = None) -> None:
    """Check that an endpoint answers, takes the key and knows the model.

    An endpoint that keeps no list of models passes.

    Raises:
        UsageError: It does not, with what it said.
    """
    import openai

    try:
        known = [entry.id for entry in client.models.list() if isinstance(entry.id, str)]
    except openai.APIConnectionError as error:
        why = _hidden(str(error.__cause__ or error), secret)
        raise UsageError(
            f"no endpoint answers at {client.base_url} ({why}); check model.base_url"
        ) from None
    except openai.APIStatusError as error:
        if error.status_code in (401, 403):
            said = _hidden(error.message, secret)[:500]
            raise UsageError(f"{client.base_url} does not take the key: {said}") from None
        return
    except EndpointError as error:
        raise UsageError(f"{client.base_url}: {_hidden(str(error), secret)}") from None
    except (TypeError, AttributeError, ValueError, RecursionError):
        return  # some answer with a list of another shape
    if known and model not in known:
        near = nearest_names(model, known) or "."
        names = ", ".join(sorted(known)[:8])
        raise UsageError(f"{client.base_url} has no model {model!r}{near} It has: {names}.")


def _once(client: Any, body: Mapping[str, Any], request_id: str, secret: str | None) -> Any:
    """Return the body of one answer as plain data."""
    import openai

    try:
        raw = client.chat.completions.with_raw_response.create(
            **body, extra_headers={"X-Request-Id": request_id}
        )
    except openai.APIStatusError as error:
        said = _hidden(error.message, secret)
        raise _of_status(error.status_code, said, error.response.headers) from None
    except openai.APITimeoutError:
        raise _Transient("timed out") from None
    except openai.APIConnectionError as error:
        if isinstance(error.__cause__, JumpScoreError):
            raise error.__cause__ from None  # a limit of ours, which openai before 3 wraps
        raise _Transient(f"the connection failed ({error.__cause__ or error})") from None
    named = raw.headers.get("x-request-id")
    if named is not None and _ours(named) and named != request_id:
        raise _Transient(f"the answer is for request {named}, asked was {request_id}")
    try:
        return parse_json(raw.http_response.content)
    except ValueError as error:
        raise _Transient(f"the answer is no JSON ({error})") from None


def _ours(request_id: str) -> bool:
    """Whether an id looks like one that this package made; servers make ids of their own too."""
    return request_id.startswith("jumpscore-")


def _of_status(status: int, message: str, headers: Mapping[str, str]) -> Exception:
    said = f"status {status}: {message[:500]}"
    if status in AGAIN and "insufficient_quota" not in message:
        return _Transient(said, _retry_after(headers.get("retry-after")))
    if status in WRONG_USE:
        return UsageError(f"{said}; check model.base_url, model.served_model and the key")
    return TooLargeError(said) if status == TOO_LARGE else EndpointError(said)


def _retry_after(value: str | None) -> float | None:
    """Return seconds to wait by a Retry-After header: a number or a date.

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

    Counts of tokens that are odd are left out; they are not a reason to ask again.

    Raises:
        _Transient: It is no chat completion.
    """
    try:
        [choice] = body["choices"]
        message, reason = choice["message"], choice["finish_reason"]
        text = message.get("content") or message.get("refusal") or ""
        reasoning = message.get("reasoning") or message.get("reasoning_content") or ""
    except (TypeError, KeyError, ValueError, AttributeError):
        shown = repr(_excerpt(body, secret))
        raise _Transient(f"the answer is not a chat completion ({shown})") from None
    if not isinstance(text, str) or not isinstance(reasoning, str):
        raise _Transient("the answer's content is no text")
    if not isinstance(reason, str) or reason in UNFINISHED:
        raise _Transient(f"the answer was broken off (finish_reason {_excerpt(reason, secret)!r})")
    if reasoning:
        # Cut off while thinking there is no answer, and the tag stays open.
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
    """Return the beginning of what an endpoint sent; the key is hidden before it is cut."""
    try:
        return _hidden(str(value), secret)[:limit]
    except RecursionError:
        return "nested too deep"


def _ids(value: Any) -> tuple[int, ...] | None:
    whole = isinstance(value, list) and all(isinstance(item, int) for item in value)
    return tuple(value) if whole else None


def _first_logprobs(value: Any) -> dict[str, float]:
    """Return the likeliest first tokens of an answer; nothing where they were not given."""
    try:
        likeliest = value["content"][0]["top_logprobs"]
        return {str(item["token"]): float(item["logprob"]) for item in likeliest}
    except (TypeError, KeyError, IndexError, ValueError):
        return {}


def _count(value: Any) -> int | None:
    whole = isinstance(value, int) and not isinstance(value, bool)
    return value if whole and 0 <= value <= MOST_TOKENS else None


def _sum(kinds: Any) -> int | None:
    """Return the tokens of all kinds of pictures, where every one is a number."""
    if not isinstance(kinds, dict):
        return None
    counts = [_count(value) for value in kinds.values()]
    return None if None in counts else sum(count or 0 for count in counts)


def _hidden(text: str, secret: str | None) -> str:
    """Return a text without the key, also as Python, JSON and addresses spell it.

    >>> _hidden("Bearer a'b, a%27b", "a'b")
    'Bearer ***, ***'
    """
    if not secret:
        return text
    spellings = {secret, repr(secret)[1:-1], json.dumps(secret)[1:-1], quote(secret, safe="")}
    for spelling in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelling, "***")
    return text

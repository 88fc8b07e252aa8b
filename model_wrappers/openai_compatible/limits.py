"""Limits for responses of an endpoint: bytes, also after decompression, and total time."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from jumpscore.errors import JumpScoreError

MOST_BYTES = 128 << 20
"""Maximum size of a response; the log-probabilities of 32,000 tokens take about half."""
TIMEOUTS = 6
"""Maximum total time of a request in timeouts, even if data keeps trickling in."""

ResultT = TypeVar("ResultT")


class EndpointError(JumpScoreError):
    """An endpoint returned no usable answer."""


def bounded_http_client(*, most_bytes: int = MOST_BYTES, **options: Any) -> Any:
    """Return an HTTP client for the package ``openai`` that limits the size of bodies.

    Args:
        most_bytes: Maximum size of a body, both as sent and decompressed.
        options: Further arguments of ``openai.DefaultHttpxClient``.
    """
    import openai

    def bound(response: Any) -> None:
        decoder = _decoder(response.headers)
        response.stream = _bounded(response.stream, decoder, most_bytes)

    # Only encodings that can be decompressed in steps.
    headers = {"Accept-Encoding": "gzip, deflate"}
    return openai.DefaultHttpxClient(event_hooks={"response": [bound]}, headers=headers, **options)


def within(seconds: float, action: Callable[[], ResultT]) -> ResultT:
    """Return the result of an action, or give up after ``seconds``, even if data still arrives.

    Raises:
        EndpointError: The action took longer; its thread ends with its connection.
        BaseException: Anything that the action raises.
    """
    results: list[ResultT] = []
    problems: list[BaseException] = []

    def act() -> None:
        try:
            results.append(action())
        except BaseException as problem:
            problems.append(problem)

    thread = threading.Thread(target=act, name="request", daemon=True)
    thread.start()
    thread.join(seconds)
    if problems:
        raise problems[0]
    if not results:
        raise EndpointError(
            f"the answer was incomplete after {seconds:.0f} s; raise model.timeout to allow more"
        )
    return results[0]


def _decoder(headers: Any) -> Any:
    """Return the decompressor of a compressed body, and remove the header."""
    encoding = str(headers.get("content-encoding") or "identity").strip().lower()
    if encoding == "identity":
        return None
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise EndpointError(f"the answer has the unrequested encoding {encoding!r:.40}")
    del headers["content-encoding"]
    return zlib.decompressobj(wbits=47)  # detects both formats


def _bounded(stream: Any, decoder: Any, most_bytes: int) -> Any:
    """Return a stream of the same library that raises beyond its limit."""
    # The class of httpx or httpx2, depending on the version of openai.
    base = next(kind for kind in type(stream).__mro__ if kind.__name__ == "SyncByteStream")

    class Bounded(base):  # type: ignore[misc, valid-type]
        def __iter__(self) -> Iterator[bytes]:
            sent = size = 0
            for chunk in stream:
                sent += len(chunk)
                data = (
                    chunk if decoder is None else _decompressed(decoder, chunk, most_bytes - size)
                )
                size += len(data)
                if max(sent, size) > most_bytes:
                    raise EndpointError(f"the answer is larger than {most_bytes:,} bytes")
                yield data

        def close(self) -> None:
            stream.close()

    return Bounded()


def _decompressed(decoder: Any, chunk: bytes, room: int) -> bytes:
    try:
        data: bytes = decoder.decompress(chunk, room + 1)
    except zlib.error as error:
        raise EndpointError(f"the answer cannot be decompressed ({error})") from None
    return data

"""Bounds on what an endpoint may send: bytes, also after decompression, and time in all."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from jumpscore.errors import JumpScoreError

MOST_BYTES = 128 << 20
"""Of an answer's body; the log-probabilities of 32,000 tokens take about half."""
TIMEOUTS = 6
"""How many timeouts a request may take in all, however steadily it trickles."""

ResultT = TypeVar("ResultT")


class EndpointError(JumpScoreError):
    """An endpoint gave no usable answer, for all tries."""


def bounded_http_client(*, most_bytes: int = MOST_BYTES, **options: Any) -> Any:
    """Return an HTTP client for the package ``openai`` that reads no body without an end.

    Args:
        most_bytes: Largest size of a body, as sent and decompressed.
        options: Further arguments of ``openai.DefaultHttpxClient``.
    """
    import openai

    def bound(response: Any) -> None:
        decoder = _decoder(response.headers)
        response.stream = _bounded(response.stream, decoder, most_bytes)

    # Only what can be decompressed step by step is asked for.
    headers = {"Accept-Encoding": "gzip, deflate"}
    return openai.DefaultHttpxClient(event_hooks={"response": [bound]}, headers=headers, **options)


def within(seconds: float, action: Callable[[], ResultT]) -> ResultT:
    """Return what an action returns, or give it up: not even its headers may trickle for ever.

    Raises:
        EndpointError: It took longer. Its thread ends with its connection.
        BaseException: What the action raised.
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
            f"the answer did not end within {seconds:.0f} s; a longer model.timeout allows more"
        )
    return results[0]


def _decoder(headers: Any) -> Any:
    """Return what decompresses a body, if it is compressed, and take the header off."""
    encoding = str(headers.get("content-encoding") or "identity").strip().lower()
    if encoding == "identity":
        return None
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise EndpointError(f"the answer is compressed by {encoding!r:.40}, not asked for")
    del headers["content-encoding"]
    return zlib.decompressobj(wbits=47)  # both formats, by their first bytes


def _bounded(stream: Any, decoder: Any, most_bytes: int) -> Any:
    """Return a stream of the same library that ends with an error beyond its bound."""
    # The class is httpx's or httpx2's, whichever this version of openai uses.
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


def deadline(timeout: float) -> float:
    """Return how many seconds a request may take in all.

    >>> deadline(600.0)
    3600.0
    """
    return TIMEOUTS * timeout

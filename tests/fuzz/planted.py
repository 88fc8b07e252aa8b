"""Faulty readers, which the fuzzer must find."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from pathlib import Path

from tests.fuzz.target import Read, Target


def _raises(content: bytes) -> object:
    if b"\xff" in content:
        raise KeyError("planted")
    return None


def _hangs(content: bytes) -> object:
    while content != b"[1]":
        pass
    return None


def _no_json(content: bytes) -> object:
    return {"value": object()} if len(content) > 3 else {}


def _warns(content: bytes) -> object:
    warnings.warn("planted", stacklevel=1)
    return None


def _fills_memory(content: bytes) -> object:
    return len(bytearray(8 << 30))


def _is_slow(content: bytes) -> object:
    end = time.process_time() + 0.6
    while content == b"[1]" and time.process_time() < end:
        pass
    return None


def _writes(content: bytes) -> object:
    return Path("../written").write_bytes(content)


def _reads(content: bytes) -> object:
    return Path("../canary.txt").read_text()


def _repeats_input(content: bytes) -> object:
    raise ValueError("x" * 5000)


READERS: dict[str, Read] = {
    "raises": _raises,
    "hangs": _hangs,
    "no-json": _no_json,
    "warns": _warns,
    "fills-memory": _fills_memory,
    "is-slow": _is_slow,
    "writes": _writes,
    "reads": _reads,
    "repeats-input": _repeats_input,
}


def _opened(read: Read) -> Callable[[Path], Read]:
    return lambda folder: read


ALL = {
    name: Target(name, lambda: (b"[1]", b"[1, 2]\xff"), _opened(read), (ValueError,))
    for name, read in READERS.items()
}

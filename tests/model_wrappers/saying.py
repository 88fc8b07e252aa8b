"""Makes a model answer with given tokens; everything else runs as usual."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

LIKELY = 1e4


@contextmanager
def saying(model: Any, tokens: Sequence[int]) -> Iterator[None]:
    """Make these tokens the likeliest, one per step, in turn."""
    turn = itertools.cycle(tokens)

    def raise_one(_: Any, __: Any, logits: Any) -> Any:
        logits[..., next(turn)] += LIKELY
        return logits

    handle = model.lm_head.register_forward_hook(raise_one)
    try:
        yield
    finally:
        handle.remove()

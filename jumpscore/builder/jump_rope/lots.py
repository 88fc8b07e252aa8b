"""Seeded draws that do not depend on the number of clips: strata, blocks and weighted choices."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TypeVar

import numpy as np

BLOCK = 12
"""Clips per block of stratified factors."""

T = TypeVar("T")


def dealt(share: float, seed: int, index: int, what: str, slots: Sequence[int]) -> bool:
    """Whether clip ``index`` is among the ``share * BLOCK`` clips of its block that are drawn."""
    rng = np.random.default_rng(entropy(seed, f"{what}/{index // BLOCK}"))
    count = min(
        int(share * BLOCK + rng.random()), len(slots)
    )  # the fraction is rounded at random per block
    drawn = rng.permutation(np.asarray(slots, dtype=np.int64))[:count]
    return index % BLOCK in {int(s) for s in drawn}


def stratum(seed: int, index: int, what: str, strata: int) -> int:
    """Stratum of clip ``index``: each block of ``strata`` clips has every stratum once."""
    rng = np.random.default_rng(entropy(seed, f"{what}/{index // strata}"))
    return int(rng.permutation(strata)[index % strata])


def entropy(seed: int, stream: str) -> np.random.SeedSequence:
    """Independent seeds for named streams (Python's own `hash` changes from run to run)."""
    digest = hashlib.sha256(stream.encode()).digest()
    return np.random.SeedSequence([seed, int.from_bytes(digest[:8], "little")])


def weighted(rng: np.random.Generator, weights: Sequence[float]) -> int:
    """Index drawn in proportion to the weights."""
    total = np.cumsum(np.asarray(weights, dtype=np.float64))
    return int(np.searchsorted(total, rng.random() * total[-1], side="right"))


def pick(rng: np.random.Generator, options: Sequence[T]) -> T:
    """One of the options, uniformly."""
    return options[int(rng.integers(len(options)))]

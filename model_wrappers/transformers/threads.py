"""Threads for models on a CPU: one for a small model, whose products are too short to share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

SMALL_MODEL = 20_000_000
"""Parameters up to which a model uses one thread.

Measured with the included miniature (1.6 million) and 6 prompts of 1,000 tokens on 2 busy cores:
2.6 s of CPU time and 22 s with one thread, 16 s and 90 s with two, which mostly wait for each other
after every short product.
"""


@contextmanager
def fitting_threads(model: Any) -> Iterator[int]:
    """Limit torch to one thread if a model is small and on the CPU, and restore the number after.

    Args:
        model: A torch module with a ``device``.

    Yields:
        The number of threads before.
    """
    before = torch.get_num_threads()
    parameters = sum(parameter.numel() for parameter in model.parameters())
    if model.device.type != "cpu" or before == 1 or parameters > SMALL_MODEL:
        yield before
        return
    torch.set_num_threads(1)
    try:
        yield before
    finally:
        torch.set_num_threads(before)

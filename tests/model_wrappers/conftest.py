from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support import write_video

# A hub that cannot be reached must be an answer at once, not a wait for a network.
os.environ["HF_HUB_OFFLINE"] = "1"

SPREAD = 0.2
"""Weights large enough that the answers of a random model depend on the pictures."""


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    """Tests run in parallel, so each uses one thread."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random checkpoint. Not to be written to."""
    from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny

    folder = tmp_path_factory.mktemp("checkpoint") / "tiny"
    write_tiny(folder, TinyOptions(spread=SPREAD))
    return folder


@pytest.fixture(scope="session")
def model(tiny):
    """The model of that checkpoint."""
    from model_wrappers.llava_onevision2.checkpoint import inspect_checkpoint, load_model

    return load_model(inspect_checkpoint(tiny), dtype="float32", device="cpu", attention="sdpa")


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """4 s of noise that moves, 112x84: another picture at every time."""
    path = tmp_path_factory.mktemp("clips") / "noise.mp4"
    rng = np.random.default_rng(5)
    base = rng.integers(0, 256, (84, 112, 3), dtype=np.uint8)
    pictures = [np.roll(base, 3 * number, axis=1) for number in range(100)]
    return write_video(path, frames=100, fps=25, size=(112, 84), pictures=pictures)

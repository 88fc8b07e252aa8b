from __future__ import annotations

import gc
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from jumpscore.data.layout import QUESTION, Manifest, Row, write_set
from tests.support import write_video

settings.register_profile(
    "default",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    # Local runs search for new counterexamples; CI must not fail at random.
    derandomize=bool(os.environ.get("CI")),
)
settings.register_profile(
    "fast", settings.get_profile("default"), max_examples=10
)  # make test-fast
settings.load_profile("default")


gc.disable()


def pytest_collection_finish() -> None:
    """Collect garbage from now on, but never visit the 800,000 objects of the collected tests."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep prepared inputs of tests out of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUMPSCORE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_proxy() -> Iterator[None]:
    """Servers of tests run on this machine, so requests must not go to a proxy."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            patch.delenv(name, raising=False)
            patch.delenv(name.lower(), raising=False)
        yield


@pytest.fixture(scope="session")
def rendered_sets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache for tests that only read small rendered sets; all workers of pytest-xdist share it.

    Two processes may render a set at the same time: the first one's remains.
    """
    own = tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "rendered_sets"
    shared.mkdir(exist_ok=True)
    return shared


@pytest.fixture(scope="session")
def tiny_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data set in the published layout: three real videos of 4 s with known events."""
    root = tmp_path_factory.mktemp("tiny_set")
    truths = ([0.5, 1.0, 1.5], [0.4, 2.4], [])
    rows, videos = [], {}
    for number, truth in enumerate(truths):
        name = f"{number:032x}"
        # Different key frames make the files different.
        write_video(root / "videos" / f"{name}.mp4", frames=100, fps=25, gop=12 + number)
        row = Row(f"clip{number}", f"videos/{name}.mp4", QUESTION, json.dumps(truth))
        rows.append(row)
        videos[row.id] = {"duration": 4.0, "frames": 100, "fps": 25.0}
    write_set(root, rows, Manifest("tiny", synthetic=True, videos=videos))
    return root

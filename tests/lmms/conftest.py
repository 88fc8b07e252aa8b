"""What tests of lmms-eval's benchmarks share."""

from __future__ import annotations

import os

import pytest

from model_wrappers.vllm.server import CPU_ONLY
from tests.lmms.miniatures import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    with pytest.MonkeyPatch.context() as patch:
        # Does nothing if torch is a CUDA build there.
        patch.setenv("PYTHONPATH", f"{CPU_ONLY}{os.pathsep}{os.environ.get('PYTHONPATH', '')}")
        yield Place(tmp_path_factory.mktemp("provider"))

from __future__ import annotations

import pytest

from jumpscore.errors import JumpScoreError, UsageError
from jumpscore.harness.config import run_config
from jumpscore.harness.factory import check_options, make_model
from model_wrappers.llava_onevision2.tiny import write_tiny
from model_wrappers.vllm.engine import Engine, EngineError


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offline") / "tiny"
    write_tiny(folder)
    return folder


def test_options_without_those_of_a_server(tiny):
    for key in ("port", "base_url", "python", "data_parallel", "price_input"):
        config = run_config(
            {
                "model": {"name": "vllm_offline", "checkpoint": str(tiny), key: 1},
                "task": {"name": "jumpscore"},
            }
        )
        with pytest.raises(UsageError, match=f"unknown key 'model.{key}'"):
            check_options(config)


def test_serve_offline(tiny):
    with pytest.raises(UsageError, match="has no server; use model=vllm"):
        make_model("vllm_offline", {"checkpoint": str(tiny)}).serve()


def test_complete_after_stop():
    engine = Engine(None)
    engine.stop()
    with pytest.raises(EngineError, match="was closed while requests were in progress"):
        engine.complete({"messages": []})


def test_open_without_vllm(tiny):
    """The real engine runs in tests/serving, in vLLM's environment; this one has none."""
    with pytest.raises(JumpScoreError, match="vLLM is not installed; run jumpscore from"):
        make_model("vllm_offline", {"checkpoint": str(tiny)}).open()


def test_display_name_has_the_checkpoint(tiny):
    assert make_model("vllm_offline", {"checkpoint": str(tiny)}).display_name == "vllm_offline:tiny"
    assert make_model("llava_ov2", {"checkpoint": str(tiny)}).display_name == "llava_ov2:tiny"
    assert make_model("llava_ov2", {}).display_name == "llava_ov2"
    assert make_model("openai", {"served_model": "x/y"}).display_name == "openai:x/y"

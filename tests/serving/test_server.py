"""A real vLLM server that the harness starts, watches and stops: canvases, frames, faults."""

from __future__ import annotations

import json
import os
import signal
import urllib.error
import urllib.request

import numpy as np
import pytest

import jumpscore
from jumpscore.data.layout import Manifest, Row, write_set
from tests.serving.on_a_cpu import SERVED, VLLM, cache_below
from tests.support import write_video

pytest.importorskip("openai")
pytestmark = [
    pytest.mark.serving,
    pytest.mark.slow,
    pytest.mark.skipif(VLLM is None, reason="JUMPSCORE_VLLM_PYTHON names no Python with vLLM"),
]

CLIPS = 8
OPTIONS = {"max_new_tokens": 16}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A checkpoint, a data set of eight clips of noise, and a cache of this module's own."""
    from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny

    root = tmp_path_factory.mktemp("server")
    write_tiny(root / "tiny", TinyOptions(spread=0.2))
    (root / "set").mkdir()
    rows = []
    for number in range(CLIPS):
        base = np.random.default_rng(number).integers(0, 256, (84, 112, 3), dtype=np.uint8)
        pictures = [np.roll(base, (number + 1) * at, axis=1) for at in range(50)]
        path = root / "set" / f"{number}.mp4"
        write_video(path, frames=50, fps=25, size=(112, 84), pictures=pictures)
        rows.append(Row(f"clip{number}", path.name, "When?", "[0.5]"))
    write_set(root / "set", rows, Manifest("noise", synthetic=True))
    with cache_below(root):
        yield root


@pytest.fixture(scope="module")
def served(place):
    """One server for all tests of the module, started by its wrapper."""
    from model_wrappers.vllm import wrapper as vllm
    from model_wrappers.vllm.options import VLLMOptions

    wrapper = vllm.VLLM(VLLMOptions(checkpoint=str(place / "tiny"), **OPTIONS, **SERVED))
    wrapper.open()
    yield wrapper
    process = wrapper.server.process
    wrapper.close()
    assert process.poll() is not None


def evaluate(model, place, name, *, options=None, kind="codec", on_progress=None):
    return jumpscore.evaluate(
        model,
        "jumpscore",
        model_options=options,
        task_options={"data": str(place / "set")},
        input={"kind": kind, "count": 8, "decimals": 2},
        run={"folder": str(place / "runs"), "name": name},
        on_progress=on_progress,
    )


def readable(text):
    """The part that two detokenizers agree on: invalid bytes end differently."""
    return text.replace("\N{REPLACEMENT CHARACTER}", "")


@pytest.mark.parametrize("kind", ["codec", "frames"])
def test_server_answers_equal_transformers(place, served, kind):
    """All eight requests are on the way together; alone they crash a vLLM without the guard."""
    theirs = evaluate(served, place, f"vllm-{kind}", kind=kind)
    ours = evaluate(
        "llava_ov2",
        place,
        f"transformers-{kind}",
        options={"checkpoint": str(place / "tiny"), **OPTIONS},
        kind=kind,
    )
    assert theirs.result.unscored == ours.result.unscored == 0
    for name, one in ours.responses.items():
        other = theirs.responses[name]
        assert readable(other.text) == readable(one.text)
        counts = ("visual", "visual_source", "prompt")
        assert [getattr(other.usage, c) for c in counts] == [getattr(one.usage, c) for c in counts]
    assert len({response.text for response in ours.responses.values()}) > 3  # pictures matter


def test_predict_with_a_running_server(place, served, monkeypatch):
    """``predict`` prepares canvases in the server's folder; a random model answers no times."""
    monkeypatch.setenv("VLLM_API_KEY", served.server.token)
    from jumpscore.errors import NoAnswerError
    from jumpscore.harness import run_config
    from jumpscore.harness.single import open_model

    config = run_config(
        {
            "model": {
                "name": "vllm",
                "checkpoint": str(place / "tiny"),
                "base_url": served.options.base_url,
                **OPTIONS,
            },
            "task": {"name": "jumpscore"},
            "input": {"kind": "codec", "count": 4},
        }
    )
    with (
        open_model(config) as model,
        pytest.raises(NoAnswerError, match="vllm gave no times"),
    ):
        model.predict(place / "set" / "0.mp4")


def test_run_records_code_and_server(place, served):
    record = evaluate(served, place, "vllm-codec").record
    assert record.trust_remote_code is True  # vLLM needs it; the folder is one of ours
    assert record.environment["vllm"] == "0.32.0"


def test_server_batch_equals_single_requests(place, served):
    served.concurrency = 1
    try:
        alone = evaluate(served, place, "vllm-alone")
    finally:
        served.concurrency = 32
    together = evaluate(served, place, "vllm-codec")  # done before, as a rule
    assert {n: r.text for n, r in alone.responses.items()} == {
        n: r.text for n, r in together.responses.items()
    }


def test_server_refuses_references_outside_the_cache(place, served):
    from jumpscore.video import codec_canvases
    from jumpscore.video.prepared.folders import write_prepared
    from jumpscore.video.prepared.references import reference_to
    from model_wrappers.openai_compatible.messages import video_part

    clip = place / "set" / "0.mp4"
    outside = write_prepared(codec_canvases(clip, canvases=4), place / "elsewhere")
    content = reference_to(outside).to_bytes()
    body = {
        "model": served.options.served_model,
        "max_tokens": 4,
        "messages": [
            {"role": "user", "content": [video_part(clip, content=content)]},
        ],
    }
    request = urllib.request.Request(
        f"{served.server.url}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={
            "content-type": "application/json",
            "authorization": f"Bearer {served.server.token}",
        },
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=60)
    assert caught.value.code >= 400
    assert served.server.alive()


@pytest.mark.parametrize("path", ["/v1/models", "/tokenize", "/invocations", "/health"])
def test_server_answers_nothing_without_its_token(served, path):
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{served.server.url}{path}", timeout=60)
    assert caught.value.code == 401


def test_evaluate_restarts_a_killed_server(place, served):
    killed = []

    def kill(done, _):
        if done >= 2 and not killed:
            killed.append(served.server.process.pid)
            os.killpg(killed[0], signal.SIGKILL)

    served.concurrency = 2
    try:
        run = evaluate(served, place, "vllm-killed", on_progress=kill)
    finally:
        served.concurrency = 32
    assert killed
    assert served.server.process.pid != killed[0]
    assert run.result.unscored == 0
    together = evaluate(served, place, "vllm-codec")  # done before, as a rule
    assert {n: r.text for n, r in run.responses.items()} == {
        n: r.text for n, r in together.responses.items()
    }
    lines = (run.folder / "responses.jsonl").read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in lines) == sorted(run.responses)


@pytest.mark.parametrize("kind", ["codec", "frames"])
def test_parity_with_transformers(place, served, kind):
    from jumpscore.harness import InputConfig
    from jumpscore.harness.input import InputPlan
    from jumpscore.records import Media, Question
    from jumpscore.studies.parity import compare_models
    from jumpscore.video.prepared.cache import InputCache, default_cache_folder
    from model_wrappers.llava_onevision2.wrapper import LlavaOnevision2, LlavaOnevision2Options

    ours = LlavaOnevision2(LlavaOnevision2Options(checkpoint=str(place / "tiny"), **OPTIONS))
    clips = [place / "set" / f"{number}.mp4" for number in range(3)]
    entries = compare_models(
        (ours, served),
        [Question(clip.stem, (Media(clip),), "List the jumps.") for clip in clips],
        InputPlan(
            kind,
            InputConfig(kind=kind, count=8, decimals=2),
            InputCache(default_cache_folder()),
            wrapper=ours,
        ),
    )
    for entry in entries:
        assert entry.error is None
        assert entry.prompt_ids
        assert entry.prompt_parts_at is None
        assert entry.stamps is True
        assert entry.visual_tokens[0] == entry.visual_tokens[1]
        assert entry.first_logprob_gap is None or entry.first_logprob_gap < 1e-4
    assert any(entry.first_logprob_gap is not None for entry in entries)

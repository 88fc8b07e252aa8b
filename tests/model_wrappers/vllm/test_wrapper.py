from __future__ import annotations

import base64
import contextlib
import json
import shutil
import threading
import time

import pytest

from jumpscore.errors import DataError, UsageError
from jumpscore.harness import evaluate
from jumpscore.records import Media, Question
from jumpscore.video import uniform_frames
from jumpscore.video.prepared.cache import InputCache, default_cache_folder
from jumpscore.video.prepared.folders import write_prepared
from jumpscore.video.prepared.references import parse_reference
from model_wrappers.vllm import wrapper as vllm
from model_wrappers.vllm.options import VLLMOptions
from model_wrappers.vllm.plugin import LOADER, TESTED, video_metadata
from model_wrappers.vllm.server import InstalledVLLM, Server, ServerError, ServerPlan
from tests.model_wrappers.openai_compatible.server import MockServer
from tests.model_wrappers.vllm.fake import program
from tests.support import write_video


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    from model_wrappers.llava_onevision2.tiny import write_tiny

    folder = tmp_path_factory.mktemp("served") / "tiny"
    write_tiny(folder)
    return folder


@pytest.fixture
def installed(monkeypatch):
    """Fakes the installed vLLM; tests/serving uses the real one."""

    def say(version, digest):
        faked = InstalledVLLM("python", version, digest)
        monkeypatch.setattr(vllm, "installed_vllm", lambda python: faked)

    say("0.32.0", next(iter(TESTED)))
    return say


def make_wrapper(folder, **options):
    return vllm.VLLM(VLLMOptions(checkpoint=str(folder), **options))


def test_plan_own_folder_needs_no_permission(tiny, installed):
    plan = make_wrapper(tiny).plan()
    assert plan.trust_remote_code
    assert plan.codec
    assert plan.guard


@pytest.mark.parametrize("how", ["changed", "added", "below"])
def test_plan_foreign_code_needs_permission(tiny, tmp_path, installed, how):
    folder = shutil.copytree(tiny, tmp_path / "theirs")
    if how == "changed":
        path = folder / "processing_llava_onevision2.py"
        path.write_text(path.read_text() + "import os\n")
    elif how == "added":
        (folder / "extra.py").write_text("")
    else:
        (folder / "more").mkdir()
        (folder / "more" / "configuration_llava_onevision2.py").write_text("")
    assert not make_wrapper(folder).trusts_remote_code
    with pytest.raises(UsageError, match=r"model\.trust_remote_code=true"):
        make_wrapper(folder).plan()
    assert make_wrapper(folder, trust_remote_code=True).plan().trust_remote_code


def test_holds_only_our_code_remote_auto_map(tiny, tmp_path, installed):
    folder = shutil.copytree(tiny, tmp_path / "elsewhere")
    for name in ("config.json", "preprocessor_config.json"):
        path = folder / name
        whole = path.read_text()
        config = json.loads(whole)
        config["auto_map"]["AutoConfig"] = "evil/repo--configuration_llava_onevision2.X"
        path.write_text(json.dumps(config))
        assert not make_wrapper(folder).trusts_remote_code
        path.write_text(whole)
    assert make_wrapper(folder).trusts_remote_code


def test_open_server_of_another_checkpoint(tiny, installed):
    with MockServer() as server:
        server.models = ["jumpscore-0123456789abcdef"]
        wrapper = make_wrapper(tiny, base_url=server.url)
        with pytest.raises(UsageError, match=r"unknown model 'jumpscore-.*Known: jumpscore-0123"):
            wrapper.open()
        server.models = [wrapper.served_name]
        wrapper.open()


def test_close_while_the_server_starts(tiny, tmp_path, installed):
    plan = ServerPlan(program(tmp_path, "time.sleep(600)"), "x", tmp_path / "media")
    wrapper = make_wrapper(tiny)
    wrapper.server = Server(plan, patience=60)
    starting = threading.Thread(target=lambda: _quietly(wrapper.pause, 0))
    starting.start()
    while wrapper.server.process is None:
        time.sleep(0.05)
    before = time.monotonic()
    wrapper.close()
    starting.join(30)
    assert not starting.is_alive()
    assert time.monotonic() - before < 15


def _quietly(job, *arguments):
    with contextlib.suppress(ServerError):
        job(*arguments)


def test_plan_with_an_untested_vllm(tiny, tmp_path, installed):
    installed("0.33.1", "0" * 64)
    with pytest.raises(UsageError, match=r"vLLM 0\.33\.1 contains another .*untested_vllm=true"):
        make_wrapper(tiny).plan()
    assert make_wrapper(tiny, untested_vllm=True).plan().guard
    # Other models need no guard.
    folder = shutil.copytree(tiny, tmp_path / "qwen")
    (folder / "config.json").write_text('{"model_type": "qwen3_vl"}')
    assert not make_wrapper(folder).plan().guard


def test_inputs_of_other_models(tiny, tmp_path, installed):
    folder = shutil.copytree(tiny, tmp_path / "qwen")
    for path in folder.glob("*.py"):
        path.unlink()
    (folder / "config.json").write_text('{"model_type": "qwen3_vl"}')
    wrapper = make_wrapper(folder)
    assert wrapper.inputs[0] == "frames"
    plan = wrapper.plan()
    assert not plan.trust_remote_code
    assert not plan.codec
    assert wrapper.convention == "relative_1000"
    assert make_wrapper(folder, convention="unit").convention == "unit"
    (folder / "config.json").write_text('{"model_type": "another"}')
    assert make_wrapper(folder).convention is None
    assert make_wrapper(tiny).convention == "relative_1000"


def test_body_canvases_as_reference(tiny, tmp_path, installed):
    clip = write_video(tmp_path / "clip.mp4", frames=100, fps=25, size=(112, 84))
    from jumpscore.video import probe
    from jumpscore.video.codec.canvases import cached_canvases

    visual = cached_canvases(probe(clip), InputCache(default_cache_folder()), canvases=6).changed(
        decimals=2
    )
    assert visual.folder is not None
    wrapper = make_wrapper(tiny)
    request = wrapper.prepare(Question("a", (Media(clip),), "When?"), visual)
    body = wrapper.body(request)
    assert body["extra_body"]["mm_processor_kwargs"] == {"timestamp_decimals": 2}
    part = body["messages"][-1]["content"][0]
    assert part["type"] == "video_url"
    assert len(part["video_url"]["url"]) < 2000
    assert "model" in wrapper.identity()
    assert make_wrapper(tiny, tensor_parallel=4, concurrency=7).identity() == wrapper.identity()
    assert json.dumps(wrapper.identity())


@pytest.fixture
def frames(tmp_path):
    """Frames in the cache."""
    clip = write_video(tmp_path / "clip.mp4", frames=100, fps=25, size=(112, 84))
    visual = uniform_frames(clip, count=4)
    cached = InputCache(default_cache_folder()).get(clip, {}, lambda: visual)
    return visual.changed(folder=cached.folder)


def other_wrapper(kind, tiny, tmp_path, **options):
    """Returns a wrapper of a checkpoint of another kind."""
    folder = tmp_path / kind
    if not folder.exists():
        shutil.copytree(tiny, folder)
        (folder / "config.json").write_text(json.dumps({"model_type": kind}))
    return make_wrapper(folder, **options)


def picture_urls(wrapper, visual):
    """Returns (addresses of the pictures, fields besides the messages)."""
    body = wrapper.body(wrapper.prepare(Question("a", (Media(visual.path),), "When?"), visual))
    parts = [part for part in body["messages"][-1]["content"] if part["type"] != "text"]
    return [part[part["type"]]["url"] for part in parts], body["extra_body"]


def test_body_frames_of_one_video_as_reference(tiny, tmp_path, installed, frames):
    wrapper = other_wrapper("qwen3_vl", tiny, tmp_path)
    [url], fields = picture_urls(wrapper, frames)
    content = base64.b64decode(url.partition(",")[2])
    assert parse_reference(content).folder == str(frames.folder)
    facts = fields["media_io_kwargs"]["video"]
    assert facts["video_backend"] == LOADER
    assert video_metadata(facts) == {
        "fps": 25.0, "total_num_frames": 100, "frames_indices": list(frames.frame_indices),
        "duration": 4.0, "video_backend": LOADER, "do_sample_frames": False,
    }  # fmt: skip
    assert "pixels" not in frames.__dict__  # nothing was decoded


def test_body_frames_as_files(tiny, tmp_path, installed, frames):
    urls, fields = picture_urls(other_wrapper("internvl", tiny, tmp_path), frames)
    assert urls == [(frames.folder / f"canvas_{n:03d}.png").as_uri() for n in range(4)]
    assert fields["mm_processor_kwargs"] == {"do_resize": False}
    assert "pixels" not in frames.__dict__


@pytest.mark.parametrize("kind", ["qwen3_vl", "internvl", "another"])
@pytest.mark.parametrize(
    "options",
    [
        {"base_url": "http://10.0.0.7:8000/v1"},
        {"base_url": "http://localhost:8000/v1", "served_model": "their-own"},
        {"picture_format": "jpeg"},
    ],
)
def test_body_frames_as_bytes_for_servers_of_others(
    tiny, tmp_path, installed, frames, kind, options
):
    urls, fields = picture_urls(other_wrapper(kind, tiny, tmp_path, **options), frames)
    assert all(url.startswith("data:") for url in urls)
    assert "video_backend" not in json.dumps(fields)


def test_body_frames_outside_the_cache_as_bytes(tiny, tmp_path, installed, frames):
    wrapper = other_wrapper("qwen3_vl", tiny, tmp_path)
    elsewhere = write_prepared(frames.changed(folder=None), tmp_path / "mine", lossless=True)
    for visual in (frames.changed(folder=None), elsewhere):
        [url], fields = picture_urls(wrapper, visual)
        assert url.startswith("data:video/jpeg;base64,")
        assert "video_backend" not in fields["media_io_kwargs"]["video"]


def test_serve_unsupported_model(tiny):
    from jumpscore.cli.serve import serve_model

    with pytest.raises(UsageError, match="'motion' is not served"):
        serve_model(["model=motion"])


def test_largest_media_of_our_server(tiny, installed):
    installed("0.33.0", next(iter(TESTED)))
    assert make_wrapper(tiny).largest_media == 715_827_880
    assert make_wrapper(tiny, largest_media=10**9).largest_media == 10**9
    assert make_wrapper(tiny, largest_media=10**9).plan().largest_media == 10**9
    # A server that runs already may have been started with another limit.
    assert make_wrapper(tiny, base_url="http://127.0.0.1:1/v1").largest_media is None


def test_prepare_frames_beyond_the_limit(tiny, tmp_path, installed):
    installed("0.33.0", next(iter(TESTED)))
    clip = write_video(tmp_path / "clip.mp4", frames=50, fps=25, size=(112, 84))
    visual = uniform_frames(clip, count=8)
    question = Question("a", (Media(clip),), "When?")
    size = 8 * 112 * 84 * 4
    make_wrapper(tiny, largest_media=size).prepare(question, visual)
    with pytest.raises(DataError, match=rf"{size:,} bytes, but the server accepts {size - 1:,}"):
        make_wrapper(tiny, largest_media=size - 1).prepare(question, visual)


@pytest.mark.parametrize("own", [None, "the-users-key-0123456789"])
def test_evaluate_sends_the_token_and_stores_it_nowhere(tiny, tiny_set, tmp_path, monkeypatch, own):
    """The server's token is a new one, or the user's; keys of other services are not sent to it."""
    pytest.importorskip("openai")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-cloud-service")
    if own is None:
        monkeypatch.delenv("VLLM_API_KEY", raising=False)
    else:
        monkeypatch.setenv("VLLM_API_KEY", own)
    wrapper = make_wrapper(tiny, python=program(tmp_path), patience=20)
    try:
        run = evaluate(
            wrapper,
            "jumpscore",
            task_options={"data": str(tiny_set)},
            input={"kind": "frames", "count": 2},
            run={"folder": tmp_path / "runs"},
        )
        token = wrapper.server.token
        log = wrapper.server.log.read_text()
    finally:
        wrapper.close()
    assert run.result.unscored == 0
    assert {response.text for response in run.responses.values()} == {"[0.5]"}
    assert own in (None, token)
    assert f"Bearer {token}" in log
    assert "sk-of-a-cloud" not in log
    stored = b"".join(file.read_bytes() for file in run.folder.rglob("*") if file.is_file())
    assert token.encode() not in stored
    assert token not in str(wrapper.identity()) + repr(wrapper.options)

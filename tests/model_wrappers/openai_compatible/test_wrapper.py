from __future__ import annotations

import base64
import io
import json
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import jumpscore
from jumpscore.errors import JumpScoreError, UsageError
from jumpscore.records import Media, Question, Turn
from jumpscore.video import uniform_frames
from model_wrappers.openai_compatible.wrapper import OpenAICompatible, OpenAICompatibleOptions
from tests.model_wrappers.openai_compatible.server import MockServer
from tests.support import running, write_video

pytest.importorskip("openai")
KEY = "sk-very-secret"


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.fixture
def server():
    with MockServer() as running:
        yield running


@pytest.fixture
def clip(tmp_path):
    return write_video(tmp_path / "clip.mp4", frames=50, fps=25, size=(112, 84))


def make_wrapper(server, **options):
    return OpenAICompatible(
        OpenAICompatibleOptions(**{"served_model": "mock", "base_url": server.url, **options})
    )


def test_body_frames_follow_their_stamps(server, clip):
    import cv2

    wrapper = make_wrapper(server, picture_format="png", system="Be brief.")
    visual = uniform_frames(clip, count=2)
    history = (Turn("user", "What?"), Turn("assistant", "A rope."))
    request = wrapper.prepare(Question("a", (Media(clip),), "When?", history), visual)
    [response] = wrapper.generate([request])
    wrapper.close()
    system, first, reply, last = server.bodies[0]["messages"]
    assert (system["content"], reply["content"], last["content"]) == (
        "Be brief.",
        "A rope.",
        "When?",
    )
    kinds = [part["type"] for part in first["content"]]
    assert kinds == ["text", "image_url", "text", "image_url", "text"]
    assert first["content"][2]["text"] == "<2.0 seconds>"
    content = base64.b64decode(first["content"][3]["image_url"]["url"].partition(",")[2])
    seen = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    assert np.array_equal(seen, visual.pixels[1])
    assert (response.id, response.text) == ("a", "[0.5]")
    assert (response.usage.prompt, response.usage.visual) == (100, 60)
    # Only the user knows which model an endpoint serves.
    assert (response.convention, response.image_size) == (None, (visual.width, visual.height))
    configured = make_wrapper(server, convention="pixel")
    [response] = configured.generate(
        [configured.prepare(Question("a", (Media(clip),), "When?"), None)]
    )
    configured.close()
    assert (response.convention, response.image_size) == ("pixel", None)
    text = wrapper.prompt_text(request)
    assert "system: Be brief.\nuser: <0.0 seconds>[image/png, " in text
    assert "base64" not in text


@pytest.mark.parametrize("by", ["data", "file"])
def test_body_video_unchanged(server, clip, by):
    wrapper = make_wrapper(server, video_by=by)
    [_] = wrapper.generate([wrapper.prepare(Question("a", (Media(clip),), "When?"), None)])
    url = server.bodies[0]["messages"][0]["content"][0]["video_url"]["url"]
    if by == "file":
        assert url == clip.resolve().as_uri()
    else:
        head, _, content = url.partition(",")
        assert head == "data:video/mp4;base64"
        assert base64.b64decode(content) == clip.read_bytes()


def evaluate(server, tiny_set, folder, *, options=None, **run):
    return jumpscore.evaluate(
        "openai",
        "jumpscore",
        model_options={"served_model": "mock", "base_url": server.url, **(options or {})},
        task_options={"data": str(tiny_set)},
        input={"kind": "frames", "count": 2},
        run={"folder": str(folder), **run},
    )


def test_evaluate_retries_and_stores_no_key(server, tiny_set, tmp_path, monkeypatch):
    monkeypatch.setattr("model_wrappers.openai_compatible.calls.FIRST_PAUSE", 0.01)
    server.faults = [("status", 429, {"retry-after": "0"}), "cut_off", ("raw", b"{"), "of_another"]
    run = evaluate(server, tiny_set, tmp_path)
    assert run.result.unscored == 0
    assert [response.text for response in run.responses.values()] == ["[0.5]"] * 3
    for path in run.folder.rglob("*"):
        if path.is_file():
            assert KEY.encode() not in path.read_bytes(), path


def test_evaluate_resume_asks_failed_samples(server, tiny_set, tmp_path):
    server.faults = [("status", 400)] * 2
    first = evaluate(server, tiny_set, tmp_path, options={"concurrency": 1})
    assert first.result.unscored == 2
    requests = len(server.bodies)
    again = evaluate(server, tiny_set, tmp_path, options={"concurrency": 2})
    assert again.result.unscored == 0
    assert len(server.bodies) == requests + 2


def test_evaluate_concurrency(server, tmp_path, clip):
    from jumpscore.data.layout import Manifest, Row, write_set

    (tmp_path / "set").mkdir()
    rows = []
    for number in range(12):
        path = write_video(tmp_path / "set" / f"{number}.mp4", frames=10, fps=5, size=(56, 56))
        rows.append(Row(f"clip{number}", path.name, "When?", "[0.5]"))
    write_set(tmp_path / "set", rows, Manifest("many", synthetic=True))
    server.faults = [("slow", 0.3)] * 12
    run = evaluate(server, tmp_path / "set", tmp_path / "runs", options={"concurrency": 4})
    assert run.result.unscored == 0
    assert len(run.responses) == 12
    assert 2 <= server.most_running <= 4


def test_open_wrong_use(server, tiny_set, tmp_path, monkeypatch):
    server.models = ["other"]
    with pytest.raises(UsageError, match="unknown model 'mock'"):
        evaluate(server, tiny_set, tmp_path)
    assert not server.bodies
    with pytest.raises(UsageError, match="contains a user name or password"):
        evaluate(server, tiny_set, tmp_path / "b", options={"base_url": "http://me:x@localhost/v1"})
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(UsageError, match="set the environment variable OPENAI_API_KEY"):
        evaluate(server, tiny_set, tmp_path / "c", options={"base_url": None})


def test_evaluate_compares_counts_with_the_plan(server, tiny_set, tmp_path):
    """The mock reports 60 visual tokens; two frames of these videos are planned with fewer."""
    run = evaluate(server, tiny_set, tmp_path, options={"token_side": 28})
    assert run.result.unscored == 3
    assert "60" in next(iter(run.responses.values())).error


def test_identity_has_options_that_affect_answers(server):
    one = make_wrapper(server).identity()
    assert make_wrapper(server, concurrency=3, retries=1, timeout=9.0).identity() == one
    assert make_wrapper(server, temperature=0.5).identity() != one
    assert "sk-" not in json.dumps(one)


def test_debug_log_without_key(server, clip, caplog):
    import logging

    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    root.addHandler(handler)
    caplog.set_level(logging.DEBUG)
    try:
        wrapper = make_wrapper(server)
        wrapper.generate([wrapper.prepare(Question("a", (Media(clip),), "When?"), None)])
    finally:
        root.removeHandler(handler)
    assert "chat/completions" in stream.getvalue()
    assert KEY not in stream.getvalue()


@pytest.mark.parametrize("key", [f"{KEY}\nx", f"{KEY}\x00", f"{KEY}\u00e9"])
def test_open_invalid_key_is_not_printed(server, monkeypatch, key):
    monkeypatch.setenv("OPENAI_API_KEY", "x") if "\x00" in key else monkeypatch.setenv(
        "OPENAI_API_KEY", key
    )
    if "\x00" in key:  # impossible in a real environment, but not in a replacement
        monkeypatch.setattr("os.environ", {"OPENAI_API_KEY": key})
    with pytest.raises(UsageError, match="contains characters that are not allowed") as caught:
        make_wrapper(server).open()
    assert "secret" not in str(caught.value)


def test_open_key_with_trailing_line_break(server, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\r\n")
    wrapper = make_wrapper(server)
    wrapper.generate([wrapper.prepare(Question("a", (), "When?"), None)])
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"


def test_generate_after_close(server):
    wrapper = make_wrapper(server)
    request = wrapper.prepare(Question("a", (), "When?"), None)
    wrapper.open()
    wrapper.close()
    with pytest.raises(JumpScoreError, match="was closed"):
        wrapper.generate([request])
    assert not server.bodies


def test_interrupt_does_not_wait_for_the_server(server, tiny_set, tmp_path):
    """The process ends though an answer is 60 s away."""
    server.faults = [("slow", 60)] * 3
    code = (
        "import jumpscore\n"
        f"jumpscore.evaluate('openai', 'jumpscore', model_options={{'served_model': 'mock', "
        f"'base_url': {server.url!r}}}, task_options={{'data': {str(tiny_set)!r}}}, "
        f"input={{'kind': 'frames', 'count': 2}}, run={{'folder': {str(tmp_path)!r}}})"
    )
    with running([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as process:
        until = time.monotonic() + 60
        while not server.running and time.monotonic() < until:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=40)
    assert "RunInterrupted: 0 of 3 samples are answered and stored" in errors

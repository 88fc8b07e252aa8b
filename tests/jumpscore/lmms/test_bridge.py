from __future__ import annotations

import threading

import pytest

from jumpscore.errors import UsageError
from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.lmms.arguments import BridgeConfig, read_arguments
from jumpscore.lmms.bridge import Bridge, Document, UnansweredError
from jumpscore.lmms.generation import differences
from jumpscore.records import Response
from model_wrappers.base import ModelOptions, ModelWrapper

GREEDY = {"temperature": 0, "do_sample": False, "top_p": 1.0, "num_beams": 1, "until": ["\n\n"]}


class Echo(ModelWrapper):
    """Answers what it is asked; raises at ``bad``."""

    name = "echo"
    batch_size = 3

    class Options(ModelOptions):
        max_new_tokens: int = 1024
        temperature: float = 0.0

    def __init__(self, concurrency=1):
        super().__init__()
        self.concurrency = concurrency
        self.calls = []

    def open(self):
        self.calls.append("open")

    def close(self):
        self.calls.append("close")

    def generate(self, requests):
        for request in requests:
            if request.question.prompt == "bad":
                raise RuntimeError("out of memory")
        return [Response(request.question.id, request.question.prompt) for request in requests]


def bridge_to(wrapper, on_error="raise"):
    bridge = Bridge(read_arguments({"wrapper": "content_free", "on_error": on_error}))
    bridge.wrapper = wrapper
    return bridge


def document(name, prompt, *, shows=(), settings=GREEDY):
    content = [{"type": "text", "text": prompt}, *shows]
    return Document(name, "task", lambda: [{"role": "user", "content": content}], settings)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_answer_keeps_the_order_of_documents(concurrency):
    wrapper = Echo(concurrency)
    bridge = bridge_to(wrapper)
    documents = [document(f"d{number}", f"?{number}") for number in range(10)]
    assert [r.text for r in bridge.answer(documents)] == [f"?{number}" for number in range(10)]
    bridge.answer(documents[:1])
    bridge.close()
    bridge.close()
    assert wrapper.calls == ["open", "close"]


def test_answer_creates_documents_one_at_a_time():
    """Tasks unpack their videos in ``doc_to_messages`` and expect one caller."""
    running, most = 0, 0
    pause = threading.Event()

    def messages():
        nonlocal running, most
        running += 1
        most = max(most, running)
        pause.wait(0.01)
        running -= 1
        return [{"role": "user", "content": "?"}]

    bridge_to(Echo()).answer([Document(f"d{n}", "task", messages, {}) for n in range(8)])
    assert most == 1


def test_answer_raises_for_unanswered_documents():
    wrapper = Echo()
    bridge = bridge_to(wrapper)
    audio = {"type": "audio", "url": "a.wav"}
    documents = [document("d0", "ok"), document("d1", "bad"), document("d2", "ok", shows=[audio])]
    documents += [document(f"e{number}", "bad") for number in range(5)]
    with pytest.raises(UnansweredError) as raised:
        bridge.answer(documents)
    text = str(raised.value)
    assert text.startswith("7 of 8 documents have no answer")
    assert "d1: RuntimeError: out of memory" in text
    assert "d2: a message contains 'audio'" in text
    assert "and 2 more" in text
    assert "e4" not in text
    assert "on_error=empty" in text
    assert wrapper.calls == ["open", "close"]  # lmms-eval would not


def test_answer_warns_of_empty_answers(caplog):
    bridge = bridge_to(Echo(), on_error="empty")
    responses = bridge.answer([document("d0", "ok"), document("d1", "bad")])
    assert [response.text for response in responses] == ["ok", ""]
    log = caplog.text
    assert "1 of 2 documents have no answer; they are SCORED AS EMPTY ANSWERS" in log
    assert "d1: RuntimeError: out of memory" in log


def test_close_warns_once_of_changed_documents(caplog, tmp_path):
    (tmp_path / "a.png").write_bytes(b"png")
    image = {"type": "image", "url": str(tmp_path / "a.png")}
    settings = {**GREEDY, "max_new_tokens": 16}
    bridge = bridge_to(Echo())
    for _ in range(2):
        bridge.answer([document(f"d{n}", "?", shows=[image], settings=settings) for n in range(3)])
    bridge.close()
    log = caplog.text
    assert log.count("max_new_tokens: task asks for 16; model.max_new_tokens=1024 decides") == 1
    assert "until" not in log
    assert log.count("6 documents have media after or between text") == 1


def test_close_removes_pictures(tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image").new("RGB", (8, 8))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bridge = bridge_to(Echo())
    bridge.answer([document("d0", "?", shows=[{"type": "image", "url": image}])])
    [folder] = tmp_path.iterdir()
    assert not list(folder.iterdir())
    bridge.close()
    assert not folder.exists()


def test_bridge_refuses_unsupported_input():
    with pytest.raises(UsageError, match="input=codec: model 'motion' takes only input=video"):
        Bridge(read_arguments({"wrapper": "motion", "input": "codec"}))


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        (GREEDY, []),
        ({"max_new_tokens": 1024, "temperature": None}, []),
        ({"temperature": 0.7}, ["temperature"]),
        ({"do_sample": True, "top_p": 0.9}, ["do_sample", "top_p"]),
        ({"temperature": 0.7, "do_sample": False}, []),
        ({"num_beams": 4, "until": ["\n"]}, ["num_beams", "until"]),
    ],
)
def test_differences_lists_unfollowed_settings(settings, keys):
    options = {"max_new_tokens": 1024, "temperature": 0.0}
    assert list(differences("echo", options, settings)) == keys


SERVED = {"wrapper": "openai", "model.served_model": "any", "input": "frames"}


def test_bridge_refuses_windows():
    with pytest.raises(UsageError, match="lmms-eval asks about whole videos; leave it out"):
        Bridge(read_arguments(SERVED | {"input.window": 8}))


def test_bridge_refuses_a_cluster():
    config = BridgeConfig("motion", {}, InputConfig(), RunSettings(engine="ray"))
    with pytest.raises(UsageError, match=r"lmms-eval asks the model on this machine only"):
        Bridge(config)

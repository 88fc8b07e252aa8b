from __future__ import annotations

import threading

import pytest

from jumpscore.errors import UsageError
from jumpscore.lmms.arguments import read_arguments
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


def document(name, prompt, *, shows=(), wanted=GREEDY):
    content = [{"type": "text", "text": prompt}, *shows]
    return Document(name, "task", lambda: [{"role": "user", "content": content}], wanted)


@pytest.mark.parametrize("concurrency", [1, 4])
def test_answers_come_in_the_order_of_the_documents(concurrency):
    wrapper = Echo(concurrency)
    bridge = bridge_to(wrapper)
    asked = [document(f"d{number}", f"?{number}") for number in range(10)]
    assert [r.text for r in bridge.answer(asked)] == [f"?{number}" for number in range(10)]
    bridge.answer(asked[:1])
    bridge.close()
    bridge.close()
    assert wrapper.calls == ["open", "close"]


def test_documents_are_made_one_at_a_time():
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


def test_what_has_no_answer_is_raised_with_names_and_reasons():
    wrapper = Echo()
    bridge = bridge_to(wrapper)
    audio = {"type": "audio", "url": "a.wav"}
    asked = [document("d0", "ok"), document("d1", "bad"), document("d2", "ok", shows=[audio])]
    asked += [document(f"e{number}", "bad") for number in range(5)]
    with pytest.raises(UnansweredError) as raised:
        bridge.answer(asked)
    text = str(raised.value)
    assert text.startswith("7 of 8 documents have no answer")
    assert "d1: RuntimeError: out of memory" in text
    assert "d2: a message shows 'audio'" in text
    assert "and 2 more" in text
    assert "e4" not in text
    assert "on_error=empty" in text
    assert wrapper.calls == ["open", "close"]  # lmms-eval would not


def test_empty_answers_are_counted_aloud(caplog):
    bridge = bridge_to(Echo(), on_error="empty")
    found = bridge.answer([document("d0", "ok"), document("d1", "bad")])
    assert [response.text for response in found] == ["ok", ""]
    told = caplog.text
    assert "1 of 2 documents have no answer; they are SCORED AS EMPTY ANSWERS" in told
    assert "d1: RuntimeError: out of memory" in told


def test_what_was_changed_is_told_once_with_its_count(caplog, tmp_path):
    (tmp_path / "a.png").write_bytes(b"png")
    image = {"type": "image", "url": str(tmp_path / "a.png")}
    wanted = {**GREEDY, "max_new_tokens": 16}
    bridge = bridge_to(Echo())
    for _ in range(2):
        bridge.answer([document(f"d{n}", "?", shows=[image], wanted=wanted) for n in range(3)])
    bridge.close()
    told = caplog.text
    assert told.count("max_new_tokens: task asks for 16; model.max_new_tokens=1024 decides") == 1
    assert "until" not in told
    assert told.count("6 documents show media after or between text") == 1


def test_pictures_are_gone_in_the_end(tmp_path, monkeypatch):
    image = pytest.importorskip("PIL.Image").new("RGB", (8, 8))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bridge = bridge_to(Echo())
    bridge.answer([document("d0", "?", shows=[{"type": "image", "url": image}])])
    [folder] = tmp_path.iterdir()
    assert not list(folder.iterdir())
    bridge.close()
    assert not folder.exists()


def test_an_input_that_the_wrapper_does_not_take_is_refused_before_anything_is_loaded():
    with pytest.raises(UsageError, match="takes no input 'codec'"):
        Bridge(read_arguments({"wrapper": "motion", "input": "codec"}))


@pytest.mark.parametrize(
    ("wanted", "keys"),
    [
        (GREEDY, []),
        ({"max_new_tokens": 1024, "temperature": None}, []),
        ({"temperature": 0.7}, ["temperature"]),
        ({"do_sample": True, "top_p": 0.9}, ["do_sample", "top_p"]),
        ({"temperature": 0.7, "do_sample": False}, []),
        ({"num_beams": 4, "until": ["\n"]}, ["num_beams", "until"]),
    ],
)
def test_only_what_is_asked_for_and_not_done_is_told(wanted, keys):
    options = {"max_new_tokens": 1024, "temperature": 0.0}
    assert list(differences("echo", options, wanted)) == keys

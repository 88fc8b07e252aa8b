from __future__ import annotations

import numpy as np
import pytest

from jumpscore.errors import DataError
from jumpscore.records import Media, Question
from jumpscore.video import uniform_frames
from model_wrappers.openai_compatible.calls import EndpointError
from model_wrappers.openai_compatible.request_limits import body_bytes, decoded_bytes
from model_wrappers.openai_compatible.wrapper import OpenAICompatible, OpenAICompatibleOptions
from tests.model_wrappers.openai_compatible.server import MockServer
from tests.support import write_video

pytest.importorskip("openai")


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    with MockServer() as running:
        yield running


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits")
    return write_video(folder / "clip.mp4", frames=50, fps=25, size=(112, 84))


def make_wrapper(server, **options):
    return OpenAICompatible(
        OpenAICompatibleOptions(**{"served_model": "mock", "base_url": server.url, **options})
    )


def inputs_of(clip, prompt="When?"):
    return Question("a", (Media(clip),), prompt), uniform_frames(clip, count=4)


@pytest.mark.parametrize("prompt", ["When?", '何時？ "quoted"\n\t\\ é 🙂'])
@pytest.mark.parametrize("extra", [{}, {"top_k": 5, "seed": 7}])
def test_body_bytes_equal_the_sent_size(server, clip, prompt, extra):
    wrapper = make_wrapper(server, extra_body=extra)
    request = wrapper.prepare(*inputs_of(clip, prompt))
    wrapper.generate([request])
    assert body_bytes(wrapper.body(request)) == int(server.headers[0]["content-length"])


def test_prepare_largest_body(server, clip):
    size = body_bytes(make_wrapper(server).body(make_wrapper(server).prepare(*inputs_of(clip))))
    make_wrapper(server, largest_body=size).prepare(*inputs_of(clip))
    wrapper = make_wrapper(server, largest_body=size - 1)
    message = rf"a: the request has {size:,} bytes, but the server accepts {size - 1:,} \(model\.la"
    with pytest.raises(DataError, match=message):
        wrapper.prepare(*inputs_of(clip))
    assert not server.bodies


def test_prepare_largest_media(server, clip):
    size = 4 * 112 * 84 * 4
    assert decoded_bytes(*inputs_of(clip)) == size
    make_wrapper(server, largest_media=size).prepare(*inputs_of(clip))
    message = rf"the decoded pictures have {size:,} bytes, .* \(model\.largest_media\); lower input"
    with pytest.raises(DataError, match=message):
        make_wrapper(server, largest_media=size - 1).prepare(*inputs_of(clip))


def test_decoded_bytes_of_images(server, tmp_path):
    from PIL import Image

    media = []
    for number, size in enumerate([(30, 20), (7, 5)]):
        path = tmp_path / f"{number}.png"
        Image.fromarray(np.zeros((*size[::-1], 3), np.uint8)).save(path)
        media.append(Media(path, "image"))
    question = Question("a", tuple(media), "What?")
    size = 4 * (30 * 20 + 7 * 5)
    assert decoded_bytes(question, None) == size
    with pytest.raises(DataError, match=f"{size:,} bytes"):
        make_wrapper(server, largest_media=size - 1).prepare(question, None)


def test_largest_media_default(server, clip):
    options = make_wrapper(server).options
    assert options.largest_body is options.largest_media is None


def test_identity_without_limits(server):
    limited = make_wrapper(server, largest_body=10**6, largest_media=10**9)
    assert limited.identity() == make_wrapper(server).identity()


def test_call_status_413(server, clip):
    wrapper = make_wrapper(server)
    request = wrapper.prepare(*inputs_of(clip))
    server.faults = [("status", 413)] * 3
    size = body_bytes(wrapper.body(request))
    message = rf"status 413: .*; the request has {size:,} bytes: lower input.*model\.largest_body"
    with pytest.raises(EndpointError, match=message):
        wrapper.generate([request])
    assert len(server.bodies) == 1

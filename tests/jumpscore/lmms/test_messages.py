from __future__ import annotations

import numpy as np
import pytest

from evaluators.lmms.messages import convert
from jumpscore.errors import DataError
from jumpscore.lmms.pictures import Pictures
from jumpscore.records import Media, Response, Turn

Image = pytest.importorskip("PIL.Image")


def text(words):
    return {"type": "text", "text": words}


def user(*parts):
    return {"role": "user", "content": list(parts)}


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"video")
    return path


@pytest.fixture
def pictures():
    pictures = Pictures()
    pictures.open()
    yield pictures
    pictures.close()


def test_convert_video_and_text(video):
    converted = convert("t-1", [user({"type": "video", "url": str(video)}, text("When?"))], None)
    assert converted.question.id == "t-1"
    assert converted.question.media == (Media(video, "video"),)
    assert converted.question.prompt == "When?"
    assert converted.question.history == ()
    assert not converted.moved
    assert not converted.system


def test_convert_turns_and_system_message():
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": [text("1")]},
        user(text("Two"), text("?")),
    ]
    converted = convert("a", messages, None)
    assert converted.question.history == (Turn("user", "Be brief.\n\nOne?"), Turn("assistant", "1"))
    assert converted.question.prompt == "Two?"
    assert converted.system


def test_convert_moves_media_to_the_front(video):
    shown = {"type": "video", "url": f"file://{video}"}
    messages = [user(text("Look:"), shown, text("When?")), {"role": "assistant", "content": "?"}]
    converted = convert("a", [*messages, user(shown, text("Now?"))], None)
    assert converted.question.media == (Media(video, "video"), Media(video, "video"))
    assert converted.question.history[0].text == "Look:\nWhen?"
    assert converted.moved
    assert not convert("a", [user(shown, shown, text("When?"))], None).moved


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_are_lossless_until_answered(pictures, mode):
    numbers = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    picture = Image.fromarray(numbers)
    picture = Image.new("I;16", (7, 5), 40_000) if mode == "I;16" else picture.convert(mode)
    converted = convert(
        "a", [user({"type": "image", "url": picture}, text("?"))], lambda p: pictures.write("a", p)
    )
    [media] = converted.question.media
    assert media.kind == "image"
    with Image.open(media.path) as stored:
        assert stored.mode == mode
        assert stored.tobytes() == picture.tobytes()
    pictures.append([Response("b")])
    assert media.path.exists()
    pictures.append([Response("a")])
    assert not media.path.exists()


def test_pictures_convert_unsupported_modes_to_rgb(pictures):
    path = pictures.write("a", Image.new("CMYK", (4, 4), (0, 255, 255, 0)))
    with Image.open(path) as stored:
        assert stored.getpixel((0, 0)) == (255, 0, 0)
    folder = path.parent
    pictures.close()
    assert not folder.exists()


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (None, "NoneType instead of messages"),
        ("When?", "str instead of messages"),
        ([], "do not end with a user's turn"),
        ([{"role": "system", "content": "a"}], "do not end with a user's turn"),
        ([user(text("a")), {"role": "assistant", "content": "b"}], "do not end with a user"),
        ([{"role": "tool", "content": "a"}], "has role 'tool'"),
        ([user({"type": "audio", "url": "a.wav"})], "contains 'audio'; supported: text, image"),
        ([user({"type": "video", "url": "https://x/y.mp4"})], "not a local file"),
        ([user({"type": "video", "url": "/none.mp4"})], "/none.mp4: no such file"),
        ([user({"type": "video", "url": "a.mp4", "start_time": 1.0})], "a section of a video"),
        ([user({"type": "video", "url": {"video_start": 1}})], "a section of a video"),
        ([user({"type": "video", "url": [1, 2]})], "a video is a list"),
        ([user({"type": "image", "url": b"..."})], "an image is a bytes"),
    ],
)
def test_convert_unsupported_messages(messages, message):
    with pytest.raises(DataError, match=message):
        convert("a", messages, None)

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
    found = Pictures()
    found.open()
    yield found
    found.close()


def test_a_video_and_a_text_are_a_question(video):
    found = convert("t-1", [user({"type": "video", "url": str(video)}, text("When?"))], None)
    assert found.question.id == "t-1"
    assert found.question.media == (Media(video, "video"),)
    assert found.question.prompt == "When?"
    assert found.question.history == ()
    assert not found.moved
    assert not found.system


def test_several_turns_are_history_and_a_system_message_leads_the_first():
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "One?"},
        {"role": "assistant", "content": [text("1")]},
        user(text("Two"), text("?")),
    ]
    found = convert("a", messages, None)
    assert found.question.history == (Turn("user", "Be brief.\n\nOne?"), Turn("assistant", "1"))
    assert found.question.prompt == "Two?"
    assert found.system


def test_media_between_text_come_first_and_that_is_known(video):
    shown = {"type": "video", "url": f"file://{video}"}
    messages = [user(text("Look:"), shown, text("When?")), {"role": "assistant", "content": "?"}]
    found = convert("a", [*messages, user(shown, text("Now?"))], None)
    assert found.question.media == (Media(video, "video"), Media(video, "video"))
    assert found.question.history[0].text == "Look:\nWhen?"
    assert found.moved
    assert not convert("a", [user(shown, shown, text("When?"))], None).moved


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pictures_become_files_without_loss_until_they_are_answered(pictures, mode):
    numbers = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    picture = Image.fromarray(numbers)
    picture = Image.new("I;16", (7, 5), 40_000) if mode == "I;16" else picture.convert(mode)
    found = convert(
        "a", [user({"type": "image", "url": picture}, text("?"))], lambda p: pictures.keep("a", p)
    )
    [media] = found.question.media
    assert media.kind == "image"
    with Image.open(media.path) as kept:
        assert kept.mode == mode
        assert kept.tobytes() == picture.tobytes()
    pictures.append([Response("b")])
    assert media.path.exists()
    pictures.append([Response("a")])
    assert not media.path.exists()


def test_colours_that_png_does_not_know_become_rgb(pictures):
    path = pictures.keep("a", Image.new("CMYK", (4, 4), (0, 255, 255, 0)))
    with Image.open(path) as kept:
        assert kept.getpixel((0, 0)) == (255, 0, 0)
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
def test_what_no_question_can_hold_is_an_error_that_says_so(messages, message):
    with pytest.raises(DataError, match=message):
        convert("a", messages, None)

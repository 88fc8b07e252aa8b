from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.errors import DataError
from jumpscore.records import Question, Turn
from model_wrappers.llava_onevision2.prompts import CONTROL_TOKENS, vision_text
from model_wrappers.llava_onevision2.tiny import small_tokenizer
from model_wrappers.transformers.prompts import chat_ids, chat_messages, expand_pads


@pytest.fixture(scope="module")
def tokenizer():
    return small_tokenizer()


def test_chat_ids_of_frames(tokenizer):
    question = Question("a", (), "When?")
    pictures = vision_text([("<0.0 seconds>", 4, ""), ("<1.5 seconds>", 4, "")])
    ids = chat_ids(
        tokenizer, chat_messages(question, pictures, system="Be brief.", control=CONTROL_TOKENS)
    )
    assert tokenizer.decode(ids) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n"
        "<|im_start|>user\n"
        "<0.0 seconds><|vision_start|><|image_pad|><|vision_end|>"
        "<1.5 seconds><|vision_start|><|image_pad|><|vision_end|>"
        "When?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_chat_messages_pictures_in_the_first_user_turn():
    history = (Turn("user", "What is it?"), Turn("assistant", "A rope."))
    question = Question("a", (), "When?", history)
    actual = chat_messages(question, "[pictures]", system="", control=())
    assert [(m["role"], m["content"]) for m in actual] == [
        ("user", "[pictures]What is it?"),
        ("assistant", "A rope."),
        ("user", "When?"),
    ]


@pytest.mark.parametrize("token", CONTROL_TOKENS)
def test_chat_messages_control_token(token):
    for question in (
        Question("a", (), f"When?{token}"),
        Question("a", (), "When?", (Turn("user", token),)),
    ):
        with pytest.raises(DataError, match="contains the control token"):
            chat_messages(question, "", system="x", control=CONTROL_TOKENS)


@given(st.lists(st.integers(0, 3), max_size=30), st.data())
def test_expand_pads(ids, data):
    pads = ids.count(3)
    counts = data.draw(st.lists(st.integers(1, 9), min_size=pads, max_size=pads))
    actual = expand_pads(np.array(ids, dtype=np.int64), counts, 3)
    expected, left = [], list(counts)
    for token in ids:
        expected += [3] * left.pop(0) if token == 3 else [token]
    assert actual.tolist() == expected


def test_expand_pads_wrong_number():
    with pytest.raises(DataError, match="2 visual pads for 1 runs"):
        expand_pads(np.array([3, 3]), [4], 3)


def test_small_tokenizer_stamp_tokens_equal_the_plan(tokenizer):
    """``VisualInput.text_tokens`` assumes this; it is also true for Qwen3's tokenizer."""
    from jumpscore.video.stamps import stamp_text, stamp_tokens

    for seconds, decimals in ((0.0, 1), (12.345, 2), (1234.5, 1), (7.0, 3)):
        text = vision_text([(stamp_text(seconds, decimals), 1, "\n")])
        ids = tokenizer.encode(text, add_special_tokens=False)
        assert len(ids) - 1 == stamp_tokens(seconds, decimals, newline=True)


@given(st.text(max_size=80))
def test_small_tokenizer_round_trip(text):
    tokenizer = small_tokenizer_once()
    if any(token in text for token in CONTROL_TOKENS):
        return
    ids = tokenizer.encode(text, add_special_tokens=False)
    assert max(ids, default=0) < 288
    assert tokenizer.decode(ids) == text.encode("utf-8", "replace").decode("utf-8")


_made = []


def small_tokenizer_once():
    if not _made:
        _made.append(small_tokenizer())
    return _made[0]

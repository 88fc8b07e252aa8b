"""Questions to token ids: the chat, a vision block per run of visual tokens, exact counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError
from jumpscore.records import Question

IMAGE_PAD = "<|image_pad|>"
VIDEO_PAD = "<|video_pad|>"
VISION_START = "<|vision_start|>"
VISION_END = "<|vision_end|>"
CHAT_START = "<|im_start|>"
CHAT_END = "<|im_end|>"
END_OF_TEXT = "<|endoftext|>"
CONTROL_TOKENS = (
    END_OF_TEXT, CHAT_START, CHAT_END, VISION_START, VISION_END, IMAGE_PAD, VIDEO_PAD,
)  # fmt: skip
"""Tokens that the prompt's form is made of; a question that holds one would forge it."""

SYSTEM = "You are a helpful assistant."

CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{% if part['type'] == 'text' %}{{ part['text'] }}"
    "{% elif part['type'] in ('image', 'image_url') %}"
    "<|vision_start|><|image_pad|><|vision_end|>"
    "{% else %}<|vision_start|><|video_pad|><|vision_end|>{% endif %}"
    "{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""The chat format of Qwen3, for checkpoints that are made here."""


def vision_text(runs: Iterable[tuple[str, int, str]]) -> str:
    """Return the prompt text of pictures, with one image pad per run.

    >>> vision_text([("<0.5 seconds>", 4, "\\n")])
    '<0.5 seconds><|vision_start|><|image_pad|><|vision_end|>\\n'
    """
    block = f"{VISION_START}{IMAGE_PAD}{VISION_END}"
    return "".join(f"{before}{block}{after}" for before, _, after in runs)


def chat_messages(question: Question, pictures: str, *, system: str) -> list[dict[str, str]]:
    """Return the turns of a chat; pictures come first in the first user turn.

    Args:
        question: What is asked.
        pictures: Text of ``vision_text``.
        system: Text of the system turn, none where empty.

    Raises:
        DataError: A turn holds a control token.
    """
    turns = [(turn.role, turn.text) for turn in question.history]
    turns.append(("user", question.prompt))
    for _, text in turns:
        for token in CONTROL_TOKENS:
            if token in text:
                raise DataError(
                    f"{question.id}: the question holds the control token {token!r}, which would "
                    "change the form of the prompt; remove it"
                )
    first = next(place for place, (role, _) in enumerate(turns) if role == "user")
    messages = [{"role": "system", "content": system}] if system else []
    for place, (role, text) in enumerate(turns):
        content = pictures + text if place == first else text
        messages.append({"role": role, "content": content})
    return messages


def chat_ids(tokenizer: Any, messages: Sequence[dict[str, str]]) -> npt.NDArray[np.int64]:
    """Return the token ids of a chat, up to where the assistant begins; one image pad per run."""
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    return np.array(tokenizer.encode(text, add_special_tokens=False), dtype=np.int64)


def expand_pads(
    ids: npt.NDArray[np.int64], counts: Sequence[int], pad: int
) -> npt.NDArray[np.int64]:
    """Return ids with the i-th pad repeated ``counts[i]`` times.

    >>> expand_pads(np.array([7, 5, 8, 5]), [2, 3], 5)
    array([7, 5, 5, 8, 5, 5, 5])

    Raises:
        DataError: There are other numbers of pads than counts.
    """
    times = np.ones(len(ids), dtype=np.int64)
    places = np.flatnonzero(ids == pad)
    if len(places) != len(counts):
        raise DataError(
            f"the prompt has {len(places)} image pads for {len(counts)} runs of visual tokens; "
            "does the tokenizer know <|image_pad|>, and the chat template keep its text?"
        )
    times[places] = counts
    return np.repeat(ids, times)

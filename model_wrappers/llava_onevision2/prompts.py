"""Prompt format: control tokens, chat template, one vision block per run of tokens."""

from __future__ import annotations

from collections.abc import Iterable

from jumpscore.records import Convention

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
"""Control tokens of the chat format; a question must not contain any."""

CONVENTION: Convention = "relative_1000"
"""Coordinate convention of its answers: the authors' prompts ask for thousandths."""
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
"""The chat format of Qwen3, for checkpoints made by this package."""


def vision_text(runs: Iterable[tuple[str, int, str]]) -> str:
    """Return the prompt text of pictures, with one image pad per run.

    >>> vision_text([("<0.5 seconds>", 4, "\\n")])
    '<0.5 seconds><|vision_start|><|image_pad|><|vision_end|>\\n'
    """
    block = f"{VISION_START}{IMAGE_PAD}{VISION_END}"
    return "".join(f"{before}{block}{after}" for before, _, after in runs)

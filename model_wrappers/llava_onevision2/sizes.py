"""Named sizes of the model: the released one, smaller ones of its family, and a tiny one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jumpscore.errors import UsageError, nearest_names

if TYPE_CHECKING:
    from model_wrappers.llava_onevision2.configuration import LlavaOnevision2Config


def _layers(hidden: int, intermediate: int, layers: int, heads: int) -> dict[str, Any]:
    return {
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
    }


TOWER = _layers(1024, 4096, 24, 16)
"""The vision tower of every released size."""

ROTARY = {"rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0}}
QWEN3 = ROTARY | {
    "vocab_size": 151_936,
    "head_dim": 128,
    "num_key_value_heads": 8,
    "max_position_embeddings": 40_960,
    "eos_token_id": 151_645,
    "pad_token_id": 151_643,
}
"""Settings shared by all text models."""

TINY_VOCABULARY = 288
_TINY = ROTARY | {"num_key_value_heads": 1, "head_dim": 32, "vocab_size": TINY_VOCABULARY}
_TIED = {"tie_word_embeddings": True}

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {"vision": _layers(64, 128, 2, 2), "text": _TINY | _layers(64, 128, 2, 2)},
    "2b": {"vision": TOWER, "text": QWEN3 | _layers(2048, 6144, 28, 16) | _TIED},
    "4b": {"vision": TOWER, "text": QWEN3 | _layers(2560, 9728, 36, 32) | _TIED},
    "8b": {"vision": TOWER, "text": QWEN3 | _layers(4096, 12_288, 36, 32)},
}
"""``8b`` is the released model: its tower and Qwen3-8B; ``2b`` and ``4b`` have Qwen3-1.7B and
Qwen3-4B."""


def size_config(
    size: str,
    *,
    vision: dict[str, Any] | None = None,
    text: dict[str, Any] | None = None,
    **fields: Any,
) -> LlavaOnevision2Config:
    """Return the configuration of a named size.

    Args:
        size: ``tiny``, ``2b``, ``4b`` or ``8b``.
        vision: Fields of the vision configuration that differ.
        text: Fields of the text configuration that differ.
        fields: Further fields of the model's configuration.

    Raises:
        UsageError: The size or a field is unknown.
    """
    from model_wrappers.llava_onevision2.configuration import (
        LlavaOnevision2Config,
        LlavaOnevision2VisionConfig,
        text_config,
    )

    if size not in SIZES:
        near = nearest_names(size, SIZES) or "."
        raise UsageError(f"unknown size {size!r}{near} Known: {', '.join(SIZES)}.")
    model_type = (text or {}).get("model_type", "qwen3")
    kinds: dict[str, Any] = {
        "vision": LlavaOnevision2VisionConfig(),
        "text": text_config(model_type),
    }
    for kind, changes in (("vision", vision or {}), ("text", text or {})):
        known = {**kinds[kind].to_dict(), **kinds[kind].attribute_map}
        for name in changes.keys() - known.keys():
            near = nearest_names(name, known) or "."
            raise UsageError(f"unknown key '{kind}.{name}'{near} Known: {', '.join(known)}.")
    text_fields = SIZES[size]["text"] | (text or {})
    return LlavaOnevision2Config(
        vision_config=SIZES[size]["vision"]
        | {"out_hidden_size": text_fields["hidden_size"]}
        | (vision or {}),
        text_config=text_fields,
        **fields,
    )

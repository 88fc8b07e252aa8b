"""Keye-VL-1.5, which vLLM knows and transformers does not."""

from __future__ import annotations

from typing import ClassVar

from model_wrappers.base import InputKind, ModelOptions
from model_wrappers.families import KEYE_VL1_5
from model_wrappers.vllm.wrapper import VLLM, VLLMOptions


class KeyeVL15Options(VLLMOptions):
    """Options of the model; those of any that vLLM serves.

    Attributes:
        trust_remote_code: It needs this: its configuration and processor are code of its own.
    """

    checkpoint: str = KEYE_VL1_5.checkpoint


class KeyeVL15(VLLM):
    """Keye-VL-1.5 (8B), served by vLLM here: frames as images, or the video itself."""

    name = KEYE_VL1_5.name
    inputs: tuple[InputKind, ...] = ("frames", "video")
    Options: ClassVar[type[ModelOptions]] = KeyeVL15Options

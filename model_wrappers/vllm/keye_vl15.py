"""Keye-VL-1.5, which vLLM supports and transformers does not."""

from __future__ import annotations

from typing import ClassVar

from model_wrappers.base import InputKind, ModelOptions
from model_wrappers.families import KEYE_VL1_5
from model_wrappers.vllm.options import VLLMOptions
from model_wrappers.vllm.wrapper import VLLM


class KeyeVL15Options(VLLMOptions):
    """Options of any checkpoint that vLLM serves.

    Attributes:
        trust_remote_code: Required: its configuration and processor are the checkpoint's own code.
    """

    checkpoint: str = KEYE_VL1_5.checkpoint


class KeyeVL15(VLLM):
    """Keye-VL-1.5 (8B), served by vLLM here: frames as images, or the video itself."""

    name = KEYE_VL1_5.name
    inputs: tuple[InputKind, ...] = ("frames", "video")
    Options: ClassVar[type[ModelOptions]] = KeyeVL15Options

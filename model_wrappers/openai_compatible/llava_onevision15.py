"""LLaVA-OneVision-1.5 behind an endpoint; transformers and vLLM do not support it."""

from __future__ import annotations

from typing import ClassVar, Literal

from model_wrappers.base import ModelOptions
from model_wrappers.families import LLAVA_OV1_5
from model_wrappers.openai_compatible.families import EndpointFamily
from model_wrappers.openai_compatible.wrapper import OpenAICompatibleOptions


class LlavaOnevision15Options(OpenAICompatibleOptions):
    """Options of any endpoint; the address is required.

    Attributes:
        base_url: Address of the endpoint, such as ``http://localhost:30000/v1``.
    """

    served_model: str = LLAVA_OV1_5.checkpoint
    base_url: str
    token_side: Literal[28] | None = 28


class LlavaOnevision15(EndpointFamily):
    """LLaVA-OneVision-1.5 (8B) behind an endpoint: frames as images, or the video itself."""

    name = LLAVA_OV1_5.name
    family = LLAVA_OV1_5
    Options: ClassVar[type[ModelOptions]] = LlavaOnevision15Options

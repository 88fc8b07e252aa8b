"""Lets transformers and vLLM find the configuration; the code is in the package jumpscore."""

from model_wrappers.llava_onevision2.configuration import (
    LlavaOnevision2Config,
    LlavaOnevision2VisionConfig,
)

__all__ = ["LlavaOnevision2Config", "LlavaOnevision2VisionConfig"]

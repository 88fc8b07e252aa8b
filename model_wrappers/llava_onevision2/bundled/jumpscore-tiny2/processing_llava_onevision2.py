"""Lets transformers and vLLM find the processor; the code is in the package jumpscore."""

from model_wrappers.llava_onevision2.processing import LlavaOnevision2Processor

__all__ = ["LlavaOnevision2Processor"]

"""Lets transformers and vLLM find the frame sampler; the code is in the package jumpscore."""

from model_wrappers.llava_onevision2.processing import LlavaOnevision2VideoProcessor

__all__ = ["LlavaOnevision2VideoProcessor"]

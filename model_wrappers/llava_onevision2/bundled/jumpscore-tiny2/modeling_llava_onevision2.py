"""Lets transformers find the model; the code is in the package jumpscore."""

from model_wrappers.llava_onevision2.modeling import (
    LlavaOnevision2ForConditionalGeneration,
    LlavaOnevision2Model,
)

__all__ = ["LlavaOnevision2ForConditionalGeneration", "LlavaOnevision2Model"]

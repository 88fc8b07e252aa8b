"""Lets vLLM find the codec options; the code is in the package jumpscore."""

from model_wrappers.llava_onevision2.processing import CodecConfig, process_codec_video

__all__ = ["CodecConfig", "process_codec_video"]

"""Codec-stream input: a budget of blocks, spent where the video spends its bits."""

from jumpscore.video.codec.canvases import CodecPlan, cached_canvases, codec_canvases, plan_canvases

__all__ = ["CodecPlan", "cached_canvases", "codec_canvases", "plan_canvases"]

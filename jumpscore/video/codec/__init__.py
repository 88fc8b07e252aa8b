"""Codec-stream input: a budget of blocks, spent where the video spends its bits."""

from jumpscore.video.codec.canvases import (
    Backend,
    CodecPlan,
    Stretch,
    cached_canvases,
    codec_canvases,
    plan_canvases,
)

__all__ = [
    "Backend",
    "CodecPlan",
    "Stretch",
    "cached_canvases",
    "codec_canvases",
    "plan_canvases",
]

"""Codec-stream input: a budget of blocks, spent where the video spends its bits."""

from jumpscore.video.codec.canvases import (
    CodecPlan,
    ScoreBackend,
    Stretch,
    cached_canvases,
    codec_canvases,
    plan_canvases,
)

__all__ = [
    "CodecPlan",
    "ScoreBackend",
    "Stretch",
    "cached_canvases",
    "codec_canvases",
    "plan_canvases",
]

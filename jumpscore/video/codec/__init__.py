"""Codec canvases: a budget of blocks is spent on the parts of a video that cost most bits."""

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

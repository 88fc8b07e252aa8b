"""Videos as they are: frames with true times, upright, streamed; and what a model sees of them."""

from jumpscore.video.budgets import MatchedArms, match_budgets
from jumpscore.video.codec.canvases import codec_canvases
from jumpscore.video.decode import Frame, decode
from jumpscore.video.frames import uniform_frames, uniform_indices
from jumpscore.video.inputs import VisualInput, content_hash
from jumpscore.video.probe import VideoInfo, header_duration, probe
from jumpscore.video.sizes import PLAIN_GRID, TokenGrid, smart_size

__all__ = [
    "PLAIN_GRID",
    "Frame",
    "MatchedArms",
    "TokenGrid",
    "VideoInfo",
    "VisualInput",
    "codec_canvases",
    "content_hash",
    "decode",
    "header_duration",
    "match_budgets",
    "probe",
    "smart_size",
    "uniform_frames",
    "uniform_indices",
]

"""Videos as they are: frames with true times, upright, streamed; and what a model sees of them."""

from jumpscore.video.decode import Frame, decode
from jumpscore.video.frames import smart_size, uniform_frames, uniform_indices
from jumpscore.video.inputs import VisualInput, content_hash
from jumpscore.video.probe import VideoInfo, header_duration, probe

__all__ = [
    "Frame",
    "VideoInfo",
    "VisualInput",
    "content_hash",
    "decode",
    "header_duration",
    "probe",
    "smart_size",
    "uniform_frames",
    "uniform_indices",
]

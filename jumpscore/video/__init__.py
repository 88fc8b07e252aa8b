"""Videos: read frames with their true times, and choose what a model is shown of them.

Reading order, from a file to the input of a model:

1. ``containers``, ``timeline``, ``repaired_timeline``, ``orientation``, ``probe``: open a file and
   find out when each frame is shown and which way up.
2. ``stored_frames``, ``colours``, ``decode``, ``child``, ``decord_backend``,
   ``encode``: pixels.
3. ``windows``, ``sizes``, ``stamps``, ``visual_input``, ``frames``, ``codec``: what a model is
   shown, as uniform frames or codec canvases.
4. ``budgets``, ``selection_control``, ``prepared``: comparisons at equal cost, a control, and
   prepared inputs on disk.
"""

from jumpscore.video.budgets import MatchedArms, match_budgets
from jumpscore.video.codec.canvases import codec_canvases
from jumpscore.video.decode import Frame, decode
from jumpscore.video.frames import uniform_frames, uniform_indices
from jumpscore.video.probe import VideoInfo, header_duration, probe
from jumpscore.video.sizes import PLAIN_GRID, TokenGrid, smart_size
from jumpscore.video.visual_input import VisualInput, content_hash

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

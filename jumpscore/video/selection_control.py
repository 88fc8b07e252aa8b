"""The selection control: an input that keeps its blocks and stamps and shows another clip's pixels.

Which blocks were chosen, and when, says something about a video before any pixel is seen. A model
that answers well on such an input answers from the choice, not from what it sees.
"""

from __future__ import annotations

import numpy as np

from jumpscore.errors import DataError
from jumpscore.video.probe import VideoInfo
from jumpscore.video.stored_frames import nearest_index, readable_frames
from jumpscore.video.visual_input import VisualInput

NOTE = "a control: the pixels are those of another video"


def with_pixels_of(visual: VisualInput, other: VideoInfo) -> VisualInput:
    """Return the input with the pixels of another video at the same places and times.

    A source frame at time t becomes the other video's frame nearest to t, counted from its start
    again where it is shorter; it is brought to the same size. Positions, stamps and token counts
    stay as they are, and so does what is black.

    Args:
        visual: Frames or canvases of a video file.
        other: The other video.

    Raises:
        DataError: The input was made elsewhere, so nothing says how to make its pixels anew.
    """
    if visual.path.is_dir():
        raise DataError(
            f"{visual.path}: canvases of another tool cannot show another video's pixels; leave "
            "out input.folder"
        )
    times = other.times[: readable_frames(other)]
    # The last frame is shown as long as the others are on average.
    period = float(times[-1] - times[0]) * len(times) / max(1, len(times) - 1)
    source_of = {
        frame: nearest_index(times, times[0] + _within(time - times[0], period))
        for frame, time in zip(visual.frame_indices, visual.times, strict=True)
    }
    old = np.array(list(source_of), dtype=np.int32)
    new = np.array(list(source_of.values()), dtype=np.int32)
    blocks = visual.blocks.copy()
    shown = blocks[..., 0] >= 0
    blocks[..., 0][shown] = new[np.searchsorted(old, blocks[..., 0][shown])]
    frames = np.unique(new)
    donor = visual.changed(
        path=other.path,
        blocks=blocks,
        frame_indices=tuple(frames.tolist()),
        times=tuple(times[frames].tolist()),
        fps=other.fps,
        folder=None,
    )
    return visual.changed(donor=donor, folder=None, notes=(*visual.notes, NOTE))


def _within(time: float, period: float) -> float:
    return time % period if period > 0 else 0.0

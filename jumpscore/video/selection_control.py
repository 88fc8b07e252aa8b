"""The selection control: an input with its own blocks and stamps but another video's pixels.

The choice of blocks alone reveals something about a video. A model that answers well on such an
input uses the choice, not the pixels.
"""

from __future__ import annotations

import numpy as np

from jumpscore.errors import DataError
from jumpscore.video.probe import VideoInfo
from jumpscore.video.stored_frames import nearest_index, readable_frames
from jumpscore.video.visual_input import PICTURES, VisualInput

NOTE = "control: the pixels are those of another video"


def with_pixels_of(visual: VisualInput, other: VideoInfo) -> VisualInput:
    """Return the input with the pixels of another video at the same positions and times.

    A source frame at time t is replaced by the other video's frame nearest to t, scaled to the same
    size; a shorter video is repeated. Positions, stamps, token counts and black blocks stay as they
    are.

    Args:
        visual: Frames or canvases of a video file.
        other: The other video.

    Raises:
        DataError: The input was prepared by another tool, so its pixels cannot be replaced.
    """
    if visual.path.is_dir():
        raise DataError(
            f"{visual.path}: this control needs canvases that were made here, not by another tool; "
            "remove input.folder"
        )
    times = other.times[: readable_frames(other)]
    # The last frame counts with the average length of the others.
    period = float(times[-1] - times[0]) * len(times) / max(1, len(times) - 1)
    source_of = {
        frame: nearest_index(times, times[0] + ((time - times[0]) % period if period > 0 else 0))
        for frame, time in zip(visual.frame_indices, visual.times, strict=True)
    }
    old = np.array(list(source_of), dtype=np.int32)
    new = np.array(list(source_of.values()), dtype=np.int32)
    blocks = visual.blocks.copy()
    filled = blocks[..., 0] >= 0
    blocks[..., 0][filled] = new[np.searchsorted(old, blocks[..., 0][filled])]
    frames = np.unique(new)
    # They are decoded here, whoever made those of the video itself.
    made_by = {key: value for key, value in visual.provenance.items() if key != PICTURES}
    donor = visual.changed(
        path=other.path,
        blocks=blocks,
        frame_indices=tuple(frames.tolist()),
        times=tuple(times[frames].tolist()),
        fps=other.fps,
        folder=None,
        span=other.span,
        provenance=made_by,
    )
    return visual.changed(donor=donor, folder=None, notes=(*visual.notes, NOTE))

"""Playback: frames in order as a stream of records, each with its index and time."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

from jumpscore.builder.annotate.pictures import Encoder, PictureCache, PictureKey
from jumpscore.video import VideoInfo
from jumpscore.video.stored_frames import stored_frames

HEADER = struct.Struct("<IdI")
"""Before each picture: frame index, presentation time in seconds, length of the JPEG in bytes."""


def play(
    video: str, info: VideoInfo, indices: Sequence[int], *, width: int, cache: PictureCache
) -> Iterator[bytes]:
    """Yield records of frames, decoded when they are read.

    Frames in the cache are not encoded again; decoding begins at the first one that is missing.

    Args:
        video: Id of the video.
        info: The video.
        indices: Frames in increasing order.
        width: Width of the pictures in pixels.
        cache: Pictures that exist already; the others are added.

    Raises:
        VideoError: A frame cannot be decoded; the earlier ones are valid.
    """
    encoder = Encoder(info, width)
    frames = None
    for place, index in enumerate(indices):
        key = PictureKey(video, index, width)
        picture = cache.get(key)
        if frames is None and picture is None:
            frames = stored_frames(info, list(indices[place:]))
        if frames is not None:
            _, frame = next(frames)
            if picture is None:
                picture = encoder.jpeg(frame)
                cache.put(key, picture)
        assert picture is not None
        yield HEADER.pack(index, float(info.times[index]), len(picture)) + picture

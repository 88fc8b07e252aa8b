"""Examine a file before it is taken: is it a whole video, and what is in it?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jumpscore.builder.curves import Changes, picture_size
from jumpscore.builder.ingest.fingerprints import Fingerprint, FingerprintBuilder
from jumpscore.errors import VideoError
from jumpscore.video import VideoInfo, decode, probe
from jumpscore.video.containers import open_video

LONGEST = 3600.0
"""Longest video in seconds; people mark clips of seconds to minutes."""
PRIVATE = "the file contains "
"""Beginning of the notes about content that a viewer does not see."""
PLACE_KEYS = ("location", "gps", "geo", "xyz")
"""Parts of the names of tags with the place of a recording."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A file that can be decoded to its end.

    Attributes:
        info: Facts about it.
        changes: Change of luma from frame to frame.
        fingerprint: For the comparison with other videos.
        private: Content that may identify people or places and that a viewer does not see.
    """

    info: VideoInfo
    changes: Changes
    fingerprint: Fingerprint
    private: tuple[str, ...]


def examine(path: Path) -> Examined:
    """Decode a whole file and return what was measured.

    Raises:
        VideoError: It is not a video, is incomplete or damaged, too long, or a single picture.
    """
    info = probe(path).require_whole()
    if info.duration > LONGEST:
        raise VideoError(
            f"{path}: lasts {info.duration:.0f} s, more than the limit of {LONGEST:.0f} s; cut it"
        )
    if info.frames < 2:
        raise VideoError(f"{path}: has a single frame; give a video")
    changes, fingerprint = Changes(), FingerprintBuilder()
    for frame in decode(path, info=info, size=picture_size(info), grey=True):
        changes.add(frame)
        fingerprint.add(frame)
    return Examined(info, changes, fingerprint.finish(), private_content(path))


def private_content(path: Path) -> tuple[str, ...]:
    """Return tags with the place of a recording, and data tracks, which may have positions.

    Raises:
        VideoError: The file is not a video.
    """
    with open_video(path) as (container, _):
        tags = {**container.metadata}
        for stream in container.streams:
            tags.update(stream.metadata)
        places = sorted(tag for tag in tags if any(key in tag.lower() for key in PLACE_KEYS))
        tracks = sum(stream.type == "data" for stream in container.streams)
    private = [f"{PRIVATE}the place of the recording ({tag:.80})" for tag in places]
    if tracks:
        private.append(f"{PRIVATE}a data track, perhaps with positions")
    return tuple(private)

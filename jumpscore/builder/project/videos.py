"""One video of a project."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProjectVideo:
    """One video of a project; a line of ``videos.jsonl``.

    Attributes:
        id: The first 20 hexadecimal digits of the SHA-256 of the file.
        path: Path in the project: ``videos/<32 hexadecimal digits>.mp4``.
        name: Name of the original file, for people.
        sha256: Checksum of the file in the project.
        bytes: Size of that file.
        licence: SPDX name or a sentence.
        source: Its origin; videos of one source stay in one split.
        duration: Seconds.
        frames: Number of frames.
        width: Displayed width in pixels.
        height: Displayed height in pixels.
        fps: Average frames per second.
        codec: Canonical name of the codec.
        original_sha256: Checksum of the original file, if the project contains a re-encoded one.
        label: What is repeated in this video, if the event is named by its label.
        group: Videos of one group stay in one split; by default ``source``.
        notes: Peculiarities of the file, for people.
    """

    id: str
    path: str
    name: str
    sha256: str
    bytes: int
    licence: str
    source: str
    duration: float
    frames: int
    width: int
    height: int
    fps: float
    codec: str
    original_sha256: str = ""
    label: str = ""
    group: str = ""
    notes: tuple[str, ...] = ()

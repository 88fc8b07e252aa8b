"""Kinovea annotations (``.kva``): key frames with the video's own time stamps.

The name of a key frame is a rounded time without the time origin, so only ``Timestamp`` is read.
Files of Kinovea before 0.9 have no time stamps.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from jumpscore.builder.imports.recordings import Mark, Recording, Stamps
from jumpscore.builder.imports.sources import Source, as_number


def read(source: Source) -> list[Recording]:
    """Return the one recording of a file.

    Raises:
        DataError: A key frame has no time stamp.
    """
    root = source.xml
    if root is None:
        raise source.error("is not XML; choose a .kva file of Kinovea")
    marks = []
    for number, frame in enumerate(root.iterfind("Keyframes/Keyframe"), start=1):
        stamp = frame.findtext("Timestamp")
        if stamp is None:
            raise source.error(
                f"key frame {number} has no Timestamp; open the file in Kinovea 0.9 or later and "
                "save it again"
            )
        marks.append(Mark(source.frame(stamp, f"Timestamp of key frame {number}")))
    names = (root.findtext("FullPath"), root.findtext("OriginalFilename"))
    first = _number(root, "FirstTimeStamp")
    return [
        Recording(
            source.path.stem,
            tuple(name for name in names if name),
            tuple(marks),
            Stamps(
                _number(root, "AverageTimeStampsPerFrame"), None if first is None else int(first)
            ),
        )
    ]


def _number(root: Element, tag: str) -> float | None:
    return as_number(root.findtext(tag))

"""ELAN annotations (``.eaf``): tiers of intervals in milliseconds.

A mark is the start of an interval, its label the name of the tier. ELAN stores how much of the
media's beginning it skips as ``TIME_ORIGIN``, so the media's time is the value plus that origin.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from jumpscore.builder.imports.recordings import Mark, Recording, Seconds
from jumpscore.builder.imports.sources import Source

VIDEO = "video"


def read(source: Source) -> list[Recording]:
    """Return the one recording of a file.

    Raises:
        DataError: A time slot is missing or has no time.
    """
    root = source.xml
    if root is None:
        raise source.error("is not XML; choose an .eaf file of ELAN")
    media = _media(root)
    origin = source.number(media.get("TIME_ORIGIN", "0"), "TIME_ORIGIN") if media is not None else 0
    slots = {slot.get("TIME_SLOT_ID"): slot.get("TIME_VALUE") for slot in root.iter("TIME_SLOT")}
    marks = []
    for tier in root.iter("TIER"):
        label = tier.get("TIER_ID", "")
        for annotation in tier.iter("ALIGNABLE_ANNOTATION"):
            slot = annotation.get("TIME_SLOT_REF1")
            what = f"the time of {annotation.get('ANNOTATION_ID')!r:.40} (time slot {slot!r:.40})"
            value = source.number(slots.get(slot), what)
            marks.append(Mark((value + origin) / 1000, label))
    paths = (media.get("RELATIVE_MEDIA_URL"), media.get("MEDIA_URL")) if media is not None else ()
    return [
        Recording(
            source.path.stem,
            tuple(path for path in paths if path),
            tuple(marks),
            Seconds(),
            notes=(f"TIME_ORIGIN of {origin:g} ms added",) if origin else (),
        )
    ]


def _media(root: Element) -> Element | None:
    """Return the description of the first video; a file may name its sound as well."""
    descriptors = list(root.iter("MEDIA_DESCRIPTOR"))
    videos = [item for item in descriptors if item.get("MIME_TYPE", VIDEO).startswith(VIDEO)]
    return next(iter(videos or descriptors), None)

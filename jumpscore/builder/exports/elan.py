"""ELAN files (``.eaf``, format 2.8): one per video, with one tier of events.

ELAN has no instants, so an event at ``t`` is the interval from ``t`` to ``t`` + 1 ms.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from jumpscore.builder.exports.formats import ExportVideo, one_line
from jumpscore.data.events import EventDefinition

LENGTH = 1
"""Milliseconds of an event."""
TYPE = "default-lt"
SCHEMA = "http://www.mpi.nl/tools/elan/EAFv2.8.xsd"
_MIME = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mpg": "video/mpeg", ".mpeg": "video/mpeg"}


def write(videos: Sequence[ExportVideo], event: EventDefinition, out: Path) -> list[Path]:
    """Write one file per video; the media path is relative to it."""
    files = []
    for video in videos:
        tree = ElementTree.ElementTree(_document(video, event))
        ElementTree.indent(tree)
        files.append(out / f"{video.stem}.eaf")
        tree.write(files[-1], encoding="UTF-8", xml_declaration=True)
    return files


def _document(video: ExportVideo, event: EventDefinition) -> Element:
    root = Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "jumpscore",
            "DATE": datetime.now(UTC).isoformat(timespec="seconds"),
            "FORMAT": "2.8",
            "VERSION": "2.8",
            "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation": SCHEMA,
        },
    )
    header = SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    suffix = PurePosixPath(video.path).suffix.lower()
    media = f"./{one_line(video.path)}"
    SubElement(
        header,
        "MEDIA_DESCRIPTOR",
        MEDIA_URL=media,
        RELATIVE_MEDIA_URL=media,
        MIME_TYPE=_MIME.get(suffix, f"video/{suffix[1:] or 'unknown'}"),
    )
    count = len(video.times)
    facts = {
        "lastUsedAnnotationId": str(count),
        "jumpscore.event": f"{event.name}: {event.definition}",
        "jumpscore.clock": f"{video.clock} An event is an interval of {LENGTH} ms from its time.",
    }
    for name, text in facts.items():
        SubElement(header, "PROPERTY", NAME=name).text = one_line(text)
    order = SubElement(root, "TIME_ORDER")
    tier = SubElement(root, "TIER", LINGUISTIC_TYPE_REF=TYPE, TIER_ID=one_line(video.label))
    for number, time in enumerate(video.times, start=1):
        start = round(time * 1000)
        slots = []
        for side, value in enumerate((start, start + LENGTH)):
            slots.append(f"ts{2 * number - 1 + side}")
            SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slots[-1], TIME_VALUE=str(value))
        annotation = SubElement(
            SubElement(tier, "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            ANNOTATION_ID=f"a{number}",
            TIME_SLOT_REF1=slots[0],
            TIME_SLOT_REF2=slots[1],
        )
        SubElement(annotation, "ANNOTATION_VALUE").text = str(number)
    SubElement(
        root,
        "LINGUISTIC_TYPE",
        LINGUISTIC_TYPE_ID=TYPE,
        TIME_ALIGNABLE="true",
        GRAPHIC_REFERENCES="false",
    )
    return root

"""Rows of the data set as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from jumpscore.builder.exports.formats import ExportVideo
from jumpscore.data.events import EventDefinition
from jumpscore.data.layout import ROWS


def write(videos: Sequence[ExportVideo], event: EventDefinition, out: Path) -> list[Path]:
    """Write ``rows.jsonl``."""
    lines = [json.dumps(asdict(video.row)) + "\n" for video in videos]
    (out / ROWS).write_text("".join(lines), encoding="utf-8")
    return [out / ROWS]

"""A BORIS project (``.boris``, format 7.0): one observation per video, events as point events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jumpscore.builder.exports.formats import ExportVideo, one_line
from jumpscore.data.events import EventDefinition
from jumpscore.video.containers import open_video

FORMAT = "7.0"
DECIMALS = 3
"""BORIS stores milliseconds."""


def write(videos: Sequence[ExportVideo], event: EventDefinition, out: Path) -> list[Path]:
    """Write ``events.boris``; media paths are relative to it."""
    date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    labels = list(dict.fromkeys(one_line(video.label) for video in videos))
    project = {
        "time_format": "hh:mm:ss",
        "project_date": date,
        "project_name": one_line(event.name),
        "project_description": "Written by jumpscore. Frame numbers of events count from 0.",
        "project_format_version": FORMAT,
        "subjects_conf": {},
        "behaviors_conf": {
            str(number): _behaviour(label, event) for number, label in enumerate(labels)
        },
        "observations": {video.stem: _observation(video, date) for video in videos},
        "behavioral_categories": [],
        "behavioral_categories_config": {},
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }
    file = out / "events.boris"
    file.write_text(json.dumps(project, indent=1) + "\n", encoding="ascii")
    return [file]


def _behaviour(label: str, event: EventDefinition) -> dict[str, Any]:
    return {
        "type": "Point event",
        "key": "J",
        "code": label,
        "description": one_line(event.definition),
        "category": "",
        "modifiers": {},
        "excluded": "",
        "coding map": "",
    }


def _observation(video: ExportVideo, date: str) -> dict[str, Any]:
    path, info = video.path, video.info
    with open_video(info.path) as (container, _):
        has_audio = bool(container.streams.audio)
    label = one_line(video.label)
    return {
        "file": {"1": [path], **{str(player): [] for player in range(2, 9)}},
        "type": "MEDIA",
        "date": date,
        "description": video.clock,
        "time offset": 0.0,
        # time, subject, behaviour, modifier, comment, frame from 0
        "events": [
            [round(time, DECIMALS), "", label, "", "", frame]
            for time, frame in zip(video.times, video.frames, strict=True)
        ],
        "observation time interval": [0, 0],
        "independent_variables": {},
        "visualize_spectrogram": False,
        "visualize_waveform": False,
        "media_creation_date_as_offset": False,
        "media_scan_sampling_duration": 0,
        "image_display_duration": 1,
        "close_behaviors_between_videos": False,
        "media_info": {
            "length": {path: round(info.duration, DECIMALS)},
            "fps": {path: round(info.fps, 6)},
            "hasVideo": {path: True},
            "hasAudio": {path: has_audio},
            "offset": {"1": 0.0},
        },
    }

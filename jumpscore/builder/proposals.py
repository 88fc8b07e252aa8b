"""Candidates of a model for every video of a project: times that people accept or correct."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import TypeAdapter, ValidationError

from jumpscore.builder.project import Project, ProjectVideo
from jumpscore.data.layout import is_time
from jumpscore.errors import DataError, UsageError
from jumpscore.jsonio import parse_json, write_json
from jumpscore.video import VideoInfo
from jumpscore.video.stored_frames import nearest_index

FOLDER = "proposals"
ProposalStatus = Literal["ok", "empty", "partial"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A frame at which an event may begin.

    Attributes:
        frame: Frame in order of presentation, from 0.
        time: Presentation time of that frame in seconds.
        confidence: From 0 to 1, or ``None`` if the model has none.
    """

    frame: int
    time: float
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Proposals:
    """A model's candidates for one video.

    Attributes:
        video: Id of the video.
        model: Display name of the model.
        identity: Digest of everything that determines its answers; empty if that is unknown.
        status: ``partial`` if the answer was cut off, ``empty`` if it explicitly names no event.
        candidates: In order of frame; at most one per frame.
        outside: Number of answered times that are not in the video.
    """

    video: str
    model: str
    identity: str
    status: ProposalStatus
    candidates: tuple[Candidate, ...]
    outside: int = 0


_PROPOSALS = TypeAdapter(Proposals)


def proposals_file(project: Project, video: ProjectVideo) -> Path:
    """Return the file of a video's proposals, which may not exist."""
    return project.root / FOLDER / f"{video.id}.json"


def read_proposals(project: Project, video: ProjectVideo) -> Proposals | None:
    """Return the candidates for a video, or ``None`` if no model was asked.

    Raises:
        DataError: The file is damaged, or belongs to another video.
    """
    file = proposals_file(project, video)
    try:
        proposals = _PROPOSALS.validate_python(parse_json(file.read_bytes()))
        problem = _problem(proposals, video)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, ValidationError) as error:
        problem = f"cannot be read ({str(error).splitlines()[0]:.200})"
    if problem:
        raise DataError(f"{file}: {problem}; delete it and run 'jumpscore data propose' again")
    return proposals


def _problem(proposals: Proposals, video: ProjectVideo) -> str | None:
    """Return what is wrong with proposals for a video, or ``None``."""
    if proposals.video != video.id:
        return f"is about video {proposals.video!r:.60}, not {video.id}"
    frames = [candidate.frame for candidate in proposals.candidates]
    if frames != sorted(set(frames)):
        return "its candidates are not in order of frame"
    for candidate in proposals.candidates:
        confidence = 0.0 if candidate.confidence is None else candidate.confidence
        in_video = 0 <= candidate.frame < video.frames and is_time(candidate.time)
        if not in_video or not 0 <= confidence <= 1:
            return f"the candidate at frame {candidate.frame} is invalid"
    return None


def write_proposals(project: Project, video: ProjectVideo, proposals: Proposals) -> None:
    """Replace the candidates for a video.

    Raises:
        UsageError: They cannot be written.
    """
    file = proposals_file(project, video)
    try:
        file.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"{file.parent}: cannot be created ({error.strerror}); check permissions and space"
        ) from error
    write_json(file, asdict(proposals))


def snapped(
    times: tuple[float, ...], confidences: tuple[float, ...] | None, info: VideoInfo
) -> tuple[tuple[Candidate, ...], int]:
    """Return the frames nearest to times, and how many times are not in the video.

    Of several times at one frame, the one with the highest confidence stays.

    Args:
        times: Seconds, in any order.
        confidences: One per time; ignored if their number differs.
        info: The video.
    """
    if confidences is None or len(confidences) != len(times):
        confidences = None
    gap = float(np.median(np.diff(info.times))) if info.frames > 1 else info.duration
    first, end = float(info.times[0]) - gap, info.duration + gap
    by_frame: dict[int, Candidate] = {}
    outside = 0
    for place, time in enumerate(times):
        if not first <= time <= end:
            outside += 1
            continue
        confidence = None if confidences is None else _in_unit(confidences[place])
        frame = nearest_index(info.times, time)
        before = by_frame.get(frame)
        if before is None or (before.confidence or 0.0) < (confidence or 0.0):
            by_frame[frame] = Candidate(frame, float(info.times[frame]), confidence)
    return tuple(by_frame[frame] for frame in sorted(by_frame)), outside


def _in_unit(confidence: float) -> float:
    return round(min(1.0, max(0.0, confidence)), 4)

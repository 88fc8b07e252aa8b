"""What a model is asked: the frozen data classes of a question."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

MediaKind = Literal["video", "image"]
Role = Literal["user", "assistant"]


@dataclass(frozen=True, slots=True)
class Media:
    """A file that a question is about.

    Attributes:
        path: The file.
        kind: Kind of the file.
        span: (start, end) in seconds of the video if the question is about this window only;
            the harness prepares its pictures as those of a video that starts at 0.
    """

    path: Path
    kind: MediaKind = "video"
    span: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier turn of a conversation; the media belong to the first user turn."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """Everything that a model may know about a sample.

    Attributes:
        id: Unique in the data set.
        media: Files that the question is about; they are part of the first user turn.
        prompt: Text of the last user turn.
        history: Turns before it, oldest first; empty for single-turn prompts.
    """

    id: str
    media: tuple[Media, ...]
    prompt: str
    history: tuple[Turn, ...] = ()

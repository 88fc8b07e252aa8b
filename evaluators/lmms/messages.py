"""Convert messages of lmms-eval to questions: media first, then the text; nothing is dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jumpscore.errors import DataError
from jumpscore.records import Media, Question, Role, Turn

Keep = Callable[[Any], Path]
"""Write a Pillow image and return the file."""

SECTION = ("start_time", "end_time")
NO_FILE = ("http://", "https://", "data:")


@dataclass(frozen=True, slots=True)
class Converted:
    """A document as a question.

    Attributes:
        question: The question.
        moved: Whether media that came after text now come before it.
        system: Whether a system message was moved to the start of the first user turn.
    """

    question: Question
    moved: bool = False
    system: bool = False


def convert(name: str, messages: Any, keep: Keep) -> Converted:
    """Return the question of a document.

    Args:
        name: Id of the question.
        messages: Result of lmms-eval's ``doc_to_messages``.
        keep: Called with every image that is not a file.

    Raises:
        DataError: The messages contain something unsupported, such as audio.
    """
    media: list[Media] = []
    turns: list[Turn] = []
    instructions: list[str] = []
    moved, text_seen = False, False
    for role, parts in _messages(messages):
        pieces: list[str | None] = []
        for part in parts:
            piece = _part(part, keep)
            if isinstance(piece, Media):
                media.append(piece)
                moved = moved or text_seen
            elif role != "system":
                text_seen = text_seen or bool(piece.strip())
            pieces.append(None if isinstance(piece, Media) else piece)
        if role == "system":
            instructions.append(_joined(pieces))
        else:
            turns.append(Turn(role, _joined(pieces)))
    if not turns or turns[-1].role != "user":
        raise DataError("the messages do not end with a user's turn, so nothing can be answered")
    turns = _instructed(turns, instructions)
    question = Question(name, tuple(media), turns[-1].text, tuple(turns[:-1]))
    return Converted(question, moved=moved, system=bool(instructions))


def _messages(messages: Any) -> Iterator[tuple[Any, Sequence[Any]]]:
    """Yield role and parts of every message."""
    if not isinstance(messages, Sequence) or isinstance(messages, str):
        raise DataError(f"the task returns {type(messages).__name__} instead of messages")
    for message in messages:
        role, content = message["role"], message["content"]
        if role not in ("system", "user", "assistant"):
            raise DataError(f"a message has role {role!r}; allowed: system, user, assistant")
        yield role, [{"type": "text", "text": content}] if isinstance(content, str) else content


def _part(part: Mapping[str, Any], keep: Keep) -> Media | str:
    """Return a part of a message as text or as a file."""
    kind = part.get("type")
    if kind == "text":
        return str(part["text"])
    if kind == "image":
        return Media(_image(part.get("url"), keep), "image")
    if kind == "video":
        return Media(_video(part), "video")
    raise DataError(f"a message contains {kind!r}; supported: text, image, video")


def _image(source: Any, keep: Keep) -> Path:
    if isinstance(source, str | Path):
        return _file(source)
    if hasattr(source, "convert") and hasattr(source, "mode"):
        return keep(source)
    raise DataError(f"an image is a {type(source).__name__}; supported: a path, a Pillow image")


def _video(part: Mapping[str, Any]) -> Path:
    source = part.get("url")
    if isinstance(source, Mapping) or any(part.get(key) is not None for key in SECTION):
        raise DataError("a message contains a section of a video; only whole files are supported")
    if not isinstance(source, str | Path):
        raise DataError(f"a video is a {type(source).__name__}; supported: a path")
    return _file(source)


def _file(source: str | Path) -> Path:
    text = str(source)
    if text.startswith(NO_FILE):
        raise DataError(f"{text[:80]}: not a local file; download it first")
    path = Path(text.removeprefix("file://"))
    if not path.is_file():
        raise DataError(f"{path}: no such file")
    return path


def _joined(pieces: Sequence[str | None]) -> str:
    r"""Join texts as chat templates do; an image between two texts becomes a line break.

    >>> _joined(["a", "b", None, "c"])
    'ab\nc'
    """
    text, apart = "", False
    for piece in pieces:
        if piece is None:
            apart = True
        elif piece:
            gap = apart and text and not text[-1].isspace() and not piece[0].isspace()
            text, apart = f"{text}\n{piece}" if gap else text + piece, False
    return text


def _instructed(turns: list[Turn], instructions: Sequence[str]) -> list[Turn]:
    """Return the turns with the system messages at the start of the first user turn."""
    if not instructions:
        return turns
    first = next(place for place, turn in enumerate(turns) if turn.role == "user")
    role: Role = "user"
    text = "\n\n".join([*instructions, turns[first].text])
    return [*turns[:first], Turn(role, text), *turns[first + 1 :]]

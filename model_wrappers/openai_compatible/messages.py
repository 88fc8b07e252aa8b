"""Questions as chat messages: pictures as data URLs, each frame after its time stamp."""

from __future__ import annotations

import base64
import io
import mimetypes
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from jumpscore.errors import DataError, VideoError
from jumpscore.records import Question
from jumpscore.video import VisualInput, header_duration

PictureFormat = Literal["jpeg", "png"]
PICTURE_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
"""Accepted formats of image files, in Pillow's names."""
Message = dict[str, Any]


def chat(question: Question, pictures: list[Message], *, system: str = "") -> list[Message]:
    """Return the messages of a question; pictures come first in the first user turn.

    Args:
        question: The question.
        pictures: Parts of that turn, from the functions below.
        system: Text of the system turn; left out if empty.
    """
    turns: list[tuple[str, str]] = [(turn.role, turn.text) for turn in question.history]
    turns.append(("user", question.prompt))
    first = next(place for place, (role, _) in enumerate(turns) if role == "user")
    messages: list[Message] = [{"role": "system", "content": system}] if system else []
    for place, (role, text) in enumerate(turns):
        content: Any = text
        if place == first and pictures:
            content = [*pictures, _text(text)]
        messages.append({"role": role, "content": content})
    return messages


def frame_parts(
    visual: VisualInput,
    *,
    format: PictureFormat = "jpeg",
    quality: int = 95,
    before: Callable[[int, str], str] = lambda place, stamp: stamp,
) -> list[Message]:
    """Return every frame as a picture, preceded by its time stamp.

    Args:
        visual: Frames.
        format: Picture format.
        quality: JPEG quality, 1 to 100.
        before: Returns the text before a frame from its index (from 0) and its stamp.
    """
    urls = (
        _data_url(_encoded(picture, format, quality), f"image/{format}")
        for picture in visual.pixels
    )
    return _stamped(visual, urls, before)


def frame_file_parts(
    visual: VisualInput,
    files: Sequence[Path],
    *,
    before: Callable[[int, str], str] = lambda place, stamp: stamp,
) -> list[Message]:
    """Return the same for a server that can read the frames as files on the same disk.

    Args:
        visual: Frames.
        files: Image file of every frame.
        before: As in ``frame_parts``.
    """
    return _stamped(visual, (file.resolve().as_uri() for file in files), before)


def frames_video_part(
    visual: VisualInput, *, format: PictureFormat = "png", quality: int = 95
) -> Message:
    """Return frames as one video: a sequence of pictures, in vLLM's format.

    Their times are sent with the request (``media_io_kwargs``), not in the video.

    Args:
        visual: Frames.
        format: Picture format; the media type is always JPEG, but readers detect the content.
        quality: JPEG quality, 1 to 100.
    """
    pictures = (_encoded(picture, format, quality) for picture in visual.pixels)
    joined = ",".join(base64.b64encode(picture).decode("ascii") for picture in pictures)
    return {"type": "video_url", "video_url": {"url": f"data:video/jpeg;base64,{joined}"}}


def image_part(path: Path) -> Message:
    """Return an image file unchanged.

    Raises:
        DataError: The file cannot be read or is not an image, so it is not sent.
    """
    from PIL import Image

    content = _read(path)
    try:
        with Image.open(io.BytesIO(content), formats=PICTURE_FORMATS) as picture:
            picture.verify()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DataError(f"{path}: not an image, so it is not sent ({error})") from None
    return _image(content, mimetypes.guess_type(path.name)[0] or "image/png")


def video_part(
    path: Path, *, by: Literal["data", "file"] = "data", content: bytes | None = None
) -> Message:
    """Return a video file: its bytes, or its path for a server that can read the same disk.

    Args:
        path: Video file.
        by: Whether to send the bytes or the path.
        content: Bytes to send instead of the file's.

    Raises:
        DataError: The file cannot be read or is not a video, so it is not sent.
    """
    if content is None:
        try:
            header_duration(path)
        except VideoError as error:
            raise DataError(f"{path}: not a video, so it is not sent ({error})") from None
    if by == "file":
        url = path.resolve().as_uri()
    else:
        kind = mimetypes.guess_type(path.name)[0] or "video/mp4"
        url = _data_url(_read(path) if content is None else content, kind)
    return {"type": "video_url", "video_url": {"url": url}}


def _stamped(
    visual: VisualInput, urls: Iterable[str], before: Callable[[int, str], str]
) -> list[Message]:
    """Return the image of every frame after its stamp."""
    parts = []
    for place, (stamp, url) in enumerate(zip(visual.stamp_texts, urls, strict=True)):
        parts += [_text(before(place, stamp)), {"type": "image_url", "image_url": {"url": url}}]
    return parts


def _text(text: str) -> Message:
    return {"type": "text", "text": text}


def _image(content: bytes, kind: str) -> Message:
    return {"type": "image_url", "image_url": {"url": _data_url(content, kind)}}


def _data_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"


def _encoded(picture: npt.NDArray[np.uint8], format: PictureFormat, quality: int) -> bytes:
    import cv2

    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if format == "jpeg" else []
    success, content = cv2.imencode(f".{format}", picture[..., ::-1], options)
    if not success:
        raise DataError(f"a frame of shape {picture.shape} cannot be encoded as {format}")
    return content.tobytes()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror})") from None

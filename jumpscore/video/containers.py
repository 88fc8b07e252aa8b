"""Open a video file safely: only local single-file formats, and the track that players show.

Also checks the outermost elements of a file: whether it is complete, and whether it is one file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

from jumpscore.errors import VideoError

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

CONTAINERS = (
    "mov,mp4,m4a,3gp,3g2,mj2 matroska,webm avi mpegts mpeg flv live_flv asf asf_o ogg rm nut mxf "
    "mxf_opatom gxf wtv dv ivf gif apng nuv nsv lxf dhav hxvs yuv4mpegpipe swf roq smk bink ivr "
    "viv pva vc1test ty webp_anim"
)
"""Supported container formats; each is a single file that contains its pictures."""
_RAW = "h264 hevc vvc m4v mpegvideo h261 h263 vc1 obu av1 cavsvideo dirac mjpeg dnxhd evc"
RAW_STREAMS = tuple(_RAW.split())
"""Raw codec streams: pictures without time stamps."""
FORMATS = (*CONTAINERS.split(), *RAW_STREAMS)
PLAYLIST_MARKS = (b"#EXTM3U", b"ffconcat", b"file ", b"<MPD", b"[playlist]", b"v=0", b"<?xml")
"""First bytes of text files that refer to other media."""
NOT_MOVING = ("attached_pic", "timed_thumbnails", "still_image")
"""Dispositions of tracks with covers or thumbnails."""

EBML = b"\x1a\x45\xdf\xa3"
SEGMENT = b"\x18\x53\x80\x67"
LONGEST_HEADER = 4096
"""Size limit of a file's first element in bytes; about 40 are usual."""
MOV = "mov,mp4,m4a,3gp,3g2,mj2"
MOST_BOXES = 200_000
"""Number of boxes of an MP4 file to check; a fragmented file has two every few seconds."""
FLASH_HEADER = re.compile(rb"FLV\x01[\x01\x04\x05]\0\0\0\x09")


@contextmanager
def open_video(
    path: Path, track: int | None = None, *, options: Mapping[str, str] | None = None
) -> Iterator[tuple[InputContainer, VideoStream]]:
    """Open a file and one of its video streams; errors name the file and the reason.

    FFmpeg also reads playlists, image sequences and scripts, which open further files. Only local
    files in single-file formats are allowed here, so a path in a data set never leads to another
    file.

    Args:
        path: A local file.
        track: FFmpeg's index of the stream to read; by default ``choose_track`` decides.
        options: Options of FFmpeg's demuxer.

    Raises:
        VideoError: The file is missing, empty, not a video file, or has no video track.
    """
    import av

    _check_file(path)
    limits = {"format_whitelist": ",".join(FORMATS), "protocol_whitelist": "file"}
    try:
        # An absolute path, because a colon in a name could look like a protocol.
        container = av.open(
            str(path.absolute()),
            metadata_errors="replace",
            container_options={**(options or {}), **limits},
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        _refuse(path, error)
    with container:
        yield container, choose_track(path, container, track)


def video_tracks(container: InputContainer) -> list[VideoStream]:
    """Return the video streams without covers and thumbnails."""
    from av.stream import Disposition

    still = Disposition(0)
    for name in NOT_MOVING:
        still |= getattr(Disposition, name, Disposition(0))
    return [stream for stream in container.streams.video if not stream.disposition & still]


def choose_track(path: Path, container: InputContainer, track: int | None = None) -> VideoStream:
    """Return the stream to read: the default stream, otherwise the largest, otherwise the first.

    The ``ffmpeg`` command has the same rule.

    Args:
        path: Path of the file, for messages.
        container: The open file.
        track: Index of the stream, if it was chosen before.

    Raises:
        VideoError: The file has no video stream that can be decoded here.
    """
    from av.stream import Disposition

    moving = video_tracks(container)
    if track is not None:
        moving = [stream for stream in moving if stream.index == track]
        if not moving:
            raise VideoError(
                f"{path}: video track {track} is gone; the file has changed, so run the command "
                "again"
            )
    if not moving:
        kinds = {
            "a cover picture" if stream.type == "video" else stream.type
            for stream in container.streams
        }
        listed = ", ".join(sorted(kinds)) or "nothing"
        raise VideoError(f"{path}: contains no video stream (only {listed}); give a video file")
    decodable = [stream for stream in moving if stream.codec_context is not None]
    if not decodable:
        raise VideoError(
            f"{path}: its codec is not supported by this FFmpeg; convert the video, for example "
            "with ffmpeg -i IN -c:v libx264 OUT.mp4"
        )

    def rank(stream: VideoStream) -> tuple[bool, int, int]:
        context = stream.codec_context
        area = (context.width or 0) * (context.height or 0)
        return bool(stream.disposition & Disposition.default), area, -stream.index

    return max(decodable, key=rank)


def reason(error: BaseException) -> str:
    """Return FFmpeg's message without the file name."""
    return str(getattr(error, "strerror", None) or error).split(": '")[0]


def _check_file(path: Path) -> None:
    try:
        exists = path.exists()
    except (OSError, ValueError) as error:
        raise VideoError(f"{str(path)[:200]}: invalid path ({error}); correct it") from error
    if not exists:
        raise VideoError(f"{path}: no such video file; check the path")
    if path.is_dir():
        raise VideoError(f"{path}: is a folder; give a video file")
    if path.stat().st_size == 0:
        raise VideoError(f"{path}: the file is empty (0 bytes); copy or download it again")


def _refuse(path: Path, error: BaseException) -> NoReturn:
    """Explain why FFmpeg could not open a file.

    Raises:
        VideoError: Always.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError as unreadable:
        raise VideoError(
            f"{path}: cannot be read ({unreadable.strerror}); check its permissions"
        ) from unreadable
    lead = start.removeprefix(b"\xef\xbb\xbf").lstrip().splitlines()[:8]
    if b"\0" not in start and any(line.startswith(PLAYLIST_MARKS) for line in lead):
        raise VideoError(
            f"{path}: is a text file that refers to other media (a playlist, manifest or script); "
            "give the path of the video file itself"
        ) from error
    raise VideoError(
        f"{path}: cannot be opened as a video ({reason(error)}): it is damaged, truncated or in an "
        "unsupported format. Supported are video files such as mp4, mov, mkv, webm, avi, ts, mpg, "
        "flv, wmv, ogv and gif, and raw H.264, HEVC and AV1, but not pictures or playlists. "
        "Download the file again, or convert it to mp4"
    ) from error


def joined_files(path: Path, format_name: str) -> int:
    """Return how many files were concatenated byte by byte; 1 if FFmpeg reads the whole file."""
    if format_name == "flv":
        with path.open("rb") as file, mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            return sum(1 for _ in FLASH_HEADER.finditer(data))
    return _movies(path) if format_name == MOV else 1


def _movies(path: Path) -> int:
    """Return the number of top-level headers (``moov``) of an MP4 or QuickTime file."""
    count, place, end = 0, 0, path.stat().st_size
    with path.open("rb") as file:
        for _ in range(MOST_BOXES):
            file.seek(place)
            head = file.read(16)
            if len(head) < 8:
                break
            size, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if size == 1:
                size = int.from_bytes(head[8:16], "big")
            count += kind == b"moov"
            if size < 8 or place + size >= end:  # 0: to the end of the file
                break
            place += size
    return count


def segment_missing(path: Path) -> int:
    """Return how many bytes are missing at the end of a Matroska file; 0 if it does not state that.

    The duration in the header is not evidence, because time stamps may start anywhere; the size of
    the file's one large element is.
    """
    with path.open("rb") as file:
        if file.read(4) != EBML:
            return 0
        size = _size(file)
        if size is None or size > LONGEST_HEADER:
            return 0
        file.seek(size, 1)
        if file.read(4) != SEGMENT:
            return 0
        size = _size(file)
        if size is None:
            return 0
        return max(0, file.tell() + size - path.stat().st_size)


def _size(file: IO[bytes]) -> int | None:
    """Read the size of an element; ``None`` if unknown, as in a live recording."""
    first = file.read(1)
    if not first or not first[0]:
        return None
    length = 9 - first[0].bit_length()
    raw = first + file.read(length - 1)
    value = int.from_bytes(raw, "big") & (1 << 7 * length) - 1
    return None if value == (1 << 7 * length) - 1 else value

"""The videos of a project, opened when they are needed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import OrderedDict
from multiprocessing.pool import AsyncResult, Pool
from pathlib import Path
from threading import Lock

from jumpscore.builder.annotate.frames import FrameReader
from jumpscore.builder.annotate.pictures import PictureCache
from jumpscore.builder.curves import Curves, curves
from jumpscore.builder.project import Project, ProjectVideo
from jumpscore.errors import VideoError
from jumpscore.video import VideoInfo, probe

MOST_READERS = 2
"""Videos whose decoders stay open, so that two tabs do not disturb each other."""


class Library:
    """Facts and frames of the videos.

    Attributes:
        cache: Pictures of all videos.
    """

    def __init__(self, project: Project) -> None:
        self.cache = PictureCache()
        self._project = project
        self._infos: dict[str, VideoInfo] = {}
        self._readers: OrderedDict[str, FrameReader] = OrderedDict()
        self._curves: dict[str, AsyncResult[Curves]] = {}
        self._background: Pool | None = None
        self._lock = Lock()

    def problem(self, video: ProjectVideo) -> str | None:
        """Return why a video cannot be shown, as far as its file's size shows, or ``None``."""
        return _file_problem(self._project.file(video), video)

    def info(self, video: ProjectVideo) -> VideoInfo:
        """Return the facts of a video; read once.

        Raises:
            VideoError: The file is missing, damaged or was replaced.
        """
        info = self._infos.get(video.id)
        if info is None:
            file = self._project.file(video)
            if problem := _file_problem(file, video):
                raise VideoError(problem)
            info = self._infos[video.id] = probe(file)
        return info

    def reader(self, video: ProjectVideo) -> FrameReader:
        """Return the reader of a video's frames; that of another video may be closed.

        Raises:
            VideoError: See ``info``.
        """
        info = self.info(video)
        with self._lock:
            reader = self._readers.get(video.id)
            if reader is None:
                reader = self._readers[video.id] = FrameReader(video.id, info, self.cache)
            self._readers.move_to_end(video.id)
            oldest = None
            if len(self._readers) > MOST_READERS:
                oldest = self._readers.popitem(last=False)[1]
        if oldest is not None:
            oldest.close()
        return reader

    def curves(self, video: ProjectVideo) -> Curves | None:
        """Return the curves of a video, or ``None`` while they are computed in the background.

        Raises:
            VideoError: The video cannot be read.
        """
        with self._lock:
            # A process of its own does not delay the frames, and can be stopped at any time.
            if self._background is None:
                self._background = multiprocessing.get_context("spawn").Pool(1, _stay_behind)
            if video.id not in self._curves:
                work = self._background.apply_async(curves, (self._project, video))
                self._curves[video.id] = work
            result = self._curves[video.id]
        return result.get() if result.ready() else None

    def close(self) -> None:
        """Close all files."""
        with self._lock:
            if self._background is not None:
                self._background.terminate()
                self._background.join()
            for reader in self._readers.values():
                reader.close()
            self._readers.clear()


def _file_problem(file: Path, video: ProjectVideo) -> str | None:
    try:
        size = file.stat().st_size
    except OSError as error:
        return f"{video.path}: cannot be read ({error.strerror}); restore the file"
    if size != video.bytes:
        return (
            f"{video.path}: has {size:,} bytes instead of {video.bytes:,}, so the file has changed "
            "and its frames may be different; restore it"
        )
    return None


def _stay_behind() -> None:
    """Lower the priority of this process and leave Ctrl-C to the server."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(os, "nice"):
        os.nice(10)

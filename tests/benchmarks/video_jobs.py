"""Work on videos in new processes (``child``): decoding alone, this package, and others.

Functions import what they measure, because the others run in environments of their own.
"""

from __future__ import annotations

from collections.abc import Callable

MAX_PIXELS = 313_600
SCALED = (728, 392)
"""Size of a 16:9 frame of at most ``MAX_PIXELS`` whose sides are multiples of 28."""

Work = Callable[[], object]


def decoding(path: str) -> Work:
    """Decode every frame with one thread; nothing is converted, scaled or stored."""
    import av

    def work() -> None:
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.codec_context.thread_count = 1
            for _ in container.decode(stream):
                pass

    return work


def canvases(path: str, count: str) -> Work:
    """Make codec canvases."""
    from jumpscore.video import codec_canvases

    return lambda: codec_canvases(path, canvases=int(count), max_pixels=MAX_PIXELS).pixels


def frames(path: str, count: str) -> Work:
    """Read uniform frames."""
    from jumpscore.video import uniform_frames

    return lambda: uniform_frames(path, count=int(count), max_pixels=MAX_PIXELS).pixels


def motion(path: str) -> Work:
    """Answer a question with the motion baseline, with one thread of OpenCV."""
    import cv2

    from jumpscore.records import Media, Question
    from model_wrappers.motion import Motion, events  # noqa: F401 - imported before the clock runs

    cv2.setNumThreads(1)
    wrapper, question = Motion(), Question("a", (Media(path),), "List the start timestamps")
    return lambda: wrapper.generate([wrapper.prepare(question, None)])


def decord_frames(path: str, count: str) -> Work:
    """Read and scale the same frames with decord."""
    import decord
    import numpy as np

    def work() -> object:
        reader = decord.VideoReader(path, width=SCALED[0], height=SCALED[1])
        places = (np.arange(int(count)) * len(reader)) // int(count)
        return reader.get_batch(places.tolist()).asnumpy()

    return work


def torchcodec_frames(path: str, count: str) -> Work:
    """Read and scale the same frames with torchcodec; it trusts the file's index."""
    import numpy as np
    from torchcodec.decoders import VideoDecoder
    from torchcodec.transforms import Resize

    def work() -> object:
        size = Resize((SCALED[1], SCALED[0]))
        decoder = VideoDecoder(path, seek_mode="approximate", transforms=[size])
        places = (np.arange(int(count)) * len(decoder)) // int(count)
        return decoder.get_frames_at(places.tolist()).data

    return work


def their_canvases(path: str, count: str) -> Work:
    """Make canvases with lmms-video-utils, from as many frames per canvas, with PyAV."""
    from lmms_video_utils import fetch_codec_video

    def work() -> object:
        return fetch_codec_video(
            path, target_canvas=int(count), max_pixels=MAX_PIXELS, backend="pyav"
        ).canvases

    return work


def decoding_on_cores(path: str) -> Work:
    """Decode every frame with the decoder's own threads."""
    import av

    def work() -> None:
        with av.open(path) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            for _ in container.decode(stream):
                pass

    return work

"""Stored frames to upright arrays: one way from FFmpeg's pixels to RGB and to grey."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import numpy.typing as npt

from jumpscore.video.probe import VideoInfo

if TYPE_CHECKING:
    from av.video.frame import VideoFrame


PIXELS = "2"
"""Version of how pixels are made from stored frames; part of fingerprints and of cache keys. Inputs
that version 1 prepared under PyAV 17 or later have wrong colours where a video has full range."""
LIMITED, FULL = 1, 2
"""FFmpeg's numbers of the colour ranges 16..235 and 0..255."""
BT601 = 5
"""FFmpeg's number of the scaler's default matrix."""


class Converter:
    """Turns decoded frames into upright arrays of one size.

    Colour takes two steps: FFmpeg scales to planar YUV with colour at every pixel, and `to_rgb`
    turns each pixel into RGB for itself. That comes as near to shrinking the full RGB frame (as
    image processors do) as its direct way, in half the time; and because the second step looks at
    one pixel only, blocks may be cut out, kept and moved before it.

    FFmpeg's defaults for range, matrix and the place of colour samples changed between releases
    (with PyAV 17), so none is left to it: every release that is allowed gives the same pixels.
    """

    def __init__(self, info: VideoInfo, size: tuple[int, int] | None = None) -> None:
        from av.video.reformatter import VideoReformatter

        width, height = size or (info.width, info.height)
        self._orientation = info.orientation
        # Scale before turning: the stored frame is what the scaler sees.
        self._size = (height, width) if self._orientation.swaps_sides else (width, height)
        self._reformat: Any = VideoReformatter().reformat

    def grey(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """Return luma, uint8 [H, W]."""
        scaled = self._scaled(frame, "gray", FULL)
        return np.ascontiguousarray(self._orientation.applied(scaled.to_ndarray()))

    def rgb(self, frame: VideoFrame) -> npt.NDArray[np.uint8]:
        """Return RGB, uint8 [H, W, 3]."""
        return to_rgb(self.yuv(frame))

    def yuv(
        self, frame: VideoFrame, out: npt.NDArray[np.uint8] | None = None
    ) -> npt.NDArray[np.uint8]:
        """Return YUV of limited range, uint8 [H, W, 3], for `to_rgb`.

        Args:
            frame: As stored.
            out: Where to put it, so that no memory has to be allocated for it.
        """
        import cv2

        plain = _plain(frame)
        scaled = self._scaled(plain or frame, "yuv444p", LIMITED)
        planes: list[Any] = [_rows(plane)[:, : scaled.width] for plane in scaled.planes]
        if plain is not None and _is_full(frame):
            planes = [cv2.LUT(planes[0], LUMA), *(cv2.LUT(plane, CHROMA) for plane in planes[1:])]
        upright = self._orientation.is_upright
        merged: Any = cv2.merge(planes, out if upright else None)
        if upright:
            return cast("npt.NDArray[np.uint8]", merged)
        if out is None:
            return np.ascontiguousarray(self._orientation.applied(merged))
        np.copyto(out, self._orientation.applied(merged))
        return out

    def _scaled(self, frame: VideoFrame, pixel_format: str, colour_range: int) -> Any:
        width, height = self._size
        return self._reformat(
            frame,
            width=width,
            height=height,
            format=pixel_format,
            interpolation="BICUBIC",
            src_colorspace=BT601,
            dst_colorspace=BT601,
            dst_color_range=colour_range,
        )


def _is_full(frame: VideoFrame) -> bool:
    return frame.color_range == FULL or frame.format.name.startswith("yuvj")


def _plain(frame: VideoFrame) -> VideoFrame | None:
    """Return a planar YUV frame without the marks by which releases treat it differently.

    These are where its colour samples lie (read since FFmpeg 8 only) and its range, which is
    converted here (FFmpeg 7 and 8 round differently). ``None`` for formats that have neither.
    """
    from av.video.frame import VideoFrame

    name = frame.format.name.replace("yuvj", "yuv")
    if not name.startswith(("yuv4", "yuva4")) or frame.format.is_bit_stream:
        return None
    if len(frame.planes) < 3:
        return None  # colour between the luma samples: yuyv422, say
    plain = VideoFrame(frame.width, frame.height, name)
    for source, target in zip(frame.planes, plain.planes, strict=True):
        rows, room = _rows(source), _rows(target)
        wide = min(source.line_size, target.line_size)
        room[:, :wide] = rows[: len(room), :wide]
    return plain


def _rows(plane: Any) -> npt.NDArray[np.uint8]:
    """Return the bytes of a plane by rows, as a view."""
    return np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)


def _limited(levels: float, middle: int, low: int) -> npt.NDArray[np.uint8]:
    """Return a table from full to limited range, uint8 [256]."""
    full = np.arange(256, dtype=np.float64)
    return np.rint((full - middle) * levels / 255 + low).astype(np.uint8)


LUMA = _limited(219, 0, 16)
CHROMA = _limited(224, 128, 128)
"""Tables from full to limited range."""


def _yuv_to_rgb(red: float = 0.299, blue: float = 0.114) -> npt.NDArray[np.float64]:
    """Return the matrix [3, 4] from 8-bit YUV of limited range, with the offset in the last column.

    Args:
        red: Weight of red in luma, by default that of ITU-R BT.601.
        blue: Weight of blue.
    """
    green = 1 - red - blue
    luma, colour = 255 / 219, 255 / 224
    of_u = [0.0, -2 * (1 - blue) * blue / green * colour, 2 * (1 - blue) * colour]
    of_v = [2 * (1 - red) * colour, -2 * (1 - red) * red / green * colour, 0.0]
    matrix = np.array([[luma] * 3, of_u, of_v]).T
    return np.column_stack([matrix, -matrix @ [16.0, 128.0, 128.0]])


YUV_TO_RGB = _yuv_to_rgb()
"""BT.601, whatever matrix a file names: PyAV, decord and OpenCV read them so, and with them the
models that were trained on what these read."""


def to_rgb(
    picture: npt.NDArray[np.uint8], out: npt.NDArray[np.uint8] | None = None
) -> npt.NDArray[np.uint8]:
    """Turn YUV, uint8 [H, W, 3], into RGB pixel by pixel; ``out`` may be the picture itself."""
    import cv2

    converted: Any = cv2.transform(picture, YUV_TO_RGB, out)
    return cast("npt.NDArray[np.uint8]", converted)

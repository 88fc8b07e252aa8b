"""Curves of a video over time that people mark by: motion, size in the file, and sound.

They are sampled at fixed rates, so that a page can draw them next to frames of any rate.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import TypeAdapter, ValidationError

from jumpscore.builder.project import Project, ProjectVideo
from jumpscore.errors import JumpScoreError, UsageError
from jumpscore.jsonio import parse_json, write_json
from jumpscore.video import Frame, VideoInfo, decode, probe
from jumpscore.video.containers import open_video

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
BIN = 0.05
"""Seconds per bin: at least one frame of 20 per second."""
SOUND_BIN = 0.01
"""Seconds per bin of the sound: shorter than a frame, so that it shows when the rope hits."""
SIDE = 96
"""Shorter side in pixels of the pictures that motion is measured in."""
TOP = 98
"""Percentile that is drawn at full height, so that a few cuts do not flatten everything else."""
FORMAT = 2
"""Version of the stored curves; a change of how they are computed raises it."""


@dataclass(frozen=True, slots=True)
class Curves:
    """Curves of one video, each from 0 to 1, with one value per bin from 0 s on.

    Attributes:
        bin: Seconds per bin of motion and bits.
        sound_bin: Seconds per bin of the waveform.
        motion: Mean absolute change of luma from frame to frame.
        bits: Size of the frames in the file above that of the smallest, without key frames.
        waveform: Peak of the sound, or ``None`` if the file has none.
    """

    bin: float
    sound_bin: float
    motion: tuple[float, ...]
    bits: tuple[float, ...]
    waveform: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class _Stored:
    """The curves in the cache."""

    format: int
    curves: Curves


_STORED = TypeAdapter(_Stored)


def curves(project: Project, video: ProjectVideo) -> Curves:
    """Return the curves of a video, from the cache if they were computed before.

    Raises:
        VideoError: The file cannot be read.
    """
    try:
        stored = _STORED.validate_python(parse_json(_file(project, video.id).read_bytes()))
        if stored.format == FORMAT:
            return stored.curves
    except (OSError, ValueError, ValidationError):
        pass  # absent or damaged
    computed = compute_curves(project.file(video))
    store_curves(project, video.id, computed)
    return computed


def store_curves(project: Project, video_id: str, curves: Curves) -> None:
    """Write curves to the cache; log if that is impossible, because they can be computed again."""
    file = _file(project, video_id)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, asdict(_Stored(FORMAT, curves)))
    except (OSError, UsageError) as error:
        logger.warning("the curves of %s are not cached: %s", video_id, error)


def _file(project: Project, video_id: str) -> Path:
    return project.root / ".cache" / "curves" / f"{video_id}.json"


def compute_curves(path: Path, *, threads: int = 0) -> Curves:
    """Decode a video once and return its curves, which end at the first damaged frame.

    Args:
        path: A video file.
        threads: Decoder threads; 0 uses one per core, up to 4.

    Raises:
        VideoError: The file cannot be read.
    """
    info = probe(path)
    frames = decode(
        path, info=info, size=picture_size(info), grey=True, threads=threads, damage="stop"
    )
    changes = Changes()
    for frame in frames:
        changes.add(frame)
    return curves_of(info, changes)


def picture_size(info: VideoInfo) -> tuple[int, int]:
    """Return the (width, height) of the pictures that motion is measured in."""
    scale = min(1.0, SIDE / min(info.width, info.height))
    return max(2, round(info.width * scale)), max(2, round(info.height * scale))


class Changes:
    """Mean absolute change of luma from each frame to the next."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self._before: npt.NDArray[np.int16] | None = None

    def add(self, frame: Frame) -> None:
        """Add the next grey frame."""
        pixels = frame.pixels.astype(np.int16)
        before = pixels if self._before is None else self._before
        self.values.append(float(np.abs(pixels - before).mean()))
        self._before = pixels


def curves_of(info: VideoInfo, changes: Changes) -> Curves:
    """Return the curves of a video whose changes were measured."""
    bins = _bins(info, BIN)
    motion = _binned(info.times[: len(changes.values)], np.array(changes.values), bins)
    sound, bits = _waveform(info), _bits(info)
    return Curves(
        BIN,
        SOUND_BIN,
        _scaled(motion, TOP),
        _scaled(_binned(info.times, bits - bits.min(), bins), TOP),
        None if sound is None else _scaled(sound, 100),
    )


def _bins(info: VideoInfo, seconds: float) -> int:
    return max(1, int(np.ceil(info.duration / seconds - 1e-6)))


def _bits(info: VideoInfo) -> Floats:
    """Return the bits per frame; a key frame, which costs bits without motion, repeats the last.

    Files in which most frames are key frames stay as they are.
    """
    bits = info.bits.astype(np.float64)
    is_key = np.isin(info.times, info.keyframe_times)
    if is_key.mean() > 0.5:
        return bits
    source = np.maximum.accumulate(np.where(is_key, 0, np.arange(len(bits))))
    source[source == 0] = int(np.argmin(is_key))  # before the first other frame
    return np.asarray(bits[source])


def _binned(times: Floats, values: Floats, bins: int) -> Floats:
    """Return the mean of the values in every bin; an empty bin repeats the one before it."""
    place = np.clip((times / BIN + 1e-6).astype(np.int64), 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    sums = np.bincount(place, weights=values, minlength=bins)
    end = int(place[-1]) if len(place) else 0
    source = np.maximum.accumulate(np.where(counts > 0, np.arange(bins), 0))
    means = sums / np.maximum(counts, 1)
    return np.asarray(np.where(np.arange(bins) <= end, means[source], 0.0))


def _scaled(values: Floats, percentile: float) -> tuple[float, ...]:
    """Return values from 0 to 1, rounded to a thousandth."""
    positive = values[values > 0]
    top = float(np.percentile(positive, percentile)) if len(positive) else 1.0
    return tuple(np.round(np.clip(values / top, 0.0, 1.0), 3).tolist())


def _waveform(info: VideoInfo) -> Floats | None:
    """Return the peak of the first audio track per bin; damaged sound counts as silence."""
    import av
    from av.audio.resampler import AudioResampler

    peaks = np.zeros(_bins(info, SOUND_BIN))
    try:
        with open_video(info.path, info.track) as (container, _):
            if not container.streams.audio:
                return None
            stream = container.streams.audio[0]
            resampler = AudioResampler(format="fltp", layout="mono")
            for frame in container.decode(stream):
                start = None if frame.time is None else frame.time - info.clock.offset
                for mono in resampler.resample(frame):
                    _raise_peaks(peaks, mono.to_ndarray()[0], start, mono.sample_rate)
    except (av.FFmpegError, JumpScoreError, ValueError) as error:
        logger.info("%s: its sound cannot be read to the end (%s)", info.path, error)
    return peaks


def _raise_peaks(
    peaks: Floats, samples: npt.NDArray[np.float32], start: float | None, rate: int
) -> None:
    """Raise the peaks of the bins in which samples lie."""
    if start is None or not len(samples):
        return
    place = ((start + np.arange(len(samples)) / rate) / SOUND_BIN).astype(np.int64)
    inside = (place >= 0) & (place < len(peaks)) & np.isfinite(samples)
    np.maximum.at(peaks, place[inside], np.abs(samples[inside]))

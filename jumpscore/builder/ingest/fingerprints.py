"""Fingerprints of videos: recognise copies that were re-encoded, scaled, trimmed or mirrored.

Clips of one person in one place look alike in every single frame, so a hash per frame would call
all of them copies. A fingerprint is therefore what *changes*: the mean luma of 8x8 cells at 20
samples per second, without what is slower than a second, which includes the background, and without
what all cells share, such as changes of the light. Two videos are near duplicates if these changes
correlate at some shift in time.

Measured on 32 rendered clips of 4 to 18 s (20 of 168x168 at 12.5 fps, 12 of 640x360 at 25 to 30):

==========================================================  =======================
pair                                                        correlation
==========================================================  =======================
re-encoded (crf 38), trimmed, half size, brighter, mirrored  0.88 to 1.00
at 15 fps                                                    0.85 to 0.99
trimmed, smaller, darker, at 24 fps and crf 36               0.72 to 0.99
different clips (256 pairs, as they are and mirrored)        up to 0.45
the two halves of one clip                                   0.01 to 0.94, 2 above 0.85
==========================================================  =======================

The two are clips of a regular rhythm in one shot, which belong in one split anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from jumpscore.video import Frame

GRID = 8
"""Cells along each side of a picture."""
RATE = 20
"""Samples per second."""
FINE, COARSE = 0.05, 0.5
"""Widths (s) of the two Gaussians whose difference selects what changes within about a second."""
SIMILAR = 0.85
"""Correlation of the changes from which on two videos are near duplicates."""
SIMILAR_PICTURE = 0.8
"""Least correlation of the mean pictures; copies have 0.997 and more."""
OVERLAP = 0.8
"""Share of the shorter video that must be in both."""
SHORTEST = RATE
"""Number of samples below which a video is not compared."""

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Luma of the cells of a video over time.

    Attributes:
        picture: Mean luma, float32 [GRID, GRID].
        changes: Changes of luma, float16 [samples, GRID, GRID].
    """

    picture: Floats
    changes: Halves


class FingerprintBuilder:
    """Collects the cells of grey frames of any size."""

    def __init__(self) -> None:
        self._cells: list[Floats] = []
        self._places: list[int] = []

    def add(self, frame: Frame) -> None:
        """Add the next grey frame."""
        cells = cv2.resize(frame.pixels, (GRID, GRID), interpolation=cv2.INTER_AREA)
        self._cells.append(np.asarray(cells, dtype=np.float32))
        self._places.append(int(frame.time * RATE + 1e-6))

    def finish(self) -> Fingerprint:
        """Return the fingerprint; a sample without a frame repeats the one before it."""
        from scipy.ndimage import gaussian_filter1d

        places = np.array(self._places) - self._places[0]
        samples = int(places[-1]) + 1
        counts = np.bincount(places, minlength=samples)
        sums = np.zeros((samples, GRID, GRID), np.float32)
        np.add.at(sums, places, np.stack(self._cells))
        source = np.maximum.accumulate(np.where(counts > 0, np.arange(samples), 0))
        luma = (sums / np.maximum(counts, 1)[:, None, None])[source]
        fine, coarse = (
            gaussian_filter1d(luma, width * RATE, axis=0, mode="nearest")
            for width in (FINE, COARSE)
        )
        changes = fine - coarse
        changes -= changes.mean(axis=(1, 2), keepdims=True)
        return Fingerprint(luma.mean(axis=0), changes.astype(np.float16))


def are_similar(one: Fingerprint, other: Fingerprint) -> bool:
    """Whether one video is probably a copy of the other or of a part of it."""
    return similarity(one, other) >= SIMILAR


def similarity(one: Fingerprint, other: Fingerprint) -> float:
    """Return the correlation of the changes at the best shift, mirrored or not.

    0.0 if the mean pictures differ or a video is too short.
    """
    best = 0.0
    for mirrored in (False, True):
        seen = _mirrored(other) if mirrored else other
        if _picture_correlation(one.picture, seen.picture) >= SIMILAR_PICTURE:
            best = max(best, _correlation(one.changes, seen.changes))
    return best


def _mirrored(fingerprint: Fingerprint) -> Fingerprint:
    return Fingerprint(fingerprint.picture[:, ::-1], fingerprint.changes[:, :, ::-1])


def _picture_correlation(one: Floats, other: Floats) -> float:
    a, b = one - one.mean(), other - other.mean()
    return float((a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum() + 1e-6))


def _correlation(one: Halves, other: Halves) -> float:
    """Return the highest normalised correlation over all shifts with enough overlap."""
    from scipy.fft import irfft, next_fast_len, rfft

    a, b = (x.reshape(len(x), -1).astype(np.float32) for x in (one, other))
    n, m = len(a), len(b)
    if min(n, m) < SHORTEST:
        return 0.0
    size = next_fast_len(n + m - 1, real=True)
    spectrum = (rfft(a, size, axis=0) * np.conj(rfft(b, size, axis=0))).sum(axis=1)
    shifts = np.arange(1 - m, n)
    products = irfft(spectrum, size)[shifts]  # a negative shift is a place from the end
    begin, end = np.maximum(shifts, 0), np.minimum(shifts + m, n)
    energies = [
        np.concatenate([[0.0], np.cumsum((x.astype(np.float64) ** 2).sum(axis=1))]) for x in (a, b)
    ]
    power_a = energies[0][end] - energies[0][begin]
    power_b = energies[1][end - shifts] - energies[1][begin - shifts]
    correlations = products / np.sqrt(power_a * power_b + 1e-6)
    enough = end - begin >= OVERLAP * min(n, m)
    return min(1.0, float(correlations[enough].max()))


def store_fingerprint(file: Path, fingerprint: Fingerprint) -> None:
    """Write a fingerprint.

    Raises:
        OSError: The file cannot be written.
    """
    with file.open("wb") as sink:
        np.savez(sink, picture=fingerprint.picture, changes=fingerprint.changes)


def read_fingerprint(file: Path) -> Fingerprint | None:
    """Return a stored fingerprint, or ``None`` if it is missing or damaged."""
    try:
        # NumPy does not close a file that it opened itself and that is damaged.
        with file.open("rb") as source, np.load(source, allow_pickle=False) as stored:
            picture, changes = stored["picture"], stored["changes"]
    except Exception:  # NumPy and zipfile raise whatever their parsers meet in a damaged file
        return None
    fits = (
        picture.dtype.kind == changes.dtype.kind == "f"
        and picture.shape == (GRID, GRID)
        and changes.shape[1:] == (GRID, GRID)
    )
    return Fingerprint(picture, changes) if fits else None

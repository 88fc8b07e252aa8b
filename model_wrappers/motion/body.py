"""Finds the main person in the motion of the cells and tracks the person's height.

A jumper lifts most of the body at once, several times a second. The person is therefore where the
vertical motion in that frequency band is strongest *and in phase*: the non-negative leading
eigenvector of the cells' covariance. A passer-by moves cells one after the other, hands and balls
move against each other, and both get lower weights than a body that moves as one.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from model_wrappers.motion.flow import CELL, FloatArray, Signal
from model_wrappers.motion.resampling import resample

RATE = 25.0
"""Samples per second of the cells' motion (jumps have little above 8 Hz)."""
FAST, SLOW = 0.04, 0.25
"""Widths (s) of the two Gaussians whose difference selects the band of jumps."""
BLOCK = 2.0
"""Seconds per block; the person is located separately in every block."""
REACH = 3.0
"""Seconds around a block whose motion also contributes to it."""
BACKGROUND = 0.02
"""Weight of the rest of the clip, which locates the person in blocks without jumps."""
ROUNDS = 15
INSIDE = 0.5
"""Weight above which a cell belongs to the body."""
EDGE = 0.3
"""Weight at the ends of the body: head and feet share their cells with the surroundings."""


def band_motion(signal: Signal) -> npt.NDArray[np.float32]:
    """Return the cells' upward speed in the band of jumps (about 1 to 6 Hz).

    Returns:
        Pixels per sample at `RATE`, float32 [samples, rows * columns].
    """
    from scipy.ndimage import gaussian_filter1d

    span = signal.times[-1] - signal.times[0]
    grid = signal.times[0] + np.arange(max(2, int(span * RATE) + 1)) / RATE
    moves = (signal.up * signal.trust).reshape(len(signal.up), -1)
    place = np.vstack([np.zeros_like(moves[:1]), np.cumsum(moves, axis=0, dtype=np.float64)])
    speed = np.diff(resample(place, signal.times, grid), axis=0)
    fast = gaussian_filter1d(speed, FAST * RATE, axis=0, mode="nearest")
    slow = gaussian_filter1d(speed, SLOW * RATE, axis=0, mode="nearest")
    return np.asarray(fast - slow, dtype=np.float32)


def body_maps(motion: npt.NDArray[np.float32], shape: tuple[int, int]) -> FloatArray:
    """Return the position of the person, block by block.

    For each block, power iteration on the cells' covariance, with samples weighted by their
    distance to the block. Negative entries are set to 0 after each step, which removes parts that
    move against the body (the rope, swinging arms); a blur over neighbouring cells favours
    connected parts.

    Args:
        motion: `band_motion`, [samples, cells].
        shape: (rows, columns) of the cells.

    Returns:
        How much each cell moves with the body, 0..1, float64 [blocks, rows, columns]; a block is
        `BLOCK` seconds.
    """
    from scipy.ndimage import gaussian_filter

    moments = np.arange(len(motion)) / RATE
    centres = (np.arange(max(1, round(len(motion) / RATE / BLOCK))) + 0.5) * BLOCK
    kernel = np.exp(-0.5 * ((moments[:, None] - centres) / REACH) ** 2) + BACKGROUND
    kernel = kernel.astype(np.float32)
    weights = kernel.T @ motion**2  # start from the energy: [blocks, cells]
    for _ in range(ROUNDS):
        weights = ((motion @ weights.T) * kernel).T @ motion
        maps = np.maximum(weights, 0.0).reshape(-1, *shape)
        maps = gaussian_filter(maps, (0.0, 0.7, 0.7))
        maps /= np.maximum(maps.max(axis=(1, 2), keepdims=True), 1e-20)
        weights = maps.reshape(len(centres), -1)
    return np.asarray(weights.reshape(-1, *shape), dtype=np.float64)


def body_size(weights: FloatArray) -> tuple[float, float]:
    """Return height and width of the body in analysis pixels, from its map.

    A plain shirt between head and legs shows no motion, so the ends count, not what is between.
    """
    places = [np.flatnonzero(weights.max(axis=axis) > EDGE) for axis in (1, 0)]
    height, width = (float(CELL * (p[-1] - p[0] + 1)) if len(p) else 0.0 for p in places)
    return height, width


def trajectory(signal: Signal, maps: FloatArray) -> FloatArray:
    """Return the person's height over time.

    Cells move by ``weight * s(t)``; the height is the sum of the least-squares s of each frame.

    Args:
        signal: Measured motion.
        maps: `body_maps`.

    Returns:
        Height above the start in analysis pixels at ``signal.times``, float64 [frames].
    """
    middle: FloatArray = np.convolve(signal.times, (0.5, 0.5), "valid") - signal.times[0]
    centres = np.asarray((np.arange(len(maps)) + 0.5) * BLOCK, dtype=np.float64)
    moves = np.zeros(len(signal.up))
    if len(maps) == 1:
        local = np.broadcast_to(maps, (len(middle), *maps.shape[1:]))
    else:
        local = resample(maps, centres, middle)
    gain = local * signal.trust
    norm = (gain * local).sum(axis=(1, 2))
    visible = norm > 0
    moves[visible] = (gain * signal.up).sum(axis=(1, 2))[visible] / norm[visible]
    return np.concatenate([[0.0], np.cumsum(moves)])


def unity(motion: npt.NDArray[np.float32], maps: FloatArray) -> FloatArray:
    """Return how much the body moves as one, over time.

    Args:
        motion: `band_motion`, [samples, cells].
        maps: `body_maps`.

    Returns:
        Share of the body's vertical motion that one common movement explains, within about half a
        second, 0..1, float64 [samples]. Legs or arms that move against each other reduce it.
    """
    from scipy.ndimage import gaussian_filter1d

    block = np.minimum((np.arange(len(motion)) / RATE / BLOCK).astype(int), len(maps) - 1)
    weights = maps.reshape(len(maps), -1)[block]
    common = (motion * weights).sum(axis=1) / np.maximum((weights**2).sum(axis=1), 1e-12)
    inside = weights > INSIDE
    total = (inside * motion**2).sum(axis=1)
    apart = (inside * (motion - weights * common[:, None]) ** 2).sum(axis=1)
    smooth = [gaussian_filter1d(part, 0.2 * RATE, mode="nearest") for part in (total, apart)]
    return np.asarray(np.clip(1.0 - smooth[1] / np.maximum(smooth[0], 1e-12), 0.0, 1.0))

"""A pinhole camera and an oriented box.

Camera coordinates in metres: x to the right, y down, z forward. Image coordinates are fractions of
width and height from the top left.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

FOCAL_LENGTHS = (1e-3, 1e6)
"""Minimum and maximum in pixels; beyond, squares of coordinates leave float64's range."""
PRINCIPAL = (0.3, 0.7)
"""Range of the principal point as a share of a side; outside, it belongs to another image size."""
ROTATION_SLACK = 1e-3
"""Tolerance of R^T R to the identity, for rounded rotations."""


@dataclass(frozen=True, slots=True)
class Camera:
    """Intrinsics of an image.

    Attributes:
        width: Pixels.
        height: Pixels.
        fx: Focal length in pixel widths.
        fy: Focal length in pixel heights.
        cx: Column of the principal point.
        cy: Row of the principal point.
    """

    width: int
    height: int
    fx: float
    fy: float
    cx: float
    cy: float

    @classmethod
    def from_matrix(cls, intrinsics: npt.ArrayLike, *, size: tuple[int, int]) -> Camera:
        """Return the camera of a 3 x 3 (or homogeneous 4 x 4) matrix.

        Args:
            intrinsics: ``[[fx, 0, cx], [0, fy, cy], [0, 0, 1]]`` in pixels.
            size: (width, height) in pixels.

        Raises:
            ValueError: The matrix has another shape or form, is not finite, belongs to another
                image size (its principal point is not near the middle), a focal length is out of
                range, or a side is not positive.

        >>> Camera.from_matrix([[2, 0, 1], [0, 2, 1], [0, 0, 1]], size=(2, 2)).fx
        2.0
        """
        matrix: Floats = np.asarray(intrinsics, dtype=np.float64)
        if matrix.shape not in ((3, 3), (4, 4)):
            raise ValueError(f"intrinsics has shape {matrix.shape}; it must be (3, 3) or (4, 4)")
        if not np.isfinite(matrix).all():
            raise ValueError(f"intrinsics {matrix.tolist()} must be finite")
        if min(size) <= 0:
            raise ValueError(f"size {tuple(size)} must be (width, height) in pixels, both positive")
        rest = matrix.copy()
        rest[(0, 1), (0, 1)], rest[:2, 2] = 1, 0
        if not np.allclose(rest, np.eye(len(matrix))):
            raise ValueError(
                f"intrinsics {matrix.tolist()} must be [[fx, 0, cx], [0, fy, cy], [0, 0, 1]]"
            )
        fx, fy, cx, cy = (float(matrix[k]) for k in ((0, 0), (1, 1), (0, 2), (1, 2)))
        low, high = FOCAL_LENGTHS
        if not (low <= min(fx, fy) and max(fx, fy) <= high):
            raise ValueError(
                f"intrinsics have focal lengths {fx:g}, {fy:g}; allowed: {low:g} to {high:g} pixels"
            )
        least, most = PRINCIPAL
        if not all(least <= at / side <= most for at, side in zip((cx, cy), size, strict=True)):
            raise ValueError(
                f"intrinsics have their principal point at {cx:g}, {cy:g}, which is not near the "
                f"middle of {size[0]} x {size[1]} pixels: they belong to another image size"
            )
        return cls(size[0], size[1], fx, fy, cx, cy)

    def to_space(self, points: Floats) -> Floats:
        """Return camera coordinates [n, 3] of (x, y, depth), x and y as fractions of the image."""
        x, y, depth = points.T
        return np.stack(
            [
                (x * self.width - self.cx) * depth / self.fx,
                (y * self.height - self.cy) * depth / self.fy,
                depth,
            ],
            axis=1,
        )

    def to_image(self, points: Floats) -> Floats:
        """Return fractions of the image [n, 2] of camera coordinates in front of the camera."""
        x, y, z = points.T
        return np.stack(
            [
                (x * self.fx / z + self.cx) / self.width,
                (y * self.fy / z + self.cy) / self.height,
            ],
            axis=1,
        )


@dataclass(frozen=True, slots=True)
class OrientedBox:
    """A box in camera coordinates.

    Attributes:
        center: [3] metres.
        extent: [3] full lengths of its sides in metres.
        rotation: [3, 3], whose columns are the box's axes.
    """

    center: Floats
    extent: Floats
    rotation: Floats

    def __post_init__(self) -> None:
        for name, shape in (("center", (3,)), ("extent", (3,)), ("rotation", (3, 3))):
            array = np.asarray(getattr(self, name), dtype=np.float64)
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(f"{name} {array.tolist()} must have shape {shape} and be finite")
            object.__setattr__(self, name, array)
        if (self.extent < 0).any():
            raise ValueError(f"extent {self.extent.tolist()} must not be negative")
        if np.abs(_product(self.rotation.T, self.rotation) - np.eye(3)).max() > ROTATION_SLACK:
            raise ValueError(f"rotation {self.rotation.tolist()} is not a rotation matrix")

    def distances(self, points: Floats) -> Floats:
        """Return the distance of every point to the box in metres, 0 inside, float64 [n]."""
        local = _product(points - self.center, self.rotation)
        outside = np.maximum(np.abs(local) - self.extent / 2, 0.0)
        distances: Floats = np.sqrt((outside**2).sum(axis=1))
        return distances

    def corners(self) -> Floats:
        """Return the 8 corners, float64 [8, 3]."""
        signs = np.array(list(product((-0.5, 0.5), repeat=3)))
        corners: Floats = self.center + _product(signs * self.extent, self.rotation.T)
        return corners


def _product(rows: Floats, matrix: Floats) -> Floats:
    """Return ``rows @ matrix``, float64 [n, 3], with the same rounding on every processor."""
    product: Floats = rows[:, :1] * matrix[0]
    for axis in range(1, len(matrix)):
        product = product + rows[:, axis : axis + 1] * matrix[axis]
    return product

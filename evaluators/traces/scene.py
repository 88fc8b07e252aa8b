"""A scene of a depth map and an object's mask: the object's points, and the obstacles."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from evaluators.traces.camera import Camera
from evaluators.traces.clouds import down_sampled, largest_cluster, without_outliers
from evaluators.traces.occupancy import Occupancy, check_view, surface_points
from evaluators.traces.pixels import pixel_neighbour_means

Floats = npt.NDArray[np.float64]

FARTHEST_OBJECT = 15.0
"""Metres; points at this depth or beyond do not belong to the object."""
FARTHEST_SCENE = 5.0
"""Metres; points at this depth or beyond are not obstacles."""
OUTLIER_NEIGHBOURS, OUTLIER_SIGMAS = 10, 1.2
FINEST_VOXEL = 0.01
"""Smallest voxel in metres for down-sampling the object."""
CLUSTER_RADIUS, CLUSTER_LEAST = 0.02, 10
COLLISION_CHUNK = 16
"""Positions of the object to look up at once."""

Missing = Literal["no_object", "no_scene"]
"""No depth under the object's mask; no surface within ``FARTHEST_SCENE`` around it."""


@dataclass(frozen=True)
class Scene:
    """A depth map with its camera and the mask of the object that is to be moved.

    Attributes:
        depth: float32 [height, width] metres, 0 if unknown.
        mask: bool [height, width].
        camera: Camera of the depth map.
    """

    depth: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    camera: Camera

    @classmethod
    def from_millimetres(
        cls, depth: npt.NDArray[Any], mask: npt.NDArray[Any], intrinsics: npt.ArrayLike
    ) -> Scene:
        """Return the scene of a depth map as TraceSpatial stores it.

        Args:
            depth: [height, width] millimetres; 0 if unknown.
            mask: [height, width]; above 0 is the object.
            intrinsics: See ``Camera.from_matrix``.

        Raises:
            ValueError: Sizes differ, a depth is negative or not finite, or see
                ``Camera.from_matrix``.
        """
        depth, mask = np.asarray(depth), np.asarray(mask)
        if depth.ndim != 2 or not depth.size:
            raise ValueError(f"depth has shape {depth.shape}; it must be [height, width]")
        if mask.shape != depth.shape:
            raise ValueError(f"mask has shape {mask.shape}, depth has {depth.shape}")
        if not np.isfinite(depth).all() or depth.min() < 0:
            raise ValueError("depth must be finite and at least 0 everywhere; 0 means unknown")
        camera = Camera.from_matrix(intrinsics, size=(depth.shape[1], depth.shape[0]))
        return cls((depth / 1000).astype(np.float32), mask > 0, camera)

    @cached_property
    def object_points(self) -> Floats:
        """The object's points, float64 [n, 3] metres; empty if the mask has no depth.

        If no points are dense enough for a cluster (a large object has voxels wider than the
        cluster's radius), these are all down-sampled points. The public code then silently uses the
        object of the previous sample.
        """
        rows, columns = np.nonzero(self.mask & (self.depth > 0) & (self.depth < FARTHEST_OBJECT))
        z = self.depth[rows, columns].astype(np.float64)
        image = (columns / self.camera.width, rows / self.camera.height, z)
        points = self.camera.to_space(np.stack(image, axis=1))
        if len(points) > 1:
            means = pixel_neighbour_means(
                points, rows, columns, self.camera, neighbours=OUTLIER_NEIGHBOURS
            )
            points = without_outliers(points, means, sigmas=OUTLIER_SIGMAS)
        if not len(points):
            return points
        size = max(FINEST_VOXEL, 3 * math.hypot(*points.std(axis=0).tolist()) / 40)
        points = down_sampled(points, size)
        cluster = largest_cluster(points, radius=CLUSTER_RADIUS, least=CLUSTER_LEAST)
        return points if cluster is None else cluster

    @cached_property
    def occupancy(self) -> Occupancy:
        """The voxels of the scene without the object."""
        return Occupancy.of_points(surface_points(self._obstacles(), self.camera))

    def _obstacles(self) -> npt.NDArray[np.float32]:
        """Return the depth map without the object and without distant points."""
        obstacle = ~self.mask & (self.depth < FARTHEST_SCENE)
        depth: npt.NDArray[np.float32] = np.where(obstacle, self.depth, np.float32(0))
        return depth

    def check_view(self) -> None:
        """Check that the intrinsics fit a scene.

        Raises:
            ValueError: See ``surface_points``.
        """
        check_view(self._obstacles(), self.camera)

    @cached_property
    def missing(self) -> Missing | None:
        """What is missing to check collisions, or ``None``.

        The obstacles of a scene without depth are unknown; without this check every answer would be
        free of collisions.
        """
        if not len(self.object_points):
            return "no_object"
        return None if self.occupancy.filled.any() else "no_scene"

    def collision_ratios(self, positions: Floats, *, moved_from: Floats | None = None) -> Floats:
        """Return the share of the object's points in occupied voxels at each position of its mean.

        Args:
            positions: float64 [n, 3] metres.
            moved_from: float64 [3] metres: move the object by the offset from here to each position
                instead, and count points up to one voxel below the grid as in its first voxel.

        Returns:
            float64 [n], 0 if the object has no points.
        """
        if not len(self.object_points):
            return np.zeros(len(positions))
        towards_zero = moved_from is not None
        around = self.object_points - (
            self.object_points.mean(axis=0) if moved_from is None else moved_from
        )
        parts = []
        for start in range(0, len(positions), COLLISION_CHUNK):
            chunk = positions[start : start + COLLISION_CHUNK]
            occupied = self.occupancy.contains(chunk, around, towards_zero=towards_zero)
            parts.append(occupied.mean(axis=1))
        return np.concatenate(parts)

"""What a depth map and an object's mask tell about a scene: the object's points, and the rest."""

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
"""Metres; depth from there on is no part of the object."""
FARTHEST_SCENE = 5.0
"""Metres; depth from there on is no obstacle."""
OUTLIER_NEIGHBOURS, OUTLIER_SIGMAS = 10, 1.2
FINEST_VOXEL = 0.01
"""Metres to which the object is down-sampled at least."""
CLUSTER_RADIUS, CLUSTER_LEAST = 0.02, 10
COLLISION_CHUNK = 16
"""Positions of the object that are looked up at once."""

Lacking = Literal["no_object", "no_scene"]
"""No depth under the object's mask; no surface within ``FARTHEST_SCENE`` around it."""


@dataclass(frozen=True)
class Scene:
    """A depth map with its camera and the mask of the object that is to be moved.

    Attributes:
        depth: float32 [height, width] metres, 0 where there is none.
        mask: bool [height, width].
        camera: Of the depth map.
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
            depth: [height, width] millimetres; 0 is no depth.
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
            raise ValueError("depth must be finite and at least 0 everywhere; 0 is no depth")
        camera = Camera.from_matrix(intrinsics, size=(depth.shape[1], depth.shape[0]))
        return cls((depth / 1000).astype(np.float32), mask > 0, camera)

    @cached_property
    def object_points(self) -> Floats:
        """The object's points, float64 [n, 3] metres; none where the mask has no depth.

        Where nothing is dense enough for a cluster (the object is large, so its voxels are wider
        than the cluster's radius), these are all its down-sampled points. There the public code
        silently goes on with the object of the sample before.
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
        found = largest_cluster(points, radius=CLUSTER_RADIUS, least=CLUSTER_LEAST)
        return points if found is None else found

    @cached_property
    def occupancy(self) -> Occupancy:
        """The voxels of the scene without the object."""
        return Occupancy.of_points(surface_points(self._obstacles(), self.camera))

    def _obstacles(self) -> npt.NDArray[np.float32]:
        """Return the depth map without the object and what is far away."""
        kept = ~self.mask & (self.depth < FARTHEST_SCENE)
        found: npt.NDArray[np.float32] = np.where(kept, self.depth, np.float32(0))
        return found

    def check_view(self) -> None:
        """Refuse intrinsics that no scene can be seen with.

        Raises:
            ValueError: See ``surface_points``.
        """
        check_view(self._obstacles(), self.camera)

    @cached_property
    def lacking(self) -> Lacking | None:
        """Without which of both nobody can say what collides, or ``None``.

        A scene without depth has no obstacles only because nobody knows them: with nothing to
        collide with, every answer would be free.
        """
        if not len(self.object_points):
            return "no_object"
        return None if self.occupancy.filled.any() else "no_scene"

    def collision_ratios(self, positions: Floats, *, moved_from: Floats | None = None) -> Floats:
        """Return the share of the object's points in occupied voxels, with its mean at a position.

        Args:
            positions: float64 [n, 3] metres.
            moved_from: float64 [3] metres: move the object by the way from here to each position
                instead, and count what lies up to one voxel below the grid as in its first voxel.

        Returns:
            float64 [n], 0 where the object has no points.
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
            held = self.occupancy.holds(chunk, around, towards_zero=towards_zero)
            parts.append(held.mean(axis=1))
        return np.concatenate(parts)

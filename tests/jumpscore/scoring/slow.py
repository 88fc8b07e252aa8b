"""Earlier, quadratic implementations, to compare the fast ones with."""

from __future__ import annotations


def table_matching(p: list[float], g: list[float], tolerance: float) -> list[tuple[int, int]]:
    """Return (index in g, index in p) of the best matching of sorted times, by a full table."""
    reach, tick = tolerance + 1e-9, 1e-9
    pair_worth = (round(reach / tick) + 1) * (min(len(p), len(g)) + 1)
    rows, columns = len(p), len(g)
    best = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1])
            distance = abs(p[i] - g[j])
            if distance <= reach:
                paired = best[i + 1][j + 1] + pair_worth - round(distance / tick)
                best[i][j] = max(best[i][j], paired)
    pairs = []
    i = 0
    for j in range(columns):
        for k in range(i, rows):
            distance = abs(p[k] - g[j])
            worth = best[k + 1][j + 1] + pair_worth - round(distance / tick)
            if distance <= reach and worth == best[i][j]:
                pairs.append((j, k))
                i = k + 1
                break
    return pairs


def curve_of_ranked_answers(
    predictions: list[float], confidences: list[float], truth: list[float], tolerance: float
) -> list[tuple[float, float]]:
    """Return (recall, precision) at each match, comparing each answer with all free events."""
    order = sorted(range(len(predictions)), key=lambda k: (-confidences[k], predictions[k]))
    free = sorted(truth)
    curve = []
    for rank, k in enumerate(order, start=1):
        nearest = min(free, key=lambda time: abs(time - predictions[k]), default=None)
        if nearest is not None and abs(nearest - predictions[k]) <= tolerance + 1e-9:
            free.remove(nearest)
            curve.append(((len(curve) + 1) / len(truth), (len(curve) + 1) / rank))
    return curve

"""TraceSpatial scoring in 2D and 3D at 640 x 480: samples per second of processor time."""

from __future__ import annotations

import statistics
import time

import numpy as np

from evaluators.traces import OrientedBox, Scene, TraceTruth, score_tracespatial

WIDTH, HEIGHT, FOCAL = 640, 480, 525.0
INTRINSICS = [[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]]
ANSWER = ", ".join(f"({200 + 60 * k}, {640 - 20 * k}, {1.55 + 0.03 * k})" for k in range(9))


def room(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A slanted floor, a wall at 3.5 m, ten boxes, noise of 3 mm and pixels without depth."""
    generator = np.random.default_rng(seed)
    rows = np.arange(HEIGHT)[:, None] - HEIGHT / 2 + 0.5
    floor = np.where(rows > 0, 1.1 * FOCAL / np.maximum(rows, 1), 9.0)
    depth = np.minimum(np.broadcast_to(floor, (HEIGHT, WIDTH)), 3.5)
    for _ in range(10):
        y, x = generator.integers(0, HEIGHT - 120), generator.integers(0, WIDTH - 120)
        tall, wide = generator.integers(40, 120, size=2)
        depth[y : y + tall, x : x + wide] = generator.uniform(1.5, 3.4)
    mask = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    mask[270:345, 95:185] = 255
    depth[mask > 0] = 1.55
    depth = depth + generator.normal(0, 0.003, depth.shape)
    depth[generator.random(depth.shape) < 0.03] = 0
    return (1000 * depth).astype(np.uint16), mask


def main() -> None:
    truth = TraceTruth(
        np.array([[-0.5, 0.2, 1.55], [0.0, 0.0, 1.6], [0.5, 0.2, 1.8]]),
        OrientedBox(np.array([0.5, 0.2, 1.8]), np.array([0.3, 0.2, 0.2]), np.eye(3)),
    )
    seconds: dict[str, list[float]] = {"object": [], "occupancy": [], "2D and 3D": []}
    for seed in range(12):
        scene = Scene.from_millimetres(*room(seed), INTRINSICS)
        for name, work in (
            ("object", lambda scene=scene: scene.object_points),
            ("occupancy", lambda scene=scene: scene.occupancy),
            ("2D and 3D", lambda scene=scene: _score(scene, truth)),
        ):
            before = time.process_time()
            work()
            seconds[name].append(time.process_time() - before)
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(
        f"input: {WIDTH} x {HEIGHT}, object of 6,750 pixels, 9 way-points; reading files excluded"
    )
    for name, value in medians.items():
        print(f"{name}: {1000 * value:.1f} ms (median of 12 scenes)")
    print(f"{1 / sum(medians.values()):.0f} samples per second")


def _score(scene: Scene, truth: TraceTruth) -> None:
    for dimensions in (2, 3):
        score_tracespatial(ANSWER, truth, scene, dimensions=dimensions)


if __name__ == "__main__":
    main()

"""Films and signals of a figure that jumps at known times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np

from model_wrappers.motion import flow

WIDTH, HEIGHT = 320, 192
BODY = 100  # pixels
RUN_A = [1.0 + 0.42 * k for k in range(7)]  # apexes, s
RUN_B = [6.0 + 0.45 * k for k in range(5)]


def ballistic(times: np.ndarray, apexes: Sequence[float], *, flight: float = 0.26) -> np.ndarray:
    """Height in body heights: free flights with a knee bend before and after each."""
    gravity = 9.81 / 1.7
    height = np.zeros_like(times)
    for apex in apexes:
        tau = np.abs(times - apex)
        air = 0.5 * gravity * ((flight / 2) ** 2 - tau**2)
        bend = -0.012 * np.sin(np.pi * np.clip((tau - flight / 2) / 0.08, 0, 1)) ** 2
        height += np.where(tau < flight / 2, air, bend)
    return height


def true_starts(*runs: Sequence[float]) -> list[float]:
    """The start times by the convention, computed independently."""
    starts = []
    for run in runs:
        starts.append(run[0] - 0.57)
        starts += [a + (b - a) / 12 for a, b in pairwise(run)]
    return starts


def texture(rng: np.random.Generator, height: int, width: int, coarse: float) -> np.ndarray:
    noise = cv2.GaussianBlur(
        rng.standard_normal((height, width)).astype(np.float32), (0, 0), coarse
    )
    return 128 + 40 * noise / noise.std()


@dataclass(frozen=True)
class Scene:
    """What happens besides jumping; pan and walk in pixels per s."""

    pan: float = 0.0
    shake: float = 0.0
    walk: float = 0.0
    bystander: bool = False
    noise: float = 2.0


def film(
    path: Path, times: np.ndarray, apexes: Sequence[float] = (), scene: Scene = Scene()
) -> Path:
    """Write a video of a textured figure in front of a textured wall."""
    rng = np.random.default_rng(7)
    wall = texture(rng, HEIGHT + 80, WIDTH + 400, 3.0)
    figure = texture(rng, BODY, 34, 2.0) + 30
    other = texture(rng, 70, 24, 2.0) - 30
    height = ballistic(times, apexes)

    def picture(i: int) -> np.ndarray:
        t = times[i]
        left, top = 40 + scene.pan * t, 40 + scene.shake * np.sin(8 * t)
        image = cv2.warpAffine(wall, np.float32([[1, 0, -left], [0, 1, -top]]), (WIDTH, HEIGHT))
        bob = 0.007 * BODY * np.sin(2 * np.pi * 1.9 * t) if scene.walk else 0.0  # 2.4 cm
        x = WIDTH / 2 - 17 + scene.walk * (t - times[-1] / 2)
        paste(image, figure, x, 80 - BODY * height[i] - bob - (top - 40))
        if scene.bystander:
            paste(image, other, 20 + 25 * t, 90 + 1.0 * np.sin(12 * t) - (top - 40))
        image += scene.noise * rng.standard_normal(image.shape)
        return np.clip(image, 0, 255).astype(np.uint8)

    return write(path, times, picture)


def paste(image: np.ndarray, figure: np.ndarray, x: float, y: float) -> None:
    shift = np.float32([[1, 0, x], [0, 1, y]])
    size = (image.shape[1], image.shape[0])
    alpha = cv2.warpAffine(np.ones_like(figure), shift, size)
    image *= 1 - alpha
    image += cv2.warpAffine(figure, shift, size) * alpha


def write(path: Path, times: np.ndarray, picture: Callable[[int], np.ndarray]) -> Path:
    """Encode grey pictures with these presentation times (1 ms clock)."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1000)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"preset": "ultrafast", "crf": "20"}
        for i, time in enumerate(times):
            frame = av.VideoFrame.from_ndarray(picture(i), format="gray").reformat(format="yuv420p")
            frame.pts = round(1000 * float(time))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def clock(duration: float, fps: float = 25.0) -> np.ndarray:
    return np.arange(round(duration * fps)) / fps


def hand_made(apexes: Sequence[float], *, seconds: float = 8.0) -> flow.Signal:
    """Cells in which a body of 12 x 4 cells jumps and another one of 10 x 3 wanders."""
    times = clock(seconds)
    up = np.zeros((len(times) - 1, 24, 40), np.float32)
    up[:, 8:20, 10:14] = 12 * flow.CELL * np.diff(ballistic(times, apexes))[:, None, None]
    up[:, 8:18, 30:33] = 0.4 * flow.CELL * np.diff(np.sin(2 * np.pi * 0.4 * times))[:, None, None]
    up += np.random.default_rng(1).normal(0, 0.02, up.shape)
    return flow.Signal(times, up.astype(np.float32), np.ones((24, 40), np.float32), seconds)


def stepping(
    gap: float, *, seconds: float = 10.0, fps: float = 30.0, side: bool = False, bounce: float = 0.1
) -> tuple[flow.Signal, np.ndarray]:
    """Cells of a runner on the spot, and the times at which a foot is highest.

    The feet rise in turn, one every ``gap`` seconds; the trunk bounces a little with each. From the
    side one leg hides the other.
    """
    times = clock(seconds, fps)
    phase = 2 * np.pi * times / gap
    feet = [np.maximum(sign * np.cos(phase / 2), 0.0) ** 2 for sign in (1.0, -1.0)]
    place = np.zeros((len(times), 24, 40))
    place[:, 6:14, 18:24] = (bounce * np.cos(phase))[:, None, None]
    place[:, 14:20, 18:21] = feet[0][:, None, None]
    place[:, 14:20, 21:24] = feet[0 if side else 1][:, None, None]
    up = np.diff(place, axis=0) + np.random.default_rng(2).normal(0, 0.02, (len(times) - 1, 24, 40))
    signal = flow.Signal(times, up.astype(np.float32), np.ones((24, 40), np.float32), seconds)
    return signal, np.arange(0.0, seconds, gap)

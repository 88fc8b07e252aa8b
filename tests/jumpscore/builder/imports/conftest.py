from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from jumpscore.builder.imports.clocks import TrackTimes
from tests.support import write_video

NTSC = Fraction(30000, 1001)


@pytest.fixture(scope="session")
def videos(tmp_path_factory) -> Path:
    """Real videos: constant, high and variable rates, another container, a start at 0.5 s."""
    folder = tmp_path_factory.mktemp("videos")
    write_video(folder / "clip.mp4", frames=150, fps=float(NTSC))
    write_video(folder / "film.mp4", frames=120, fps=25)
    write_video(folder / "fast.mp4", frames=240, fps=60000 / 1001)
    write_video(folder / "matroska.mkv", frames=150, fps=float(NTSC))
    write_video(folder / "late.mp4", frames=150, fps=30, times=[0.5 + k / 30 for k in range(150)])
    gaps = np.random.default_rng(0).choice([1 / 60, 1 / 30, 1 / 24], 149)
    write_video(folder / "vfr.mp4", frames=150, fps=30, times=[0.0, *np.cumsum(gaps).tolist()])
    return folder


@pytest.fixture(scope="session")
def track(videos):
    """Return the time line of one of the videos."""

    def track(name: str) -> TrackTimes:
        return TrackTimes.read(videos / name)

    return track

"""The motion baseline on real files with known jumps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.optimize import linear_sum_assignment

from jumpscore.errors import VideoError
from jumpscore.records import Media, Question, Response
from model_wrappers.motion import Motion, MotionOptions
from tests.model_wrappers.motion.films import (
    HEIGHT,
    RUN_A,
    RUN_B,
    WIDTH,
    Scene,
    clock,
    film,
    true_starts,
    write,
)

LIST = "List the start timestamps in s of each jump rope the main character does in the video."
COUNT = "How many jump rope did the person in the video do in total?"


def ask(path: Path, prompt: str = LIST, **options: float) -> Response:
    wrapper = Motion(MotionOptions(**options))
    (answer,) = wrapper.generate([wrapper.prepare(Question("q", (Media(path),), prompt), None)])
    return answer


def f1(answer: Response, truth: Sequence[float], tolerance: float) -> float:
    """Share by optimal matching, written for this test alone."""
    times = json.loads(answer.text)
    far = np.abs(np.subtract.outer(times, truth)) > tolerance
    rows, columns = linear_sum_assignment(far)
    return 2.0 * float((~far[rows, columns]).sum()) / (len(times) + len(truth))


@pytest.fixture(scope="module")
def jumper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with a pause of 2.5 s between them."""
    return film(tmp_path_factory.mktemp("motion") / "a.mp4", clock(9.0), [*RUN_A, *RUN_B])


def test_motion_two_runs(jumper: Path) -> None:
    answer = ask(jumper)
    truth = true_starts(RUN_A, RUN_B)
    times = json.loads(answer.text)
    assert len(times) == len(truth)
    np.testing.assert_allclose(times, truth, atol=0.04)  # one frame of 25 fps
    grid = Response("q", json.dumps(list(np.arange(0, 9.0, 0.5))))
    assert f1(grid, truth, 0.2) < 0.7 < 0.99 < f1(answer, truth, 0.05)


def test_motion_confidences_and_format(jumper: Path) -> None:
    answer = ask(jumper)
    assert answer.confidences is not None
    assert len(answer.confidences) == len(json.loads(answer.text)) == 12
    assert all(0.0 < c <= 1.0 for c in answer.confidences)
    # The first start of a run rests on a typical lead, so it is the least certain of its run.
    assert answer.confidences[0] < min(answer.confidences[1:7])
    numbers = answer.text.strip("[]").split(", ")
    assert all(len(number.split(".")[1]) == 2 for number in numbers)


def test_motion_is_deterministic(jumper: Path) -> None:
    assert ask(jumper) == ask(jumper)


def test_motion_count(jumper: Path) -> None:
    answer = ask(jumper, COUNT)
    assert answer.text == "12"
    assert answer.confidences is None


def test_motion_timing_options(jumper: Path) -> None:
    usual = json.loads(ask(jumper).text)
    early = json.loads(ask(jumper, phase=0.0, first_lead=0.4).text)
    gained = np.subtract(usual, early)
    np.testing.assert_allclose(gained[1:7], 0.42 / 12, atol=0.012)
    assert gained[0] == pytest.approx(-0.17, abs=0.011)
    assert json.loads(ask(jumper, least_rise=0.2, most_rise=0.9).text) == []


def test_motion_variable_frame_rate(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    times = np.round(np.cumsum(rng.choice([0.02, 0.033, 0.05, 0.08], size=200)), 3)
    apexes = [1.0 + 0.5 * k for k in range(int((times[-1] - 2.0) / 0.5))]
    path = film(tmp_path / "v.mp4", times - times[0], [a - times[0] for a in apexes])
    assert f1(ask(path), true_starts([a - times[0] for a in apexes]), 0.06) == 1.0


@pytest.mark.parametrize("fps", [15.0, 60.0])
def test_motion_frame_rates(tmp_path: Path, fps: float) -> None:
    path = film(tmp_path / "f.mp4", clock(4.5, fps), RUN_A)
    assert f1(ask(path), true_starts(RUN_A), 0.06) == 1.0


def test_motion_moving_camera_and_bystander(tmp_path: Path) -> None:
    path = film(tmp_path / "p.mp4", clock(5.0), RUN_A, Scene(pan=25.0, shake=4.0, bystander=True))
    assert f1(ask(path), true_starts(RUN_A), 0.1) == 1.0


def test_motion_shaking_camera_without_jumps(tmp_path: Path) -> None:
    # The figure does not move on the wall: without compensation everything would bounce at 1.3 Hz.
    assert ask(film(tmp_path / "s.mp4", clock(4.0), scene=Scene(shake=5.0))).text == "[]"


def test_motion_still_video(tmp_path: Path) -> None:
    answer = ask(film(tmp_path / "still.mp4", clock(3.0), scene=Scene(noise=4.0)))
    assert (answer.text, answer.confidences) == ("[]", ())


def test_motion_identical_frames(tmp_path: Path) -> None:
    flat = np.full((HEIGHT, WIDTH), 90, np.uint8)
    assert ask(write(tmp_path / "flat.mp4", clock(2.0), lambda _: flat)).text == "[]"


def test_motion_walking(tmp_path: Path) -> None:
    path = film(tmp_path / "w.mp4", clock(6.0), scene=Scene(walk=30.0))
    assert len(json.loads(ask(path).text)) <= 1


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_motion_shortest_clips(tmp_path: Path, frames: int) -> None:
    path = film(tmp_path / "one.mp4", clock(frames / 25.0))
    assert ask(path).text == "[]"
    assert ask(path, COUNT).text == "0"


def test_motion_invalid_video(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(b"no video at all")
    with pytest.raises(VideoError, match=r"x\.mp4"):
        ask(path)


@pytest.mark.parametrize(
    "options",
    [{"shortest_period": 2.0}, {"least_rise": 0.5}, {"analysis_height": 8}, {"hight": 192}],
)
def test_motion_options_invalid(options: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        MotionOptions(**options)

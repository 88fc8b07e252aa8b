"""The motion baseline, on real files with known jumps and on signals made by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from pydantic import ValidationError
from scipy.optimize import linear_sum_assignment

from jumpscore.errors import VideoError
from jumpscore.records import Media, Question, Response
from model_wrappers.motion import Motion, MotionOptions, body, events, flow

WIDTH, HEIGHT = 320, 192
BODY = 100  # pixels
LIST = "List the start timestamps in s of each jump rope the main character does in the video."
COUNT = "How many jump rope did the person in the video do in total?"
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
    """What the convention says, worked out here on its own."""
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


def film(
    path: Path,
    times: np.ndarray,
    apexes: Sequence[float] = (),
    *,
    pan: float = 0.0,
    shake: float = 0.0,
    walk: float = 0.0,
    bystander: bool = False,
    noise: float = 2.0,
) -> Path:
    """Write a video of a textured figure before a textured wall; pan and walk in pixels per s."""
    rng = np.random.default_rng(7)
    wall = texture(rng, HEIGHT + 80, WIDTH + 400, 3.0)
    figure = texture(rng, BODY, 34, 2.0) + 30
    other = texture(rng, 70, 24, 2.0) - 30
    height = ballistic(times, apexes)

    def picture(i: int) -> np.ndarray:
        t = times[i]
        left, top = 40 + pan * t, 40 + shake * np.sin(8 * t)
        image = cv2.warpAffine(wall, np.float32([[1, 0, -left], [0, 1, -top]]), (WIDTH, HEIGHT))
        bob = 0.007 * BODY * np.sin(2 * np.pi * 1.9 * t) if walk else 0.0  # 2.4 cm up and down
        x = WIDTH / 2 - 17 + walk * (t - times[-1] / 2)
        paste(image, figure, x, 80 - BODY * height[i] - bob - (top - 40))
        if bystander:
            paste(image, other, 20 + 25 * t, 90 + 1.0 * np.sin(12 * t) - (top - 40))
        image += noise * rng.standard_normal(image.shape)
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


def ask(path: Path, prompt: str = LIST, **options: float) -> Response:
    wrapper = Motion(MotionOptions(**options))
    (answer,) = wrapper.generate([wrapper.prepare(Question("q", (Media(path),), prompt), None)])
    return answer


def f1(answer: Response, truth: Sequence[float], tolerance: float) -> float:
    """Share by optimal matching, written for this test alone."""
    given = json.loads(answer.text)
    far = np.abs(np.subtract.outer(given, truth)) > tolerance
    rows, columns = linear_sum_assignment(far)
    return 2.0 * float((~far[rows, columns]).sum()) / (len(given) + len(truth))


# -- through the file ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def jumper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs with a pause of 2.5 s between them."""
    return film(tmp_path_factory.mktemp("motion") / "a.mp4", clock(9.0), [*RUN_A, *RUN_B])


def test_finds_every_jump_of_two_runs(jumper: Path) -> None:
    answer = ask(jumper)
    truth = true_starts(RUN_A, RUN_B)
    given = json.loads(answer.text)
    assert len(given) == len(truth)
    np.testing.assert_allclose(given, truth, atol=0.04)  # one frame of 25 fps
    grid = Response("q", json.dumps(list(np.arange(0, 9.0, 0.5))))
    assert f1(grid, truth, 0.2) < 0.7 < 0.99 < f1(answer, truth, 0.05)


def test_confidences_and_form(jumper: Path) -> None:
    answer = ask(jumper)
    assert answer.confidences is not None
    assert len(answer.confidences) == len(json.loads(answer.text)) == 12
    assert all(0.0 < c <= 1.0 for c in answer.confidences)
    # The first start of a run rests on a typical lead, so it is the least certain of its run.
    assert answer.confidences[0] < min(answer.confidences[1:7])
    numbers = answer.text.strip("[]").split(", ")
    assert all(len(number.split(".")[1]) == 2 for number in numbers)


def test_equal_files_give_equal_answers(jumper: Path) -> None:
    assert ask(jumper) == ask(jumper)


def test_counts_where_the_prompt_asks_how_many(jumper: Path) -> None:
    answer = ask(jumper, COUNT)
    assert answer.text == "12"
    assert answer.confidences is None


def test_options_move_the_starts(jumper: Path) -> None:
    usual = json.loads(ask(jumper).text)
    early = json.loads(ask(jumper, phase=0.0, first_lead=0.4).text)
    gained = np.subtract(usual, early)
    np.testing.assert_allclose(gained[1:7], 0.42 / 12, atol=0.012)
    assert gained[0] == pytest.approx(-0.17, abs=0.011)
    assert json.loads(ask(jumper, least_rise=0.2, most_rise=0.9).text) == []


def test_variable_frame_rate(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    times = np.round(np.cumsum(rng.choice([0.02, 0.033, 0.05, 0.08], size=200)), 3)
    apexes = [1.0 + 0.5 * k for k in range(int((times[-1] - 2.0) / 0.5))]
    path = film(tmp_path / "v.mp4", times - times[0], [a - times[0] for a in apexes])
    assert f1(ask(path), true_starts([a - times[0] for a in apexes]), 0.06) == 1.0


@pytest.mark.parametrize("fps", [15.0, 60.0])
def test_frame_rates(tmp_path: Path, fps: float) -> None:
    path = film(tmp_path / "f.mp4", clock(4.5, fps), RUN_A)
    assert f1(ask(path), true_starts(RUN_A), 0.06) == 1.0


def test_panning_shaking_camera_and_a_bystander(tmp_path: Path) -> None:
    path = film(tmp_path / "p.mp4", clock(5.0), RUN_A, pan=25.0, shake=4.0, bystander=True)
    assert f1(ask(path), true_starts(RUN_A), 0.1) == 1.0


def test_shaking_camera_alone_is_no_jump(tmp_path: Path) -> None:
    # The figure stays where it is on the wall: without compensation all would bounce at 1.3 Hz.
    assert ask(film(tmp_path / "s.mp4", clock(4.0), shake=5.0)).text == "[]"


def test_still_video_is_an_empty_list(tmp_path: Path) -> None:
    answer = ask(film(tmp_path / "still.mp4", clock(3.0), noise=4.0))
    assert (answer.text, answer.confidences) == ("[]", ())


def test_identical_frames_are_an_empty_list(tmp_path: Path) -> None:
    flat = np.full((HEIGHT, WIDTH), 90, np.uint8)
    assert ask(write(tmp_path / "flat.mp4", clock(2.0), lambda _: flat)).text == "[]"


def test_walking_is_hardly_ever_a_jump(tmp_path: Path) -> None:
    path = film(tmp_path / "w.mp4", clock(6.0), walk=30.0)
    assert len(json.loads(ask(path).text)) <= 1


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_shortest_clips(tmp_path: Path, frames: int) -> None:
    path = film(tmp_path / "one.mp4", clock(frames / 25.0))
    assert ask(path).text == "[]"
    assert ask(path, COUNT).text == "0"


def test_a_file_that_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(b"no video at all")
    with pytest.raises(VideoError, match=r"x\.mp4"):
        ask(path)


# -- pure functions --------------------------------------------------------------------------------


def cells_of(right: np.ndarray, down: np.ndarray) -> np.ndarray:
    return np.dstack([right, down, np.full(right.shape, 0.5)]).astype(np.float32)


def test_camera_motion_ignores_the_person() -> None:
    y, x = np.mgrid[:24, :43].astype(float)
    right, down = 1.5 + 0.02 * (x - 21), -0.5 + 0.02 * (y - 11.5)  # a shift and a zoom
    person = (abs(x - 21) < 4) & (y > 6)
    found = flow.camera_motion(cells_of(right, np.where(person, down - 3.0, down)))
    np.testing.assert_allclose(found[..., 0], right, atol=0.05)
    np.testing.assert_allclose(found[..., 1], down, atol=0.05)


def test_own_rise_is_upward_and_free_of_what_its_row_does() -> None:
    y, x = np.mgrid[:24, :43]
    person = (abs(x - 21) < 4) & (y > 6)
    down = np.where(person, -2.0, 0.0) + np.where(y < 5, 1.0, 0.0)  # a pattern misread at the top
    rise = flow.own_rise(cells_of(np.zeros_like(down), down))
    assert rise[person].min() > 1.8
    assert np.abs(rise[~person]).max() < 0.2


def test_texture_trusts_no_flat_area_and_no_upright_edge_for_rising() -> None:
    picture = np.full((64, 96), 100, np.uint8)
    picture[:, 20:28] = 220  # a lamp post
    picture[40:48, 48:] = 220  # a kerb
    anywhere, rising = flow.texture(picture, picture)
    assert (anywhere.shape, rising.shape) == ((16, 24), (8, 12))
    assert anywhere[4, 5] > 0.9
    assert rising[2, 2] < 0.1  # the post
    assert rising[5, 9] > 0.9  # the kerb
    assert anywhere[4, 18] < 0.1  # flat


def test_noise_is_no_texture() -> None:
    rng = np.random.default_rng(0)
    first, second = (np.clip(100 + 12 * rng.standard_normal((64, 96)), 0, 255) for _ in range(2))
    _, rising = flow.texture(first.astype(np.uint8), second.astype(np.uint8))
    assert np.median(rising) < 0.15


def test_cell_motion_is_the_mean_of_what_can_be_trusted() -> None:
    motion = np.zeros((16, 16, 2), np.float32)
    motion[:, :4, 0] = 2.0
    trust = np.full((4, 4), 0.01, np.float32)
    trust[:, 0] = 1.0
    cells = flow.cell_motion(motion, trust)
    assert cells.shape == (2, 2, 3)
    assert cells[0, 0, 0] == pytest.approx(2.0 * 1.0 / 1.01, rel=1e-4)
    assert cells[1, 1, 0] == 0.0


@pytest.mark.parametrize("size", [(1280, 720), (720, 1280), (64, 36), (8, 4)])
def test_analysis_size_is_whole_cells(size: tuple[int, int]) -> None:
    width, height = flow.analysis_size(*size, 192)
    assert width % flow.CELL == height % flow.CELL == 0
    assert min(width, height) <= 192


def hand_made(apexes: Sequence[float], *, seconds: float = 8.0) -> flow.Signal:
    """Cells in which a body of 12 x 4 cells jumps and another one of 10 x 3 wanders."""
    times = clock(seconds)
    up = np.zeros((len(times) - 1, 24, 40), np.float32)
    up[:, 8:20, 10:14] = 96 * np.diff(ballistic(times, apexes))[:, None, None]
    up[:, 8:18, 30:33] = 3 * np.diff(np.sin(2 * np.pi * 0.4 * times))[:, None, None]
    up += np.random.default_rng(1).normal(0, 0.02, up.shape)
    return flow.Signal(times, up.astype(np.float32), np.ones((24, 40), np.float32), seconds)


def test_body_is_where_the_jumping_is() -> None:
    signal = hand_made(RUN_A)
    motion = body.band_motion(signal)
    maps = body.body_maps(motion, (24, 40))
    assert maps.shape == (4, 24, 40)
    assert maps[:, 10:18, 11:13].min() > 0.8  # also in the blocks of the pause
    assert maps[:, :, 25:].max() < 0.2
    assert body.body_height(maps[0]) == pytest.approx(96, abs=16)
    track = body.trajectory(signal, maps)
    truth = 96 * ballistic(signal.times, RUN_A)
    assert np.corrcoef(track - track.mean(), truth)[0, 1] > 0.97
    assert body.unity(motion, maps)[40] > 0.8  # one body, in flight


def test_times_are_those_of_the_frames_wherever_they_begin() -> None:
    limits, timing = events.Limits(), events.Timing()
    signal = hand_made(RUN_A)
    later = replace(signal, times=signal.times + 3.0, duration=signal.duration + 3.0)
    usual = [event.time for event in events.find_jumps(signal, limits=limits, timing=timing)]
    moved = [event.time for event in events.find_jumps(later, limits=limits, timing=timing)]
    np.testing.assert_allclose(usual, true_starts(RUN_A), atol=0.03)
    np.testing.assert_allclose(moved, np.add(usual, 3.0), atol=0.011)


def test_limbs_against_each_other_are_no_unity() -> None:
    times = clock(4.0)
    up = np.zeros((len(times) - 1, 24, 40), np.float32)
    swing = np.diff(4 * np.sin(2 * np.pi * 2 * times))[:, None, None]
    late = np.diff(4 * np.sin(2 * np.pi * 2 * times - 1.4))[:, None, None]
    up[:, 8:14, 10:14], up[:, 14:20, 10:14] = swing, late
    motion = body.band_motion(flow.Signal(times, up, np.ones((24, 40), np.float32), 4.0))
    assert np.median(body.unity(motion, body.body_maps(motion, (24, 40)))) < 0.75


def test_bumps_lie_at_the_apexes_whatever_the_clock() -> None:
    rng = np.random.default_rng(5)
    times = np.cumsum(rng.uniform(0.02, 0.06, size=130))
    bumps = [b for b in events.find_bumps(ballistic(times, RUN_A), times, 0.25) if b.rise > 0.02]
    np.testing.assert_allclose([b.apex for b in bumps], RUN_A, atol=0.025)
    assert all(2.0 < b.pull < 9.81 / 1.7 * 1.2 for b in bumps)


def jump(apex: float, rise: float = 0.04, pull: float = 4.0) -> events.Bump:
    return events.Bump(apex, rise, pull)


def test_only_jumps_are_kept() -> None:
    limits = events.Limits()
    run = [jump(1.0 + 0.4 * k) for k in range(5)]
    low = jump(3.0, rise=0.01)  # below what counts, and below the usual
    floating = jump(3.4, pull=0.5)  # rises and falls too slowly to be a flight
    thrown = jump(3.8, rise=0.4)  # no body jumps that high
    torn = events.Bump(4.2, 0.04, 4.0, unity=0.3)
    assert events.keep_jumps([*run, low, floating, thrown, torn], limits) == run
    assert events.keep_jumps([], limits) == []


def test_low_jumps_count_among_jumps_only() -> None:
    limits = events.Limits()
    rises = [0.013, 0.011, 0.013, 0.010, 0.014]
    fast = [jump(1.0 + 0.3 * k, rise=rise) for k, rise in enumerate(rises)]
    alone = jump(6.0, rise=0.011)
    assert events.keep_jumps([*fast, alone], limits) == fast


def test_runs_are_split_at_pauses() -> None:
    bumps = [jump(t) for t in (1.0, 1.4, 1.8, 4.0, 5.0)]
    assert [len(run) for run in events.split_runs(bumps, 1.05)] == [3, 2]


def starts(passes: Sequence[float], duration: float = 60.0) -> list[float | None]:
    return events.run_starts(passes, passes, timing=events.Timing(), duration=duration)


def test_starts_follow_the_rope() -> None:
    assert starts([2.0, 2.6, 3.2]) == pytest.approx([1.43, 2.05, 2.65])
    assert starts([2.0]) == pytest.approx([1.43])  # one jump


def test_a_video_cut_inside_a_run() -> None:
    # A turn before the first apex the rope was already turning: 0.4 - 11/12 * 0.36 = 0.07.
    assert starts([0.4, 0.76]) == pytest.approx([0.07, 0.43])
    assert starts([0.1, 0.46])[0] is None
    # It ends before the next flight could be: that jump has started all the same.
    assert starts([2.0, 2.36], duration=2.5) == pytest.approx([1.43, 2.03, 2.39])


def test_a_double_under_starts_the_next_jump_after_its_second_pass() -> None:
    singles = [jump(t) for t in (1.0, 1.4, 1.8, 3.0, 3.4)]
    found = events.jump_events(
        [*singles[:3], jump(2.4, rise=0.12), *singles[3:]],
        limits=events.Limits(),
        timing=events.Timing(),
        duration=60.0,
    )
    times = [event.time for event in found]
    # Passes at 2.29 and 2.51: the double-under itself starts after 1.8 as every jump does.
    assert times[3:5] == pytest.approx([1.8 + 0.49 / 12, 2.51 + 0.49 / 12])


def test_events_stay_in_order_and_apart() -> None:
    crowd = [events.Event(1.0, 0.3), events.Event(0.5, 0.9), events.Event(1.02, 0.8)]
    assert events.spread(crowd) == [events.Event(0.5, 0.9), events.Event(1.02, 0.8)]


@pytest.mark.parametrize(
    "options",
    [{"shortest_period": 2.0}, {"least_rise": 0.5}, {"analysis_height": 8}, {"hight": 192}],
)
def test_options_that_make_no_sense_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        MotionOptions(**options)


def test_yaml_holds_exactly_the_defaults() -> None:
    yaml = pytest.importorskip("yaml")
    import jumpscore.conf.model as group

    text = (Path(next(iter(group.__path__))) / "motion.yaml").read_text(encoding="utf-8")
    settings = yaml.safe_load(text)
    assert settings.pop("name") == Motion.name
    assert settings == MotionOptions().model_dump()

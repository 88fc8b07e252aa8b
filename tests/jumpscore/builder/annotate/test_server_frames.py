"""The frame on the page is the frame in the file."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest

from jumpscore.builder.jump_rope.encode import write_rotation
from jumpscore.builder.project import Project
from jumpscore.video import probe
from tests.jumpscore.builder.annotate.serving import Server, number_in, records, serving
from tests.jumpscore.builder.projects import add_video
from tests.support import write_video

OPEN = {"x264-params": "open-gop=1:keyint=12:scenecut=0"}
VARIABLE = np.cumsum([0.02, *np.random.default_rng(0).choice([0.02, 0.04, 0.1], 59)]).tolist()
FILES = {
    "29.97.mp4": {"fps": 30000 / 1001},
    "59.94.mp4": {"fps": 60000 / 1001, "b_frames": 3},
    "variable.mp4": {"times": VARIABLE},
    "variable.mkv": {"times": VARIABLE, "b_frames": 3},
    "cut_by_edit_list.mp4": {"times": [(k - 20) / 25 for k in range(60)]},
    "offset.mkv": {"times": [0.5 + k / 25 for k in range(60)]},
    "broadcast.ts": {},
    "open.mp4": {"codec_options": OPEN},
    "ten_bit.mp4": {"codec": "libx265", "pix_fmt": "yuv420p10le"},
    "by_order.avi": {"codec": "mpeg4"},
    "long_group.mp4": {"gop": 250},
}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Iterator[tuple[Server, dict[str, Path], dict[str, str]]]:
    """A server of all files: (server, name -> path, name -> id)."""
    folder = tmp_path_factory.mktemp("files")
    project = Project.create(folder / "project")
    paths = {
        name: write_video(folder / name, **({"frames": 60, "size": (128, 96)} | options))
        for name, options in FILES.items()
    }
    ids = {name: add_video(project, path).id for name, path in paths.items()}
    with serving(project.root) as server:
        yield server, paths, ids


@pytest.mark.parametrize("name", FILES)
def test_frame_shows_its_own_number(files, name):
    server, paths, ids = files
    info = probe(paths[name])
    first = 60 - info.frames  # frames before it are left out by the edit list
    assert first == (20 if name.startswith("cut") else 0)
    order = list(range(info.frames)) + random.Random(name).choices(range(info.frames), k=30)
    random.Random(0).shuffle(order)
    for index in order:
        answer = server.frame(ids[name], index)
        assert answer.status == 200
        assert answer.headers["content-type"] == "image/jpeg"
        assert int(answer.headers["x-frame-index"]) == index
        assert float(answer.headers["x-frame-time"]) == pytest.approx(info.times[index], abs=1e-6)
        assert answer.number == first + index, (name, index)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("start", "step"), [(0, 1), (23, 2)])
def test_play_shows_its_own_numbers(files, name, start, step):
    server, paths, ids = files
    info = probe(paths[name])
    path = f"/api/videos/{ids[name]}/play?from={start}&to=10000&step={step}&width=64"
    played = records(server.call(path).content)
    indices = list(range(start, info.frames, step))
    assert [index for index, _, _ in played] == indices
    assert [time for _, time, _ in played] == [info.times[index] for index in indices]
    assert [number_in(jpeg) - (60 - info.frames) for *_, jpeg in played] == indices


def test_video_lists_times_and_key_frames(files):
    server, paths, ids = files
    info = probe(paths["variable.mp4"])
    view = server.call(f"/api/videos/{ids['variable.mp4']}").json
    assert view["times"] == [round(time, 6) for time in info.times.tolist()]
    assert [view["times"][index] for index in view["keyframes"]] == pytest.approx(
        info.keyframe_times, abs=1e-6
    )
    assert (view["width"], view["height"], view["frames"]) == (128, 96, 60)


def test_frame_beyond_the_end(files):
    server, _, ids = files
    answer = server.frame(ids["open.mp4"], 60)
    assert answer.status == 404
    assert "frame 60 is not in the video" in answer.json["error"]


@pytest.mark.parametrize("query", ["width=0", "width=x", "width=-1", "width=1e9", "width=%00"])
def test_frame_invalid_width(files, query):
    server, _, ids = files
    answer = server.call(f"/api/videos/{ids['open.mp4']}/frames/0?{query}")
    assert answer.status == 422
    assert "width=" in answer.json["error"]


def test_play_aborted_by_the_client(files):
    server, _, ids = files
    for _ in range(5):
        connection = HTTPConnection("127.0.0.1", server.port)
        path = f"/api/videos/{ids['29.97.mp4']}/play?from=0&to=59"
        connection.request("GET", path, headers={"Authorization": f"Bearer {server.token}"})
        assert connection.getresponse().read(10)
        connection.close()
    assert server.frame(ids["29.97.mp4"], 30).number == 30


def test_frame_is_upright(tmp_path):
    stored = np.full((64, 128, 3), 20, np.uint8)
    stored[:, :32] = 235  # white on the left as stored
    path = write_video(tmp_path / "a.mp4", size=(128, 64), pictures=[stored] * 5)
    write_rotation(path, 90)
    info = probe(path)
    project = Project.create(tmp_path / "project")
    video = add_video(project, path)
    with serving(project.root) as server:
        import cv2

        jpeg = np.frombuffer(server.frame(video.id, 3).content, np.uint8)
        picture = cv2.imdecode(jpeg, cv2.IMREAD_GRAYSCALE)
    assert picture.shape == (info.height, info.width) == (128, 64)
    assert abs(int(picture[:24].mean()) - int(picture[-24:].mean())) > 150
    assert abs(int(picture[:, :8].mean()) - int(picture[:, -8:].mean())) < 10


def test_frame_of_a_damaged_video(tmp_path, numbered):
    path = write_video(tmp_path / "damaged.mkv", frames=120, gop=12, size=(128, 96), b_frames=0)
    content = path.read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(content[: len(content) // 2])
    middle = len(content) // 2
    path.write_bytes(content[:middle] + bytes(3000) + content[middle + 3000 :])
    project = Project.create(tmp_path / "project")
    damaged, short, whole = (add_video(project, file) for file in (path, cut, numbered))
    with serving(project.root) as server:
        answers = [server.frame(damaged.id, index) for index in range(damaged.frames)]
        assert {answer.status for answer in answers} == {200, 410}
        first_bad = next(i for i, answer in enumerate(answers) if answer.status == 410)
        assert first_bad > 30
        assert all(answer.number == i for i, answer in enumerate(answers[:first_bad]))
        reason = answers[first_bad].json["error"]
        assert f"frame {first_bad} at" in reason
        assert "copy or download the file again" in reason
        assert server.frame(damaged.id, first_bad).json["error"] == reason
        played = records(server.call(f"/api/videos/{damaged.id}/play?from=0&to=119").content)
        assert [index for index, _, _ in played] == list(range(first_bad))

        view = server.call(f"/api/videos/{short.id}").json
        assert view["truncated"]
        assert view["frames"] < 120
        assert server.frame(short.id, 20).number == 20
        assert server.frame(whole.id, 59).number == 59


def test_video_that_was_replaced(server, project, video):
    [row] = project.videos()
    project.file(row).write_bytes(b"another file")
    assert "has 12 bytes instead of" in server.call("/api/project").json["videos"][0]["problem"]
    for path in (f"/api/videos/{video}", f"/api/videos/{video}/frames/0"):
        answer = server.call(path)
        assert answer.status == 410
        assert "restore it" in answer.json["error"]


def test_curves_are_computed_in_the_background(server, video):
    answer = server.call(f"/api/videos/{video}/curves")
    while answer.status == 202:
        time.sleep(0.05)
        answer = server.call(f"/api/videos/{video}/curves")
    curves = answer.json
    assert curves["waveform"] is None
    assert len(curves["motion"]) == len(curves["bits"])
    assert len(curves["motion"]) * curves["bin"] == pytest.approx(2.4, abs=2 * curves["bin"])
    assert max(curves["motion"]) == 1.0


def test_frames_of_many_videos_at_once(files):
    server, _, ids = files
    names = [name for name in FILES if not name.startswith("cut")][:4]
    order = [(name, index) for name in names for index in range(0, 60, 4)]
    random.Random(1).shuffle(order)
    with ThreadPoolExecutor(6) as clients:
        answers = list(clients.map(lambda place: server.frame(ids[place[0]], place[1]), order))
    assert [answer.number for answer in answers] == [index for _, index in order]

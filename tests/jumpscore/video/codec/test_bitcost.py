from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from jumpscore.errors import UsageError, VideoError
from jumpscore.video import probe
from jumpscore.video.codec import bitcost, packages
from jumpscore.video.codec.bitcost import VARIABLE, bitcost_maps, bitcost_version
from jumpscore.video.probe import VideoInfo
from tests.jumpscore.video.codec.films import moving_square

FRAMES = 12
ROWS, COLS = 12, 16  # of 64x48 pixels

FAKE = """#!{python}
import json, os, signal, struct, sys, time
if sys.argv[-1] == "--version":
    print("0.2.5")
    sys.exit()
order = json.load(sys.stdin)
requested = [frame for call in order["calls"] for frame in call["send"]]
def send(frame, value=0.0, **other):
    head = dict(frame=frame, width=64, height=48, codec="vp9", rows=12, cols=16)
    head.update(other)
    body = struct.pack("<f", value) * (head["rows"] * head["cols"])
    sys.stdout.buffer.write(json.dumps(head).encode() + b"\\n" + body)
    sys.stdout.flush()
def fair(frame):
    send(frame, 10.0 + frame)
{body}
"""
GOOD = "for frame in requested: fair(frame)"


def bits_of(frame: int) -> int:
    return int((10 + frame) * ROWS * COLS) + 200


def an_info(tmp_path: Path, **other: object) -> VideoInfo:
    facts = {
        "path": tmp_path / "a.webm",
        "width": 64,
        "height": 48,
        "coded_size": (64, 48),
        "rotation": 0,
        "codec": "vp9",
        "times": np.arange(FRAMES) / 25,
        "bits": np.array([bits_of(frame) for frame in range(FRAMES)]),
        "keyframe_times": np.array([0.0]),
        "duration": FRAMES / 25,
        "truncated": None,
    }
    return VideoInfo(**{**facts, **other})


def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    path = tmp_path / "python"
    path.write_text(script)
    path.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(path))
    return path


@pytest.fixture
def child(tmp_path, monkeypatch):
    """Replace the Python of the other environment by a program."""

    def put(body: str) -> VideoInfo:
        install(tmp_path, monkeypatch, FAKE.format(python=sys.executable, body=body))
        return an_info(tmp_path)

    return put


class TestWithoutThePackage:
    def test_bitcost_maps_missing_package(self, tmp_path, monkeypatch):
        monkeypatch.delenv(VARIABLE, raising=False)
        monkeypatch.setattr(packages, "find_spec", lambda _: None)
        for call in (bitcost_version, lambda: bitcost_maps(an_info(tmp_path), [0])):
            with pytest.raises(UsageError) as caught:
                call()
            for part in (
                "codec-video-prep, which is not installed",
                "ENV/bin/pip install codec-video-prep==0.2.5",
                f"export {VARIABLE}=ENV/bin/python",
                "no licence",
                "or use backend 'pyav'",
            ):
                assert part in str(caught.value)

    def test_bitcost_version_uses_this_python_by_default(self, monkeypatch):
        monkeypatch.delenv(VARIABLE, raising=False)
        monkeypatch.setattr(packages, "find_spec", lambda _: object())
        monkeypatch.setattr(packages, "version_in", lambda _, python: f"of {python}")
        assert bitcost_version() == f"of {sys.executable}"

    def test_bitcost_version_rejects_invalid_variable(self, monkeypatch):
        monkeypatch.setenv(VARIABLE, "/no/such/python")
        with pytest.raises(UsageError, match=f"{VARIABLE}='/no/such/python' is not a program"):
            bitcost_version()

    @pytest.mark.parametrize(
        ("script", "message"),
        [
            ("#!/bin/sh\necho ModuleNotFound >&2; exit 1\n", r"exit code 1 \(ModuleNotFound\)"),
            ("#!/bin/sh\necho hello\n", "it printed the version 'hello'"),
            ("#!/bin/sh\n", "ended before all maps were written"),
            ("#!/no/such/interpreter\n", "cannot be started"),
        ],
    )
    def test_bitcost_maps_broken_environment(self, tmp_path, monkeypatch, script, message):
        install(tmp_path, monkeypatch, script)
        with pytest.raises(UsageError, match=message):
            bitcost_maps(an_info(tmp_path), [0])

    def test_bitcost_version_of_environment(self, child):
        child(GOOD)
        assert bitcost_version() == "0.2.5"

    @pytest.mark.parametrize("codec", ["libdav1d", "av1", "mpeg4"])
    def test_bitcost_maps_rejects_other_codecs(self, tmp_path, monkeypatch, codec):
        monkeypatch.setenv(VARIABLE, "/no/such/python")
        with pytest.raises(UsageError, match=f"does not support {codec}, only h264, hevc, vp9"):
            bitcost_maps(an_info(tmp_path, codec=codec), [0])

    @pytest.mark.parametrize("indices", [[3, 3], [4, 2], [-1], [11, 12]])
    def test_bitcost_maps_rejects_invalid_indices(self, tmp_path, indices):
        with pytest.raises(UsageError, match=r"must increase and lie within 0\.\.11"):
            bitcost_maps(an_info(tmp_path), indices)


class TestGuards:
    def test_bitcost_maps_of_working_child(self, child):
        maps = list(bitcost_maps(child(GOOD), [0, 3, 11]))
        assert [grid.shape for grid in maps] == [(ROWS, COLS)] * 3
        assert [grid[0, 0] for grid in maps] == [10.0, 13.0, 21.0]
        assert maps[0].dtype == np.float64
        assert list(bitcost_maps(child("sys.exit(1)"), [])) == []

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ("fair(0); os.abort()", r"frame 1 \(0\.04 s\): it crashed \(Aborted\)"),
            ("os.kill(os.getpid(), signal.SIGSEGV)", r"crashed \(Segmentation fault\)"),
            ("sys.exit('no such codec')", r"ended with exit code 1 \(no such codec\)"),
            (GOOD + "\nsys.exit(3)", "frame 11 .* ended with exit code 3"),
            ("for k in range(5): fair(k)", "frame 5 .* ended before all maps were written"),
            ("fair(0); print('x' * 100000)", "wrote b'xxx.* instead of a map"),
            ("print('x' * 10)", "wrote b'xxx"),
            ("print('[1, 2]')", r"wrote b'\[1, 2\]"),
            ("print('[' * 1000)", "instead of a map"),
            ("fair(0); sys.stdout.buffer.write(bytes(99))", "instead of a map|before all"),
            ("print(json.dumps(dict(frame=0, width=64)))", "instead of a map"),
            ("fair(0); fair(2)", "frame 1 .* returned frame 2 instead"),
            ("fair(0); fair(0)", "frame 1 .* returned frame 0 instead"),
            ("send(0, width=128)", "read 128x48 vp9 instead of 64x48 vp9"),
            ("send(0, codec='h264')", "read 64x48 h264 instead of"),
            ("send(0, rows=0, cols=0)", "returned no bits for this frame"),
            ("send(0, rows=10)", "map has 10x16 cells instead of 12x16"),
            ("send(0, rows=2, cols=-16)", "map has 2x-16 cells"),
            ("send(0, rows=60, cols=16)", "map has 60x16 cells"),
            ("send(0, float('nan'))", "its map contains invalid numbers"),
            ("send(0, -5.0)", "its map contains invalid numbers"),
            (GOOD + "\nfair(12)", "wrote more than was requested"),
            # Maps of other frames:
            (
                "for k in requested: send(k, 11.0 + (k + 1) % 12)",
                "map has 2304 bits, but the frame has",
            ),
            ("for k in requested: send(k, 13.5 if k in (4, 9) else 10 + k)", "is that of frame 4"),
        ],
    )
    def test_bitcost_maps_rejects_bad_output(self, child, body, message):
        info = child(body)
        with pytest.raises(VideoError, match=message) as caught:
            list(bitcost_maps(info, range(FRAMES)))
        assert str(caught.value).startswith(str(info.path))
        assert "use backend 'pyav'" in str(caught.value)

    def test_bitcost_maps_removes_padding(self, child):
        info = child("send(0, 1.0, rows=16, cols=17)")
        (grid,) = bitcost_maps(info, [0])
        assert grid.shape == (ROWS, COLS)

    def test_bitcost_maps_clips_rounding_below_zero(self, child):
        (grid,) = bitcost_maps(child("send(0, -0.1)"), [0])
        assert (grid == 0).all()

    def test_bitcost_maps_rejects_empty_map_of_large_frame(self, child, tmp_path):
        child("for k in requested: send(k)")
        info = an_info(tmp_path, bits=np.full(FRAMES, 100_000))
        with pytest.raises(VideoError, match="map is empty, but the frame has 100000 bits"):
            list(bitcost_maps(info, [0]))

    def test_bitcost_maps_rejects_maps_that_lack_bits(self, child, tmp_path):
        child(GOOD)
        info = an_info(tmp_path, bits=np.full(FRAMES, 100_000))
        with pytest.raises(VideoError, match="12 of 12 maps have less than half"):
            list(bitcost_maps(info, range(FRAMES)))
        assert len(list(bitcost_maps(info, range(4)))) == 4  # too few to judge

    def test_bitcost_maps_checks_end_before_last_map(self, child):
        maps = bitcost_maps(child(GOOD + "\nsys.exit(3)"), [0, 1])
        assert next(maps)[0, 0] == 10
        with pytest.raises(VideoError, match="exit code 3"):
            next(maps)

    @pytest.mark.parametrize(
        "body",
        [
            "fair(0); time.sleep(600)",
            "os.system('sleep 600')",
            "import subprocess; subprocess.Popen(['sleep', '600']); sys.exit()",
            "sys.stdout.buffer.write(b'{'); sys.stdout.flush(); time.sleep(600)",
            "os.close(1); time.sleep(600)",
        ],
    )
    def test_bitcost_maps_time_limit(self, child, monkeypatch, body):
        info = child(body)
        bitcost_version()
        monkeypatch.setattr(bitcost, "PATIENCE", 0.4)
        start = time.monotonic()
        with pytest.raises(VideoError, match=r"no response in 0 s|did not end"):
            list(bitcost_maps(info, [0, 1]))
        assert time.monotonic() - start < 20

    def test_bitcost_maps_close_kills_child(self, child, tmp_path):
        note = tmp_path / "pid"
        body = f"open({str(note)!r}, 'w').write(str(os.getpid())); fair(0); time.sleep(600)"
        maps = bitcost_maps(child(body), range(FRAMES))
        next(maps)
        maps.close()
        with pytest.raises(ProcessLookupError):
            os.kill(int(note.read_text()), 0)

    def test_bitcost_maps_tolerates_much_standard_error(self, child):
        info = child("print('noise ' * 500_000, file=sys.stderr)\n" + GOOD)
        assert len(list(bitcost_maps(info, [1, 2]))) == 2
        info = child("print('noise ' * 500_000, 'last words', file=sys.stderr); sys.exit(2)")
        with pytest.raises(VideoError, match="noise  last words") as caught:
            list(bitcost_maps(info, [1]))
        assert len(str(caught.value)) < 6000

    def test_bitcost_maps_accepts_equal_maps_of_equal_size(self, child, tmp_path):
        child("for k in requested: send(k, 10.0)")
        info = an_info(tmp_path, bits=np.array([2120, 2136] * 6))
        assert len(list(bitcost_maps(info, range(FRAMES)))) == FRAMES


class TestOrders:
    @pytest.fixture
    def orders(self, child, tmp_path):
        child(f"json.dump(order, open({str(tmp_path / 'order')!r}, 'w')); sys.exit(1)")

        def sent(info: VideoInfo, indices) -> dict:
            with pytest.raises(VideoError):
                list(bitcost_maps(info, indices))
            return json.loads((tmp_path / "order").read_text())

        return sent

    def test_bitcost_maps_requests_position_in_decoding_order(self, orders, tmp_path):
        options = {"x264-params": "bframes=2:b-adapt=0:b-pyramid=none:scenecut=0"}
        info = probe(moving_square(tmp_path / "a.mp4", codec="libx264", options=options, frames=20))
        # Decoding order is 0 3 1 2 6 4 5 9 7 8: frame 9 comes at place 7.
        (call,) = orders(info, [9])["calls"]
        assert call == {"ask": [7, 9], "send": [9]}

    def test_bitcost_maps_splits_calls_by_memory(self, orders, tmp_path, monkeypatch):
        monkeypatch.setattr(bitcost, "CALL_BYTES", 0)
        info = an_info(tmp_path, times=np.arange(100) / 25, bits=np.ones(100))
        calls = orders(info, range(0, 100, 2))["calls"]
        assert max(len(call["ask"]) for call in calls) <= 16
        assert [frame for call in calls for frame in call["send"]] == list(range(0, 100, 2))

    def test_bitcost_maps_sends_absolute_path(self, orders, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        info = an_info(tmp_path, path=Path("-x.webm"))
        assert orders(info, [0])["path"] == str(tmp_path / "-x.webm")

#!/usr/bin/env bash
# PySceneDetect 0.7.2: positions are exact presentation times when a variable-rate video is read in
# order, but seek(k) converts the frame number with the average rate. After seek(40), the next read
# returns another frame than the 41st that reading in order returns, and a different one with each
# backend (pyav, opencv). Nothing is raised or logged. Scene lists in frame numbers therefore cut a
# video elsewhere than where the detector saw the change.
# Expected: seek(k) lands on frame k, or frame numbers are refused for variable rate.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  scenedetect==0.7.2 opencv-python-headless==5.0.0.93 av==18.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from fractions import Fraction

import av
import numpy as np
import scenedetect

av.logging.set_level(av.logging.PANIC)
FRAMES = 90
TIMES = np.cumsum(np.random.default_rng(0).choice([20, 33, 100], FRAMES))
TIMES -= TIMES[0]

with av.open("variable.mp4", "w") as container:
    stream = container.add_stream("libx264", rate=30, options={"g": "12", "bf": "2", "crf": "10"})
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
    for number, time in enumerate(TIMES):
        picture = np.zeros((48, 64, 3), np.uint8)
        for bit in range(8):  # eight stripes: the bits of the frame's number
            picture[:, bit * 8 : bit * 8 + 8] = 255 * (number >> bit & 1)
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = int(time), Fraction(1, 1000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def number_in(picture):
    return sum(int(picture[:, bit * 8 + 2 : bit * 8 + 6].mean() > 128) << bit for bit in range(8))


def read(video):
    return number_in(video.read()), video.position.seconds


for backend in ("pyav", "opencv"):
    video = scenedetect.open_video("variable.mp4", backend=backend)
    in_order = [read(video) for _ in range(FRAMES)]
    assert [number for number, _ in in_order] == list(range(FRAMES))
    assert max(abs(time - TIMES[number] / 1000) for number, time in in_order) < 0.001
    after_seek = {}
    for wanted in (10, 40, 80):
        video.seek(wanted)
        after_seek[wanted] = read(video)[0]
    print("scenedetect", scenedetect.__version__, backend, "wanted -> read:", after_seek)
    assert all(wanted != number for wanted, number in after_seek.items())
PYTHON

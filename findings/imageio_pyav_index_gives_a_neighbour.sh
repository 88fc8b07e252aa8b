#!/usr/bin/env bash
# imageio 2.38.1 with PyAV 18.1.0: imread(path, plugin="pyav", index=k) is not frame k of the same
# plugin's imread(path) or of an open reader read in order. An index is turned into a time with the
# average rate and without the video's start time. In a clip of 25 fps that starts at 0.5 s, index 21
# returns frame 9; in one of variable rate, index 35 returns frame 8. Nothing is raised or logged.
# Expected: index k is the k-th frame, as in reading all.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check imageio==2.38.1 av==18.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from fractions import Fraction

import av
import imageio
import imageio.v3 as iio
import numpy as np

FRAMES = 60


def write(path, milliseconds):
    """Write frames whose eight stripes are the bits of their number."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=30, options={"g": "12", "bf": "2", "crf": "10"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for number, time in enumerate(milliseconds):
            picture = np.zeros((48, 64, 3), np.uint8)
            for bit in range(8):
                picture[:, bit * 8 : bit * 8 + 8] = 255 * (number >> bit & 1)
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = int(time), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())


def number_in(picture):
    return sum(int(picture[:, bit * 8 + 2 : bit * 8 + 6].mean() > 128) << bit for bit in range(8))


write("late.mp4", 500 + np.arange(FRAMES) * 40)
write("variable.mp4", np.cumsum([0, *([20, 30, 100] * 20)])[:FRAMES])
print("imageio", imageio.__version__, "av", av.__version__)
for path in ("late.mp4", "variable.mp4"):
    in_order = [number_in(picture) for picture in iio.imread(path, plugin="pyav")]
    assert in_order == list(range(FRAMES))
    by_index = [number_in(iio.imread(path, plugin="pyav", index=k)) for k in range(0, 50, 7)]
    print(path, "in order: 0, 7, 14, ...; by index:", by_index)
    assert by_index != in_order[0:50:7]
PYTHON

#!/usr/bin/env bash
# moviepy 2.2.1: get_frame(t) of a clip with a variable rate gives a frame of another time.
# 60 frames at 25 a second with a pause of 8 s are taken for 5.77 frames a second throughout. At 0.4 s
# frame 10 is on screen, and frame 2 comes. iter_frames gives 60 frames, as many as the file contains,
# but only 30 different ones, some of them several times, so the count does not show it.
# Expected: the frame whose presentation time is the last at or before t.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check moviepy==2.2.1 imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
import av
import numpy as np
from fractions import Fraction

# 60 frames, 25 a second, with a pause of 8 s behind frame 29; frame k has grey value 4 k.
with av.open("pause.mp4", "w") as container:
    stream = container.add_stream("libx264", rate=25, options={"bf": "0", "qp": "0"})
    stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
    stream.codec_context.time_base = Fraction(1, 1000)
    for k in range(60):
        frame = av.VideoFrame.from_ndarray(np.full((96, 160, 3), 4 * k, np.uint8), format="rgb24")
        frame.pts, frame.time_base = 40 * k + 8000 * (k >= 30), Fraction(1, 1000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())

from importlib.metadata import version

from moviepy import VideoFileClip

clip = VideoFileClip("pause.mp4", audio=False)
at = {t: round(float(clip.get_frame(t).mean()) / 4) for t in (0.4, 1.0, 5.0)}
numbers = [round(float(frame.mean()) / 4) for frame in clip.iter_frames()]
clip.close()
print("moviepy", version("moviepy"), "fps", clip.fps, "frames", len(numbers), "at", at)
print("frames that iter_frames gives:", sorted(set(numbers)))
assert at[0.4] == 2 and at[1.0] == 5, "frames 10 and 25 are on screen then"
assert len(numbers) == 60 and len(set(numbers)) < 60, "each frame comes once now"
PYTHON

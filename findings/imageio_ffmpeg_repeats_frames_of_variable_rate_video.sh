#!/usr/bin/env bash
# imageio-ffmpeg 0.8.1: read_frames gives 260 frames for a clip that contains 60.
# The clip has a variable rate: 60 frames at 25 a second with a pause of 8 s. The ffmpeg process behind
# read_frames fills the pause with 200 copies to make the rate constant, while count_frames_and_secs of
# the same package counts 60. Frame k of the one is not frame k of the other, so frame numbers
# of annotations point elsewhere. Expected: both the same, or a way to see that frames are copies.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check imageio-ffmpeg==0.8.1 av==18.1.0 numpy==2.4.6
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

import imageio_ffmpeg

read = sum(1 for _ in imageio_ffmpeg.read_frames("pause.mp4")) - 1  # the first item is a header
counted, seconds = imageio_ffmpeg.count_frames_and_secs("pause.mp4")
print("imageio-ffmpeg", version("imageio-ffmpeg"), "read", read, "counted", counted, seconds)
assert counted == 60 and read == 260, (counted, read)
PYTHON

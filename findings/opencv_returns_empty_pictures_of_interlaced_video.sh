#!/usr/bin/env bash
# OpenCV 5.0 reads an interlaced video to its end, reports every frame as read, and returns empty
# (black) pictures, because its conversion to BGR fails ("Cannot convert interlaced to progressive
# frames" on standard error). Expected: the pictures that the file holds, or frames that count as not
# read.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip --disable-pip-version-check --quiet install \
  opencv-python-headless==5.0.0.93 av==16.1.0 numpy==2.4.0
cd "$folder"
venv/bin/python - 2>/dev/null <<'EOF'
import av
import cv2
import numpy as np

with av.open("a.mp4", "w") as container:
    stream = container.add_stream("libx264", rate=25, options={"x264-params": "tff=1"})
    stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
    stream.codec_context.flags |= 0x20040000  # interlaced coding of motion and of blocks
    for number in range(10):
        picture = np.full((64, 96, 3), 20 * number, np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    container.mux(stream.encode(None))

with av.open("a.mp4") as container:
    frames = list(container.decode(video=0))
right = [round(float(frame.to_ndarray(format="rgb24").mean())) for frame in frames]
seen = []
reader = cv2.VideoCapture("a.mp4", cv2.CAP_FFMPEG)
while True:
    read, picture = reader.read()
    if not read:
        break
    seen.append(round(float(picture.mean())))
print("opencv-python-headless", cv2.__version__)
print("interlaced:", [bool(frame.interlaced_frame) for frame in frames][:3])
print("mean of each picture:", right)
print("OpenCV:              ", seen)
assert len(seen) == len(right), "the number of frames changed"
assert max(abs(a - b) for a, b in zip(seen, right)) > 20, "OpenCV reads interlaced video now"
EOF

#!/usr/bin/env bash
# lmms-video-utils 0.1.0 with PyAV 18.1.0: CodecMetadataIndex.packet_size(k) is not the size of frame
# k's packet. A frame gets the size of the packet that was read when the decoder returned it, which
# is a later one with B-frames, and later still with each thread of the decoder. In a clip of 100
# frames with three B-frames in a row, one core gives 25 frames their own size, two cores at most one,
# and the last frames have 0 bytes. gop_mode="bitcost" divides a video by these sizes, so its groups
# depend on the number of cores. The default, gop_mode="uniform", does not read them.
# Expected: sizes joined to frames by presentation time, the same on every machine.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check \
  lmms-video-utils==0.1.0 av==18.1.0 numpy==2.4.6 torch==2.13.0
cd "$folder"
cat > sizes.py <<'PYTHON'
import os
import sys

import av
import numpy as np

os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[: int(sys.argv[1])]))
from lmms_video_utils.codec_meta import CodecMetadataIndex  # noqa: E402

FRAMES = 100
rng = np.random.default_rng(0)
options = {"x264-params": "threads=1:bframes=3:b-adapt=0:keyint=50:scenecut=0"}
with av.open("clip.mp4", "w") as container:
    stream = container.add_stream("libx264", rate=25, options=options)
    stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
    for number in range(FRAMES):
        picture = np.full((96, 128, 3), 40, np.uint8)
        part = picture[20:60, number : number + 20]
        part[:] = rng.integers(0, 256, part.shape, dtype=np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
    container.mux(stream.encode())
with av.open("clip.mp4") as container:
    packets = [packet for packet in container.demux(video=0) if packet.pts is not None]
own = [packet.size for packet in sorted(packets, key=lambda packet: packet.pts)]
index = CodecMetadataIndex("clip.mp4")
found = [index.packet_size(number) for number in range(FRAMES)]
right = sum(size == expected for size, expected in zip(found, own, strict=True))
print(f"{right} of {FRAMES} right, {found.count(0)} with 0 bytes, first {found[:3]}, own {own[:3]}")
PYTHON
one=$("$folder/venv/bin/python" sizes.py 1)
echo "1 core:  $one"
[[ $one == "25 of 100 right, 2 with 0 bytes"* ]]
if [ "$(nproc)" -ge 2 ]; then
  two=$("$folder/venv/bin/python" sizes.py 2)
  echo "2 cores: $two"
  [[ $two =~ ^[01]\ of\ 100\ right,\ 4\ with\ 0\ bytes ]]
fi

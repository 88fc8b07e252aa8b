#!/usr/bin/env bash
# PyAV 18.1.0: frames at 0, 0.5 and 1 s, the last of 2 s, make an MP4 of 1.042 s instead of 3 s. The
# encoder ignores VideoFrame.duration, although it can be set and read back: the last frame gets the
# length of a frame at 24 fps, the default rate. With the flag frame_duration of the codec context the
# packets have their durations, but with B-frames, the default of libx264, the file is 1.5 s long: the
# last packet in decoding order is not the last frame. Only with the flag and without B-frames is it 3 s.
# Nothing is raised or logged, and the times of all frames are right. Expected: 3 s.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/python" -m pip install --quiet --disable-pip-version-check av==18.1.0 numpy==2.4.6
cd "$folder"
"$folder/venv/bin/python" - <<'PYTHON'
from fractions import Fraction

import av
import numpy as np
from av.codec.context import Flags

MILLISECOND = Fraction(1, 1000)


def written(*, flag, options):
    """Write frames of 0.5, 0.5 and 2 s; return the packets' durations by frame and the file's seconds."""
    durations = {}
    with av.open("a.mp4", "w") as container:
        stream = container.add_stream("libx264", options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.time_base = stream.codec_context.time_base = MILLISECOND
        if flag:
            stream.codec_context.flags |= Flags.frame_duration
        frames = []
        for start, duration in ((0, 500), (500, 500), (1000, 2000)):
            frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
            frame.pts, frame.time_base, frame.duration = start, MILLISECOND, duration
            assert frame.duration == duration
            frames.append(frame)
        for frame in (*frames, None):
            for packet in stream.encode(frame):
                durations[packet.pts] = packet.duration
                container.mux(packet)
    with av.open("a.mp4") as container:
        [stream] = container.streams.video
        assert [frame.time for frame in container.decode(stream)] == [0, 0.5, 1]
        return durations, round(float(stream.duration * stream.time_base), 3)


ignored, set_by_us = {0: 0, 500: 0, 1000: 0}, {0: 500, 500: 500, 1000: 2000}
print("av", av.__version__, "FFmpeg", av.ffmpeg_version_info)
for flag, options, expected in (
    (False, {}, (ignored, 1.042)),
    (True, {}, (set_by_us, 1.5)),
    (True, {"bf": "0"}, (set_by_us, 3.0)),
):
    result = written(flag=flag, options=options)
    print(f"frame_duration={flag}, options={options}: packets {result[0]}, file {result[1]} s")
    assert result == expected, (flag, options, result)
PYTHON

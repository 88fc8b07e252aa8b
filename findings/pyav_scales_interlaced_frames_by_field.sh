#!/usr/bin/env bash
# Since PyAV 17, VideoFrame.reformat scales the two fields of an interlaced frame apart from each
# other, and takes the place of the colour samples from the stream. The same file, call and arguments
# give other pixels than PyAV 16, by up to a quarter of the range; nothing in the call shows it.
# Expected: equal pixels from equal calls, or an option.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cat > "$folder/scale.py" <<'EOF'
import sys

import av
import numpy as np

if sys.argv[1] == "write":
    with av.open("a.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"x264-params": "tff=1"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.codec_context.flags |= 0x20040000  # interlaced coding of motion and of blocks
        picture = np.zeros((64, 96, 3), np.uint8)
        picture[::16] = picture[1::16] = picture[2::16] = 255
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
with av.open("a.mp4") as container:
    frame = next(container.decode(video=0))
small = frame.reformat(width=56, height=28, format="gray", interpolation="BICUBIC")
np.save(f"{av.__version__}.npy", small.to_ndarray())
EOF
cd "$folder"
for version in 16.1.0 18.1.0; do
  python3 -m venv "$version"
  "$version/bin/python" -m pip --disable-pip-version-check --quiet install "av==$version" numpy==2.4.0
  if [ "$version" = 16.1.0 ]; then mode=write; else mode=read; fi
  "$version/bin/python" scale.py "$mode"
done
18.1.0/bin/python - <<'EOF'
import numpy as np

before, after = (np.load(f"{version}.npy").astype(int) for version in ("16.1.0", "18.1.0"))
off = np.abs(before - after)
print(f"av 16.1.0 and 18.1.0, one interlaced frame to 56x28: largest difference {off.max()} of 255, "
      f"{(off > 1).mean():.0%} of the pixels differ by more than 1")
assert off.max() > 20, "both releases give equal pixels now"
EOF

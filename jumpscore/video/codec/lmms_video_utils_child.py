"""Make canvases with lmms-video-utils, inside that package's own environment.

``lmms_video_utils.py`` runs this file as ``PYTHON -I lmms_video_utils_child.py``. It may import
only the standard library and what lmms-video-utils needs, because its environment does not contain
jumpscore. The version on ``--version`` includes those of PyAV and torch, which convert colours and
scale pictures.

Input: one JSON request on standard input with ``path``, ``canvases``, ``max_pixels``, ``per_group``
and, for a window, ``start`` and ``end`` in seconds, else null. Output: a JSON line (canvases,
width, height, fps), then the little-endian int32 positions [canvases * patches, 3] and the uint8
pixels [canvases, height, width, 3].
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from importlib.metadata import version


def main() -> None:
    """Print the version on ``--version``, else serve the request on standard input."""
    # Output of C libraries must not mix with the pixels.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with out:
        if sys.argv[1:] == ["--version"]:
            others = f"av{version('av')}.torch{version('torch')}"
            out.write(f"{version('lmms-video-utils')}+{others}\n".encode())
            return
        order = json.loads(sys.stdin.buffer.read())
        output = import_module("lmms_video_utils").fetch_codec_video(
            order["path"],
            target_canvas=order["canvases"],
            max_pixels=order["max_pixels"],
            images_per_group=order["per_group"],
            gop_mode="uniform",  # the default; the other one depends on the number of cores
            start_time=order["start"],
            end_time=order["end"],
            device="cpu",  # the same canvases on machines with a GPU
            # TorchCodec would choose other frames if the rate varies.
            backend="pyav",
        )
        count, _, height, width = output.canvases.shape
        head = {"canvases": count, "width": width, "height": height, "fps": float(output.fps)}
        out.write(json.dumps(head).encode() + b"\n")
        out.write(output.patch_positions.cpu().numpy().astype("<i4").tobytes())
        out.write(output.canvases.permute(0, 2, 3, 1).contiguous().cpu().numpy().tobytes())


if __name__ == "__main__":
    main()

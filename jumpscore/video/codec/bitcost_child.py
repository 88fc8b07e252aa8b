"""Read bits per block with codec-video-prep, inside that package's own environment.

``bitcost.py`` runs this file as ``PYTHON -I bitcost_child.py``. It may import only the standard
library and codec_video_prep, because its environment does not contain jumpscore.

Input: one JSON request on standard input with ``path`` and ``calls``, each with the frames to
``ask`` for and those to ``send``. Output: for each frame sent a JSON line (frame, width, height,
codec, rows, cols; 0 rows if it has no map), followed by rows * cols little-endian float32.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import import_module
from importlib.metadata import version
from typing import IO, Any


def main() -> None:
    """Print the version on ``--version``, else serve the request on standard input."""
    # Output of C libraries must not mix with the maps.
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    with out:
        if sys.argv[1:] == ["--version"]:
            out.write(version("codec-video-prep").encode() + b"\n")
            return
        _forbid_core_dumps()
        _serve(json.loads(sys.stdin.buffer.read()), out)


def _forbid_core_dumps() -> None:
    """Avoid a core file if the decoder aborts, which happens on some files."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _serve(order: dict[str, Any], out: IO[bytes]) -> None:
    reader = import_module("codec_video_prep.cv_reader_fast")
    for call in order["calls"]:
        requested = frozenset(call["send"])
        frames = reader.read_video_fast_selected(
            path=order["path"],
            frame_ids=call["ask"],
            # More threads, or frame threads, change results or crash.
            thread_count=1,
            thread_type="slice",
            export_bitcost=1,
            export_pixels=0,
        )
        frames.reverse()
        while frames:
            frame = frames.pop()  # freed as soon as it is sent
            if frame["frame_idx"] in requested:
                _send(frame, out)


def _send(frame: dict[str, Any], out: IO[bytes]) -> None:
    cost = frame.get("bitcost") or {}
    grid = cost.get("sub_mb_bit_cost")
    rows, cols = (0, 0) if grid is None else (int(cost["sub_height"]), int(cost["sub_width"]))
    head = {
        "frame": int(frame["frame_idx"]),
        "width": int(frame["width"]),
        "height": int(frame["height"]),
        "codec": str(frame["codec_name"]),
        "rows": rows,
        "cols": cols,
    }
    out.write(json.dumps(head).encode() + b"\n")
    if grid is not None:
        # Rows may be padded to a stride.
        out.write(grid[:rows, :cols].astype("<f4").tobytes())
    out.flush()


if __name__ == "__main__":
    main()

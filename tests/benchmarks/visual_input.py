"""64 canvases and 64 uniform frames of a minute of 720p.

The alternative of canvases is decoding every frame with one thread and nothing else, which no
program that looks at every frame can avoid; other packages are measured in the same rounds.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.clips import clips
from tests.benchmarks.peers import PeerMissing, peer_python
from tests.benchmarks.row import Bound, Row, Setting, Skipped
from tests.benchmarks.timing import Job, in_processes

COUNT, FEW = "64", "16"
BOUNDS = {"still": 1.25, "noisy": 1.10, "filmed": 1.10}
MEMORY = 250.0
JOBS = "tests.benchmarks.video_jobs"
EXCLUDED = "imports (memory includes them)"
PEERS = {
    "lmms_video_utils": ("their_canvases", "canvases", FEW, "lmms-video-utils 0.1.0"),
    "decord": ("decord_frames", "frames", COUNT, "decord 0.6.0, scaled"),
    "torchcodec": ("torchcodec_frames", "frames", COUNT, "torchcodec 0.11.1, scaled"),
}
"""Environment -> its job, ours, how many pictures, and its name. lmms-video-utils makes fewer,
because its memory grows with them: 64 take 15 GB."""


def rows(setting: Setting) -> Iterator[Row | Skipped]:
    """Measure canvases of every clip; frames and the other packages only on the still one."""
    seconds = 20 if setting.quick else 60
    size = f"1280x720, {seconds} s"
    for clip in clips(setting, seconds):
        if isinstance(clip, Skipped):
            yield clip
            continue
        name, path = clip
        jobs = {"decoding": Job(f"{JOBS}:decoding", (str(path),)), "canvases": _ours(path)}
        if name == "still":
            jobs["frames"] = _ours(path, "frames")
        costs = in_processes(jobs, repeats=2)
        for ours in (ours for ours in costs if ours != "decoding"):
            cost, bound = costs[ours], Bound(ratio=BOUNDS[name], memory=MEMORY)
            yield Row(
                f"{COUNT} {ours}, {name} clip", size, "CPU s", cost.cpu, "decoding, one thread",
                costs["decoding"].cpu, cost.memory, bound if ours == "canvases" else Bound(),
                EXCLUDED,
            )  # fmt: skip
        if name == "still":
            for peer in PEERS:
                yield from _over_peer(peer, path, size, setting)


def _ours(path: Path, what: str = "canvases", count: str = COUNT) -> Job:
    return Job(f"{JOBS}:{what}", (str(path), count))


def _over_peer(peer: str, path: Path, size: str, setting: Setting) -> Iterator[Row | Skipped]:
    """Yield CPU time and memory over another package."""
    function, ours, count, title = PEERS[peer]
    try:
        theirs = Job(f"{JOBS}:{function}", (str(path), count), peer_python(setting, peer))
        jobs = {"ours": _ours(path, ours, count), "theirs": theirs}
        costs = in_processes(jobs, repeats=2)
    except (PeerMissing, RuntimeError) as reason:
        yield Skipped(peer, str(reason)[-300:])
        return
    one, other = costs["ours"], costs["theirs"]
    name = f"{count} {ours}, still clip, over {peer}"
    yield Row(name, size, "CPU s", one.cpu, title, other.cpu, excluded=EXCLUDED)
    yield Row(f"{name}: memory", size, "MB", one.memory, title, other.memory)

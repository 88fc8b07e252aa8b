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

COUNT = "64"
BOUNDS = {"still": 1.25, "noisy": 1.10, "filmed": 1.10}
MEMORY = 250.0
JOBS = "tests.benchmarks.video_jobs"
EXCLUDED = "imports (memory includes them)"
PEERS = {
    "lmms_video_utils": ("their_canvases", "canvases", "lmms-video-utils 0.1.0"),
    "decord": ("decord_frames", "frames", "decord 0.6.0, scaled"),
    "torchcodec": ("torchcodec_frames", "frames", "torchcodec 0.11.1, scaled"),
}
"""Environment -> its job, ours, and its name."""


def rows(setting: Setting) -> Iterator[Row | Skipped]:
    """Measure every clip; the other packages only on the still one."""
    seconds = 20 if setting.quick else 60
    for clip in clips(setting, seconds):
        if isinstance(clip, Skipped):
            yield clip
            continue
        name, path = clip
        jobs = _jobs(path)
        if name == "still":
            for peer, (function, _, _) in PEERS.items():
                try:
                    python = peer_python(setting, peer)
                    jobs[peer] = Job(f"{JOBS}:{function}", (str(path), COUNT), python)
                except PeerMissing as reason:
                    yield Skipped(peer, str(reason))
        yield from _of_clip(name, f"1280x720, {seconds} s", jobs, setting)


def _jobs(path: Path) -> dict[str, Job]:
    return {
        "decoding": Job(f"{JOBS}:decoding", (str(path),)),
        "canvases": Job(f"{JOBS}:canvases", (str(path), COUNT)),
        "frames": Job(f"{JOBS}:frames", (str(path), COUNT)),
    }


def _of_clip(
    name: str, size: str, jobs: dict[str, Job], setting: Setting
) -> Iterator[Row | Skipped]:
    failed = []
    for peer in PEERS.keys() & jobs.keys():
        try:
            in_processes({peer: jobs[peer]}, repeats=1)  # its bytecode is stored now
        except RuntimeError as error:
            failed.append(peer)
            yield Skipped(peer, str(error)[-300:])
    jobs = {key: job for key, job in jobs.items() if key not in failed}
    costs = in_processes(jobs, repeats=2 if setting.quick else 3)
    for ours, bound in (
        ("canvases", Bound(ratio=BOUNDS[name], memory=MEMORY)),
        ("frames", Bound()),
    ):
        cost = costs[ours]
        yield Row(
            f"{COUNT} {ours}, {name} clip", size, "CPU s", cost.cpu,
            "decoding, one thread", costs["decoding"].cpu, cost.memory, bound, EXCLUDED,
        )  # fmt: skip
        for peer, (_, same, title) in PEERS.items():
            if same == ours and peer in costs:
                theirs = costs[peer]
                label = f"{COUNT} {ours}, {name} clip, over {peer}"
                yield Row(label, size, "CPU s", cost.cpu, title, theirs.cpu, excluded=EXCLUDED)
                memory, other = cost.memory, theirs.memory
                yield Row(f"{label}: memory", size, "MB", memory, title, other)

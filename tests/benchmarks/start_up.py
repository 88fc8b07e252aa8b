"""``jumpscore --help`` as a process, compared with an interpreter that does nothing."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

RUNS = 10


def main() -> None:
    command = [str(Path(sys.executable).with_name("jumpscore")), "--help"]
    bare = [sys.executable, "-c", "pass"]
    ours, baseline = [], []
    for _ in range(RUNS + 1):  # in turn, so that drift affects both; the first one warms up
        ours.append(_seconds(command))
        baseline.append(_seconds(bare))
    median, base = statistics.median(ours[1:]), statistics.median(baseline[1:])
    print(f"input: {RUNS} runs each, in turn, after one warm-up")
    print(f"jumpscore --help: {median:.3f} s (median); python -c pass: {base:.3f} s")
    print(f"ratio: {median / base:.1f}")


def _seconds(command: list[str]) -> float:
    before = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - before

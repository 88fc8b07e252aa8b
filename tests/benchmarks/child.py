"""One measurement in a new process: ``python -m tests.benchmarks.child MODULE:FUNCTION ARG...``.

The function returns the work, whose cost is printed as JSON. Imports only the standard library, so
that it runs in the environments of other packages and adds nothing to the peak.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path


def peak() -> float:
    """Return the peak memory of this process in MB since its program started (Linux).

    ru_maxrss would include the memory of the parent.
    """
    match = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(match[1]) / 1024 if match else float("nan")


def nothing() -> Callable[[], None]:
    """Return work that costs nothing, to measure the process itself."""
    return lambda: None


def main(words: list[str]) -> None:
    """Measure the function that the words name, and print its cost."""
    if words[0] == "--cores":
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(words[1])])
        words = words[2:]
    module, function = words[0].split(":")
    work = getattr(import_module(module), function)(*words[1:])
    cpu, wall = time.process_time(), time.perf_counter()
    result = work()
    cost = {
        "cpu": time.process_time() - cpu,
        "wall": time.perf_counter() - wall,
        "memory": peak(),
    }
    del result
    print(json.dumps(cost))


if __name__ == "__main__":
    main(sys.argv[1:])

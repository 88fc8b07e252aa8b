"""CPU time and peak memory of a command.

A new process counts the peak memory of the process that started it as its own, so commands are
started by this module as a small process: ``python -m tests.benchmarks.process_cost COMMAND ...``.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence

from tests.benchmarks.timing import Cost


def cost_of(command: Sequence[str]) -> Cost:
    """Return what a command costs; bytecode is stored, as it is for an installed package.

    Raises:
        CalledProcessError: The command fails.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    starter = [sys.executable, "-m", __name__, *command]
    done = subprocess.run(starter, check=True, stdout=subprocess.PIPE, text=True, env=environment)
    return Cost(*map(float, done.stdout.split()))


if __name__ == "__main__":
    before = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - before
    process.returncode = os.waitstatus_to_exitcode(status)
    print(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)
    sys.exit(process.returncode)

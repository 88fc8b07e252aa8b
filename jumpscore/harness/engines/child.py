"""Child processes of this package: never forked, and reached by a private socket."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from typing import IO

Process = subprocess.Popen[bytes]


def start_child(
    module: str, output: IO[bytes] | None = None, *, variables: Mapping[str, str] | None = None
) -> tuple[Connection, Process]:
    """Start ``python -m MODULE SOCKET`` and return the connection to it.

    The child imports from the same places as this process, so not from the working directory
    unless this process does. Ctrl-C does not reach it: its parent decides what happens then.

    Args:
        module: Name of the module, whose ``main`` calls ``connection_to_parent``.
        output: File for its output, by default that of this process.
        variables: Further environment variables.

    Raises:
        OSError: The process cannot be started.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", module, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(path or "." for path in sys.path),
                **(variables or {}),
            },
            start_new_session=True,
        )
        return Connection(ours.detach()), process


def connection_to_parent() -> Connection:
    """Return the connection to the parent, in a process that ``start_child`` started."""
    return Connection(int(sys.argv[1]))

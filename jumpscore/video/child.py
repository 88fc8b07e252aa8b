"""A child process that decodes: started, read with a time limit, and always killed."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from typing import IO, Any

LONGEST_LINE = 1024
"""Size limit of a line from the child in bytes."""


class ChildError(Exception):
    """Description of what the child did wrong."""


class Child:
    """A process that gets an order as JSON; always killed and reaped at the end.

    Args:
        command: Words of the command line.
        order: Written to its standard input.
        patience: Longest time without output in seconds.
    """

    def __init__(self, command: Sequence[str], *, order: dict[str, Any], patience: float) -> None:
        self._command = command
        self._order = json.dumps(order).encode()
        self._patience = patience
        self._buffer = bytearray()

    def __enter__(self) -> Child:
        # Files instead of pipes, so that neither side waits for the other to read.
        self._errors: IO[bytes] = tempfile.TemporaryFile()
        try:
            with tempfile.TemporaryFile() as order:
                order.write(self._order)
                order.seek(0)
                self._process = subprocess.Popen(
                    self._command,
                    stdin=order,
                    stdout=subprocess.PIPE,
                    stderr=self._errors,
                    start_new_session=True,  # so that its own children die with it
                )
        except OSError as error:
            self._errors.close()
            raise ChildError(f"it cannot be started: {error.strerror}") from None
        assert self._process.stdout is not None
        self._pipe = self._process.stdout
        self._ready = selectors.DefaultSelector()
        self._ready.register(self._pipe, selectors.EVENT_READ)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.returncode is None:
            # Not yet reaped, so the id still belongs to it and to its group.
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.kill()
            self._process.wait()
        self._ready.close()
        self._pipe.close()
        self._errors.close()

    def line(self) -> bytes:
        """Return the next line, cut at ``LONGEST_LINE``."""
        while (end := self._buffer.find(b"\n")) < 0 and len(self._buffer) <= LONGEST_LINE:
            self._more()
        return self._take(end + 1 or LONGEST_LINE)

    def exactly(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        while len(self._buffer) < size:
            self._more()
        return self._take(size)

    def finish(self) -> None:
        """Wait for the end; reject further output and a non-zero exit code."""
        if self._buffer or self._read():
            raise ChildError("it wrote more than was requested")
        if self._wait() != 0:
            raise ChildError(self._ending())

    def _more(self) -> None:
        if not self._read():
            raise ChildError(self._ending())

    def _read(self) -> bool:
        """Wait for output and read it; return ``False`` at its end."""
        if not self._ready.select(self._patience):
            raise ChildError(f"no response in {self._patience:.0f} s{self._last_words()}")
        chunk = os.read(self._pipe.fileno(), 1 << 16)
        self._buffer += chunk
        return bool(chunk)

    def _take(self, size: int) -> bytes:
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _wait(self) -> int:
        try:
            return self._process.wait(self._patience)
        except subprocess.TimeoutExpired:
            raise ChildError("it closed its output and did not end") from None

    def _ending(self) -> str:
        code = self._wait()
        if code < 0:
            what = f"it crashed ({signal.strsignal(-code) or -code})"
        else:
            what = (
                f"it ended with exit code {code}"
                if code
                else "it ended before all maps were written"
            )
        return what + self._last_words()

    def _last_words(self) -> str:
        self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, self._errors.tell() - 4096))
        lines = self._errors.read(4096).decode(errors="replace").strip().splitlines()
        words = "".join(letter for letter in lines[-1] if letter.isprintable()) if lines else ""
        return f" ({words[-200:]})" if words else ""

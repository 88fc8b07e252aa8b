"""The annotation server as its own process, and its client."""

from __future__ import annotations

import json
import signal
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import cv2
import numpy as np

from tests.support import read_number, running

RECORD = struct.Struct("<IdI")


@dataclass(frozen=True)
class Answer:
    """What the server answered; names of headers are in lower case."""

    status: int
    content: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def number(self) -> int:
        """The number in a picture of a numbered frame."""
        return number_in(self.content)


def number_in(jpeg: bytes) -> int:
    """Return the number in a JPEG of a numbered frame."""
    return read_number(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR))


def records(stream: bytes) -> list[tuple[int, float, bytes]]:
    """Return the (index, time, JPEG) of a playback."""
    parts, place = [], 0
    while place < len(stream):
        index, time, length = RECORD.unpack_from(stream, place)
        place += RECORD.size
        parts.append((index, time, stream[place : place + length]))
        place += length
    return parts


def mark(name: str, frame: int, **fields: Any) -> dict[str, Any]:
    """Return a mark as the page sends it."""
    default = {"time": 0.0, "origin": "hand", "note": "", "flagged": False}
    return {"id": name, "frame": frame, **default, **fields}


def adding(*marks: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the changes that add marks."""
    return [{"before": None, "after": each} for each in marks]


class Server:
    """A running server.

    Args:
        process: The process.
        address: What it printed.
    """

    def __init__(self, process: subprocess.Popen[Any], address: str) -> None:
        self.process = process
        self.address = address
        parts = urlsplit(address)
        assert parts.hostname == "127.0.0.1"
        self.port = int(parts.port or 0)
        self.token = parse_qs(parts.query)["token"][0]
        self.origin = f"http://127.0.0.1:{self.port}"

    def send(
        self,
        path: str,
        body: object = None,
        *,
        method: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send a request with exactly these headers; a body is sent as JSON, or as it is."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        method = method or ("GET" if body is None else "POST")
        connection.request(method, path, content, headers or {})
        response = connection.getresponse()
        lower = {name.lower(): value for name, value in response.getheaders()}
        answer = Answer(response.status, response.read(), lower)
        connection.close()
        return answer

    def call(self, path: str, body: object = None, **headers: str) -> Answer:
        """Send a request that is allowed."""
        allowed = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        return self.send(path, body, headers={**allowed, **headers})

    def frame(self, video: str, index: int, width: int = 1000) -> Answer:
        """Request one frame."""
        return self.call(f"/api/videos/{video}/frames/{index}?width={width}")

    def edit(self, video: str, sequence: int, changes: Sequence[Any], name: str = "add") -> Answer:
        """Change marks."""
        body = {"sequence": sequence, "name": name, "changes": list(changes)}
        return self.call(f"/api/videos/{video}/edit", body)

    def state(self, video: str) -> Any:
        """Return the present state of a video."""
        return self.call(f"/api/videos/{video}").json["state"]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)


def command(project: Path, annotator: str, *options: str) -> list[str]:
    """Return the command line of a server."""
    words = ["data", "annotate", str(project), "--annotator", annotator, "--no-open", *options]
    return [sys.executable, "-m", "jumpscore", *words]


@contextmanager
def serving(project: Path, annotator: str = "ann", *options: str) -> Iterator[Server]:
    """Run a server, which is killed at the end of the block."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with running(command(project, annotator, *options), **pipes) as process:
        address = process.stdout.readline().strip()
        assert address, process.stderr.read()
        yield Server(process, address)

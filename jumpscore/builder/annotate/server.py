"""Start the annotation server on the loopback interface."""

from __future__ import annotations

import hashlib
import logging
import secrets
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from jumpscore.builder.annotate.routes import application
from jumpscore.builder.annotate.security import Guard
from jumpscore.builder.annotate.workspace import Workspace
from jumpscore.builder.project import Project
from jumpscore.errors import UsageError

PORTS = range(20_000, 32_000)
"""Ports of projects, below those that systems hand out."""
PATIENCE = 1
"""Seconds that open requests get to finish when the server ends."""


def serve(
    project: Project,
    annotator: str,
    *,
    adjudicate: bool = False,
    port: int | None = None,
    ready: Callable[[str], None],
) -> None:
    """Serve the page until the process is interrupted.

    Args:
        project: The project; it is locked meanwhile.
        annotator: Name of the person.
        adjudicate: Whether to work on the final marks.
        port: Port, 0 for any free one; by default the same one at every start, if it is free.
        ready: Called with the address, which contains the token, when the server accepts requests.

    Raises:
        UsageError: The project is in use, the name is invalid, or the port is not free.
        DataError: A file of the project is damaged.
    """
    purpose = f"jumpscore data annotate by {annotator}"
    with project.lock(purpose), _listening(project.root, port) as listener:
        work = Workspace(project, annotator, adjudicate=adjudicate)
        token = secrets.token_urlsafe(24)
        port = listener.getsockname()[1]
        config = uvicorn.Config(
            Guard(application(work), token=token, port=port),
            access_log=False,
            log_level="warning",
            lifespan="off",
            loop="asyncio",
            http="h11",
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=PATIENCE,
        )
        ready(f"http://127.0.0.1:{port}/?token={token}")
        try:
            _Server(config).run(sockets=[listener])
        except KeyboardInterrupt:
            pass  # uvicorn has ended in order and repeats the signal
        finally:
            work.close()


class _Server(uvicorn.Server):
    """A server that cuts off open requests at its end, such as a playback, without tracebacks."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the server."""
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)


def usual_port(root: Path) -> int:
    """Return the port of a project: the browser keeps unsent edits by address.

    Args:
        root: Folder of the project.
    """
    digest = hashlib.sha256(str(root.resolve()).encode()).digest()
    return PORTS.start + int.from_bytes(digest[:4], "big") % len(PORTS)


def _listening(root: Path, port: int | None) -> socket.socket:
    if port is None:
        try:
            return _listening(root, usual_port(root))
        except UsageError:
            port = 0
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise UsageError(
            f"port {port} cannot be used ({error.strerror}); choose another one, or 0 for any"
        ) from error
    return listener

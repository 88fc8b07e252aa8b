"""One self-contained page: the frame that every report shares, and how it reaches the disk."""

from __future__ import annotations

import base64
import hashlib
import os
from contextlib import suppress
from importlib.resources import files
from pathlib import Path
from string import Template

from jumpscore.errors import UsageError
from jumpscore.report.text import escaped


def page(title: str, body: str) -> str:
    """Return a whole HTML document.

    Its content policy allows no address but ``data:`` pictures and no script but our own, told by
    its hash: were a text of a model ever to reach the page unescaped, it could still do nothing.

    Args:
        title: Plain text.
        body: HTML.
    """
    script = _asset("report.js")
    return Template(_asset("page.html")).substitute(
        title=escaped(title),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        style=_asset("report.css"),
        script=script,
        body=body,
    )


def write_page(path: Path, content: str) -> Path:
    """Write a page such that a reader sees the old one or the new one, never a part.

    Raises:
        UsageError: The place cannot be written.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch.write_bytes(content.encode("utf-8", "replace"))
        scratch.replace(path)
    except OSError as error:
        with suppress(OSError):
            scratch.unlink()
        raise UsageError(
            f"{path}: the report cannot be written ({error.strerror}); choose another place"
        ) from error
    return path


def _asset(name: str) -> str:
    return files("jumpscore.report").joinpath(name).read_text(encoding="utf-8")

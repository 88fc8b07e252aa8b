"""Runs inside vLLM (entry point ``vllm.general_plugins``): pictures by reference, and a guard.

vLLM 0.32 and 0.33 answer codec requests over HTTP from frames, because their loader drops a video's
path; the loader below keeps it, and reads references to frames. They also count canvases as grid
rows, so that batches of codec requests crash the engine; our processor returns one row per video.

Every vLLM in an environment with this package loads this module, so it does nothing in servers that
this package did not start.
"""

from __future__ import annotations

import hmac
import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

LOADER = "jumpscore"
MEDIA_VARIABLE = "JUMPSCORE_SERVED_MEDIA"
"""Environment variable with the directory that a server started by this package may read."""
GUARD_VARIABLE = "JUMPSCORE_VLLM_GUARD"
PARENT_VARIABLE = "JUMPSCORE_SERVED_BY"
"""Environment variable with the id of the process that started the server and that it ends with."""
TOKEN_VARIABLE = "VLLM_API_KEY"
"""Environment variable with the token that vLLM requires of its clients."""
TOKEN_CHECK = "model_wrappers.vllm.plugin.TokenCheck"
"""Middleware of the servers that this package starts."""
PATCHED_FILE = "model_executor/models/llava_onevision2.py"
"""The file of the package vllm that the guard changes at run time."""
TESTED = {
    "da80f7fe858bf7231ac9bb3ee786110418c9e4122fd83143f7e79336ecedeee7": ("0.32.0", "0.33.0"),
}
"""SHA-256 of the files that the guard was tested with -> the releases that contain them."""


def tested_versions() -> str:
    """Return the releases of vLLM that the guard was tested with."""
    return ", ".join(version for versions in TESTED.values() for version in versions)


def register() -> None:
    """Register the loader and fix the counting, in servers that this package started."""
    if MEDIA_VARIABLE not in os.environ:
        return
    _end_with_parent()
    from vllm.multimodal.video import VIDEO_LOADER_REGISTRY, VideoLoader

    class Loader(VideoLoader):
        """Reads references to pictures.

        Frames become a decoded video. Canvases, and videos of a server that takes canvases, go to
        the processor's codec branch as the path of a file.
        """

        @classmethod
        def load_bytes(cls, data: bytes, **facts: Any) -> Any:
            from jumpscore.video.prepared.references import (
                is_reference,
                keep,
                parse_reference,
                read_reference,
            )

            path = keep(data, Path(os.environ[MEDIA_VARIABLE]))
            if is_reference(data) and parse_reference(data).kind == "frames":
                return read_reference(path).pixels, video_metadata(facts)
            from vllm.model_executor.models.llava_onevision2 import prepare_codec_video_input

            return prepare_codec_video_input(str(path))

    VIDEO_LOADER_REGISTRY.register(LOADER)(Loader)
    if os.environ.get(GUARD_VARIABLE) == "1":
        _count_one_row_per_video()


def video_metadata(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a decoded video from the ``media_io_kwargs`` of its request."""
    fps, total = float(facts["fps"]), int(facts["total_num_frames"])
    return {
        "fps": fps,
        "total_num_frames": total,
        "frames_indices": list(facts["frames_indices"]),
        "duration": total / fps,
        "video_backend": LOADER,
        "do_sample_frames": False,
    }


class TokenCheck:
    """Refuses every request without the server's token.

    vLLM's own check covers the paths of OpenAI's protocol only: ``/invocations``, for example,
    answers anyone who can reach the port. This one is ASGI middleware (``--middleware``).
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._expected = f"Bearer {os.environ[TOKEN_VARIABLE]}".encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on, or answer it with status 401."""
        sent = dict(scope.get("headers", ())).get(b"authorization", b"")
        if scope["type"] == "lifespan" or hmac.compare_digest(sent, self._expected):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b"the token is missing or wrong"})


def _end_with_parent() -> None:
    """End this server when its parent is gone, even if killed, so that the GPU is released."""
    parent = os.getppid()
    if os.environ.get(PARENT_VARIABLE) != str(parent):
        return  # a child of the server

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os.killpg(os.getpgrp(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def _count_one_row_per_video() -> None:
    from vllm.model_executor.models import llava_onevision2

    processor = llava_onevision2.LlavaOnevision2MultiModalProcessor
    if not hasattr(processor, "_count_canvases_for_video"):
        raise RuntimeError(
            "this vLLM has no LlavaOnevision2MultiModalProcessor._count_canvases_for_video; the "
            f"guard supports vLLM {tested_versions()}"
        )
    processor._count_canvases_for_video = lambda self, *arguments: 1

"""Runs inside vLLM (entry point ``vllm.general_plugins``): canvases over HTTP, and a guard.

vLLM 0.32 and 0.33 answer codec requests over HTTP with frames, because a video's path does not
survive their loader; the loader below keeps it. They also count canvases as grid rows, so that
codec requests that are batched together end the engine; our processor gives one row per video.

Loaded by every vLLM in an environment with this package, so it only acts where it is asked to.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

LOADER = "jumpscore"
MEDIA_VARIABLE = "JUMPSCORE_SERVED_MEDIA"
"""Environment variable with the directory that a server started by this package may read."""
GUARD_VARIABLE = "JUMPSCORE_VLLM_GUARD"
PARENT_VARIABLE = "JUMPSCORE_SERVED_BY"
"""Environment variable with the process that started the server; without it, it ends."""
PATCHED_FILE = "model_executor/models/llava_onevision2.py"
"""The file of the package vllm that the guard changes at run time."""
TESTED = {
    "da80f7fe858bf7231ac9bb3ee786110418c9e4122fd83143f7e79336ecedeee7": ("0.32.0", "0.33.0"),
}
"""SHA-256 of that file as the guard was tested with it, to the releases that contain it."""


def tested_versions() -> str:
    """Return the releases of vLLM whose file is one that the guard was tested with."""
    return ", ".join(version for versions in TESTED.values() for version in versions)


def register() -> None:
    """Register the loader, and mend the counting, in servers that this package started."""
    if MEDIA_VARIABLE not in os.environ:
        return
    _end_with_parent()
    from vllm.multimodal.video import VIDEO_LOADER_REGISTRY, VideoLoader

    class Loader(VideoLoader):
        """Keeps the bytes as a file and hands on its path for the processor's codec branch."""

        @classmethod
        def load_bytes(cls, data: bytes, **_: Any) -> Any:
            from vllm.model_executor.models.llava_onevision2 import prepare_codec_video_input

            from jumpscore.video.prepared.references import keep

            path = keep(data, Path(os.environ[MEDIA_VARIABLE]))
            return prepare_codec_video_input(str(path))

    VIDEO_LOADER_REGISTRY.register(LOADER)(Loader)
    if os.environ.get(GUARD_VARIABLE) == "1":
        _count_one_row_per_video()


def _end_with_parent() -> None:
    """End this server when who started it is gone, even killed: a GPU must not stay taken."""
    parent = os.getppid()
    if os.environ.get(PARENT_VARIABLE) != str(parent):
        return  # one of the server's own children

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
            f"guard was made for vLLM {tested_versions()}"
        )
    processor._count_canvases_for_video = lambda self, *arguments: 1

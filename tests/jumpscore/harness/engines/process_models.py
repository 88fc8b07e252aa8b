"""A model that prepares in processes; each process imports this module."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from jumpscore.records import Response
from model_wrappers.base import ModelWrapper, Request


class Elsewhere(ModelWrapper):
    """Answers with the process that prepared a question; prompts make it do other things.

    Args:
        folder: Folder in which it notes what it prepares, and where.
    """

    name = "elsewhere"
    prepares_in_processes = True

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def prepare(self, question, visual):
        with (self.folder / question.id).open("ab") as file:
            file.write(b"%d\n" % os.getpid())
        if question.prompt == "fail":
            raise RuntimeError("cannot be prepared")
        if question.prompt == "crash":
            os._exit(3)
        if question.prompt == "hang":
            threading.Event().wait(600)
        payload = threading.Lock() if question.prompt == "lock" else os.getpid()
        return Request(question, payload=payload)

    def generate(self, requests):
        return [Response(r.question.id, str(r.payload)) for r in requests]


class Interrupted(Elsewhere):
    """Gets Ctrl-C as soon as the third question hangs."""

    def generate(self, requests):
        if requests[0].question.id == "first":
            return super().generate(requests)
        while not (self.folder / "hang").exists():
            threading.Event().wait(0.01)
        raise KeyboardInterrupt


class Locked(Elsewhere):
    """Cannot be pickled."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lock = threading.Lock()

"""Models that misbehave on a cluster; each process of Ray imports this module."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

from jumpscore.records import Response
from model_wrappers.base import ModelWrapper, Request


class Misbehaving(ModelWrapper):
    """Answers with the size of its video; some questions make it do other things.

    Args:
        folder: Folder in which it notes what it does; shared by all processes.
        crash: Questions that end the process which answers them.
        hang: Questions that are answered never, the first time they are asked.
        slow: Seconds that an answer takes.
        weight: Bytes of a prepared request.
        batch_size: Requests per call.
    """

    name = "misbehaving"
    inputs = ("video",)

    def __init__(
        self, folder: Path, *, crash=(), hang=(), slow=0.0, weight=0, batch_size=1, broken=False
    ) -> None:
        super().__init__()
        self.folder, self.crash, self.hang = folder, crash, hang
        self.slow, self.weight, self.batch_size, self.broken = slow, weight, batch_size, broken

    def identity(self):
        return {"model": self.name}

    def open(self):
        if self.broken:
            raise RuntimeError("no weights on this machine")

    def prepare(self, question, visual):
        if question.prompt == "fail":
            raise RuntimeError("cannot be prepared")
        size = question.media[0].path.stat().st_size if question.media else 0
        return Request(question, visual, payload=(size, bytes(self.weight)))

    def generate(self, requests):
        for request in requests:
            name = request.question.id
            asked = self._note(name)
            if name in self.crash:
                os._exit(3)
            if name in self.hang and asked == 1:
                threading.Event().wait(600)
        time.sleep(self.slow)
        return [Response(r.question.id, str(r.payload[0])) for r in requests]

    def _note(self, name: str) -> int:
        """Note that a question is asked; return how often it has been."""
        with (self.folder / name).open("ab") as file:
            file.write(b"%d\n" % os.getpid())
        return len((self.folder / name).read_bytes().splitlines())


class Secured(ModelWrapper):
    """Answers with the kind of its cluster's authentication, and the length of the token."""

    name = "secured"

    def generate(self, requests):
        facts = os.environ.get("RAY_AUTH_MODE"), len(os.environ.get("RAY_AUTH_TOKEN", ""))
        return [Response(request.question.id, str(facts)) for request in requests]


class Locked(Misbehaving):
    """Cannot be sent to another process."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.lock = threading.Lock()

"""Models and functions for the fault suite, in the server of commands."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from evaluators.jumpscore import JumpScore
from jumpscore.cli.app import main as command
from jumpscore.data.catalogue import PUBLISHED
from jumpscore.data.fetch import fetch_jumpscore
from jumpscore.records import Question, Response, SampleScore, Usage
from model_wrappers.base import ModelOptions, ModelWrapper, Request


class SeeingOptions(ModelOptions):
    """Options of ``Seeing``.

    Attributes:
        seed: Changes its answers.
    """

    seed: int = 0


class Seeing(ModelWrapper):
    """Answers with times that depend on every pixel, on the question and on its seed."""

    name = "seeing"
    inputs = ("codec", "frames")
    Options = SeeingOptions
    options: SeeingOptions

    def generate(self, requests: Sequence[Request]) -> list[Response]:
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Response:
        visual = request.visual
        assert visual is not None
        seen = hashlib.sha256(visual.pixels.tobytes())
        seen.update(f"{request.question} {self.options.seed}".encode())
        times = [round(byte / 64, 2) for byte in seen.digest()[:4]]
        usage = Usage(visual=visual.visual_tokens, visual_source="measured")
        return Response(request.question.id, json.dumps(times), usage=usage)


class Fragile(Seeing):
    """Ends its process at every question of which ``$TRIED`` has no file yet."""

    name = "fragile"

    def _answer(self, request: Request) -> Response:
        tried = Path(os.environ["TRIED"], request.question.id)
        if not tried.exists():
            tried.touch()
            os._exit(7)
        return super()._answer(request)


class Deriving(JumpScore):
    """JumpScore, with a value that is derived from every answer and counts as a metric."""

    name = "deriving"

    def derivation(self) -> str | None:
        return "letters 1"

    def derive(self, question: Question, response: Response) -> Any:
        return {"letters": len(response.text)}

    def score(self, truth: Any, response: Response, derived: Any = None) -> SampleScore:
        assert derived == {"letters": len(response.text)}
        return super().score(truth, response)


def make(folder: str, *words: str) -> None:
    """Run a command that refuses to replace a folder, unless the folder is there."""
    if not Path(folder).exists():
        sys.argv = ["jumpscore", *words]
        command()


def fetch(address: str, folder: str) -> None:
    """Fetch the set of the hub at an address into a folder."""
    from huggingface_hub import constants

    constants.ENDPOINT = address
    constants.HUGGINGFACE_CO_URL_TEMPLATE = address + "/{repo_id}/resolve/{revision}/{filename}"
    constants.HF_HUB_OFFLINE = False
    place = Path(folder)
    row = replace(PUBLISHED, name=place.name, repository="lab/set")
    fetch_jumpscore(row, place.parent)

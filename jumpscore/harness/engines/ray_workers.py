"""What runs on the machines of a cluster: preparing as tasks, replicas of the model as actors."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from functools import cache
from typing import Any

import ray

from jumpscore.harness.engines import ray_media
from jumpscore.harness.engines.blueprint import Blueprint
from jumpscore.harness.engines.ray_media import MediaFile
from jumpscore.harness.engines.steps import Answered, Prepared, answer, prepare
from jumpscore.harness.input import InputPlan
from jumpscore.records import Question
from jumpscore.runs.failures import describe
from model_wrappers.base import ModelWrapper

_MADE: dict[str, tuple[ModelWrapper, InputPlan]] = {}
"""The model of this process by the digest of its blueprint; never opened for preparing."""


def made(digest: str, blueprint: ray.ObjectRef) -> tuple[ModelWrapper, InputPlan]:
    """Return the wrapper and the plan of a job, made once per process."""
    if digest not in _MADE:
        _MADE.clear()  # a process of Ray serves one job after another
        content: Blueprint = pickle.loads(ray.get(blueprint))
        _MADE[digest] = content.make()
    return _MADE[digest]


def prepare_question(
    digest: str,
    blueprint: Sequence[ray.ObjectRef],
    question: Question,
    files: Sequence[MediaFile],
    contents: Sequence[ray.ObjectRef],
) -> tuple[list[MediaFile], Prepared | None]:
    """Prepare a question; return the files that this machine lacks, or else what was prepared.

    Args:
        digest: Digest of the blueprint.
        blueprint: The blueprint, in a list so that it is fetched only by a process without it.
        question: The question.
        files: Its files as the driver's machine has them.
        contents: Their contents, if they had to be sent.
    """
    folder = ray_media.folder_of(digest)
    absent = ray_media.missing(files, folder)
    for file, content in zip(files, contents, strict=False):
        if file in absent:
            ray_media.receive(file, ray.get(content), folder)
    if absent and not contents:
        return absent, None
    wrapper, plan = made(digest, blueprint[0])
    return [], prepare(wrapper, plan, ray_media.localised(question, files, folder))


class Replica:
    """One opened model. Ray runs it as an actor, on the machine with its GPUs."""

    def __init__(self, digest: str, blueprint: Sequence[ray.ObjectRef]) -> None:
        self._digest, self._blueprint = digest, blueprint

    def open(self) -> str | None:
        """Load the model; return why it cannot be loaded, or ``None``."""
        try:
            self._wrapper = made(self._digest, self._blueprint[0])[0]
            self._wrapper.open()
        except Exception as problem:  # a wrapper may raise anything; the driver decides
            return describe(problem)
        return None

    def answer(self, *batch: Prepared) -> Answered:
        """Answer a batch."""
        return answer(self._wrapper, batch)

    def close(self) -> None:
        """Release what the model uses."""
        self._wrapper.close()


@cache
def remote_prepare() -> Any:
    """Return ``prepare_question`` as a task, repeated on another machine if its own dies."""
    return ray.remote(num_cpus=1, num_returns=2, max_retries=2)(prepare_question)


@cache
def remote_replica() -> Any:
    """Return ``Replica`` as an actor; it is not restarted by Ray, the scheduler makes another."""
    return ray.remote(max_restarts=0)(Replica)

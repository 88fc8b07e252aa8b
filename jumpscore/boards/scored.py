"""Check a submission and score its raw answers: whatever scores were given are never used."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from evaluators.base import Task
from jumpscore.boards.submission import ANSWERS, FACTS, Submission, SubmittedFiles
from jumpscore.errors import DataError
from jumpscore.harness.config import RunConfig
from jumpscore.harness.score import collector_paused, score_sample, summarise
from jumpscore.records import Response, RunResult, SampleScore
from jumpscore.runs.record import Extras


@dataclass(frozen=True)
class Checked:
    """A valid submission with its scores.

    Attributes:
        submission: What it states about itself.
        task: Task that scored it.
        files: File name -> content, as checked.
        responses: Answers by id.
        scores: Scores in the order of the data set.
        result: Metrics and counts.
    """

    submission: Submission
    task: Task[Any]
    files: Mapping[str, bytes]
    responses: Mapping[str, Response]
    scores: tuple[SampleScore, ...]
    result: RunResult


def score_files(files: SubmittedFiles, task: Task[Any]) -> Checked:
    """Check the answers of a submission and score them.

    Args:
        files: Files of the submission.
        task: Task with its data set.

    Raises:
        DataError: The submission is invalid.
    """
    submission, folder = files.submission(), files.folder
    if caveats := _protocol_caveats(task, submission.protocol):
        raise DataError(f"{folder}: protocol {submission.protocol}: {caveats[0]}; not accepted")
    samples = task.load()
    ids = {sample.question.id: sample.problem is None for sample in samples}
    responses = files.responses(ids)
    with collector_paused():
        scores = tuple(score_sample(task, s, responses.get(s.question.id)) for s in samples)
    for score in scores:
        if score.status == "error" and ids[score.id]:
            raise DataError(f"{folder / ANSWERS}: id {score.id!r:.60}: {score.message}; report it")
    config = RunConfig(model={"name": submission.wrapper}, task={"name": task.name})
    extras = Extras(unknown_ids=[], needs_truth=False, title=submission.model)
    return Checked(
        submission=submission,
        task=task,
        files={FACTS: files.facts, ANSWERS: files.answers},
        responses=responses,
        scores=scores,
        result=summarise(task, config, scores, extras),
    )


def _protocol_caveats(task: Task[Any], protocol: str) -> tuple[str, ...]:
    """Return the caveats of a protocol that the task defines, such as one that shows the truth."""
    options = {**task.options.model_dump(), "protocol": protocol}
    try:
        return type(task)(type(task).Options.model_validate(options)).caveats()
    except ValidationError:  # a protocol of the submitter's own
        return ()

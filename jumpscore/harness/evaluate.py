"""``evaluate``: the entry from Python; the command line carries out the same sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evaluators.base import Task
from jumpscore.harness.repeats import AnyRun, carry_out_repeats
from jumpscore.harness.session import Callbacks, Session, open_session, warn_if_nothing_asked
from jumpscore.records import Progress
from model_wrappers.base import ModelWrapper


def evaluate(
    model: str | ModelWrapper,
    task: str | Task[Any],
    *,
    model_options: Mapping[str, Any] | None = None,
    task_options: Mapping[str, Any] | None = None,
    input: Mapping[str, Any] | None = None,
    run: Mapping[str, Any] | None = None,
    on_progress: Progress | None = None,
) -> AnyRun:
    """Ask a model all questions of a task, score the answers, and store everything in a folder.

    Call it again to resume: stored answers stay, and what failed on our side is asked again. A
    model whose weights or code may have changed is asked everything, in a new numbered folder
    (``ModelWrapper.identity``); ``asked`` of the result is the number of questions of this call.

    Args:
        model: Name of a model, or a wrapper (for example from a training loop).
        task: Name of a task, or a task.
        model_options: Options of the named model.
        task_options: Options of the named task.
        input: Fields of ``InputConfig``.
        run: Fields of ``RunSettings``. With ``repeats`` above 1, the model is opened once and asked
            that many times with the seeds ``seed``, ``seed + 1``, ...
        on_progress: Called with (answered, all), over all repeats.

    Returns:
        The run; a ``RepeatedRun`` if ``run["repeats"]`` is above 1.

    Raises:
        UsageError: A name, a key or a value is wrong; the run's folder contains another run; or
            the model has no seed to repeat with.
        DataError: The data set cannot be read.
        RunInterrupted: Ctrl-C; the next call resumes.
    """
    with open_session(
        model,
        task,
        model_options=model_options,
        task_options=task_options,
        input=input,
        run=run,
        callbacks=Callbacks(on_progress),
    ) as session:
        return carry_out(session)


def carry_out(session: Session) -> AnyRun:
    """Carry out the configuration of a session: one run, or repeats.

    Raises:
        UsageError: As ``evaluate``.
        RunInterrupted: As ``evaluate``.
    """
    if session.config.run.repeats > 1:
        return carry_out_repeats(session)
    [run] = session.carry_out([session.config])
    warn_if_nothing_asked(run.folder, [run])
    return run

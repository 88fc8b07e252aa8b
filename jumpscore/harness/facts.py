"""Fills in the record of a run, ``run.json``."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

from evaluators.base import Task
from jumpscore.harness.config import RunConfig, RunSettings
from jumpscore.records import Sample
from jumpscore.runs.identity import model_identity, questions_digest
from jumpscore.runs.record import Extras, RunRecord
from model_wrappers.base import InputKind, ModelWrapper


def selection(settings: RunSettings) -> dict[str, Any]:
    """Return the settings that choose the samples; other samples are another run."""
    return settings.model_dump(mode="json", include={"limit", "ids", "shard"})


def protocol_of(task: Task[Any], config: RunConfig) -> str:
    """Return the protocol of a run: another one in windows, whose scores mean something else."""
    windows = config.input.windows_text
    return task.protocol if windows is None else f"{task.protocol}, {windows}"


def run_extras(wrapper: ModelWrapper, samples: Sequence[Sample[Any]]) -> Extras:
    """Return facts about the answers as a whole that no single response contains."""
    known = {sample.question.id for sample in samples}
    return Extras(
        unknown_ids=sorted(wrapper.answered_ids - known),
        needs_truth=wrapper.needs_truth,
        title=wrapper.display_name,
        notes=dict(wrapper.answer_notes),
        hints=list(wrapper.answer_hints),
    )


def run_record(
    wrapper: ModelWrapper,
    task: Task[Any],
    config: RunConfig,
    samples: Sequence[Sample[Any]],
    *,
    kind: InputKind,
    extras: Extras,
) -> RunRecord:
    """Return the content of ``run.json``.

    Args:
        wrapper: The model.
        task: The task.
        config: Configuration of the run.
        samples: Samples that the run is about.
        kind: Kind of input that the wrapper receives.
        extras: From ``run_extras``.

    Raises:
        UsageError: The wrapper's own identity cannot be used.
    """
    content = {
        "identity": {
            "model": model_identity(wrapper),
            "task": {
                "name": task.name,
                "version": task.version,
                "protocol": protocol_of(task, config),
            },
            "data": {key: asdict(task.data())[key] for key in ("name", "checksum")},
            "input": config.input.model_dump(mode="json") | {"kind": kind},
            "expose_truth": config.run.expose_truth,
            "control": config.run.control,
            "selection": selection(config.run),
            "seed": config.run.seed,
            "questions": questions_digest([sample.question for sample in samples]),
        },
        # Every run on disk is a single run, even if it is a repeat of another.
        "config": config.model_dump(mode="json", exclude={"run": {"repeats"}}),
        "data": asdict(task.data()),
        "extras": extras.model_dump(),
        "trust_remote_code": wrapper.trusts_remote_code,
        "versions": {
            name: version(name) for name in ("jumpscore", "numpy", "av", "opencv-python-headless")
        },
        "environment": dict(wrapper.environment()),
        "hardware": {
            "machine": platform.machine(),
            "system": platform.system(),
            "python": platform.python_version(),
            "cores": os.cpu_count(),
        },
    }
    # Through JSON, so that it equals what is read back: tuples become lists.
    return RunRecord.model_validate(json.loads(json.dumps(content)))

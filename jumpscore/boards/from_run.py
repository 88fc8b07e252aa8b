"""Write a submission from a finished run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from jumpscore.boards.submission import ANSWERS, FACTS, Answer, Submission
from jumpscore.data.convert import new_folder
from jumpscore.errors import UsageError
from jumpscore.records import Response
from jumpscore.runs import StoredRun
from jumpscore.runs.lines import reason_of

RENDERED = "the data are synthetic"
"""The one caveat that a submission may have: boards of rendered data are marked."""
AMOUNTS = {
    "count": {"frames": "{:g} frames", "codec": "{:g} canvases"},
    "fps": {"frames": "{:g} frames per second"},
    "tokens": {"frames": "{:g} visual tokens", "codec": "{:g} visual tokens"},
}
"""Field of the input, and its kind -> words of the budget."""


def write_submission(run: StoredRun, out: Path, stated: Mapping[str, str | None]) -> Submission:
    """Write the submission of a run into a new folder.

    Args:
        run: A finished run.
        out: Folder to create.
        stated: Keys of ``submission.yaml`` that the run does not record, or states otherwise.

    Raises:
        UsageError: The run has a caveat, a key is missing or invalid, or the folder exists.
        DataError: The folder cannot be written.
    """
    caveats = [caveat for caveat in run.result.caveats if caveat != RENDERED]
    if caveats:
        raise UsageError(f"{run.folder}: cannot be submitted: {'; '.join(caveats)}")
    values = _facts(run) | {key: value for key, value in stated.items() if value}
    try:
        submission = Submission.model_validate(values)
    except ValidationError as error:
        key = ".".join(map(str, error.errors()[0]["loc"]))
        option = f"set it with --{key}"
        raise UsageError(f"{reason_of(error)}, not {values.get(key)!r:.60}; {option}") from None
    if out.exists():
        raise UsageError(f"{out}: exists; delete it, or choose another folder with --out")
    facts = yaml.safe_dump(
        submission.model_dump(exclude_none=True), sort_keys=False, allow_unicode=True
    )
    lines = [_line(run.responses[score.id]) for score in run.scores if score.id in run.responses]
    with new_folder(out) as folder:
        (folder / FACTS).write_text(facts, encoding="utf-8")
        (folder / ANSWERS).write_text("".join(lines), encoding="utf-8")
    return submission


def _facts(run: StoredRun) -> dict[str, Any]:
    """Return what the run records about itself."""
    identity, hardware = run.record.identity, run.record.hardware
    settings = identity.input.model_dump()
    budget = next(
        (
            words[identity.input.kind].format(settings[name])
            for name, words in AMOUNTS.items()
            if settings.get(name) and identity.input.kind in words
        ),
        None,
    )
    return {
        "model": run.result.model,
        "wrapper": run.record.config.model.name,
        "task": identity.task.name,
        "data": identity.data.name,
        "checksum": identity.data.checksum,
        "protocol": identity.task.protocol,
        "input": identity.input.kind,
        "budget": budget,
        "hardware": ", ".join(
            str(hardware[key]) for key in ("machine", "system") if key in hardware
        ),
    }


def _line(response: Response) -> str:
    answer = Answer(**{name: getattr(response, name) for name in Answer.model_fields})
    content = answer.model_dump(mode="json", exclude_defaults=True)
    return json.dumps({"id": answer.id, "text": answer.text, **content}) + "\n"

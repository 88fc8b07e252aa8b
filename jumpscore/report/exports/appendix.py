"""A reproducibility appendix: what a reader needs to repeat each run, from its record."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evaluators import TASKS
from jumpscore.data.catalogue import BUNDLED, RENDERED
from jumpscore.errors import UsageError
from jumpscore.harness.compose import option_defaults
from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.harness.costs import spending
from jumpscore.registry import Registry
from jumpscore.report.exports.documents import Table
from jumpscore.report.exports.results import row_names
from jumpscore.report.text import plural, readable, spending_words
from jumpscore.runs import StoredRun
from jumpscore.runs.record import Component, RunRecord
from model_wrappers import MODELS


def appendix(runs: Sequence[StoredRun]) -> list[Table]:
    """Return one table per run: model, data, prompts, seeds, versions, hardware and command."""
    return [
        Table(
            title=f"Reproducibility: {name} on {run.result.data}",
            header=("item", "value"),
            rows=tuple((item, value) for item, value in _facts(run) if value not in ("", "-")),
            notes=tuple(f"{caveat[:1].upper()}{caveat[1:]}." for caveat in run.result.caveats),
            command=run_command(run.record),
            numbers=False,
        )
        for name, run in zip(row_names(runs), runs, strict=True)
    ]


def started_at(run: StoredRun) -> datetime:
    """Return when the run was started, from ``timing.json``; 1970 if that is missing."""
    seconds = run.timing.get("started_unix")
    try:
        return datetime.fromtimestamp(int(seconds or 0), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)


def wall_seconds(run: StoredRun) -> float:
    """Return how long the questions took, from ``timing.json``; 0 if that is missing."""
    seconds = run.timing.get("wall_seconds")
    return float(seconds) if isinstance(seconds, int | float) and 0 <= seconds < 1e9 else 0.0


def _wall_time(run: StoredRun) -> str:
    """Return the time of the questions; of a resumed run, only the last ones were timed."""
    seconds, samples = f"{wall_seconds(run):g} s", run.timing.get("samples")
    if not isinstance(samples, int) or samples >= len(run.responses):
        return seconds
    return f"{seconds} for the last {plural(samples, 'sample')}"


def _facts(run: StoredRun) -> Iterator[tuple[str, str]]:
    """Yield every item of the appendix with its value."""
    record, identity = run.record, run.record.identity
    yield "Model", f"{run.result.model} ({record.config.model.name})"
    yield "Model options", _set_options(record.config.model.options)
    known = {k: v for k, v in identity.model.items() if k not in ("model", "options")}
    yield "Model identity", _flat(known)
    yield "Task", f"{identity.task.name}, version {identity.task.version}"
    yield "Task options", _set_options(named_data(record.config.task.options))
    yield "Prompt protocol", identity.task.protocol
    yield "Data set", ", ".join(filter(None, [record.data.name, record.data.revision]))
    if not Path(record.data.source).is_absolute():  # a folder of one machine helps no one
        yield "Data source", record.data.source
    yield "Data checksum (SHA-256)", identity.data.checksum
    yield "Digest of the questions", identity.questions or ""
    yield "Samples", f"{plural(run.result.total, 'sample')}, {run.result.unscored:,} unscored"
    yield "Selection", _flat(identity.selection.model_dump())
    yield "Input", _flat(identity.input.model_dump())
    yield "Control", identity.control
    yield "Ground truth given to the model", "yes" if identity.expose_truth else "no"
    yield "Seed of the bootstrap", str(identity.seed)
    seed = record.config.model.options.get("seed")
    yield "Seed of the model", "" if seed is None else str(seed)
    yield "Code of the checkpoint", "run" if record.trust_remote_code else "not run"
    yield "Packages", _flat(record.versions)
    yield "Environment", _flat(record.environment)
    yield "Hardware", _flat(record.hardware)
    if "started_unix" in run.timing:  # it is missing if a run was stopped after the last answer
        yield "Started", started_at(run).isoformat()
        yield "Wall time", _wall_time(run)
    spent = spending(run.responses.values(), record.config.model.options)
    for name, words in spending_words(spent).items():
        yield name.capitalize(), words


def _set_options(options: Mapping[str, Any]) -> str:
    return _flat({key: value for key, value in options.items() if key != "seed"})


def _flat(values: Mapping[str, Any]) -> str:
    """Return ``key value`` pairs in alphabetical order, without unset ones."""
    return ", ".join(
        f"{key} {readable(value)}" for key, value in sorted(values.items()) if value is not None
    )


def run_command(record: RunRecord) -> str:
    """Return the command that carries out the run of a record, without options at their defaults.

    >>> from tests.support import bare_record
    >>> run_command(bare_record())
    "jumpscore run 'model=made up' task=jumpscore task.data=/nowhere"
    """
    config = record.config
    words = [f"model={config.model.name}", *_options("model", config.model, MODELS)]
    task = Component(name=config.task.name, **named_data(config.task.options))
    words += [f"task={task.name}", *_options("task", task, TASKS)]
    for group, values, defaults in (
        ("input", config.input, InputConfig().model_dump(mode="json")),
        ("run", config.run, RunSettings().model_dump(mode="json")),
    ):
        words += [
            f"{group}.{key}={_value(value)}"
            for key, value in sorted(values.items())
            if value != defaults.get(key) and (group, key) != ("run", "folder")
        ]
    return shlex.join(["jumpscore", "run", *words])


def named_data(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options of a task with the name of a rendered data set in place of its folder.

    The folder is in the cache of one machine; its name states the content.
    """
    folder = Path(str(options.get("data", ""))).name
    names = {row.folder().name: row.name for row in (*BUNDLED, *RENDERED)}
    return dict(options) | ({"data": names[folder]} if folder in names else {})


def _options(group: str, chosen: Component, registry: Registry[Any]) -> list[str]:
    """Return the options of a model or a task that differ from its defaults."""
    try:
        defaults = option_defaults(registry.get(chosen.name).Options)
    except (UsageError, ImportError):  # of another package that is not installed
        defaults = {}
    return [
        f"{group}.{key}={_value(value)}"
        for key, value in sorted(chosen.options.items())
        if value is not None and value != defaults.get(key)
    ]


def _value(value: Any, *, inside: bool = False) -> str:
    """Return a value in the grammar of options; texts inside lists and mappings have quotes.

    >>> _value(True), _value("a b"), _value(["007", "x"]), _value({"a": None})
    ('true', 'a b', "['007','x']", '{a: null}')
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{','.join(_value(item, inside=True) for item in value)}]"
    if isinstance(value, dict):
        items = (f"{key}: {_value(item, inside=True)}" for key, item in value.items())
        return f"{{{', '.join(items)}}}"
    if isinstance(value, str) and inside:
        escaped = value.replace("'", "\\'")
        return f"'{escaped}'"
    return str(value)

"""Serve one task of lmms-eval from a separate process: documents, scores and aggregates.

Run by path (``python child.py``) with any interpreter that has lmms-eval; nothing of this package
is imported. Requests are JSON objects on standard input, one per line
(``{"id": 1, "do": "open", ...}``); each gets one reply, ``{"id": 1, "value": ...}`` or
``{"id": 1, "error": {"kind", "message"}}``. Standard output carries replies only: whatever tasks
print goes to standard error.

Kinds of errors: ``environment`` (lmms-eval cannot be imported), ``name`` (no such task), ``usage``,
``group`` (the name stands for several tasks, ``members``), ``hub`` (the hub does not serve the data
set), ``data`` (the data set cannot be loaded), ``task`` (the task's own code raised).
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import inspect
import json
import os
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

PNG_MODES = ("1", "L", "LA", "I", "I;16", "P", "RGB", "RGBA")
ABSENT_FILE = re.compile(r"/[^\s:'\"]+\.\w{2,5}")
COMMIT = re.compile(r"@([0-9a-f]{40})")
MOST_NAMES = 30
HUB_SECONDS = 20.0
PAIRS = "__pairs__"
"""Marks a mapping whose keys are not strings, such as numbers."""


class Refused(Exception):  # noqa: N818 - part of the protocol
    """An error that is sent to the parent process with its kind."""

    def __init__(self, kind: str, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.reply = {"kind": kind, "message": message, **facts}


class LoadedTask:
    """A loaded task of lmms-eval.

    Args:
        benchmark: Task name.
        include_path: Folder of external tasks, which take precedence over lmms-eval's own.
        prompts: Name of one of its model-specific prompts.
        network: ``offline``: do not use the network; ``fetch``: check that the hub answers before a
            data set is loaded.
    """

    def __init__(
        self, benchmark: str, include_path: str | None, prompts: str | None, **network: bool
    ) -> None:
        self.name = benchmark
        self.version = _import(**network)
        self.task, self.yaml = _load(benchmark, include_path, prompts)
        self.whole = self.task.eval_docs
        self.plain = self.task.eval_docs_no_media
        self.filters = list(self.task._filters)

    def describe(self) -> dict[str, Any]:
        """Return the facts about the task: versions, data, filters, metrics."""
        from lmms_eval.api.metrics import mean

        config = self.task.config
        split = config.test_split if self.task.has_test_docs() else config.validation_split
        return {
            "task": self.name,
            "lmms_eval": self.version,
            "version": _version(self.task),
            "yaml": self.yaml,
            "generation": _plain(config.generation_kwargs or {}),
            "data": {
                "path": str(config.dataset_path),
                "name": config.dataset_name,
                "split": split,
                "revision": _revision(config, self.whole),
            },
            "checksum": self._checksum(),
            "documents": len(self.whole),
            "filters": [ensemble.name for ensemble in self.filters],
            "metrics": [
                {
                    "name": name,
                    "higher_is_better": self.task.higher_is_better().get(name),
                    "aggregation": getattr(function, "__name__", "aggregation"),
                    "mean": function is mean,
                }
                for name, function in self.task.aggregation().items()
            ],
            "cluster_key": config.cluster_key,
            "score_key": config.score_key or "score",
        }

    def documents(self) -> list[dict[str, Any]]:
        """Return the right answer as text and the media files of every document.

        Pictures embedded in the data set are not files, so their documents list none.
        """
        embedded = set(self.task.features) != set(self.plain.features)
        return [
            {"target": self._target(number), "files": [] if embedded else self._files(number)}
            for number in range(len(self.plain))
        ]

    def question(self, number: int, folder: str) -> list[dict[str, Any]]:
        """Return the messages of a document, with its pictures written to ``folder``."""
        messages = _guarded(self.task.doc_to_messages, self.whole[number])
        pictures = iter(range(10_000))
        converted = []
        for message in messages:
            content = message["content"]
            if not isinstance(content, str):
                place = Path(folder)
                content = [_part(part, place, f"{number}-{next(pictures)}") for part in content]
            converted.append({"role": message["role"], "content": content})
        return converted

    def score(self, number: int, text: str, tags: str) -> dict[str, dict[str, Any]]:
        """Return filter -> metric -> value of an answer; ``tags`` as for ``--reasoning_tags``."""
        from lmms_eval.api.reasoning import parse_reasoning_tags_config, strip_reasoning_tags

        instance = SimpleNamespace(resps=[text], filtered_resps={})  # the fields that filters read
        pairs = parse_reasoning_tags_config(tags, self.task.config.reasoning_tags)
        if pairs is None and self.task.config.auto_strip_thinking:
            from lmms_eval.filters.transformation import StripThinkingFilter

            instance.resps = next(iter(StripThinkingFilter().apply([instance.resps], None)))
        results = {}
        for ensemble in self.filters:
            _guarded(ensemble.apply, [instance], self.whole.select([number]))
            answer = instance.filtered_resps[ensemble.name]
            if pairs is not None and isinstance(answer, str):
                answer = strip_reasoning_tags(answer, pairs)
            results[ensemble.name] = self._results(number, answer)
        return results

    def aggregate(self, results: Mapping[str, Mapping[str, list[Any]]]) -> dict[str, Any]:
        """Return lmms-eval's aggregates, filter -> metric -> value, and its failures by metric."""
        functions = self.task.aggregation()
        values: dict[str, dict[str, Any]] = {}
        failed: dict[str, str] = {}
        for key, columns in results.items():
            values[key] = {}
            for metric, items in columns.items():
                if metric not in functions:
                    continue  # as lmms-eval
                try:
                    value = _guarded(_aggregated, functions[metric], _restored(items))
                    values[key][metric] = _plain(value)
                except Refused as problem:
                    failed[metric] = str(problem)
        return {"values": values, "failed": failed}

    def _results(self, number: int, answer: Any) -> dict[str, Any]:
        # Without lmms-eval's five retries, two seconds apart: a deterministic failure repeats.
        function = type(self.task).process_results
        function = getattr(function, "__wrapped__", function)
        document = self.plain[number]
        results = _guarded(function, self.task, document, [answer])
        if not isinstance(results, Mapping):
            raise Refused("task", f"process_results returned {results!r:.80}, not a mapping")
        return {str(name): _plain(value) for name, value in results.items()}

    def _target(self, number: int) -> str | None:
        try:
            target = _guarded(self.task.doc_to_target, self.plain[number])
        except Refused:
            return None  # some targets need fields that only the whole document has
        while isinstance(target, (list, tuple)):
            target = target[0] if target else None
        return None if target is None else str(target)

    def _files(self, number: int) -> list[str]:
        try:
            media = _guarded(self.task.doc_to_visual, self.plain[number])
        except Refused as problem:
            return ABSENT_FILE.findall(str(problem))
        return [path for path in media or () if isinstance(path, str) and path.startswith("/")]

    def _checksum(self) -> str:
        digest = hashlib.sha256()
        for document in self.plain:
            line = json.dumps(document, sort_keys=True, default=str)
            digest.update(line.encode("utf-8", "backslashreplace") + b"\n")
        return digest.hexdigest()


def _aggregated(function: Callable[..., Any], items: Sequence[Any]) -> Any:
    if "args" in inspect.signature(function).parameters:
        # Some write a submission file to the results folder; it is not needed here.
        with tempfile.TemporaryDirectory() as folder:
            return function(items, args=argparse.Namespace(output_path=folder))
    return function(items)


def _import(*, offline: bool, fetch: bool = False) -> str:
    try:
        import lmms_eval.tasks  # noqa: F401
        from lmms_eval.api.task import ConfigurableTask
    except Exception as error:  # packages whose versions do not match raise anything
        raise Refused("environment", _described(error)) from error
    if offline:
        # Without retries: a missing file is still missing two seconds later.
        ConfigurableTask.download = ConfigurableTask.download.__wrapped__
    if fetch:
        load = ConfigurableTask.download
        ConfigurableTask.download = lambda task, *a: _served(task.DATASET_PATH) and load(task, *a)
    from importlib.metadata import version

    return version("lmms-eval")


def _served(path: str) -> bool:
    """Ask the hub once: offline, a loader retries for half a minute and its error says less."""
    if path.count("/") == 1 and not Path(path).exists():
        from huggingface_hub import HfApi

        try:
            HfApi().dataset_info(path, timeout=HUB_SECONDS)
        except Exception as error:  # of the hub, its HTTP library or the system
            raise Refused("hub", f"{path} ({_described(error)})") from error
    return True


def _load(name: str, include_path: str | None, prompts: str | None) -> tuple[Any, str]:
    """Return the task and the file that defines it."""
    from lmms_eval.tasks import TaskManager

    known: list[str] = []
    # A folder that the user names comes first: lmms-eval would prefer its own task of that name.
    places: list[tuple[str | None, bool]] = [(include_path, False)] if include_path else []
    for place, own in [*places, (None, True)]:
        manager = TaskManager(include_path=place, include_defaults=own, model_name=prompts)
        if name in manager.all_tasks:
            return _loaded(manager, name, prompts), str(manager.task_index[name]["yaml_path"])
        known += manager.all_tasks
    similar = difflib.get_close_matches(name, known, n=5, cutoff=0.5)
    hint = f"; did you mean {' or '.join(map(repr, similar))}?" if similar else ""
    raise Refused("name", f"task.benchmark={name}: lmms-eval has no such task{hint}")


def _loaded(manager: Any, name: str, prompts: str | None) -> Any:
    entry = manager.task_index[name]
    if entry["type"] in ("group", "tag"):
        listed = entry["task"] if entry["type"] == "tag" else manager._get_config(name)["task"]
        members = [item if isinstance(item, str) else item.get("task") for item in listed]
        listing = ", ".join(map(str, members[:MOST_NAMES]))
        raise Refused("group", f"task.benchmark={name} is a group: {listing}", members=members)
    before = manager._get_config(name) if entry["type"] == "task" else {}
    kind = before.get("output_type") or "generate_until"
    if kind != "generate_until":
        message = f"has output type {kind!r}; only generate_until is supported"
        raise Refused("usage", f"task.benchmark={name} {message}")
    _check_prompts(name, before, prompts)
    try:
        loaded = manager.load_task_or_group([name], task_type="chat")
    except Refused:
        raise
    except (Exception, SystemExit) as error:  # a task's code and its loaders may raise anything
        raise Refused("data", f"{before.get('dataset_path')}: {_described(error)}") from error
    [task] = loaded.values()
    if isinstance(task, dict) or not hasattr(task, "doc_to_messages"):
        raise Refused("usage", f"task.benchmark={name}: its class has no doc_to_messages")
    return task


def _check_prompts(name: str, config: Mapping[str, Any], prompts: str | None) -> None:
    keys = ("lmms_eval_specific_kwargs", "model_specific_generation_kwargs")
    sections = [section for key in keys if isinstance(section := config.get(key), Mapping)]
    known = {key for section in sections for key in section if isinstance(section[key], Mapping)}
    if prompts is not None and prompts not in known:
        available = ", ".join(sorted(known)) or "none"
        raise Refused("usage", f"task.prompts={prompts}: {name!r} has {available}")


def _part(part: Mapping[str, Any], folder: Path, stem: str) -> dict[str, Any]:
    """Return a part of a message as JSON values; a picture becomes a lossless file."""
    source: Any = part.get("url")
    if hasattr(source, "convert") and hasattr(source, "mode"):
        file = folder / f"{stem}.png"
        plain = source if source.mode in PNG_MODES else source.convert("RGB")
        # Favour speed over size: the file is deleted within seconds.
        plain.save(file, format="PNG", compress_level=1)
        return {"type": "image", "url": str(file)}
    return {str(key): _plain(value) for key, value in part.items() if value is not None}


def _plain(value: Any) -> Any:
    """Return a value as JSON values that ``_restored`` reverts; tuples become lists."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return float(value) if isinstance(value, float) else int(value)
    if isinstance(value, Mapping):
        if all(isinstance(key, str) for key in value):
            return {key: _plain(item) for key, item in value.items()}
        return {PAIRS: [[_plain(key), _plain(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy's and torch's
        return _plain(value.tolist())
    if isinstance(value, Path):
        return str(value)
    raise Refused("task", f"a result of type {type(value).__name__} cannot be stored as JSON")


def _restored(value: Any) -> Any:
    """Revert ``_plain``."""
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if isinstance(value, dict):
        if value.keys() == {PAIRS}:
            return {key: _restored(item) for key, item in value[PAIRS]}
        return {key: _restored(item) for key, item in value.items()}
    return value


def _guarded(call: Callable[..., Any], *arguments: Any) -> Any:
    """Call a task's code; whatever it raises, including ``SystemExit``, becomes ``Refused``."""
    try:
        return call(*arguments)
    except Refused:
        raise
    except (Exception, SystemExit) as error:
        raise Refused("task", _described(error)) from error


def _described(error: BaseException) -> str:
    last = getattr(error, "last_attempt", None)  # tenacity's, after the last retry
    if last is not None and last.exception() is not None:
        error = last.exception()
    text = " ".join(str(error).split())[:600]
    return text if isinstance(error, SystemExit) else f"{type(error).__name__}: {text}"


def _version(task: Any) -> str:
    stated = task.config.metadata
    entries = stated if isinstance(stated, list) else [stated]
    versions = [one["version"] for one in entries if isinstance(one, dict) and "version" in one]
    return str(versions[0] if versions else task.VERSION)


def _revision(config: Any, documents: Any) -> str | None:
    """Return the commit of the data set, or ``None`` if it is unknown."""
    sums = getattr(getattr(documents, "info", None), "download_checksums", None) or {}
    commit = next(filter(None, map(COMMIT.search, map(str, sums))), None)
    return commit[1] if commit else (config.dataset_kwargs or {}).get("revision")


def serve(requests: Any, replies: Any) -> None:
    """Answer requests until the pipe closes."""
    opened: LoadedTask | None = None
    for line in requests:
        request = json.loads(line)
        number, do = request.pop("id"), request.pop("do")
        try:
            if do == "open":
                opened = LoadedTask(**request)
                value = opened.describe()
            elif opened is None:
                raise Refused("usage", "open comes first")
            else:
                value = getattr(opened, do)(**request)
            reply = {"id": number, "value": value}
        except Refused as problem:
            reply = {"id": number, "error": problem.reply}
        except Exception as problem:  # report it instead of ending the process
            reply = {"id": number, "error": {"kind": "task", "message": _described(problem)}}
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


def main() -> None:
    """Reserve the pipes for replies, and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides when to stop
    here = Path(__file__).resolve().parent
    # Run by path, this folder comes first, and its modules would shadow others of the same name.
    sys.path[:] = [place for place in sys.path if not place or Path(place).resolve() != here]
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    serve(requests, replies)
    replies.flush()
    os._exit(0)  # do not wait for threads of libraries


if __name__ == "__main__":
    main()

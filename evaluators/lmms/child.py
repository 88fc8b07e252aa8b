"""A task of lmms-eval in a process of its own: hands out documents, scores answers, aggregates.

Run by path (``python child.py``), by any interpreter that has lmms-eval; imports nothing of this
package. One JSON object a line comes in on standard input, ``{"id": 1, "do": "open", ...}``, one
goes out for each, ``{"id": 1, "value": ...}`` or ``{"id": 1, "error": {"kind", "message"}}``. Both
pipes are taken away from everybody else first: what tasks print goes to standard error.

Errors have a kind: ``environment`` (lmms-eval is not there), ``name`` (no such task), ``usage``,
``group`` (several tasks, ``members``), ``hub`` (nobody hands out its data set), ``data`` (its data
set), ``task`` (what the task's own code raised).
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
"""Key of mappings whose keys JSON does not have: numbers, say."""


class Refused(Exception):  # noqa: N818 - part of the protocol
    """What is told to the other side as an error of some kind."""

    def __init__(self, kind: str, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.told = {"kind": kind, "message": message, **facts}


class Opened:
    """One task of lmms-eval, loaded.

    Args:
        benchmark: Its name.
        include_path: Folder of external tasks; theirs go before lmms-eval's own.
        prompts: Name of one of its model-specific wordings.
        network: ``offline``: it may not be used; ``fetch``: the hub must answer before a data set
            is loaded.
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
        """Return what is known about the task before anything is asked."""
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
        """Return of every document the right answer as text, and which files it shows.

        Pictures that are part of the data set are no files, and their documents tell none.
        """
        embedded = set(self.task.features) != set(self.plain.features)
        return [
            {"target": self._target(number), "files": [] if embedded else self._files(number)}
            for number in range(len(self.plain))
        ]

    def question(self, number: int, folder: str) -> list[dict[str, Any]]:
        """Return the messages of a document; its pictures are files in ``folder`` then."""
        messages = _guarded(self.task.doc_to_messages, self.whole[number])
        pictures = iter(range(10_000))
        found = []
        for message in messages:
            content = message["content"]
            if not isinstance(content, str):
                place = Path(folder)
                content = [_part(part, place, f"{number}-{next(pictures)}") for part in content]
            found.append({"role": message["role"], "content": content})
        return found

    def score(self, number: int, text: str, tags: str) -> dict[str, dict[str, Any]]:
        """Return filter -> metric -> value of an answer; ``tags`` is what --reasoning_tags is."""
        from lmms_eval.api.reasoning import parse_reasoning_tags_config, strip_reasoning_tags

        asked = SimpleNamespace(resps=[text], filtered_resps={})  # all that filters look at
        pairs = parse_reasoning_tags_config(tags, self.task.config.reasoning_tags)
        if pairs is None and self.task.config.auto_strip_thinking:
            from lmms_eval.filters.transformation import StripThinkingFilter

            asked.resps = next(iter(StripThinkingFilter().apply([asked.resps], None)))
        found = {}
        for ensemble in self.filters:
            _guarded(ensemble.apply, [asked], self.whole.select([number]))
            answer = asked.filtered_resps[ensemble.name]
            if pairs is not None and isinstance(answer, str):
                answer = strip_reasoning_tags(answer, pairs)
            found[ensemble.name] = self._results(number, answer)
        return found

    def aggregate(self, results: Mapping[str, Mapping[str, list[Any]]]) -> dict[str, Any]:
        """Return what lmms-eval makes of all samples: filter -> metric -> value, and failures."""
        functions = self.task.aggregation()
        values: dict[str, dict[str, Any]] = {}
        failed: dict[str, str] = {}
        for key, columns in results.items():
            values[key] = {}
            for metric, items in columns.items():
                if metric not in functions:
                    continue  # as lmms-eval
                try:
                    found = _guarded(_aggregated, functions[metric], _restored(items))
                    values[key][metric] = _plain(found)
                except Refused as problem:
                    failed[metric] = str(problem)
        return {"values": values, "failed": failed}

    def _results(self, number: int, answer: Any) -> dict[str, Any]:
        # Without lmms-eval's retries: five times, two seconds apart, for what fails each time.
        function = type(self.task).process_results
        function = getattr(function, "__wrapped__", function)
        document = self.plain[number]
        found = _guarded(function, self.task, document, [answer])
        if not isinstance(found, Mapping):
            raise Refused("task", f"process_results returned {found!r:.80}, which is no mapping")
        return {str(name): _plain(value) for name, value in found.items()}

    def _target(self, number: int) -> str | None:
        try:
            target = _guarded(self.task.doc_to_target, self.plain[number])
        except Refused:
            return None  # some are made of what only the whole document has
        while isinstance(target, (list, tuple)):
            target = target[0] if target else None
        return None if target is None else str(target)

    def _files(self, number: int) -> list[str]:
        try:
            shown = _guarded(self.task.doc_to_visual, self.plain[number])
        except Refused as problem:
            return ABSENT_FILE.findall(str(problem))
        return [path for path in shown or () if isinstance(path, str) and path.startswith("/")]

    def _checksum(self) -> str:
        found = hashlib.sha256()
        for document in self.plain:
            line = json.dumps(document, sort_keys=True, default=str)
            found.update(line.encode("utf-8", "backslashreplace") + b"\n")
        return found.hexdigest()


def _aggregated(function: Callable[..., Any], items: Sequence[Any]) -> Any:
    if "args" in inspect.signature(function).parameters:
        # Some write their submission where results are kept: nowhere, here.
        with tempfile.TemporaryDirectory() as folder:
            return function(items, args=argparse.Namespace(output_path=folder))
    return function(items)


def _import(*, offline: bool, fetch: bool = False) -> str:
    try:
        import lmms_eval.tasks  # noqa: F401
        from lmms_eval.api.task import ConfigurableTask
    except Exception as error:  # a package of another version than another raises anything
        raise Refused("environment", _told(error)) from error
    if offline:
        # Without retries: what is not here is not here two seconds later.
        ConfigurableTask.download = ConfigurableTask.download.__wrapped__
    if fetch:
        load = ConfigurableTask.download
        ConfigurableTask.download = lambda task, *a: _found(task.DATASET_PATH) and load(task, *a)
    from importlib.metadata import version

    return version("lmms-eval")


def _found(path: str) -> bool:
    """Ask the hub once; a loader without a network tries for half a minute and then says less."""
    if path.count("/") == 1 and not Path(path).exists():
        from huggingface_hub import HfApi

        try:
            HfApi().dataset_info(path, timeout=HUB_SECONDS)
        except Exception as error:  # the hub's, its HTTP library's, the system's
            raise Refused("hub", f"{path} ({_told(error)})") from error
    return True


def _load(name: str, include_path: str | None, prompts: str | None) -> tuple[Any, str]:
    """Return the task and the file that defines it."""
    from lmms_eval.tasks import TaskManager

    known: list[str] = []
    # Those who name a folder mean its tasks: lmms-eval itself would prefer its own of that name.
    places: list[tuple[str | None, bool]] = [(include_path, False)] if include_path else []
    for place, own in [*places, (None, True)]:
        manager = TaskManager(include_path=place, include_defaults=own, model_name=prompts)
        if name in manager.all_tasks:
            return _loaded(manager, name, prompts), str(manager.task_index[name]["yaml_path"])
        known += manager.all_tasks
    near = difflib.get_close_matches(name, known, n=5, cutoff=0.5)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    raise Refused("name", f"task.benchmark={name}: lmms-eval has no such task{hint}")


def _loaded(manager: Any, name: str, prompts: str | None) -> Any:
    entry = manager.task_index[name]
    if entry["type"] in ("group", "tag"):
        listed = entry["task"] if entry["type"] == "tag" else manager._get_config(name)["task"]
        members = [item if isinstance(item, str) else item.get("task") for item in listed]
        told = f"stands for several tasks: {', '.join(map(str, members[:MOST_NAMES]))}"
        raise Refused("group", f"task.benchmark={name} {told}", members=members)
    before = manager._get_config(name) if entry["type"] == "task" else {}
    kind = before.get("output_type") or "generate_until"
    if kind != "generate_until":
        told = f"is of output type {kind!r}; only generate_until can be asked here"
        raise Refused("usage", f"task.benchmark={name} {told}")
    _check_prompts(name, before, prompts)
    try:
        loaded = manager.load_task_or_group([name], task_type="chat")
    except Refused:
        raise
    except (Exception, SystemExit) as error:  # a task's code and its loaders may raise anything
        raise Refused("data", f"{before.get('dataset_path')}: {_told(error)}") from error
    [task] = loaded.values()
    if isinstance(task, dict) or not hasattr(task, "doc_to_messages"):
        raise Refused("usage", f"task.benchmark={name}: a class without messages to ask with")
    return task


def _check_prompts(name: str, config: Mapping[str, Any], prompts: str | None) -> None:
    keys = ("lmms_eval_specific_kwargs", "model_specific_generation_kwargs")
    wordings = [found for key in keys if isinstance(found := config.get(key), Mapping)]
    known = {key for wording in wordings for key in wording if isinstance(wording[key], Mapping)}
    if prompts is not None and prompts not in known:
        told = f"{name!r} has {', '.join(sorted(known)) or 'none'}"
        raise Refused("usage", f"task.prompts={prompts}: {told}")


def _part(part: Mapping[str, Any], folder: Path, stem: str) -> dict[str, Any]:
    """Return a part of a message in JSON's terms; a picture becomes a file, without loss."""
    source: Any = part.get("url")
    if hasattr(source, "convert") and hasattr(source, "mode"):
        file = folder / f"{stem}.png"
        plain = source if source.mode in PNG_MODES else source.convert("RGB")
        # Time matters more than bytes that live for seconds.
        plain.save(file, format="PNG", compress_level=1)
        return {"type": "image", "url": str(file)}
    return {str(key): _plain(value) for key, value in part.items() if value is not None}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, so that ``_restored`` gives it back; tuples become lists."""
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
    raise Refused("task", f"a result is a {type(value).__name__}, which JSON cannot hold")


def _restored(value: Any) -> Any:
    """Return what ``_plain`` was given."""
    if isinstance(value, list):
        return [_restored(item) for item in value]
    if isinstance(value, dict):
        if value.keys() == {PAIRS}:
            return {key: _restored(item) for key, item in value[PAIRS]}
        return {key: _restored(item) for key, item in value.items()}
    return value


def _guarded(call: Callable[..., Any], *arguments: Any) -> Any:
    """Call a task's code; whatever it raises, ``sys.exit`` too, becomes an error of its own."""
    try:
        return call(*arguments)
    except Refused:
        raise
    except (Exception, SystemExit) as error:
        raise Refused("task", _told(error)) from error


def _told(error: BaseException) -> str:
    last = getattr(error, "last_attempt", None)  # of a retry that gave up
    if last is not None and last.exception() is not None:
        error = last.exception()
    text = " ".join(str(error).split())[:600]
    return text if isinstance(error, SystemExit) else f"{type(error).__name__}: {text}"


def _version(task: Any) -> str:
    stated = task.config.metadata
    entries = stated if isinstance(stated, list) else [stated]
    found = [one["version"] for one in entries if isinstance(one, dict) and "version" in one]
    return str(found[0] if found else task.VERSION)


def _revision(config: Any, documents: Any) -> str | None:
    """Return the commit of the data set, where what was loaded tells it."""
    sums = getattr(getattr(documents, "info", None), "download_checksums", None) or {}
    found = next(filter(None, map(COMMIT.search, map(str, sums))), None)
    return found[1] if found else (config.dataset_kwargs or {}).get("revision")


def serve(requests: Any, replies: Any) -> None:
    """Answer requests until there are no more."""
    opened: Opened | None = None
    for line in requests:
        request = json.loads(line)
        number, do = request.pop("id"), request.pop("do")
        try:
            if do == "open":
                opened = Opened(**request)
                value = opened.describe()
            elif opened is None:
                raise Refused("usage", "open comes first")
            else:
                value = getattr(opened, do)(**request)
            reply = {"id": number, "value": value}
        except Refused as problem:
            reply = {"id": number, "error": problem.told}
        except Exception as problem:  # the other side must hear of it
            reply = {"id": number, "error": {"kind": "task", "message": _told(problem)}}
        replies.write(json.dumps(reply).encode() + b"\n")
        replies.flush()


def main() -> None:
    """Take the pipes for this module alone, and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other side decides when it is over
    here = Path(__file__).resolve().parent
    # Run by path, this folder would come first, and its modules before others of their names.
    sys.path[:] = [place for place in sys.path if not place or Path(place).resolve() != here]
    requests = os.fdopen(os.dup(0), "rb")
    replies = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    serve(requests, replies)
    replies.flush()
    os._exit(0)  # threads of libraries must not keep it


if __name__ == "__main__":
    main()

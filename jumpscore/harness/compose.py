"""``key=value`` words to a configuration: names choose the defaults, keys change them.

Defaults are defined once, in the options of models and tasks, ``InputConfig`` and ``RunSettings``;
YAML files contain only differences from them (``defaults: [vllm]`` and a checkpoint).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any, get_args

import yaml
from pydantic import BaseModel

from evaluators import TASKS
from jumpscore.conf.settings import parsed
from jumpscore.errors import UsageError, unknown_name
from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.registry import Registry, entry_points
from model_wrappers import MODELS

REQUIRED = "???"
"""Stands for the default of an option that has none."""
_ATTRIBUTE = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)
SEARCH_PATH_GROUP = "jumpscore.search_path"
"""Entry points of other packages that add YAML variants: modules with groups in them."""
REGISTRIES: dict[str, Registry[Any]] = {"model": MODELS, "task": TASKS}
CHOSEN = {"model": "motion", "task": "jumpscore", "input": "auto", "run": "default"}
"""Group -> name of its defaults."""
GROUPS = tuple(CHOSEN)
INPUT_KINDS: tuple[str, ...] = get_args(InputConfig.model_fields["kind"].annotation)


def compose(overrides: Sequence[str]) -> dict[str, Any]:
    """Return the composed configuration as plain data.

    Args:
        overrides: Words from the command line, such as ``model=motion`` or ``run.limit=3``.

    Raises:
        UsageError: A word is not ``key=value``, or a name or a key is unknown.
    """
    words = {key.lstrip("+"): value for key, value in map(parsed, overrides)}
    composed = {
        group: _defaults(group, str(words.pop(group, name))) for group, name in CHOSEN.items()
    }
    for key, value in words.items():
        _set(composed, key, value)
    return {
        # Required keys without a value are left out, so that validation reports them.
        group: {key: value for key, value in options.items() if value != REQUIRED}
        for group, options in composed.items()
    }


def _defaults(group: str, name: str) -> dict[str, Any]:
    """Return the options of a name in a group; ``REQUIRED`` for those without a default."""
    known = choices(group)
    if name not in known:
        raise UsageError(unknown_name(group, name, known))
    for module in _variants():
        file = files(module).joinpath(group, f"{name}.yaml")
        if file.is_file():
            own = yaml.safe_load(file.read_text(encoding="utf-8"))
            bases = [base for base in own.pop("defaults", ()) if base != "_self_"]
            inherited = [_defaults(group, base) for base in bases]
            return {key: value for options in (*inherited, own) for key, value in options.items()}
    if group in REGISTRIES:
        return {"name": name, **option_defaults(REGISTRIES[group].get(name).Options)}
    if group == "input":
        return {**option_defaults(InputConfig), "kind": name}
    return option_defaults(RunSettings)


def _set(composed: dict[str, Any], key: str, value: Any) -> None:
    """Set an option, or a key of an option that is a mapping, such as ``model.arguments.seed``."""
    group, *path = key.split(".")
    node = composed.get(group)
    if node is None or not path:
        raise UsageError(unknown_name("key", key, GROUPS))
    *parents, last = path
    for parent in parents:
        node = node.get(parent)
        if not isinstance(node, dict):
            raise UsageError(unknown_name("key", key, composed[group]))
    if not parents and last not in node:
        raise UsageError(unknown_name("key", key, node))
    node[last] = value


def choices(group: str) -> list[str]:
    """Return the names that a group accepts: registered ones and YAML variants."""
    names = set(REGISTRIES[group].names()) if group in REGISTRIES else set()
    names.update({"input": INPUT_KINDS, "run": ("default",)}.get(group, ()))
    for module in _variants():
        folder = files(module).joinpath(group)
        entries = folder.iterdir() if folder.is_dir() else ()
        names.update(e.name.removesuffix(".yaml") for e in entries if e.name.endswith(".yaml"))
    return sorted(names)


def _variants() -> list[str]:
    """Return the modules of other packages with YAML variants."""
    return sorted(point.value for point in entry_points(SEARCH_PATH_GROUP))


def option_defaults(options: type[BaseModel]) -> dict[str, Any]:
    """Return the default of every option as JSON has it; ``REQUIRED`` if it has none."""
    defaults = options.model_construct().model_dump(mode="json", warnings=False)
    fields = options.model_fields.items()
    return {key: REQUIRED if field.is_required() else defaults[key] for key, field in fields}


def option_descriptions(options: type[BaseModel]) -> dict[str, str]:
    """Return the description of every option, from the docstrings of a class and its bases.

    >>> class Jitter(BaseModel):
    ...     '''Options.
    ...
    ...     Attributes:
    ...         seconds: Standard deviation
    ...             of every time.
    ...     '''
    ...     seconds: float = 0.0
    >>> option_descriptions(Jitter)
    {'seconds': 'Standard deviation of every time.'}
    """
    described: dict[str, str] = {}
    for base in reversed(options.__mro__):
        _, _, attributes = (inspect.getdoc(base) or "").partition("\nAttributes:\n")
        for key, text in _ATTRIBUTE.findall(attributes):
            described[key] = " ".join(text.split()).replace("``", "")
    return {key: described.get(key, "") for key in options.model_fields}


def option_word(value: Any) -> str:
    """Return a value in the syntax of the command line.

    >>> option_word(True), option_word(None), option_word(0.5)
    ('true', 'null', '0.5')
    """
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(value)

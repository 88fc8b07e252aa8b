"""Settings from YAML files of this package and from ``key=value`` words, checked by pydantic."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from jumpscore.errors import UsageError, unknown_name
from jumpscore.jsonio import parse_json

SettingsT = TypeVar("SettingsT", bound=BaseModel)
Changes = Sequence[str] | Mapping[str, Any]
"""Words ``a.b=value``; or dotted keys with their values."""


class Strict(BaseModel):
    """Frozen; unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def validated(model: type[SettingsT], values: Any, *, where: str) -> SettingsT:
    """Return ``values`` as ``model``.

    Args:
        model: A pydantic model that forbids unknown keys.
        values: A mapping from the user.
        where: Prefix of the keys in messages (``"model."``).

    Raises:
        UsageError: A key is unknown (with the nearest known names), or a value is invalid.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise UsageError(
            "\n".join(_explain(model, problem, where) for problem in error.errors())
        ) from None


def stored_names(group: str) -> list[str]:
    """Return the names of the YAML files of a group, such as ``synthetic``, sorted."""
    folder = files("jumpscore.conf").joinpath(group)
    names = [entry.name for entry in folder.iterdir()]
    return sorted(name.removesuffix(".yaml") for name in names if name.endswith(".yaml"))


def stored_settings(
    model: type[SettingsT], group: str, name: str, changes: Changes = ()
) -> SettingsT:
    """Return the settings in a YAML file of this package, with some changed.

    Args:
        model: Class of the settings.
        group: Folder of the file.
        name: One of ``stored_names(group)``.
        changes: What differs from the file.

    Raises:
        UsageError: The name or a key is unknown, or a value is invalid.
    """
    if name not in (known := stored_names(group)):
        raise UsageError(unknown_name(f"{group} settings", name, known))
    file = files("jumpscore.conf").joinpath(group, f"{name}.yaml")
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    return validated(model, changed(values, changes), where="")


def changed(values: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """Set dotted keys in nested settings, and return these.

    >>> changed({"seed": 0}, ["seed=1", "vision.hidden_size=128"])
    {'seed': 1, 'vision': {'hidden_size': 128}}

    Raises:
        UsageError: A word is not ``key=value``, or a key is below one without keys.
    """
    pairs = changes.items() if isinstance(changes, Mapping) else map(parsed, changes)
    for key, value in pairs:
        node, (*parents, last) = values, key.split(".")
        for parent in parents:
            node = node.setdefault(parent, {})
            if not isinstance(node, dict):
                raise UsageError(f"{key}: {parent} has no keys; write {parent}=... instead")
        node[last] = value
    return values


def parsed(word: str) -> tuple[str, Any]:
    """Return the key and the value of a word ``key=value``.

    Lists and mappings are YAML, and so are numbers as JSON writes them; everything else, such as
    an id like ``12e45678``, is the text as it is. Quotes around a text are optional.

    >>> parsed("task.data=/data/séance, 2"), parsed("a='3'"), parsed("a=0.5"), parsed("a=null")
    (('task.data', '/data/séance, 2'), ('a', '3'), ('a', 0.5), ('a', None))
    >>> parsed("run.ids=[12e45678, 007]"), parsed("model.arguments={enforce_eager: true}")
    (('run.ids', ['12e45678', '007']), ('model.arguments', {'enforce_eager': True}))

    Raises:
        UsageError: The word is not ``key=value``, or its value is not valid YAML.
    """
    key, equals, text = word.partition("=")
    if not equals or not key:
        raise UsageError(f"{word!r:.200} is not key=value; write, for instance, seed=1")
    try:
        if text.startswith("["):  # the items stay texts, which options that are numbers accept
            return key, yaml.load(text, yaml.BaseLoader)
        if text.startswith("{"):
            return key, yaml.safe_load(text)
    # PyYAML raises some of Python's own errors, for odd numbers, dates and tags.
    except (yaml.YAMLError, ValueError, LookupError, AttributeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UsageError(f"{word:.200}: the value is not valid YAML ({reason})") from None
    if len(text) > 1 and text[0] in "'\"" and text[-1] == text[0]:
        return key, text[1:-1].replace(f"\\{text[0]}", text[0])
    return key, _scalar(text)


def _scalar(text: str) -> Any:
    try:
        value = parse_json(text.lower())
    except ValueError:
        return text
    unchanged = not isinstance(value, int | float) or json.dumps(value) == text.lower()
    return value if unchanged else text


def _explain(model: type[BaseModel], problem: Any, where: str) -> str:
    key = where + ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "extra_forbidden":
        return unknown_name("key", key, _fields(model, problem["loc"][:-1]))
    if problem["type"] == "missing":
        return f"{key!r} is not set; add {key}=..."
    if not problem["loc"]:
        return where + str(problem["msg"]).removeprefix("Value error, ")
    message = problem["msg"].removeprefix("Value error, ").replace("Input should be", "must be", 1)
    message = message.partition(", unable to parse ")[0]
    if isinstance(problem["input"], dict):  # keys that contradict each other
        return f"{key}: {message}"
    return f"{key}={problem['input']!r}: {message[:1].lower()}{message[1:]}"


def _fields(model: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    for part in path:
        if isinstance(part, int):
            continue  # an item of a list
        inner = model.model_fields[part].annotation
        inner = next(iter(get_args(inner)), inner)
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            return []
        model = inner
    return list(model.model_fields)

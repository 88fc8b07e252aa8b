"""``key=value`` words to a resolved configuration: Hydra composes, the harness validates."""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import entry_points
from typing import Any

from jumpscore.errors import UsageError, nearest_names

_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_/.+%@:-]*", re.ASCII)
_PLAIN_LIST = re.compile(r"\[[A-Za-z0-9_/.+%@:, -]+\]", re.ASCII)
SEARCH_PATH_GROUP = "jumpscore.search_path"
"""Entry points of other packages that bring YAML: their value is a module with groups in it."""


def compose(overrides: Sequence[str]) -> dict[str, Any]:
    """Return the composed configuration as plain data.

    Args:
        overrides: Words from the command line, such as ``model=motion`` or ``run.limit=3``.

    Raises:
        UsageError: A word is no ``key=value``, a group has no such choice, or a key is unknown.
    """
    from hydra import compose as hydra_compose
    from hydra import initialize_config_module
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    words = [*_search_path(), *(_quoted(word) for word in overrides)]
    GlobalHydra.instance().clear()
    try:
        with initialize_config_module("jumpscore.conf", version_base="1.3"):
            config = hydra_compose("config", overrides=words)
            plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=False)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UsageError(_explain(str(error), overrides)) from None
    assert isinstance(plain, dict)
    composed: dict[str, Any] = _without_missing(plain)
    return composed


def _quoted(word: str) -> str:
    """Return a word with its value in quotes where Hydra's grammar would stumble over it.

    >>> _quoted("task.data=/data/séance, 2")
    "task.data='/data/séance, 2'"
    >>> _quoted("run.ids=[a,b]"), _quoted("run.ids=[12e45678,007]")
    ('run.ids=[a,b]', "run.ids=['12e45678','007']")
    >>> _quoted("model.arguments={enforce_eager: true}")
    '++model.arguments={enforce_eager: true}'

    Raises:
        UsageError: It is no ``key=value``.
    """
    key, equals, value = word.partition("=")
    if not equals or not key:
        raise UsageError(f"{word!r} is no key=value; write, for instance, model=motion")
    if value == "???":
        raise UsageError(f"{word!r} gives no value")
    if value.startswith("{"):
        # Hydra adds keys to a mapping only where told to; a misspelt option is found afterwards.
        return f"++{word.lstrip('+')}"
    if _PLAIN_LIST.fullmatch(value):
        items = [_as_written(item.strip()) for item in value[1:-1].split(",")]
        return f"{key}=[{','.join(items)}]"
    if _PLAIN_VALUE.fullmatch(value):
        return f"{key}={_as_written(value)}"
    if value[:1] in ("[", "'", '"'):
        return word
    escaped = value.replace("'", "\\'")
    return f"{key}='{escaped}'"


def _as_written(value: str) -> str:
    """Return a word in quotes if Hydra would read it as a number and lose how it was written.

    An id such as ``12e45678`` is a number to Hydra, and one beyond float64. Options that are
    numbers accept them as text.

    >>> _as_written("3"), _as_written("0.5"), _as_written("12e3"), _as_written("a")
    ('3', '0.5', "'12e3'", 'a')
    """
    try:
        number = float(value)
    except ValueError:
        return value
    kept = value == repr(number) or (number.is_integer() and value == str(int(number)))
    return value if kept else f"'{value}'"


def choices(group: str) -> list[str]:
    """Return the names that a configuration group offers, in this package."""
    from importlib.resources import files

    return sorted(
        entry.name.removesuffix(".yaml")
        for entry in files("jumpscore.conf").joinpath(group).iterdir()
        if entry.name.endswith(".yaml")
    )


def _search_path() -> list[str]:
    modules = sorted(point.value for point in entry_points(group=SEARCH_PATH_GROUP))
    if not modules:
        return []
    return [f"hydra.searchpath=[{','.join('pkg://' + module for module in modules)}]"]


def _without_missing(value: Any) -> Any:
    """Drop keys that must be given and were not, so that validation names them."""
    if isinstance(value, dict):
        return {key: _without_missing(item) for key, item in value.items() if item != "???"}
    return value


def _explain(message: str, overrides: Sequence[str]) -> str:
    """Return Hydra's message in our form: the value, what is allowed, the fix."""
    unknown = re.search(r"Could not override '([^']+)'", message)
    if unknown:
        return _unknown_key(unknown[1], overrides)
    group = re.search(r"Could not find '([^/']+)/([^']+)'", message)
    if group:
        known = choices(group[1])
        near = nearest_names(group[2], known) or "."
        return f"unknown {group[1]} {group[2]!r}{near} Known: {', '.join(known)}."
    return " ".join(line.strip() for line in message.splitlines() if line.strip())


def _unknown_key(key: str, overrides: Sequence[str]) -> str:
    """Return what is known at the place of a misspelt key, under the chosen groups."""
    from hydra import compose as hydra_compose
    from hydra import initialize_config_module
    from omegaconf import DictConfig, OmegaConf

    groups = [word for word in overrides if re.match(r"(model|task|input|run)=", word)]
    with initialize_config_module("jumpscore.conf", version_base="1.3"):
        node: Any = hydra_compose("config", overrides=[*_search_path(), *groups])
    parent, _, last = key.rpartition(".")
    if parent:
        node = OmegaConf.select(node, parent)
    known = [str(name) for name in node] if isinstance(node, DictConfig) else []
    near = nearest_names(last, known) or "."
    return f"unknown key {key!r}{near} Known: {', '.join(known) or 'none'}."

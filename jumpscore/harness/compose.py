"""``key=value`` words to a resolved configuration: Hydra composes, the harness validates.

Defaults are defined once, in the options of models and tasks, ``InputConfig`` and ``RunSettings``;
YAML files contain only differences from them (``defaults: [vllm, _self_]`` and a checkpoint).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib.metadata import entry_points
from importlib.resources import files
from typing import Any, get_args

from evaluators import TASKS
from jumpscore.errors import UsageError, nearest_names
from jumpscore.harness.config import InputConfig, RunSettings
from jumpscore.harness.options import REQUIRED, option_defaults
from jumpscore.registry import Registry
from model_wrappers import MODELS

_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_/.+%@:-]*", re.ASCII)
_PLAIN_LIST = re.compile(r"\[[A-Za-z0-9_/.+%@:, -]+\]", re.ASCII)
SEARCH_PATH_GROUP = "jumpscore.search_path"
"""Entry points of other packages that add YAML variants: modules with groups in them."""
REGISTRIES: dict[str, Registry[Any]] = {"model": MODELS, "task": TASKS}
GROUPS = ("model", "task", "input", "run")
INPUT_KINDS: tuple[str, ...] = get_args(InputConfig.model_fields["kind"].annotation)


def compose(overrides: Sequence[str]) -> dict[str, Any]:
    """Return the composed configuration as plain data.

    Args:
        overrides: Words from the command line, such as ``model=motion`` or ``run.limit=3``.

    Raises:
        UsageError: A word is not ``key=value``, or a name or a key is unknown.
    """
    from hydra import initialize_config_module
    from hydra.core.global_hydra import GlobalHydra
    from hydra.errors import HydraException
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    words = [*_search_path(), *(_quoted(word) for word in overrides)]
    GlobalHydra.instance().clear()
    try:
        with initialize_config_module("jumpscore.conf", version_base="1.3"):
            config = _composed(words)
            plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=False)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UsageError(_explain(str(error), overrides)) from None
    assert isinstance(plain, dict)
    composed: dict[str, Any] = _without_missing(plain)
    return composed


def _composed(words: Sequence[str]) -> Any:
    """Return Hydra's configuration; defaults of a name are added to its store on first use."""
    from hydra import compose as hydra_compose
    from hydra.core.config_store import ConfigStore
    from hydra.errors import MissingConfigException

    added: set[str] = set()
    while True:
        try:
            return hydra_compose("config", overrides=list(words))
        except MissingConfigException as error:
            path = error.missing_cfg_file or ""
            group, _, name = path.partition("/")
            values = None if path in added else _defaults(group, name)
            if values is None:
                raise
            added.add(path)
            ConfigStore.instance().store(name, values, group=group)


def _defaults(group: str, name: str) -> dict[str, Any] | None:
    """Return the defaults of a name in a group, or ``None`` if no class defines any."""
    if group in REGISTRIES and name in REGISTRIES[group].targets():
        return {"name": name, **option_defaults(REGISTRIES[group].get(name).Options)}
    if group == "input" and name in INPUT_KINDS:
        return {**option_defaults(InputConfig), "kind": name}
    return option_defaults(RunSettings) if (group, name) == ("run", "default") else None


def _quoted(word: str) -> str:
    """Return a word with its value in quotes if Hydra's grammar would misread it.

    >>> _quoted("task.data=/data/séance, 2")
    "task.data='/data/séance, 2'"
    >>> _quoted("run.ids=[a,b]"), _quoted("run.ids=[12e45678,007]")
    ('run.ids=[a,b]', "run.ids=['12e45678','007']")
    >>> _quoted("model.arguments={enforce_eager: true}")
    '++model.arguments={enforce_eager: true}'

    Raises:
        UsageError: The word is not ``key=value``.
    """
    key, equals, value = word.partition("=")
    if not equals or not key:
        raise UsageError(f"{word!r} is not key=value; write, for instance, model=motion")
    if value == REQUIRED:
        raise UsageError(f"{word!r} has no value; write one after the =")
    if value.startswith("{"):
        # Hydra adds keys to a mapping only with ++; validation reports misspelt options later.
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
    """Return a word in quotes if Hydra would convert it to a number and change its spelling.

    An id such as ``12e45678`` is a number to Hydra, and one beyond float64. Options that are
    numbers accept them as text.

    >>> _as_written("3"), _as_written("0.5"), _as_written("12e3"), _as_written("a")
    ('3', '0.5', "'12e3'", 'a')
    """
    try:
        number = float(value)
    except ValueError:
        return value
    unchanged = value == repr(number) or (number.is_integer() and value == str(int(number)))
    return value if unchanged else f"'{value}'"


def choices(group: str) -> list[str]:
    """Return the names that a configuration group accepts: registered ones and YAML variants."""
    names = set(REGISTRIES[group].names()) if group in REGISTRIES else set()
    names.update({"input": INPUT_KINDS, "run": ("default",)}.get(group, ()))
    for module in ("jumpscore.conf", *_variants()):
        folder = files(module).joinpath(group)
        entries = folder.iterdir() if folder.is_dir() else ()
        names.update(e.name.removesuffix(".yaml") for e in entries if e.name.endswith(".yaml"))
    return sorted(names)


def _search_path() -> list[str]:
    modules = ",".join(f"pkg://{module}" for module in _variants())
    return [f"hydra.searchpath=[{modules}]"] if modules else []


def _variants() -> list[str]:
    """Return the modules of other packages with YAML variants."""
    return sorted(point.value for point in entry_points(group=SEARCH_PATH_GROUP))


def _without_missing(value: Any) -> Any:
    """Drop required keys without a value, so that validation reports them."""
    if isinstance(value, dict):
        return {key: _without_missing(item) for key, item in value.items() if item != REQUIRED}
    return value


def _explain(message: str, overrides: Sequence[str]) -> str:
    """Return Hydra's message in our form: the value, what is allowed, how to fix it."""
    unknown = re.search(r"Could not override '([^']+)'", message)
    if unknown:
        return _unknown_key(unknown[1], overrides)
    group = re.search(r"Could not find '([^/']+)/([^']+)'", message)
    if group:
        known = choices(group[1])
        nearest = nearest_names(group[2], known) or "."
        return f"unknown {group[1]} {group[2]!r}{nearest} Known: {', '.join(known)}."
    return " ".join(line.strip() for line in message.splitlines() if line.strip())


def _unknown_key(key: str, overrides: Sequence[str]) -> str:
    """Return a message with the known keys in place of an unknown one, for the selected groups."""
    from hydra import initialize_config_module
    from omegaconf import DictConfig, OmegaConf

    groups = [word for word in overrides if re.match(r"(model|task|input|run)=", word)]
    with initialize_config_module("jumpscore.conf", version_base="1.3"):
        node: Any = _composed([*_search_path(), *groups])
    parent, _, last = key.rpartition(".")
    if parent:
        node = OmegaConf.select(node, parent)
    known = [str(name) for name in node] if isinstance(node, DictConfig) else []
    if not known:
        nearest = nearest_names(key.partition(".")[0], GROUPS) or "."
        return f"unknown key {key!r}{nearest} A key begins with {', '.join(GROUPS[:-1])} or run."
    nearest = nearest_names(last, known) or "."
    return f"unknown key {key!r}{nearest} Known: {', '.join(known)}."

"""Digests of everything that determines a model's answers: code, weights and files."""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

OURS = ("evaluators", "jumpscore", "model_wrappers")
"""Top-level packages of this distribution, which are released together."""
MOST_FILES = 10_000
"""Folders with more files than this are not hashed: they contain more than a model."""
WHOLE_BYTES, END_BYTES = 64 << 20, 1 << 20
"""Files up to this size are read whole; of larger ones, both ends and the modification time."""
DIGITS = 16

_CODE: WeakKeyDictionary[type, str | None] = WeakKeyDictionary()


def is_ours(kind: type) -> bool:
    """Return whether a class is part of this distribution."""
    return kind.__module__.partition(".")[0] in OURS


def code_digest(kind: type, also: Iterable[str] = ()) -> str | None:
    """Return a digest of the source code of a wrapper's class.

    It covers every class in the inheritance chain: the whole package of the class, or, for a single
    module, that module and the modules of the same folder that it imports. For classes of this
    distribution it covers the modules of their folder. Computed once per class, soon after import.

    Args:
        kind: The class.
        also: Names of further modules or packages.

    Returns:
        16 hex digits, or ``None`` if the source of a class cannot be read, as in a notebook.
    """
    if kind not in _CODE:
        _CODE[kind] = _code_digest(kind, also)
    return _CODE[kind]


def _code_digest(kind: type, also: Iterable[str]) -> str | None:
    # Without what all models have in common: the interface, and Python's own classes.
    shared = ("builtins", "abc", "typing", "model_wrappers.base")
    names = [base.__module__ for base in kind.__mro__ if base.__module__ not in shared]
    places: dict[Path, None] = {}
    for name in [*names, *also]:
        module = sys.modules.get(name)
        source = getattr(module, "__file__", None)
        if source is None or not source.endswith(".py"):
            return None
        spec = getattr(module, "__spec__", None)  # under python -m, only this has the real name
        places |= dict.fromkeys(_sources(spec.name if spec else name, Path(source)))
    try:
        return sources_digest(places)
    except OSError:
        return None


def sources_digest(files: Iterable[Path]) -> str:
    """Return a digest of source files, 16 hex digits.

    By content, not by path: the same code in another folder gives the same answers.

    Raises:
        OSError: A file cannot be read.
    """
    digest = hashlib.sha256()
    for name, content in sorted((path.name, path.read_bytes()) for path in files):
        content = content.replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:DIGITS]


def _sources(name: str, file: Path) -> list[Path]:
    """Return the source files that may affect a module's behaviour."""
    top, dot, rest = name.partition(".")
    if top in OURS:
        in_folder = "." in rest or file.name == "__init__.py"
        return sorted(file.parent.glob("*.py")) if in_folder else [file]
    package = sys.modules.get(top)
    home = getattr(package, "__file__", None)
    if home is not None and (dot or Path(home).name == "__init__.py"):
        return list(_python_files(Path(home).parent))
    return _with_neighbours(file)


def _python_files(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        yield from (Path(here, name) for name in files if name.endswith(".py"))


def _with_neighbours(file: Path) -> list[Path]:
    """Return a module and the modules of its folder that it imports, directly or indirectly."""
    waiting, seen = [file], {file: None}
    while waiting:
        for name in _imports(waiting.pop()):
            module, package = file.parent / f"{name}.py", file.parent / name
            if (package / "__init__.py").is_file():
                seen |= dict.fromkeys(_python_files(package))
            elif module.is_file() and module not in seen:
                seen[module] = None
                waiting.append(module)
    return list(seen)


def _imports(file: Path) -> set[str]:
    """Return the top-level names that a module imports, anywhere in its code."""
    try:
        tree = ast.parse(file.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def weights_digest(module: Any) -> str:
    """Return a digest of all weights of a torch module, 16 hex digits; every byte is read.

    Args:
        module: An object with ``state_dict()``, or such a state dictionary.
    """
    state: Mapping[str, Any] = module if isinstance(module, Mapping) else module.state_dict()
    digest = hashlib.sha256()
    for name in sorted(state):
        value = state[name]
        digest.update(f"{name}\0{getattr(value, 'dtype', '')}\0".encode())
        digest.update(f"{tuple(getattr(value, 'shape', ()))}\0".encode())
        digest.update(_bytes_of(value))
    return digest.hexdigest()[:DIGITS]


def _bytes_of(value: Any) -> Any:
    """Return the bytes of a tensor or array, or the text of any other value."""
    if not hasattr(value, "detach"):
        return value.tobytes() if hasattr(value, "tobytes") else repr(value).encode()
    import torch

    flat = value.detach().to_dense() if value.layout != torch.strided else value.detach()
    return memoryview(flat.cpu().contiguous().reshape(-1).view(torch.uint8).numpy())


def fingerprint(module: Any) -> str:
    """Return a quick fingerprint of a torch module, which changes when its weights do.

    It covers the version counter and both ends of every tensor. Valid in one process only.
    """
    digest = hashlib.sha256()
    for name, value in module.state_dict(keep_vars=True).items():
        if not hasattr(value, "detach"):
            digest.update(f"{name}\0{value!r}\0".encode())
            continue
        digest.update(f"{name}\0{value.dtype}\0{tuple(value.shape)}\0{value._version}\0".encode())
        if value.is_meta:
            continue
        flat = value.detach().reshape(-1)
        for end in (flat[:256], flat[-256:]):
            digest.update(_bytes_of(end))
    return digest.hexdigest()[:DIGITS]


def files_digest(options: Mapping[str, Any]) -> dict[str, str] | None:
    """Return digests of the files and folders that options name, by option.

    Returns:
        ``None`` if one of them cannot be read or has too many files for a model.
    """
    digests: dict[str, str] = {}
    for key, value in options.items():
        for place in _places(value):
            try:
                digests[key] = _digest_of(place, digests.get(key, ""))
            except OSError:
                return None
    return digests


def _places(value: Any) -> Iterator[Path]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for item in value:
            yield from _places(item)
    elif isinstance(value, str | Path) and 0 < len(str(value)) < 4096:
        try:
            place = Path(value).expanduser()
            if place.is_file() or place.is_dir():
                yield place
        except (OSError, ValueError, RuntimeError):
            return


def _digest_of(place: Path, before: str) -> str:
    digest = hashlib.sha256(before.encode())
    files = [place] if place.is_file() else sorted(_all_files(place))
    for file in files:
        stat = file.stat()
        name = file.relative_to(place).as_posix() if file != place else ""
        digest.update(f"{name}\0{stat.st_size}\0".encode(errors="surrogateescape"))
        with file.open("rb") as source:
            if stat.st_size <= WHOLE_BYTES:
                digest.update(source.read())
                continue
            digest.update(f"{stat.st_mtime_ns}\0".encode() + source.read(END_BYTES))
            source.seek(-END_BYTES, os.SEEK_END)
            digest.update(source.read())
    return digest.hexdigest()[:DIGITS]


def _all_files(folder: Path) -> Iterator[Path]:
    count = 0
    for here, _, files in os.walk(folder):
        for name in files:
            count += 1
            if count > MOST_FILES:
                raise OSError(f"{folder}: more than {MOST_FILES} files")
            yield Path(here, name)

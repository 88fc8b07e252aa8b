"""A typed, lazy registry: names point to ``"module:Attribute"`` and are imported on first use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module, metadata
from typing import Any, Generic, TypeVar

from jumpscore.errors import UsageError, unknown_name

T = TypeVar("T")


def imported(target: str) -> Any:
    """Return what ``"module:attribute"`` names."""
    module, _, attribute = target.partition(":")
    return getattr(import_module(module), attribute)


@cache
def entry_points(group: str) -> metadata.EntryPoints:
    """Return a group's entry points; searching all installed packages takes 5 ms."""
    return metadata.entry_points(group=group)


class Registry(Generic[T]):
    """Names of one kind of object, and where each is defined.

    Args:
        kind: Kind of object as it appears in messages (``"model"``).
        base: Base class of all entries.
        builtin: Name -> ``"module:Attribute"`` of the entries of this package.
        group: Entry-point group for entries of other packages.
    """

    def __init__(
        self, kind: str, base: type[Any], *, builtin: Mapping[str, str], group: str
    ) -> None:
        self.kind = kind
        self.group = group
        self._base = base
        self._builtin = dict(builtin)
        self._added: dict[str, str] = {}

    def add(self, name: str, target: str) -> None:
        """Add ``name`` for this process (tests, notebooks).

        Raises:
            UsageError: The name is already used for another target.
        """
        known = self.targets()
        if known.get(name, target) != target:
            raise UsageError(
                f"{self.kind} {name!r} is already {known[name]} and cannot become {target}; "
                "choose another name"
            )
        self._added[name] = target

    def targets(self) -> dict[str, str]:
        """Return name -> target of all entries, without importing them.

        Raises:
            UsageError: Two packages claim the same name.
        """
        targets = dict(self._builtin)
        for point in entry_points(self.group):
            if targets.get(point.name, point.value) != point.value:
                raise UsageError(
                    f"{self.kind} {point.name!r} is claimed by {targets[point.name]} and by "
                    f"{point.value}; uninstall one of the two packages or rename its entry point"
                )
            targets[point.name] = point.value
        return targets | self._added

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted(self.targets())

    def get(self, name: str) -> type[T]:
        """Import and return the class registered as ``name``.

        Raises:
            UsageError: The name is unknown, its target cannot be imported, or it is not a subclass
                of ``base``.
        """
        targets = self.targets()
        if name not in targets:
            raise UsageError(unknown_name(self.kind, name, sorted(targets)))
        try:
            entry = imported(targets[name])
        except (ImportError, AttributeError) as error:
            raise UsageError(
                f"{self.kind} {name!r} points to {targets[name]}, which cannot be imported: {error}"
            ) from error
        if not (isinstance(entry, type) and issubclass(entry, self._base)):
            raise UsageError(
                f"{self.kind} {name!r} points to {targets[name]}, which is not a subclass of "
                f"{self._base.__module__}.{self._base.__name__}"
            )
        return entry

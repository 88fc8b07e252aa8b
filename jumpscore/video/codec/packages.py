"""Packages of others that make or judge canvases, each in an environment of its own.

They state no licence, so none is included: they are used if a person installed them. They run in
a child process, which gets an order and is checked (`Child`), because they can abort or hang.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from jumpscore.errors import UsageError
from jumpscore.video.child import Child, ChildError


@dataclass(frozen=True, slots=True)
class OtherPackage:
    """A package in an environment of its own.

    Attributes:
        name: Its name on PyPI.
        release: The release that was tested.
        module: Its module.
        backend: The backend of canvases that uses it.
        variable: Environment variable that names the Python of the environment.
        child: File of this folder that runs in the environment; it may import the standard
            library and the package, and prints the version on ``--version``.
        patience: Time limit for its version in seconds.
    """

    name: str
    release: str
    module: str
    backend: str
    variable: str
    child: str
    patience: float = 60.0

    @property
    def remedy(self) -> str:
        """How it is installed."""
        return (
            "install it in an environment of its own (python3 -m venv ENV && ENV/bin/pip install "
            f"{self.name}=={self.release}; export {self.variable}=ENV/bin/python), or use backend "
            "'pyav'; the package has no licence and is therefore not bundled"
        )

    def python(self) -> str:
        """Return the Python of its environment, by default this one.

        Raises:
            UsageError: It is not installed, or the environment variable is not a program.
        """
        name = os.environ.get(self.variable)
        if name:
            path = shutil.which(name)
            if path is None:
                raise UsageError(
                    f"{self.variable}={name!r} is not a program; set it to a Python: {self.remedy}"
                )
            return path
        if find_spec(self.module) is None:
            raise UsageError(
                f"backend {self.backend!r} needs {self.name}, which is not installed: {self.remedy}"
            )
        return sys.executable

    def command(self) -> list[str]:
        """Return the words that start the child."""
        python = self.python()
        version_in(self, python)
        return _words(self, python)

    def version(self) -> str:
        """Return its version, for the record of a run.

        Raises:
            UsageError: It is not installed or does not work.
        """
        return version_in(self, self.python())


def _words(package: OtherPackage, python: str) -> list[str]:
    return [python, "-I", str(Path(__file__).with_name(package.child))]


@cache
def version_in(package: OtherPackage, python: str) -> str:
    """Return the version of a package in an environment, asked once.

    Raises:
        UsageError: It does not work there.
    """
    try:
        words = [*_words(package, python), "--version"]
        with Child(words, order={}, patience=package.patience) as child:
            line = child.line().decode("ascii", errors="replace").strip()
            child.finish()
        if not re.fullmatch(r"\d[\w.+!-]{0,40}", line):
            raise ChildError(f"it printed the version {line[:60]!r}")
    except ChildError as error:
        raise UsageError(
            f"{python}: {package.name} does not work there ({error}): {package.remedy}"
        ) from None
    return line

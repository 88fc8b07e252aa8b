"""Licences of the installed packages: ``python -m tests.licences`` prints them.

Licences are those that packages state in their metadata. Each must be permissive, or the package is
in ``EXCEPTIONS`` with the reason why it is used.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from typing import NamedTuple

PERMISSIVE = {
    *("MIT", "MIT-0", "MIT-CMU", "BSD-2-Clause", "BSD-3-Clause", "0BSD", "ISC", "Apache-2.0"),
    *("PSF-2.0", "Python-2.0", "CNRI-Python", "Zlib", "BSL-1.0", "CC0-1.0", "Unlicense", "HPND"),
}
"""SPDX names of licences that ask for no more than a notice."""
SPDX = {
    "mit license": "MIT",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "freebsd": "BSD-2-Clause",
    "apache": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
}
"""Other names that packages use, in lower case."""
EXCEPTIONS = {
    "axe-playwright-python": "tests only; MIT in its licence file, contains axe-core (MPL-2.0)",
    "certifi": "MPL-2.0: certificates of other packages, used unchanged",
    "fpdf2": "LGPL-3.0: optional (extra pdf), used unchanged through its interface",
    "hypothesis": "MPL-2.0: tests only",
    "pathspec": "MPL-2.0: needed by mypy, tests only",
    "pympi-ling": "tests only; MIT in its licence file",
    "tqdm": "MPL-2.0 and MIT: used unchanged through its interface",
}
"""Packages with another licence, or without one in their metadata, and why they are used."""
NVIDIA = re.compile(r"(?:nvidia|cuda)-.+")
"""Packages of the CUDA build of torch: proprietary, and the user's choice."""
_NAME = re.compile(r"[A-Za-z0-9.+-]+(?: WITH [A-Za-z0-9.-]+)?")


class Package(NamedTuple):
    """An installed package."""

    name: str
    version: str
    licence: str


def installed() -> list[Package]:
    """Return all packages of this environment by name."""
    packages = {_package(distribution) for distribution in distributions()}
    return sorted(packages, key=lambda package: package.name.lower())


def problem(package: Package) -> str | None:
    """Return why a package may not be used, or ``None``.

    >>> problem(Package("a", "1", "MIT AND Zlib")), problem(Package("b", "1", "GPL-3.0 OR MIT"))
    (None, None)
    >>> problem(Package("c", "1", "AGPL-3.0 AND MIT"))
    'c 1: AGPL-3.0 is not in PERMISSIVE; add the package to EXCEPTIONS with a reason, or remove it'
    """
    name = re.sub(r"[-_.]+", "-", package.name).lower()
    if name in EXCEPTIONS or NVIDIA.fullmatch(name):
        return None
    choices = [list(_refused(choice)) for choice in package.licence.split(" OR ")]
    if not all(choices):
        return None
    return (
        f"{package.name} {package.version}: {choices[0][0] or 'its licence'} is not in PERMISSIVE; "
        "add the package to EXCEPTIONS with a reason, or remove it"
    )


def _refused(expression: str) -> Iterator[str]:
    """Yield the licences of an expression that are not permissive; an empty one is unknown."""
    for licence in expression.strip(" ()").split(" AND "):
        plain = licence.strip(" ()")
        if not _NAME.fullmatch(plain) or plain.partition(" WITH ")[0] not in PERMISSIVE:
            yield plain


def _package(distribution: Distribution) -> Package:
    metadata = distribution.metadata
    return Package(metadata["Name"], distribution.version, licence_of(metadata))


def licence_of(metadata: object) -> str:
    """Return the licence in a package's metadata as SPDX; empty if it states none."""
    get_all = metadata.get_all  # type: ignore[attr-defined]
    expression = (get_all("License-Expression") or [""])[0]
    if expression:
        return str(expression)
    classifiers = [
        text.rpartition(" :: ")[2]
        for text in get_all("Classifier") or ()
        if text.startswith("License :: ") and not text.endswith("OSI Approved")
    ]
    if classifiers:
        return " AND ".join(SPDX.get(text.lower(), text) for text in classifiers)
    stated = (get_all("License") or [""])[0].strip()
    return SPDX.get(stated.lower(), stated.partition("\n")[0])


def main() -> None:
    """Print all packages, and end with 1 if one may not be used."""
    packages = installed()
    width = max(len(f"{package.name} {package.version}") for package in packages)
    for package in packages:
        reason = EXCEPTIONS.get(package.name.lower(), "")
        print(f"{f'{package.name} {package.version}':<{width}}  {package.licence:<30}  {reason}")
    problems = [text for package in packages if (text := problem(package))]
    sys.exit("\n".join(problems) if problems else 0)


if __name__ == "__main__":
    main()

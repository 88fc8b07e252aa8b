"""Every package that is pinned has a licence that this project may depend on."""

from __future__ import annotations

import doctest
from email.message import Message
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from tests import licences
from tests.jumpscore.test_dependencies import pins as pinned
from tests.licences import EXCEPTIONS, Package, installed, licence_of, problem


def test_licences_of_pinned_packages():
    pins = pinned("core")  # a developer may have installed others
    packages = [package for package in installed() if canonicalize_name(package.name) in pins]
    assert "numpy" in {package.name for package in packages}
    assert [text for package in packages if (text := problem(package))] == []


@pytest.mark.parametrize("licence", ["", "UNKNOWN", "GPL-3.0-only", "MIT AND AGPL-3.0", "My own"])
def test_problem_of_other_licences(licence):
    assert "add the package to EXCEPTIONS" in str(problem(Package("a", "1", licence)))
    assert problem(Package("fpdf2", "1", licence)) is None
    assert problem(Package("nvidia-cublas-cu12", "1", licence)) is None


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"License-Expression": "MIT AND PSF-2.0", "License": "GPL"}, "MIT AND PSF-2.0"),
        ({"Classifier": "License :: OSI Approved :: Apache Software License"}, "Apache-2.0"),
        ({"Classifier": "Topic :: Software Development", "License": "FreeBSD"}, "BSD-2-Clause"),
        ({"License": "GNU General Public License\nVersion 3"}, "GNU General Public License"),
        ({}, ""),
    ],
)
def test_licence_of_metadata(fields, licence):
    metadata = Message()
    for name, value in fields.items():
        metadata[name] = value
    assert licence_of(metadata) == licence


def test_exceptions_have_reasons():
    assert all(len(reason) > 15 for reason in EXCEPTIONS.values())
    assert doctest.testmod(licences).failed == 0


def test_make_audit_is_strict():
    """Otherwise pip-audit ends with 0 if it can look up no package at all."""
    makefile = Path(__file__).parents[1] / "Makefile"
    recipe = makefile.read_text().split("\naudit:")[1].split("\n\n")[0]
    assert "pip-audit --strict " in recipe
    assert "--requirement $(CORE)" in recipe

"""Every declared dependency is used, every imported package is declared, every bound is tested."""

from __future__ import annotations

import ast
import os
import re
import sys
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
OURS = ("jumpscore", "evaluators", "model_wrappers", "annotations", "leaderboards")
IMPORTED_AS = {
    "fpdf2": "fpdf",
    "lmms-eval": "lmms_eval",
    "markdown-it-py": "markdown_it",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "pympi-ling": "pympi",
    "pyyaml": "yaml",
    "scikit-image": "skimage",
    "scikit-learn": "sklearn",
}
TOOLS = {
    "build": "make wheel",
    "fpdf2": "used by the export of PDF files",
    "mypy": "make lint",
    "openpyxl": "used by pandas to write workbooks",
    "pandas-stubs": "read by mypy",
    "pytest-xdist": "make test",
    "ruff": "make lint",
    "scikit-image": "imported by trackeval",
    "tabulate": "imported by trackeval",
    "types-pyyaml": "read by mypy",
}
"""Packages of the extra dev that the tests do not import, and what needs them."""
ELSEWHERE = {"codec_video_prep", "lmms_video_utils"}
"""Imported by scripts that run in environments of their own."""
TEST_ONLY = {"trackeval"}
"""Installed for the tests without their dependencies, so not in an extra (Makefile)."""
PEERS_ONLY = {"lmms_video_utils", "torchcodec"}
"""Peers of benchmarks, which run in environments of their own (tests/benchmarks/peers.py)."""


def requirements(texts: Iterable[str]) -> dict[str, Requirement]:
    return {
        canonicalize_name(requirement.name): requirement for requirement in map(Requirement, texts)
    }


CAPPED = {"filelock"}
"""Packages of another package that are declared for their cap alone."""
CORE = requirements(PROJECT["dependencies"])
EXTRAS = {name: requirements(texts) for name, texts in PROJECT["optional-dependencies"].items()}
RUNTIME = CORE | {
    name: requirement
    for extra, members in EXTRAS.items()
    if extra != "dev"
    for name, requirement in members.items()
}


def module(package: str) -> str:
    return IMPORTED_AS.get(package, package.replace("-", "_"))


@cache
def imported(*folders: str) -> frozenset[str]:
    """Top-level names of every import, also of those inside functions."""
    names = set()
    for folder in folders:
        for file in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module.partition(".")[0])
                elif _imports_by_name(node):
                    names.add(node.args[0].value.partition(".")[0])
    return frozenset(names - set(sys.stdlib_module_names) - {*OURS, "tests", "__main__"})


def _imports_by_name(node: ast.AST) -> bool:
    """Whether it is ``pytest.importorskip("name")`` or ``import_module("name")``."""
    return (
        isinstance(node, ast.Call)
        and ast.unparse(node.func).rpartition(".")[2] in ("importorskip", "import_module")
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    )


@pytest.mark.parametrize("package", sorted(RUNTIME.keys() - CAPPED))
def test_declared_package_is_imported(package):
    assert module(package) in imported(*OURS), f"{package} is declared and not imported"


def test_imported_packages_are_declared():
    declared = {module(package) for package in RUNTIME}
    missing = imported(*OURS) - declared - ELSEWHERE
    assert not missing, f"imported and not declared in pyproject.toml: {missing}"


def test_imports_of_tests_are_declared():
    declared = {module(package) for group in (RUNTIME, EXTRAS["dev"]) for package in group}
    missing = imported("tests") - declared - TEST_ONLY - PEERS_ONLY
    assert not missing, f"imported by tests and not declared in pyproject.toml: {missing}"


@pytest.mark.parametrize("package", sorted(EXTRAS["dev"]))
def test_package_of_the_extra_dev_is_used(package):
    assert (module(package) in imported("tests")) != (package in TOOLS)


def pins(name: str) -> dict[str, str]:
    text = (ROOT / "constraints" / f"{name}.txt").read_text(encoding="utf-8")
    lines = re.findall(r"^([^#\s]+)==(\S+)$", text, re.MULTILINE)
    assert len(lines) == len([line for line in text.splitlines() if line and line[0] != "#"])
    return {canonicalize_name(package): version for package, version in lines}


SETS = {
    "core": CORE | EXTRAS["models"] | EXTRAS["openai"] | EXTRAS["builder"] | EXTRAS["dev"],
    "lmms": CORE | EXTRAS["models"] | EXTRAS["openai"] | EXTRAS["lmms"],
    "vllm": CORE | EXTRAS["openai"],
    "ray": EXTRAS["ray"],
    "oldest": CORE
    | EXTRAS["models"]
    | EXTRAS["openai"]
    | EXTRAS["answers"]
    | EXTRAS["pdf"]
    | EXTRAS["builder"],
}
"""What each file of constraints is used with (Makefile)."""
LATER = {"decord", "lmms-eval"}
"""Only one release of them is of use; it is pinned in pyproject.toml or the last one."""


@pytest.mark.parametrize("name", SETS)
def test_constraints_pin_what_pyproject_allows(name):
    versions = pins(name)
    for package, requirement in SETS[name].items():
        if package in versions:
            assert requirement.specifier.contains(versions[package]), (
                f"{package} {versions[package]}"
            )
        else:
            assert package in LATER, f"{name}.txt does not pin {package}"


def test_oldest_constraints_are_the_lower_bounds():
    versions = pins("oldest")
    for package, requirement in SETS["oldest"].items():
        if package in LATER:
            continue
        [lowest] = [bound.version for bound in requirement.specifier if bound.operator == ">="]
        bound, pinned = Version(lowest).release, Version(versions[package]).release
        assert pinned[: len(bound)] == bound, f"{package}: {versions[package]} for >={lowest}"


@pytest.mark.skipif("JUMPSCORE_CONSTRAINTS" not in os.environ, reason="names no file")
def test_installed_versions_are_those_of_the_constraints():
    expected = pins(os.environ["JUMPSCORE_CONSTRAINTS"])
    used = {package for package in SETS["oldest"] if package in expected}
    different = {
        package: (installed, expected[package])
        for package in used
        if (installed := version(package).partition("+")[0]) != expected[package]
    }
    assert not different


def test_lmms_pins_av_below_16_and_core_does_not():
    assert Version(pins("lmms")["av"]) < Version("16") < Version(pins("core")["av"])

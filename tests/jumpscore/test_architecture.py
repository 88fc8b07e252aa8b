"""The house rules that a machine can check: floors, packages, light imports, doctests."""

from __future__ import annotations

import ast
import doctest
import pkgutil
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = {
    "jumpscore.errors": 0,
    "jumpscore.jsonio": 0,
    "jumpscore.questions": 0,
    "jumpscore.records": 0,
    "jumpscore.registry": 0,
    "jumpscore.answers": 0.5,  # scoring exports its parsers of times and counts
    "jumpscore.scoring": 1,
    "jumpscore.video": 1,
    "jumpscore.data": 1.5,  # reads videos; tasks read it
    "jumpscore.annotations": 0,
    "jumpscore.leaderboards": 0,
    "evaluators": 2,
    "model_wrappers": 2,
    "jumpscore.runs": 3,
    "jumpscore.harness": 4,
    "jumpscore.studies": 5,
    "jumpscore.builder": 5,
    "jumpscore.builder.release": 5.6,  # draws with report
    "jumpscore.training": 5.5,  # learns from clips of the builder
    "jumpscore.report": 5.5,  # draws studies
    "jumpscore.lmms": 5,
    "jumpscore.boards": 5.6,  # publishes reports
    "jumpscore.cli": 6,
    "jumpscore.__main__": 6.5,
    "jumpscore.conf": 0,
}
PACKAGES = ("jumpscore", "evaluators", "model_wrappers")
ELSEWHERE = ("jumpscore.lmms.model",)
"""Modules that only another package imports, in its own environment."""
MOST_PARAMETERS = 7
LONG_SIGNATURES = {"model_wrappers/llava_onevision2/modeling.py forward"}
"""Functions with more parameters: transformers calls them by name."""


def sources() -> list[Path]:
    return sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py"))


def room(module: str) -> str | None:
    known = [name for name in FLOORS if module == name or module.startswith(name + ".")]
    return max(known, key=len, default=None)


def imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("file", sources(), ids=lambda file: str(file.relative_to(ROOT)))
def test_modules_import_only_from_floors_below(file):
    here = room(".".join(file.relative_to(ROOT).with_suffix("").parts))
    if here is None:
        return  # jumpscore/__init__.py, which offers `evaluate` lazily
    for module in imports(file):
        there = room(module)
        if there is None or there == here or FLOORS[here] == FLOORS[there] == 0:
            continue
        assert FLOORS[there] < FLOORS[here], f"{here} imports {module}, which is not below it"


def families() -> list[str]:
    return sorted(path.name for path in (ROOT / "evaluators").iterdir() if path.is_dir())


@pytest.mark.parametrize("family", [name for name in families() if name != "__pycache__"])
def test_families_of_tasks_import_nothing_from_each_other(family):
    for file in (ROOT / "evaluators" / family).rglob("*.py"):
        for module in imports(file):
            package, _, rest = module.partition(".")
            other = rest.partition(".")[0]
            assert package != "evaluators" or other == family or other not in families(), (
                f"{file.relative_to(ROOT)} imports {module}; move what both need to evaluators/"
            )


def test_every_room_has_a_floor():
    rooms = {file.relative_to(ROOT).parts[:2] for file in sources()}
    for parts in rooms:
        name = ".".join(parts).removesuffix(".py")
        if not name.endswith("__init__"):
            assert room(name), f"{name} has no floor; add it to FLOORS"


def test_every_package_is_installed():
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {
        ".".join(file.parent.relative_to(ROOT).parts)
        for file in sources()
        if file.name == "__init__.py"
    }
    assert found | {"jumpscore.annotations", "jumpscore.leaderboards"} == set(listed)


def test_modules_are_short():
    long = {str(file): n for file in sources() if (n := len(file.read_text().splitlines())) > 400}
    assert not long


def long_signatures(file: Path) -> set[str]:
    long = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            signature = node.args
            parameters = [*signature.posonlyargs, *signature.args, *signature.kwonlyargs]
            names = {parameter.arg for parameter in parameters} - {"self", "cls"}
            if len(names) > MOST_PARAMETERS:
                long.add(f"{file.relative_to(ROOT)} {node.name}")
    return long


def test_functions_have_few_parameters():
    long = {name for file in sources() for name in long_signatures(file)}
    assert long == LONG_SIGNATURES


def test_importing_the_package_imports_nothing_heavy():
    heavy = "numpy pandas torch transformers lmms_eval cv2 av pydantic rich"
    code = (
        "import sys, jumpscore, jumpscore.cli.app, jumpscore.lmms; "
        f"print([name for name in {heavy.split()} if name in sys.modules])"
    )
    # Typer brings Rich only when it prints help.
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def modules() -> list[str]:
    names = []
    for package in PACKAGES:
        top = import_module(package)
        names += [
            info.name
            for info in pkgutil.walk_packages(top.__path__, package + ".")
            if "annotations" not in info.name and info.name not in ELSEWHERE
        ]
    return names


@pytest.mark.parametrize("name", modules())
def test_examples_in_docstrings_are_true(name):
    if name.startswith("jumpscore.harness.engines.ray_"):
        pytest.importorskip("ray")  # make test-ray runs the examples, too
    assert doctest.testmod(import_module(name)).failed == 0

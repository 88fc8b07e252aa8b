"""A vLLM next to CUDA builds, in small stand-ins for the packages that are imported for real."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from model_wrappers.vllm.server import CPU_ONLY, Server, ServerError, ServerPlan
from tests.model_wrappers.vllm.fake import program

NAMES = ("torchvision", "torchaudio", "torchcodec")
TORCH = """
DEFINED = []
class Library:
    def __init__(self, name, kind):
        DEFINED.append((name, kind))
    def define(self, text):
        DEFINED.append(text.partition("(")[0])
class library:
    Library = Library
"""
NEEDS_OPERATORS = "import torch\nassert torch.DEFINED[1:] == ['nms', 'qnms'], 'operator nms'\n"
BROKEN = "raise OSError('libcudart.so.13: cannot open shared object file')"


@pytest.fixture
def environment(tmp_path, monkeypatch):
    """Writes packages of chosen builds, and returns what a Python there prints."""

    def write(torch: str, others: str) -> None:
        builds = {"torch": torch, **dict.fromkeys(NAMES, others)}
        contents = {"torch": TORCH, "torchvision": NEEDS_OPERATORS}
        for name, version in builds.items():
            (tmp_path / f"{name}.py").write_text(contents.get(name, BROKEN))
            facts = tmp_path / f"{name}-{version}.dist-info"
            facts.mkdir()
            text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
            (facts / "METADATA").write_text(text)

    def run(code: str) -> str:
        path = os.pathsep.join(map(str, (CPU_ONLY, tmp_path)))
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            timeout=60,
        )
        return (done.stdout.strip().splitlines() or done.stderr.strip().splitlines())[-1]

    write.run = run
    return write


def test_activate_cuda_builds_next_to_cpu_torch(environment):
    environment("2.13.0+cpu", "0.28.0")
    assert environment.run("import torchvision; print('imported')") == "imported"
    # As if they were not installed, which those who can do without them catch.
    for name in ("torchaudio", "torchcodec"):
        assert environment.run(f"import {name}").startswith("ModuleNotFoundError")


@pytest.mark.parametrize("torch", ["2.13.0", "2.13.0+cu130"])
def test_activate_next_to_cuda_torch(environment, torch):
    environment(torch, "0.28.0")
    assert "operator nms" in environment.run("import torchvision")
    assert environment.run("import torchaudio").startswith("OSError: libcudart")


def test_activate_leaves_cpu_builds(environment):
    environment("2.13.0+cpu", "0.28.0+cpu")
    assert "operator nms" in environment.run("import torchvision")


def test_sitecustomize_runs_the_environments_own(environment, tmp_path):
    environment("2.13.0+cpu", "0.28.0")
    (tmp_path / "sitecustomize.py").write_text("import sys; sys.ran = True")
    assert environment.run("import sys; print(sys.ran)") == "True"


def test_sitecustomize_imports_nothing(environment):
    environment("2.13.0+cpu", "0.28.0")
    heavy = "[name for name in ('torch', 'numpy', 'pydantic') if name in __import__('sys').modules]"
    assert environment.run(f"print({heavy})") == "[]"


def test_cpu_only_import_activates_nothing():
    code = "import sys, model_wrappers.vllm.cpu_only.sitecustomize, model_wrappers.vllm.wrapper\n"
    code += "print('torchaudio' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_plan_puts_the_folder_before_other_paths(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    plan = ServerPlan("python", "x", tmp_path, cpu_only=True)
    assert plan.variables()["PYTHONPATH"] == f"{CPU_ONLY}{os.pathsep}/elsewhere"
    plan = ServerPlan("python", "x", tmp_path)
    assert plan.environment("token")["PYTHONPATH"] == "/elsewhere"
    assert (Path(CPU_ONLY) / "sitecustomize.py").is_file()


@pytest.mark.parametrize("cpu_only", [False, True])
def test_start_hints_at_cpu_only(tmp_path, cpu_only):
    before = "raise SystemExit('RuntimeError: operator torchvision::nms does not exist')"
    plan = ServerPlan(program(tmp_path, before), "x", tmp_path / "media", cpu_only=cpu_only)
    with pytest.raises(ServerError, match="operator torchvision::nms") as caught:
        Server(plan, patience=20).start()
    assert ("set model.cpu_only=true" in str(caught.value)) != cpu_only

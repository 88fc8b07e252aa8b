from __future__ import annotations

import sys

import pytest

from jumpscore.cli.doctor import _package, _vllm
from tests.model_wrappers.vllm.fake import installed_package


@pytest.mark.parametrize(
    ("vision", "hint"), [("0.28.0", "; without a GPU set model.cpu_only=true"), ("0.28.0+cpu", "")]
)
def test_vllm_of_another_environment(tmp_path, monkeypatch, vision, hint):
    path = installed_package(tmp_path, "0.33.1", "another file")
    for name, version in (("torch", "2.13.0+cpu"), ("torchvision", vision)):
        (tmp_path / f"{name}-{version}.dist-info").mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (tmp_path / f"{name}-{version}.dist-info" / "METADATA").write_text(text)
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("JUMPSCORE_VLLM_PYTHON", sys.executable)
    found = _vllm()
    assert (found.state, found.detail) == ("ok", f"0.33.1, canvases untested{hint}")


def test_vllm_missing(monkeypatch):
    monkeypatch.setenv("JUMPSCORE_VLLM_PYTHON", sys.executable)
    found = _vllm()
    assert found.state == "missing"


def test_package_is_imported_before_it_counts_as_working(tmp_path, monkeypatch):
    for name, code in (
        ("good", ""),
        ("torn", "import json.nothing"),
        ("dead", "raise SystemExit(3)"),
    ):
        (tmp_path / f"{name}.py").write_text(code)
        folder = tmp_path / f"{name}-1.2.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    results = {name: _package(name, name, "") for name in ("good", "torn", "dead", "absent")}
    states = {name: result.state for name, result in results.items()}
    assert states == {"good": "ok", "torn": "broken", "dead": "broken", "absent": "missing"}
    assert "1.2 cannot be imported: ModuleNotFoundError: No module" in results["torn"].detail
    assert results["dead"].detail.endswith("exit code 3")

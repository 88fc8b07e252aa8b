from __future__ import annotations

import sys

import pytest

from jumpscore.cli.doctor import findings
from tests.model_wrappers.vllm.fake import installed_package


@pytest.mark.parametrize(
    ("vision", "hint"), [("0.28.0", "; without a GPU set model.cpu_only=true"), ("0.28.0+cpu", "")]
)
def test_doctor_reports_the_vllm_of_another_environment(tmp_path, monkeypatch, vision, hint):
    path = installed_package(tmp_path, "0.33.1", "another file")
    for name, version in (("torch", "2.13.0+cpu"), ("torchvision", vision)):
        (tmp_path / f"{name}-{version}.dist-info").mkdir()
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (tmp_path / f"{name}-{version}.dist-info" / "METADATA").write_text(text)
    monkeypatch.setenv("PYTHONPATH", path)
    monkeypatch.setenv("JUMPSCORE_VLLM_PYTHON", sys.executable)
    [found] = [finding for finding in findings() if finding.what == "vllm"]
    assert (found.state, found.detail) == ("ok", f"0.33.1, canvases untested{hint}")


def test_doctor_without_a_vllm(monkeypatch):
    monkeypatch.setenv("JUMPSCORE_VLLM_PYTHON", sys.executable)
    [found] = [finding for finding in findings() if finding.what == "vllm"]
    assert found.state == "missing"

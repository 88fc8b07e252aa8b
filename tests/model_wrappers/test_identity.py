"""Digests of code and of files: what changes them, and what does not."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from model_wrappers import identity, motion
from model_wrappers.identity import code_digest, files_digest
from model_wrappers.motion import Motion

WRAPPER = """
from model_wrappers.base import ModelWrapper
{imports}
class Mine(ModelWrapper):
    name = "mine"
    def generate(self, requests):
        return []
"""


@pytest.fixture
def digest_of(tmp_path, monkeypatch):
    """Return the digest of ``Mine`` in a module, imported from its files as they are now."""
    monkeypatch.syspath_prepend(tmp_path)
    known = set(sys.modules)

    def digest_of(module: str) -> str | None:
        for name in set(sys.modules) - known:
            if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
                del sys.modules[name]
        importlib.invalidate_caches()
        return code_digest(importlib.import_module(module).Mine)

    return digest_of


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_code_digest_covers_neighbouring_imports(tmp_path, digest_of):
    write(tmp_path / "flat_mine.py", WRAPPER.format(imports="import flat_one"))
    write(tmp_path / "flat_one.py", "def late():\n    from flat_two import x\n")
    write(tmp_path / "flat_two.py", "x = 1\n")
    write(tmp_path / "flat_other.py", "x = 1\n")
    first = digest_of("flat_mine")
    assert first is not None
    assert digest_of("flat_mine") == first
    write(tmp_path / "flat_other.py", "x = 2\n")
    assert digest_of("flat_mine") == first
    write(tmp_path / "flat_two.py", "x = 2\n")
    assert digest_of("flat_mine") != first
    write(tmp_path / "flat_two.py", "x = 1\r\n")  # checked out on Windows
    assert digest_of("flat_mine") == first
    write(tmp_path / "flat_two.py", "import flat_mine, flat_one\nx = (")  # circles, no Python
    assert digest_of("flat_mine") not in (first, None)


def test_code_digest_covers_all_of_a_package(tmp_path, digest_of):
    write(tmp_path / "own_package" / "__init__.py", "")
    write(tmp_path / "own_package" / "sub" / "__init__.py", "")
    write(tmp_path / "own_package" / "sub" / "mine.py", WRAPPER.format(imports=""))
    write(tmp_path / "own_package" / "net.py", "x = 1\n")
    first = digest_of("own_package.sub.mine")
    write(tmp_path / "own_package" / ".venv" / "lib.py", "x = 1\n")
    assert digest_of("own_package.sub.mine") == first
    write(tmp_path / "own_package" / "net.py", "x = 2\n")
    assert digest_of("own_package.sub.mine") != first


def test_code_digest_of_a_package_run_as_main(tmp_path):
    write(tmp_path / "run_package" / "__init__.py", "")
    write(tmp_path / "run_package" / "net.py", "x = 1\n")
    body = WRAPPER.format(imports="from . import net\nfrom model_wrappers.identity import *")
    write(tmp_path / "run_package" / "train.py", body + "print(code_digest(Mine))\n")
    environment = os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{Path.cwd()}"}

    def digest() -> str:
        words = [sys.executable, "-m", "run_package.train"]
        return subprocess.run(
            words, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    first = digest()
    assert len(first) == 16
    write(tmp_path / "run_package" / "net.py", "x = 2\n")
    assert digest() not in (first, "None")


def test_code_digest_without_source_is_unknown():
    space = {"__name__": "notebook"}
    exec(WRAPPER.format(imports=""), space)
    assert code_digest(space["Mine"]) is None


def test_code_digest_of_a_bundled_model(monkeypatch):
    seen = []
    monkeypatch.setattr(identity, "_CODE", {})
    whole = identity._sources
    monkeypatch.setattr(identity, "_sources", lambda *at: seen.extend(whole(*at)) or whole(*at))
    assert code_digest(Motion)
    folder = Path(motion.__file__).parent
    assert {path for path in seen if path.parent == folder} == set(folder.glob("*.py"))
    assert {"events.py", "tempo.py"} <= {path.name for path in seen}


def test_files_digest_covers_files_and_folders(tmp_path):
    folder = tmp_path / "checkpoint"
    write(folder / "deep" / "weights.bin", "one")
    write(tmp_path / "prompt.txt", "two")
    options = {
        "checkpoint": str(folder),
        "prompts": [str(tmp_path / "prompt.txt")],
        "name": "plain words",
        "odd": "\0" * 5,
        "number": 3,
        "long": "x" * 10_000,
    }
    first = files_digest(options)
    assert set(first) == {"checkpoint", "prompts"}
    assert files_digest(options) == first
    write(folder / "deep" / "weights.bin", "two")
    assert files_digest(options)["checkpoint"] != first["checkpoint"]
    write(tmp_path / "prompt.txt", "three")
    assert files_digest(options)["prompts"] != first["prompts"]


def test_files_digest_of_too_many_files_is_unknown(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "MOST_FILES", 3)
    for number in range(5):
        write(tmp_path / str(number), "x")
    assert files_digest({"folder": str(tmp_path)}) is None
    assert files_digest({"file": str(tmp_path / "1")}) is not None


def test_files_digest_of_a_large_file_reads_its_ends_and_time(tmp_path, monkeypatch):
    monkeypatch.setattr(identity, "WHOLE_BYTES", 100)
    monkeypatch.setattr(identity, "END_BYTES", 10)
    file = tmp_path / "weights.bin"
    file.write_bytes(b"a" * 50 + b"b" * 100)
    os.utime(file, ns=(10**18, 10**18))
    seen = [files_digest({"file": str(file)})]
    for content, at in ((b"a" * 50 + b"b" * 99 + b"c", 0), (b"a" * 60 + b"b" * 90, 5)):
        file.write_bytes(content)
        os.utime(file, ns=(10**18 + at, 10**18 + at))
        seen.append(files_digest({"file": str(file)}))
    assert len({str(digest) for digest in seen}) == 3

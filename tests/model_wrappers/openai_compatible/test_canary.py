"""An API key is in no output: not in records, pages, exports, logs or tracebacks."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.model_wrappers.openai_compatible.server import MockServer

pytest.importorskip("openai")
KEY = "sk-canary-8f1d5a7c2b"
SPELLINGS = (KEY, KEY[3:], base64.b64encode(KEY.encode()).decode(), KEY.encode().hex())


@pytest.fixture
def jumpscore(tmp_path):
    """Run a command with the key in its environment, and return its output."""

    def run(*words: object) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "jumpscore", *map(str, words)],
            cwd=tmp_path,
            env=os.environ | {"OPENAI_API_KEY": KEY, "OPENAI_LOG": "debug", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        return done.stdout + done.stderr

    return run


def assert_absent(text: str) -> None:
    for spelling in SPELLINGS:
        place = text.find(spelling)
        assert place < 0, text[max(0, place - 200) : place + 40]


@pytest.mark.slow
def test_key_is_in_no_file_or_output(jumpscore, tiny_set, tmp_path):
    with MockServer(lambda body: f"at 0.5 s, said {KEY}") as server:
        server.faults = [("status", 400, None, f"Incorrect API key provided: {KEY}")]
        words = ("run", "model=openai", "model.served_model=mock", f"task.data={tiny_set}")
        words += (f"model.base_url={server.url}", "input=frames", "input.count=2")
        words += ("model.retries=0", f"run.folder={tmp_path / 'runs'}", "run.name=a")
        outputs = [jumpscore(*words)]
        assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    run = tmp_path / "runs/a"
    outputs.append(jumpscore("report", run, "--out", tmp_path / "results.md"))
    assert_absent("".join(outputs))
    stored = (run / "responses.jsonl").read_text()
    assert "Incorrect API key provided" in stored
    assert "at 0.5 s, said" in stored
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {"run.json", "responses.jsonl", "report.html", "results.md"} <= {f.name for f in files}
    for file in files:
        assert_absent(file.read_bytes().decode("latin-1"))


def test_key_is_not_in_a_traceback(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import jumpscore.cli.app\n"
        "from model_wrappers.openai_compatible import calls\n"
        "def broken(*_, **__):\n    raise RuntimeError('planted')\n"
        "calls._once = broken\n"
        "from model_wrappers.openai_compatible.wrapper import *\n"
        "from jumpscore.records import Question\n"
        "wrapper = OpenAICompatible(OpenAICompatibleOptions(served_model='m', "
        "base_url='http://127.0.0.1:9/v1'))\n"
        "wrapper.open = lambda: None\n"
        "request = wrapper.prepare(Question('a', (), 'When?'), None)\n"
        "print(wrapper, wrapper.options, request, wrapper.generate([request]))\n"
    )
    done = subprocess.run(
        [sys.executable, script],
        cwd=Path(__file__).parents[3],
        env=os.environ | {"OPENAI_API_KEY": KEY},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "planted" in done.stdout + done.stderr
    assert_absent(done.stdout + done.stderr)

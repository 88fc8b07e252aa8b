"""Every command runs in a process of its own: it imports what it needs, and its exit code arrives.

The other tests run commands in the process of the tests, which has imported everything.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from jumpscore.harness import evaluate
from tests.command_line import run_here, run_process
from tests.jumpscore.cli.test_app import every_command

SMALLEST = {
    "score-masks": ("score-masks nowhere there", 2, "no such folder"),
    "show": ("show runs/a clip0", 0, "List the start timestamps"),
    "compare": ("compare runs/a runs/b", 0, "map_reference"),
    "power": ("power runs/a --metric f1 --videos 50", 0, "from one run over 3 videos"),
    "ablate": ("ablate task.data=set model=motion --tokens 72", 2, "takes frames and codec"),
    "reproduce": ("reproduce claims", 0, "does not follow"),
    "report": ("report runs/a", 0, "runs/a/report.html"),
    "leaderboard": ("leaderboard check nowhere", 2, "nowhere"),
    "models": ("models", 0, "content_free"),
    "models list": ("models list --json", 0, "content_free"),
    "models options": ("models options replay", 0, "model.answers"),
    "parity": ("parity content_free content_free task.data=set", 0, "agree in everything"),
    "options": ("options input", 0, "input.fps"),
    "tasks": ("tasks", 0, "tracking"),
    "data list": ("data list", 0, "mini_traces"),
    "data info": ("data info set --check", 0, "rows"),
    "data ids": ("data ids set", 0, "clip2"),
    "data template": ("data template set --out t.jsonl", 0, "jumpscore score t.jsonl"),
    "data import": ("data import gone.eaf --label a --out x", 2, "gone.eaf"),
    "data lmms": ("data lmms set --task jumpscore --out x", 2, "is not a mean"),
    "video inspect": ("video inspect {video} --canvases 4 --out x.html", 0, "canvases: 4"),
    "video plan": ("video plan {video} --tokens 3000", 0, "frames"),
}
"""Command to a small call, its exit code and what it prints; the folders are those of ``here``."""
ELSEWHERE = {
    "demo": ".ci/run, as it takes minutes",
    "doctor": "test_commands.py::test_doctor_passes_here",
    "predict": "test_commands.py::test_run_prints_to_an_ascii_terminal",
    "run": "test_commands.py::test_run_interrupted_resumes",
    "score": "test_commands.py::test_run_prints_to_an_ascii_terminal",
    "models tiny": "test_models.py::test_tiny_prints_checkpoint_and_next_step",
    "serve": "test_models.py::test_serve_prints_address_and_stops",
    "train": "test_train.py::test_train_interrupted_can_be_resumed",
    "hub": "test_hub.py::test_hub_board_prints_values_with_intervals",
    "data fetch": "test_fetch.py::test_fetch_lmms_benchmark",
    "data": "its commands",
    "video": "its commands",
} | dict.fromkeys(
    (
        "data synthesize", "data ingest", "data propose", "data annotate", "data verify",
        "data freeze", "data export",
    ),
    "tests/jumpscore/builder/test_whole_path.py",
)  # fmt: skip
"""Commands that run in processes of their own in other tests."""


@pytest.fixture(scope="module")
def here(tmp_path_factory, tiny_set) -> Path:
    """A data set and two runs."""
    here = tmp_path_factory.mktemp("processes")
    (here / "set").symlink_to(tiny_set)
    for name, period in (("a", 0.5), ("b", 1.0)):
        evaluate(
            "content_free",
            "jumpscore",
            model_options={"period": period},
            task_options={"data": str(tiny_set)},
            run={"folder": here / "runs", "name": name},
        )
    return here


def lasting(text: str) -> list[str]:
    """Lines without those of progress, which contain rates."""
    return [line for line in text.splitlines() if "/s, " not in line]


@pytest.mark.parametrize("command", SMALLEST)
def test_process_and_run_here_print_the_same(here, tiny_set, command):
    call, code, text = SMALLEST[command]
    words = call.format(video=next((tiny_set / "videos").iterdir())).split()
    done = run_process(words, cwd=here, env={})
    assert done.returncode == code, done.stdout + done.stderr
    assert text in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    (here / "t.jsonl").unlink(missing_ok=True)
    again = run_here(words, cwd=here, env={})
    assert (again.returncode, again.stdout) == (code, done.stdout)
    assert lasting(again.stderr) == lasting(done.stderr)


def test_processes_cover_every_command():
    assert {*SMALLEST, *ELSEWHERE} == {name for name, *_ in every_command()}


def state() -> dict[str, object]:
    loggers = [logging.getLogger(name) for name in (None, "jumpscore", "evaluators")]
    return {
        "streams": (sys.stdout, sys.stderr, os.fstat(1).st_ino, os.fstat(2).st_ino),
        "process": (dict(os.environ), Path.cwd(), sys.argv, sys.excepthook),
        "signals": [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)],
        "loggers": [(logger.handlers[:], logger.level) for logger in loggers],
        "warnings": (warnings.filters[:], warnings.showwarning),
    }


def test_run_here_restores_the_state(here, tmp_path):
    before = state()
    done = run_here(["show", "runs/a", "clip9"], cwd=here, env={"COLUMNS": "300"})
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'clip" in done.stderr
    assert state() == before


def test_run_here_refuses_variables_of_a_start(tmp_path):
    with pytest.raises(ValueError, match="PYTHONPATH: may be read only when a process starts"):
        run_here(["models"], cwd=tmp_path, env={"PYTHONPATH": "x"})


def test_run_here_contains_what_other_processes_and_libraries_print(monkeypatch, tmp_path):
    def main():
        logging.getLogger("other").warning("logged")
        warnings.warn("warned", stacklevel=1)
        subprocess.run(["sh", "-c", "echo child; echo failed >&2"], check=True)
        os.write(2, b"raw\n")
        raise KeyError("gone")

    monkeypatch.setattr("tests.command_line.main", main)
    done = run_here([], cwd=tmp_path, env={})
    assert (done.returncode, done.stdout) == (1, "child\n")
    lines = done.stderr.splitlines()
    assert lines[0] == "logged"
    assert "UserWarning: warned" in lines[1]
    assert {"failed", "raw", "KeyError: 'gone'"} <= {*lines}

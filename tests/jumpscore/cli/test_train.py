"""``jumpscore train`` from clips to a checkpoint, with a minute model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from model_wrappers.llava_onevision2.checkpoint import inspect_checkpoint, load_model
from tests.support import running
from tests.training_support import SMALL, merged, words


def test_train_writes_a_loadable_checkpoint(jumpscore, tmp_path):
    out = tmp_path / "run"
    arguments = ["train", "tiny", "--out", out, "--workers", 1, "--json", *words(SMALL)]
    said = json.loads(jumpscore(*arguments).stdout)
    assert 0 < said["clips"] <= 4
    assert set(said["held_out"]) == {"f1_frames", "f1_codec"}
    assert (out / "training.svg").read_text().startswith("<svg")
    model = load_model(
        inspect_checkpoint(out / "checkpoint"), dtype="float32", device="cpu", attention="sdpa"
    )
    assert sum(p.numel() for p in model.parameters()) == said["parameters"]
    # The same again finds everything done, and trains nothing.
    log = (out / "log.jsonl").read_text()
    assert json.loads(jumpscore(*arguments).stdout) == said
    assert (out / "log.jsonl").read_text() == log
    refused = jumpscore(*arguments, "seed=1", expect=2)
    assert "other settings (seed)" in refused.stderr


def test_train_checks_the_device_first(jumpscore, tmp_path):
    for device in ("gpu", "cuda:7"):
        said = jumpscore("train", "tiny", "--out", tmp_path / "run", f"device={device}", expect=2)
        assert f"device='{device}'" in said.stderr
    assert not (tmp_path / "run").exists()


def test_train_unwritable_folder(jumpscore):
    # No user may make folders there, and in a container it is read-only.
    said = jumpscore("train", "tiny", "--out", "/sys/jumpscore-train", expect=2)
    assert "error: /sys/jumpscore-train: cannot be written" in said.stderr


@pytest.mark.parametrize("blocks", [4, 200])
def test_train_full_disk_can_be_resumed(jumpscore, tmp_path, blocks):
    """No file may grow beyond some blocks of 512 bytes: prepared clips, or the checkpoints."""
    out = tmp_path / "run"
    arguments = ["train", "tiny", "--out", str(out), "--workers", "1", *words(SMALL)]
    code = "from jumpscore.cli.app import main; main()"
    limited = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh", sys.executable, "-c", code]
    full = subprocess.run(
        [*limited, *arguments],
        capture_output=True, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert full.returncode == 2, full.stderr
    assert "Traceback" not in full.stderr
    assert "cannot be written" in full.stderr
    assert not list(out.rglob("*.part"))
    if blocks == 200:
        jumpscore(*arguments)


def test_train_interrupted_can_be_resumed(jumpscore, tmp_path):
    out = tmp_path / "run"
    endless = words(merged(SMALL, {"read": {"steps": 1_000_000}}))
    arguments = ["train", "tiny", "--out", str(out), "--workers", "1", *endless]
    code = "from jumpscore.cli.app import main; main()"
    with running(
        [sys.executable, "-c", code, *arguments], stderr=subprocess.PIPE, text=True
    ) as process:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and not list(out.glob("clips/*/learned/*")):
            time.sleep(0.05)
        assert "another process is training here" in jumpscore(*arguments, expect=2).stderr
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "are stored; rerun the same command to resume" in errors


def test_train_suggests_names(jumpscore):
    assert "'join.step'" in jumpscore("train", "tiny", "join.step=3", expect=2).stderr
    assert "'tiny'" in jumpscore("train", "tine", expect=2).stderr

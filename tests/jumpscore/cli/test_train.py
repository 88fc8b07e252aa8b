"""``jumpscore train`` from clips to a checkpoint, with a minute model."""

from __future__ import annotations

import json

from model_wrappers.llava_onevision2.checkpoint import inspect_checkpoint, load_model
from tests.training_support import SMALL, words


def test_the_command_trains_a_checkpoint_that_loads_as_any_other(jumpscore, tmp_path):
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


def test_a_misspelt_name_is_answered_with_the_nearest(jumpscore):
    assert "'join.step'" in jumpscore("train", "tiny", "join.step=3", expect=2).stderr
    assert "'tiny'" in jumpscore("train", "tine", expect=2).stderr

"""``jumpscore models`` and the bundled LLaVA-OneVision-2 as a user calls them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.model_wrappers.vllm.fake import gone, program
from tests.support import running

pytestmark = pytest.mark.slow


@pytest.fixture
def tiny(jumpscore, tmp_path):
    jumpscore("models", "tiny", "tiny", "spread=0.2")
    return tmp_path / "tiny"


def test_models_lists_options(jumpscore):
    rows = json.loads(jumpscore("models", "--json").stdout)
    [row] = [row for row in rows if row["name"] == "llava_ov2"]
    assert row["inputs"] == ["codec", "frames"]
    assert "model.checkpoint" in row["options"]


def test_tiny_prints_checkpoint_and_next_step(jumpscore, tmp_path):
    done = jumpscore("models", "tiny", "new", "seed=3", "text.num_hidden_layers=1", process=True)
    assert "new: random LLaVA-OneVision-2 (tiny), 261,056 parameters, float32" in done.stdout
    assert "model.checkpoint=new" in done.stdout
    assert done.stderr == ""
    facts = json.loads(jumpscore("models", "tiny", "more", "dtype=bfloat16", "--json").stdout)
    assert (facts["parameters"], facts["dtype"]) == (298_112, "bfloat16")
    assert json.loads((tmp_path / "more" / "config.json").read_text())["dtype"] == "bfloat16"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("sede=3", "unknown key 'sede'; did you mean 'seed'"),
        ("seed", "'seed' is not key=value"),
        ("size=9b", "unknown size '9b'"),
        ("vision.patch_size=99", "patch_size is 99, at most 64"),
        ("vision.hidden_siez=64", "did you mean 'hidden_size'"),
        ("text.vocab_size=100", "text.vocab_size=100: the tokenizer has 285"),
        ("seed=[", "not valid YAML"),
        ("seed=99999999999999999999999", "seed"),
        ("vision.num_attention_heads=0", "num_attention_heads is 0"),
        ("text.hidden_size=abc", "hidden_size"),
    ],
)
def test_tiny_refuses_invalid_settings(jumpscore, word, said):
    assert said in jumpscore("models", "tiny", "new", word, expect=2).stderr


def test_run_canvases_and_frames_at_one_budget(jumpscore, tiny, tiny_set):
    results = {}
    for kind in ("codec", "frames"):
        words = ("model=llava_ov2", f"model.checkpoint={tiny}", "model.max_new_tokens=8")
        words += (f"task.data={tiny_set}", f"input={kind}", "input.tokens=200")
        # What libraries print when they are imported is output, too.
        done = jumpscore("run", *words, "--json", "--no-report", process=kind == "codec")
        results[kind] = json.loads(done.stdout)
        assert results[kind]["unscored"] == 0
        assert done.stderr.count("\n") <= 4, done.stderr
    assert results["codec"]["folder"] != results["frames"]["folder"]
    text = jumpscore("show", results["codec"]["folder"], "clip1").stdout
    assert "visual tokens" in text
    assert "(measured)" in text
    assert "<|im_start|>user\n<0.00 seconds><|vision_start|><|image_pad|> x " in text
    (tiny / "tokenizer.json").unlink()
    text = jumpscore("show", results["codec"]["folder"], "clip1").stdout
    assert "prompt: unknown: " in text
    (tiny / "config.json").unlink()  # it states the size of a token
    text = jumpscore("show", results["codec"]["folder"], "clip1").stdout
    assert f"input: {tiny / 'config.json'}: not found" in text


def test_run_dry_run_needs_no_weights(jumpscore, tiny, tiny_set):
    words = ("model=llava_ov2", f"model.checkpoint={tiny}", f"task.data={tiny_set}")
    plan = json.loads(
        jumpscore("run", *words, "input=codec", "input.count=8", "--dry-run", "--json").stdout
    )
    assert plan["planned_visual_tokens"] > 0


def test_predict_with_a_checkpoint(jumpscore, tiny, tiny_set):
    """A random model names no times: its answer is shown, and the exit code says so."""
    video = next((tiny_set / "videos").iterdir())
    words = ("model=llava_ov2", f"model.checkpoint={tiny}", "model.max_new_tokens=4")
    done = jumpscore("predict", video, *words, "input.count=4", expect=1)
    assert "llava_ov2 gave no times" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("model.checkpoint=gone/away/far",),
            "not a folder; give a folder, 'owner/name' of the hub",
        ),
        (("model.chekpoint=x",), "unknown key 'model.chekpoint'; did you mean"),
        ((), "not a folder, and the download failed"),
    ],
)
def test_run_missing_checkpoint_is_one_message(jumpscore, tiny_set, words, said):
    words = ("run", "model=llava_ov2", *words, f"task.data={tiny_set}")
    assert said in jumpscore(*words, expect=2, process=True, HF_HUB_OFFLINE="1").stderr


def test_run_without_torch_names_the_extra(jumpscore, tiny_set, tmp_path):
    """A machine without the extra: its packages cannot be imported."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['torch'] = None\nsys.modules['transformers'] = None\n"
    )
    words = ("run", "model=llava_ov2", "model.checkpoint=tiny", f"task.data={tiny_set}")
    done = jumpscore(*words, expect=2, process=True, PYTHONPATH=str(tmp_path))
    assert "model 'llava_ov2' needs torch, transformers; install the extra" in done.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_serve_prints_address_and_stops(tiny, tmp_path, how):
    words = ["serve", "model=vllm", f"model.checkpoint={tiny}", f"model.python={program(tmp_path)}"]
    code = "from jumpscore.cli.app import main; main()"
    with running(
        [sys.executable, "-c", code, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "JUMPSCORE_CACHE": str(tmp_path / "cache")},
    ) as serving:
        assert serving.stdout.readline().startswith("http://127.0.0.1:")
        said = [serving.stderr.readline() for _ in range(4)]
        token = next(line.split("=")[1].strip() for line in said if line.startswith("export VLLM"))
        assert len(token) >= 43
        log = next(line.split()[1].rstrip(";") for line in said if line.startswith("log: "))
        child = int(Path(log).read_text().split("child ")[1].split()[0])
        serving.send_signal(how)
        serving.communicate(timeout=60)
    assert gone(child)


def test_parity_prints_differences(jumpscore, tiny, tiny_set):
    words = ("llava_ov2", "llava_ov2", f"model.checkpoint={tiny}", f"task.data={tiny_set}")
    words += ("input=codec", "input.count=4", "model.max_new_tokens=4", "--limit", 2)
    done = jumpscore("parity", *words, COLUMNS="200")
    assert "2 of 2 samples agree in everything" in done.stdout
    found = json.loads(jumpscore("parity", *words, "b.system=Hm", "--json", expect=1).stdout)
    assert [entry["stamps"] for entry in found] == [True, True]
    # <|im_start|>, then "system" in bytes and a line break: the ninth token is the first other one.
    assert [entry["prompt_parts_at"] for entry in found] == [8, 8]
    assert found[0]["first_logprob_gap"] > 0
    said = jumpscore("parity", *words, "model.chekpoint=x", expect=2).stderr
    assert "unknown key 'model.chekpoint'; did you mean 'checkpoint'" in said

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from jumpscore.harness import evaluate
from tests.jumpscore.report.runs import HOSTILE


@pytest.fixture
def replayed(tiny_set, tmp_path):
    """Answers of a file, as a run of the paper's model on a small set."""
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"clip0": "[0.5, 1.0, 1.5]", "clip1": "[]", "clip2": "[]"}))
    evaluate(
        "replay",
        "jumpscore",
        model_options={"answers": answers, "display_name": "Qwen3-VL-8B"},
        task_options={"data": str(tiny_set)},
        run={"folder": tmp_path / "runs", "name": HOSTILE[0].replace("/", "")},
    )
    return tmp_path / "runs"


def test_reproduce_table_and_page(jumpscore, replayed, tmp_path):
    words = ("reproduce", "1a", "--model", "Qwen3-VL-8B")
    rows = json.loads(jumpscore(*words, "--json").stdout)
    assert len(rows) == 18
    row = next(row for row in rows if row["benchmark"] == "JumpScore")
    assert (row["verdict"], row["published"], row["difference"]) == ("other data", 30.1, None)
    assert Path(row["run"]).parent.name == "runs"
    text = jumpscore(*words, "--out", "page/1a.html").stdout
    assert "other data" in text
    page = (tmp_path / "page" / "1a.html").read_text()
    assert 'href="../runs/' in page
    assert "<script>window.hacked" not in page
    assert "<img src=x" not in page


def test_reproduce_plan(jumpscore):
    lines = jumpscore("reproduce", "1a", "--plan").stdout.splitlines()
    commands = [line for line in lines if not line.startswith("#")]
    assert len(commands) == 6 * 17  # one benchmark is a group of tasks
    assert all(shlex.split(command)[:2] == ["jumpscore", "run"] for command in commands)
    assert sum("input=codec" in command for command in commands) == 2
    planned = json.loads(
        jumpscore(
            *("reproduce", "1a", "--plan", "--model", "LLaVA-OneVision-2-8B", "--json"),
            *("--tokens-per-second", "1000", "model.checkpoint=/models/ov2"),
        ).stdout
    )
    jumps = next(run for run in planned if "task=jumpscore" in run["command"])
    assert jumps["gpu_hours"] == pytest.approx(jumps["visual_tokens"] / 3.6e6)
    assert jumps["command"].endswith("model.checkpoint=/models/ov2")


def test_reproduce_run_skips_what_is_missing(jumpscore):
    done = jumpscore("reproduce", "1d", "--run", "--model", "PLM-8B")
    assert "skipped 1d-davis-plm-8b: no data: 'jumpscore data fetch ref_davis17'" in done.stderr
    assert "no data" in done.stdout


@pytest.mark.slow
def test_reproduce_run_failure_does_not_stop_the_others(jumpscore, tmp_path):
    (tmp_path / "empty").mkdir()
    checkpoint = f"model.checkpoint={tmp_path / 'empty'}"
    done = jumpscore(
        *("reproduce", "1b", "--run", "--bundled", "--model", "PLM-8B", checkpoint), expect=1
    )
    failed = [line for line in done.stderr.splitlines() if "failed bundled-" in line]
    assert len(failed) == 2  # spatial and traces


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("2a",), "Known: 1a, 1b, 1c, 1d, claims, fig5."),
        (("1a", "--model", "Qwen"), "not in the paper"),
        (("1a", "input.count=3"), "would change what is reproduced"),
        (("1a", "--out", "a.csv"), "write --out 1a.html"),
        (("claims", "--plan"), "claims plans and runs nothing"),
        (("1a", "--bundled"), "--bundled needs --plan or --run"),
    ],
)
def test_reproduce_wrong_use(jumpscore, words, message):
    assert message in " ".join(jumpscore("reproduce", *words, expect=2).stderr.split())


def test_reproduce_claims(jumpscore):
    claims = json.loads(jumpscore("reproduce", "claims", "--json").stdout)
    verdicts = {claim["claim"]: claim["verdict"] for claim in claims}
    assert [name for name, verdict in verdicts.items() if verdict != "follows"] == [
        "codec_vs_frame_temporal_grounding"
    ]
    assert "does not follow" in jumpscore("reproduce", "claims", "--out", "c.html").stdout

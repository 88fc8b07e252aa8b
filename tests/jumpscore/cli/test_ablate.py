"""``jumpscore ablate`` as a user calls it, with the real LLaVA-OneVision-2, tiny and random."""

from __future__ import annotations

import json

import pytest

from jumpscore.runs import read_run
from jumpscore.studies import compare_runs


@pytest.fixture(scope="module")
def words(tiny_set, tmp_path_factory):
    from model_wrappers.llava_onevision2.tiny import TinyOptions, write_tiny

    tiny = tmp_path_factory.mktemp("checkpoint") / "tiny"
    write_tiny(tiny, TinyOptions(spread=0.2))
    return (
        "ablate",
        "model=llava_ov2",
        f"model.checkpoint={tiny}",
        # Random, it writes until it is stopped.
        "model.max_new_tokens=8",
        f"task.data={tiny_set}",
        "input.max_pixels=7056",
        "run.limit=2",
    )


@pytest.mark.slow
def test_ablate_writes_runs_and_page(jumpscore, words, tmp_path):
    budgets = ("--tokens", "24,48", "--reference", "input.count=4")
    done = jumpscore(*words, *budgets, "--out", "out", "--metric", "f1", "--json")
    found = json.loads(done.stdout)
    stored = json.loads((tmp_path / "out" / "ablation.json").read_text())
    assert found == stored
    assert [budget["tokens"] for budget in found["budgets"]] == [24, 48]
    names = {path.name for path in (tmp_path / "out" / "runs").iterdir()}
    arms = ("frames", "codec", "codec-pixels", "codec-selection")
    assert names == {"reference-count-4", *(f"visual-{n}-{a}" for n in (24, 48) for a in arms)}
    for budget in found["budgets"]:
        runs = {
            kind: read_run(tmp_path / "out" / "runs" / budget[kind]["run"])
            for kind in ("frames", "codec", "pixels", "selection")
        }
        for kind, run in runs.items():
            assert budget[kind]["score"]["mean"] == run.result.metrics["f1"].mean
            usages = [response.usage for response in run.responses.values()]
            assert {usage.visual_source for usage in usages} == {"measured"}
            assert {usage.visual for usage in usages} == {budget["tokens"]}
            assert budget[kind]["tokens"]["visual"] == budget["tokens"]
        paired = compare_runs(runs["codec"], runs["frames"])["f1"]
        assert budget["difference"]["difference"] == paired.difference
        controls = [runs[kind].record.identity.control for kind in ("pixels", "selection")]
        assert controls == ["pixels", "selection"]
    page = (tmp_path / "out" / "ablation.html").read_bytes()

    again = jumpscore(*words, *budgets, "--out", "out", "--metric", "f1")
    assert "equal visual tokens" in again.stdout
    assert "selection control" in again.stdout
    assert "reference-count-4: " in again.stdout
    assert json.loads((tmp_path / "out" / "ablation.json").read_text()) == stored
    (tmp_path / "out" / "ablation.html").unlink()
    assert jumpscore("report", "out").stdout == again.stdout
    assert (tmp_path / "out" / "ablation.html").read_bytes() == page
    refused = jumpscore("report", "out", "--out", "page.html", expect=2)
    assert "is an ablation" in refused.stderr


@pytest.mark.slow
def test_ablate_counts_budgets_that_are_too_small(jumpscore, words):
    done = jumpscore(*words, "--tokens", "2", "--no-controls", expect=1)
    assert "INCOMPLETE: visual-2-codec: 2 of 2 samples are unscored" in done.stdout
    assert "a budget of 2 tokens is too small" in " ".join(done.stdout.split())  # wrapped


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--tokens", "72,x"), "'x' is not a number of tokens"),
        (("--tokens", "-5"), "budgets must be positive (got -5)"),
        (("--tokens", ","), "needs a budget"),
        (("--tokens", "72", "input.tokens=72"), "input.tokens=72 cannot be set in an ablation"),
        (("--tokens", "72", "input.tokens=72", "input.matching=total"), "--tokens sets"),
        (("--tokens", "72", "run.control=pixels"), "--controls or --no-controls"),
        (("--tokens", "72", "input=codec"), "both arms are run"),
        (("--tokens", "72", "run.name=mine"), "--out sets"),
        (("--tokens", "72", "input.max_pixles=7056"), "did you mean 'max_pixels'"),
        (("--tokens", "72", "--metric", "f2"), "no metric 'f2'"),
        (("--tokens", "72", "--matching", "visul"), "did you mean 'visual'"),
        (("--tokens", "72", "--reference", "fps=3"), "--reference input.fps=12.5"),
        (("--tokens", "72", "model=motion"), "needs a model that takes frames and codec"),
    ],
)
def test_ablate_refuses_invalid_arguments(jumpscore, tiny_set, tmp_path, more, said):
    words = () if "model=motion" in more else ("model=llava_ov2", "model.checkpoint=nowhere")
    done = jumpscore("ablate", *words, f"task.data={tiny_set}", *more, expect=2)
    assert said in done.stderr
    assert not (tmp_path / "ablation").exists()

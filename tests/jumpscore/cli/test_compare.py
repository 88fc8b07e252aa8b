from __future__ import annotations

import json

import pytest


@pytest.mark.slow
def test_compare_ranks_more_than_two_runs(jumpscore, tiny_set):
    for name, options in (
        ("grid", ("model=content_free",)),
        ("oracle", ("model=oracle", "run.expose_truth=true")),
        ("other", ("model=oracle", "run.expose_truth=true", "model.seed=5")),
    ):
        jumpscore("run", *options, f"task.data={tiny_set}", f"run.name={name}", "--no-report")
    folders = ("runs/grid", "runs/oracle", "runs/other")
    ranking = json.loads(jumpscore("compare", *folders, "--metric", "f1", "--json").stdout)
    assert (ranking["metric"], ranking["pairs"]) == ("f1", 3)
    assert [row["name"] for row in ranking["rows"]][-1] == "runs/grid"
    assert {row["verdict"] for row in ranking["rows"]} == {"best", "too_few"}
    text = jumpscore("compare", *folders).stdout
    assert "The error rate is per family" in " ".join(text.split())
    refused = jumpscore("compare", *folders, "--metric", "nothing", expect=2)
    assert "--metric nothing: choose one of map_reference, " in refused.stderr
    assert "listed once" in jumpscore("compare", *folders, "runs/grid", expect=2).stderr
    two = jumpscore("compare", *folders[:2], "--metric", "f1", expect=2)
    assert "--metric chooses the metric of a ranking" in two.stderr

    words = ("power", "runs/grid", "--metric", "f1", "--difference", "5", "--json")
    one = json.loads(jumpscore(*words).stdout)
    assert (one["difference"], one["pilot"]["correlation"]) == (0.05, 0.5)
    assert list(one["smallest_difference"]) == ["20", "40", "80", "160", "300", "1000"]
    pair = jumpscore("power", "runs/grid", "runs/oracle", "--metric", "f1", "--videos", "50").stdout
    assert "measured on 3 videos" in pair
    refused = jumpscore("power", "runs/grid", "--difference", "0", expect=2)
    assert "--difference 0: must be above 0" in refused.stderr

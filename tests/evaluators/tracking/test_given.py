from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import jumpscore
from evaluators.tracking.queries import Query, Target
from jumpscore.data.layout import read_rows
from jumpscore.harness import score_run
from jumpscore.report.html import write_report
from tests.evaluators.tracking.drawn import TARGET, answered, task


@given(st.text(max_size=200))
def test_derive_given_masks_of_any_text(text):
    given_task = task(segmenter="given")
    given_task.__dict__["rows"] = [QUERY]
    result = given_task.derive(given_task.sample(QUERY, safe=False).question, answered(text))
    assert (result["masks"] is None) == ("problem" in result)


QUERY = Query("a", "v", "squares", 100, 60, 3, 6.0, ("x", "y"), "[]")


def given_score(masks, target: Target = TARGET):
    given_task = task(segmenter="given")
    given_task.__dict__["rows"] = [QUERY]
    response = answered(json.dumps({"masks": masks}))
    derived = given_task.derive(given_task.sample(QUERY, safe=False).question, response)
    return given_task.score(target, response, derived)


def test_score_of_given_masks():
    objects = {name: list(rles) for name, rles in TARGET.masks.items()}
    result = given_score(objects)
    assert result.status == "ok"
    assert result.values["j_and_f"] == result.values["mask_hota"] == 1.0
    assert "point_f1" not in result.values
    # Object 0 alone: J is 1, 1/2, 1/2.
    alone = given_score(objects["0"])
    assert alone.values["j"] == pytest.approx(2 / 3)
    assert alone.values["j_and_f"] == pytest.approx((alone.values["j"] + alone.values["f"]) / 2)


@pytest.mark.parametrize(
    ("masks", "message"),
    [
        (5, 'not a JSON object with "masks"'),
        ("foo", 'not a JSON object with "masks"'),
        ([None, None], "has 2 masks for 3 frames"),
        ([None, {"size": [60, 99], "counts": [5940]}, None], r"frame 1 has size \[60, 99\]"),
        ({"dog": [None, None, {"size": [60, 100], "counts": [1]}]}, "'dog', frame 2.*damaged"),
        ({"dog": [3, None, None]}, "masks of 'dog': frame 0 has size None"),
    ],
)
def test_score_of_invalid_given_masks(masks, message):
    result = given_score(masks)
    assert result.status == "unparseable"
    assert result.values["j_and_f"] == 0.0
    assert re.search(message, result.message)


def test_evaluate_true_masks(mini, tmp_path):
    lines = []
    for row in read_rows(mini, Query):
        files = [json.loads((mini / row.mask_path(name)).read_text()) for name in row.mask_ids]
        masks = {str(n): file["0"] for n, file in enumerate(files)}
        lines.append(json.dumps({"id": row.id, "masks": masks}))
    lines[3] = json.dumps({"id": json.loads(lines[3])["id"], "masks": []})
    answers = tmp_path / "answers.jsonl"
    answers.write_text("\n".join(lines))
    run = jumpscore.evaluate(
        "replay",
        "tracking",
        model_options={"answers": str(answers)},
        task_options={"data": str(mini), "segmenter": "given"},
        run={"folder": str(tmp_path / "runs")},
    )
    assert run.result.counts["unparseable"] == 1
    share = 1 - 1 / len(lines)
    for name in ("j", "f", "j_and_f", "mask_hota"):
        assert run.result.metrics[name].mean == pytest.approx(share)
    assert "point_f1" not in run.result.metrics
    assert write_report(run).read_text().count("shapes0-0") >= 1
    assert score_run(run.folder).result == run.result

from __future__ import annotations

import json

import pytest
from PIL import Image

import jumpscore
from evaluators.spatial.rows import RULES, SpatialRow
from evaluators.spatial.task import Spatial, SpatialOptions
from tests.evaluators.spatial.made import (
    HIGH,
    WIDE,
    row,
    score,
    write_set,
)


# What each rule gives, worked out by hand on the mask above.
@pytest.mark.parametrize(
    ("rule", "text", "value", "status"),
    [
        ("points", "[(0.3, 0.4), (0.9, 0.9)]", 0.5, "ok"),
        ("points", "[]", 0.0, "empty"),
        ("points", "I see no cup.", 0.0, "unparseable"),
        ("first_point", "[(0.3, 0.4), (0.9, 0.9)]", 1.0, "ok"),
        ("first_point", "[(0.9, 0.9), (0.3, 0.4)]", 0.0, "ok"),
        ("count", "[(0.3, 0.4), (0.4, 0.4)]", 1.0, "ok"),
        ("count", "[(0.3, 0.4)]", 0.0, "ok"),
        ("count", "[(0.3, 0.4), (0.4, 0.4), (0.5, 0.4)]", 0.0, "ok"),
        ("count", "[(0.3, 0.4), (0.9, 0.4)]", 0.0, "ok"),
        # 50-120 x 20-60 is .25-.6 x .2-.6; half of it is IoU 0.5 exactly.
        ("box", "[0.25, 0.2, 0.6, 0.6]", 1.0, "ok"),
        ("box", "[0.25, 0.2, 0.6, 0.4]", 1.0, "ok"),
        ("box", "[0.25, 0.2, 0.6, 0.39]", 0.0, "ok"),
        ("box", "[0.6, 0.6, 0.25, 0.2]", 0.0, "ok"),
        ("box", "[0.25, 0.2, 0.6, 0.6] or [0, 0, 1, 1]", 0.0, "unparseable"),
        ("number", "4", 1.0, "ok"),
        ("number", "five", 0.6, "ok"),
        ("number", "4 or 5", 0.0, "unparseable"),
        ("choice", "The answer is **B**.", 1.0, "ok"),
        ("choice", "table", 1.0, "ok"),
        ("choice", "A", 0.0, "ok"),
        ("choice", "A or B", 0.0, "unparseable"),
        ("word", "A chair is there, so\nAnswer: yes", 1.0, "ok"),
        ("word", "Yes.", 1.0, "ok"),
        ("word", "no", 0.0, "ok"),
        ("word", "yes or no", 0.0, "unparseable"),
        ("word", "maybe", 0.0, "unparseable"),
    ],
)
def test_score_of_every_rule_by_hand(everything, truths, rule, text, value, status):
    result = score(everything, truths[rule], text, convention="unit")
    assert (result.values["score"], result.status) == (pytest.approx(value), status)


@pytest.mark.parametrize("rule", RULES)
def test_score_of_a_cut_off_answer(everything, truths, rule):
    whole = truths[rule].answer("unit")
    result = score(everything, truths[rule], whole, convention="unit", finish_reason="length")
    assert result.status == "partial"
    cut = score(everything, truths[rule], whole[:1], convention="unit", finish_reason="length")
    assert cut.status == "partial"


def test_score_convention_precedence(tmp_path):
    """(60, 40) is in the mask as pixels; in thousandths it is (12, 4) and outside."""
    root = write_set(tmp_path, [row("points", convention="pixel")])
    task = Spatial(SpatialOptions(data=str(root)))
    [sample] = task.load()
    assert score(task, sample.truth, "(60, 40)").values["points_in_mask"] == 1.0
    result = score(task, sample.truth, "(60, 40)", convention="relative_1000")
    assert result.values["points_in_mask"] == 0.0
    assert result.notes["answers read as relative_1000 although the prompt asks for pixel"] == 1
    selected = Spatial(SpatialOptions(data=str(root), convention="pixel"))
    result = score(selected, sample.truth, "(60, 40)", convention="relative_1000")
    assert result.values["points_in_mask"] == 1.0


@pytest.mark.parametrize(
    ("rule", "text"), [("points", "(60, 40)"), ("count", "(6, 4)"), ("box", "[1, 2, 30, 40]")]
)
def test_score_of_an_unknown_convention_is_unscored(everything, truths, rule, text):
    result = score(everything, truths[rule], text)
    assert result.status == "error"
    assert "of an unknown convention; set task.convention" in result.message
    assert result.values == {}
    assert result.notes == {
        "answers in coordinates of an unknown convention: set task.convention": 1
    }
    # An answer without coordinates needs no convention.
    assert score(everything, truths[rule], "I cannot tell.").status == "unparseable"


def test_score_scales_pixels_of_a_smaller_image(everything, truths):
    # The model saw 100x50: its (30, 20) is (60, 40) of 200x100.
    seen = {"convention": "pixel", "image_size": (100, 50)}
    assert score(everything, truths["points"], "(30, 20)", **seen).values["score"] == 1.0
    assert score(everything, truths["points"], "(60, 40)", **seen).values["score"] == 0.0
    result = score(everything, truths["box"], "[25, 10, 60, 30]", **seen)
    assert result.values["miou"] == pytest.approx(1.0)
    assert result.details["answered_box"] == [50.0, 20.0, 120.0, 60.0]
    unknown = score(everything, truths["points"], "(60, 40)", convention="pixel")
    assert unknown.values["score"] == 1.0
    assert "of unknown size" in next(iter(unknown.notes))


@pytest.mark.parametrize("stated", ["unit", "relative_1000", "pixel"])
def test_answer_scores_one_in_every_convention(everything, truths, stated):
    for rule, truth in truths.items():
        result = score(everything, truth, truth.answer(stated), convention=stated)
        assert (rule, result.values["score"], result.status) == (rule, 1.0, "ok")


def test_metrics_depend_on_the_rules_of_the_rows(tmp_path, everything):
    def described(*rows: SpatialRow) -> tuple[list[str], tuple[str, ...]]:
        name = "-".join(one.rule for one in rows) + str(rows[0].grouped)
        task = Spatial(SpatialOptions(data=str(write_set(tmp_path / name, list(rows)))))
        return [metric.name for metric in task.metrics], task.headline

    names, headline = described(row("points", reference="points_in_mask"))
    assert headline == (
        "points_in_mask",
        "points_in_mask_reference_lmms",
        "points_in_mask_reference_official",
    )
    assert names == [*headline, "content_free_points_in_mask"]
    names, headline = described(row("choice", group="x"), row("word", group="y"))
    assert headline == ("accuracy",)
    assert names == ["accuracy", "content_free_accuracy", "accuracy/x", "accuracy/y"]
    names, headline = described(row("box"))
    assert names == ["acc@0.5", "content_free_acc@0.5", "miou"]
    vsi = {"grouped": True, "reference": "vsibench"}
    names, headline = described(
        row("number", group="counting", **vsi), row("choice", group="order", **vsi)
    )
    assert headline == ("overall", "overall_reference_lmms", "overall_reference_official")
    assert "points_in_mask" not in names
    assert names[-4:] == ["mra", "accuracy", "overall/counting", "overall/order"]
    # Every value that is scored is described, and the other way round over all samples.
    result = [score(everything, s.truth, "?", convention="unit") for s in everything.load()]
    names_of_values = {name for one in result for name in one.values}
    assert names_of_values == {metric.name for metric in everything.metrics}


def test_evaluate_compare_and_report(tmp_path):
    vsi = {"grouped": True, "reference": "vsibench"}
    rows = [
        row("number", id=f"n{k}", group="counting", answer=str(k), **vsi) for k in (1, 2, 3, 4)
    ] + [row("choice", id="c", group="order", images=("images/b.png",), **vsi)]
    root = write_set(tmp_path / "set", rows)
    Image.new("RGB", (WIDE, HIGH)).save(root / "images" / "b.png")

    def run(name: str, texts: dict[str, str]):
        file = tmp_path / f"{name}.jsonl"
        file.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in texts.items()))
        return jumpscore.evaluate(
            "replay",
            "spatial",
            model_options={"answers": str(file)},
            task_options={"data": str(root)},
            run={"folder": str(tmp_path / "runs"), "name": name},
        )

    good = run("good", {"n1": "1", "n2": "2", "n3": "3", "n4": "9", "c": "B"})
    bad = run("bad", {"n1": "1", "n2": "2", "n3": "3", "n4": "4", "c": "A"})
    # (3/4 + 1) / 2 and (1 + 0) / 2; over samples both are 4/5.
    assert good.result.metrics["overall"].mean == pytest.approx(0.875)
    assert bad.result.metrics["overall"].mean == pytest.approx(0.5)
    assert good.result.headline[0] == "overall"
    from jumpscore.report.html import write_report
    from jumpscore.runs import read_run
    from jumpscore.studies import compare_runs

    again = [read_run(stored.folder) for stored in (good, bad)]
    actual = compare_runs(*again)["overall"]
    assert (actual.mean_a, actual.mean_b) == (pytest.approx(0.875), pytest.approx(0.5))
    assert actual.difference == pytest.approx(0.375)
    assert "overall/counting" in write_report(again[0]).read_text()

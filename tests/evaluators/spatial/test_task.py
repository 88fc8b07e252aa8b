from __future__ import annotations

import io
import json
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import jumpscore
from evaluators.base import grouped_ratio
from evaluators.spatial import grouped_means, mean_relative_accuracy, parse_number
from evaluators.spatial.pictures import image_size, mask_pixels
from evaluators.spatial.references import FITTING, REFERENCES, Asked, reference_mra
from evaluators.spatial.rows import RULES, Rule, SpatialRow, SpatialTruth
from evaluators.spatial.task import Spatial, SpatialOptions
from jumpscore.data.layout import Manifest, write_rows
from jumpscore.errors import DataError
from jumpscore.records import Metric, Response, SampleScore
from jumpscore.scoring import bootstrap

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "spatial_golden.json").read_text())
WIDE, HIGH = 200, 100
WORDS = {"A": "yes", "B": "no"}


def png(values: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(values).save(out, "PNG")
    return out.getvalue()


def mask() -> np.ndarray:
    """Rows 20-59 and columns 50-119 of 200x100, as in the golden values."""
    values = np.zeros((HIGH, WIDE), dtype=np.uint8)
    values[20:60, 50:120] = 255
    return values


def write_set(root: Path, rows: list[SpatialRow], name: str = "drawn") -> Path:
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (WIDE, HIGH)).save(root / "images" / "a.png")
    (root / "masks" / "a.png").write_bytes(png(mask()))
    write_rows(root, rows, Manifest(name, synthetic=True))
    return root


def row(rule: Rule, **more) -> SpatialRow:
    held = {
        "points": {"mask": "masks/a.png"},
        "first_point": {"mask": "masks/a.png"},
        "count": {"mask": "masks/a.png", "answer": "2"},
        "box": {"answer": "[50, 20, 120, 60]"},
        "number": {"answer": "4"},
        "choice": {"answer": '"B"', "options": ("chair", "table", "lamp", "sofa")},
        "word": {"answer": '"A"', "options": ("yes", "no")},
    }[rule]
    shared = {"id": rule, "prompt": "?", "rule": rule, "images": ("images/a.png",)}
    return SpatialRow(**shared | held | more)


@pytest.fixture(scope="module")
def everything(tmp_path_factory) -> Spatial:
    root = write_set(tmp_path_factory.mktemp("all"), [row(rule) for rule in RULES])
    return Spatial(SpatialOptions(data=str(root)))


@pytest.fixture(scope="module")
def truths(everything) -> dict[str, SpatialTruth]:
    return {sample.question.id: sample.truth for sample in everything.load()}


def score(task: Spatial, truth: SpatialTruth, text: str, **facts) -> SampleScore:
    return task.score(truth, Response("a", text, **facts))


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
def test_every_rule_by_hand(everything, truths, rule, text, value, status):
    found = score(everything, truths[rule], text, convention="unit")
    assert (found.values["score"], found.status) == (pytest.approx(value), status)


@pytest.mark.parametrize("rule", RULES)
def test_a_cut_answer_is_partial_and_earns_what_it_surely_says(everything, truths, rule):
    whole = truths[rule].answer("unit")
    found = score(everything, truths[rule], whole, convention="unit", finish_reason="length")
    assert found.status == "partial"
    cut = score(everything, truths[rule], whole[:1], convention="unit", finish_reason="length")
    assert cut.status == "partial"


def test_option_beats_wrapper_beats_prompt(tmp_path):
    """(60, 40) is in the mask as pixels; in thousandths it is (12, 4) and outside."""
    root = write_set(tmp_path, [row("points", convention="pixel")])
    task = Spatial(SpatialOptions(data=str(root)))
    [sample] = task.load()
    assert score(task, sample.truth, "(60, 40)").values["points_in_mask"] == 1.0
    found = score(task, sample.truth, "(60, 40)", convention="relative_1000")
    assert found.values["points_in_mask"] == 0.0
    assert found.notes["answers read as relative_1000, and the prompt asks for pixel"] == 1
    chosen = Spatial(SpatialOptions(data=str(root), convention="pixel"))
    found = score(chosen, sample.truth, "(60, 40)", convention="relative_1000")
    assert found.values["points_in_mask"] == 1.0


@pytest.mark.parametrize(
    ("rule", "text"), [("points", "(60, 40)"), ("count", "(6, 4)"), ("box", "[1, 2, 30, 40]")]
)
def test_a_convention_that_nobody_states_is_not_guessed_but_counted(everything, truths, rule, text):
    found = score(everything, truths[rule], text)
    assert found.status == "error"
    assert "nobody states their convention; set task.convention" in found.message
    assert found.values == {}
    assert found.notes == {
        "answers in coordinates whose convention nobody states: set task.convention": 1
    }
    # What holds no coordinates needs no convention.
    assert score(everything, truths[rule], "I cannot tell.").status == "unparseable"


def test_pixels_of_a_smaller_image_are_scaled_to_the_truths(everything, truths):
    # The model saw 100x50: its (30, 20) is (60, 40) of 200x100.
    shown = {"convention": "pixel", "image_size": (100, 50)}
    assert score(everything, truths["points"], "(30, 20)", **shown).values["score"] == 1.0
    assert score(everything, truths["points"], "(60, 40)", **shown).values["score"] == 0.0
    found = score(everything, truths["box"], "[25, 10, 60, 30]", **shown)
    assert found.values["miou"] == pytest.approx(1.0)
    assert found.details["answered_box"] == [50.0, 20.0, 120.0, 60.0]
    unknown = score(everything, truths["points"], "(60, 40)", convention="pixel")
    assert unknown.values["score"] == 1.0
    assert "whose size nobody states" in next(iter(unknown.notes))


@pytest.mark.parametrize("stated", ["unit", "relative_1000", "pixel"])
def test_right_answers_are_right_in_every_convention(everything, truths, stated):
    for rule, truth in truths.items():
        found = score(everything, truth, truth.answer(stated), convention=stated)
        assert (rule, found.values["score"], found.status) == (rule, 1.0, "ok")


def test_metrics_are_those_of_the_rules_that_the_rows_have(tmp_path, everything):
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
    found = [score(everything, s.truth, "?", convention="unit") for s in everything.load()]
    held = {name for one in found for name in one.values}
    assert held == {metric.name for metric in everything.metrics}


# --- means over sub-tasks ---


def vsi_like(seed: int, n: int = 400) -> list[tuple[tuple[str, ...], float]]:
    """Sub-tasks of very different sizes and means, one of them in three parts."""
    generator = np.random.default_rng(seed)
    cells = [("count",), ("way", "easy"), ("way", "medium"), ("way", "hard"), ("size",)]
    means = [0.9, 0.8, 0.4, 0.1, 0.5]
    chosen = generator.choice(5, size=n, p=[0.6, 0.2, 0.1, 0.05, 0.05])
    return [(cells[k], float(generator.random() < means[k])) for k in chosen]


def estimate_of(samples, clusters=None, seed=0):
    ratio = grouped_ratio(np.array([v for _, v in samples]), [cell for cell, _ in samples])
    return bootstrap({"overall": ratio}, seed=seed, clusters=clusters)["overall"]


@pytest.mark.parametrize("seed", range(3))
def test_the_overall_is_the_mean_over_sub_tasks_of_the_mean_over_difficulties(seed):
    samples = vsi_like(seed)
    parts = {f"way/{level}": "way" for level in ("easy", "medium", "hard")}
    _, expected = grouped_means([("/".join(cell), v) for cell, v in samples], parts)
    assert estimate_of(samples).mean == pytest.approx(expected, abs=1e-12)


def nested_mean(samples) -> float:
    """Written anew: the mean of dictionaries of lists."""
    tree: dict[str, dict[str, list[float]]] = {}
    for cell, value in samples:
        tree.setdefault(cell[0], {}).setdefault(cell[-1], []).append(value)
    groups = [np.mean([np.mean(v) for v in parts.values()]) for parts in tree.values()]
    return float(np.mean(groups))


@pytest.mark.parametrize("clustered", [False, True])
def test_its_interval_is_that_of_computing_it_anew_on_every_resample(clustered):
    samples = vsi_like(7, n=600)
    clusters = [str(i // 3) for i in range(600)] if clustered else [str(i) for i in range(600)]
    found = estimate_of(samples, clusters=clusters)
    members: dict[str, list[int]] = {}
    for place, name in enumerate(clusters):
        members.setdefault(name, []).append(place)
    held = list(members.values())
    generator = np.random.default_rng(1)
    means = []
    for _ in range(2000):
        drawn = generator.integers(0, len(held), size=len(held))
        means.append(nested_mean([samples[k] for c in drawn for k in held[c]]))
    assert found.stderr == pytest.approx(np.std(means), rel=0.08)
    low, high = np.quantile(means, [0.025, 0.975])
    assert found.ci_low == pytest.approx(low, abs=0.012)
    assert found.ci_high == pytest.approx(high, abs=0.012)


def test_sizes_of_groups_add_no_uncertainty():
    """Two groups whose members are all alike: only their shares vary between draws."""
    samples = [(("a",), 1.0)] * 30 + [(("b",), 0.0)] * 5
    found = estimate_of(samples)
    assert (found.mean, found.ci_low, found.ci_high) == (0.5, 0.5, 0.5)


def test_a_sample_without_the_value_takes_no_part():
    values = np.array([1.0, np.nan, 0.0, 0.0])
    ratio = grouped_ratio(values, [("a",), ("a",), ("b",), ()])
    assert ratio.denominator.tolist() == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3])
    assert ratio.numerator.sum() == pytest.approx(1 / 3)


def test_the_published_rows_of_revsi_add_up_as_the_public_code_has_it(tmp_path):
    golden = GOLDEN["revsi"]
    families = ("object_counting", "object_rel_distance", "room_size_estimation")
    rows, answers = [], {}
    for place, (kind, truth, answer) in enumerate(golden["rows"]):
        family = next((name for name in families if kind.startswith(name)), kind)
        number = truth.replace(".", "").isdigit()
        facts = {"answer": truth} if number else {"answer": json.dumps(truth)}
        shared = {"group": family, "subgroup": kind, "grouped": True, "reference": "revsi"}
        rows.append(row("number" if number else "choice", id=str(place), **shared, **facts))
        answers[str(place)] = answer
    task = Spatial(SpatialOptions(data=str(write_set(tmp_path, rows))))
    scores = [score(task, s.truth, answers[s.question.id]) for s in task.load()]
    found = task.aggregate(scores)
    expected = golden["sub"]["overall_acc"]
    assert found["overall_reference_lmms"].mean == pytest.approx(expected, abs=1e-9)
    for name in ("object_counting", "object_rel_distance", "route_planning"):
        assert found[f"overall/{name}"].mean == pytest.approx(golden["sub"][f"{name}_acc"])
    # "about 3" is read as a person would: 3 of 3.2 is within 10%.
    assert found["overall"].mean > expected


# --- the public code's readings ---

NAMES = {
    ("points_in_mask", "_reference_lmms", "points"): "where2place",
    ("points_in_mask", "_reference_official", "points"): "official_roborefer_text2pts_rel",
    ("pointbench", "_reference_lmms", "first_point"): "pointbench_binary_noncount",
    ("pointbench", "_reference_lmms", "count"): "pointbench_binary_count1",
}


@pytest.mark.parametrize("case", GOLDEN["w2p_refspatial"]["cases"], ids=lambda case: case["text"])
def test_references_score_what_the_public_code_scores(case):
    for (name, suffix, rule), key in NAMES.items():
        asked = Asked(rule, mask=mask() > 0, number=1)
        found = REFERENCES[name][suffix](case["text"], asked)
        assert found == pytest.approx(case[key], abs=1e-9), key
    asked = Asked("points", mask=mask() > 0)
    points = case["robospatial_json2pts"]
    hit = any(0 <= x < WIDE and 0 <= y < HIGH and mask()[y, x] > 0 for x, y in points)
    assert REFERENCES["robospatial"]["_reference_lmms"](case["text"], asked) == float(hit)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Answer: yes", 1.0),
        ("no way\nyes", 1.0),
        ("yes\nAnswer: no", 0.0),
        ("yes, I know", 0.0),  # "know" holds "no"
        ("<think>no</think>yes", 1.0),
    ],
)
def test_robospatials_yes_is_a_piece_of_text(text, value):
    asked = Asked("word", letter="A", options=WORDS)
    assert REFERENCES["robospatial"]["_reference_lmms"](text, asked) == value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("two1,200", 2.0),
        ("two (two)", 4.0),
        ("two(300, 400)", 2.0),
        ("ten and a half", 10.0),
        ("one million", 1.0),
        ("twothree 7", 7.0),
        ("five thousand and twenty", 5020.0),
    ],
)
def test_the_reference_finds_the_numbers_that_lmms_eval_finds(text, number):
    """Values of lmms-eval 0.7.3's ``extract_number``, run on these texts."""
    assert parse_number(text, policy="reference_lmms").value == number


def test_an_empty_answer_tag_is_an_empty_answer_to_robospatials_code():
    asked = Asked("word", letter="B", options=WORDS)
    text = "<answer></answer> no"
    assert REFERENCES["robospatial"]["_reference_lmms"](text, asked) == 0.0


def test_the_reference_mean_relative_accuracy_is_float64s():
    # |4 - 5| / 5 = 0.2, and 1 - 0.8 = 0.19999999999999996.
    assert reference_mra(4, 5) == 0.6
    assert mean_relative_accuracy(4, 5) == 0.7
    assert reference_mra(3, 0) == reference_mra(None, 3) == 0.0
    for case in GOLDEN["vsi"]["mra"]:
        if case["target"]:
            assert reference_mra(case["pred"], case["target"]) == pytest.approx(case["mra"])


def test_numbers_stand_beside_those_of_the_public_code(tmp_path):
    rows = [row("number", reference="vsibench", answer="1200"), row("choice", reference="vsibench")]
    task = Spatial(SpatialOptions(data=str(write_set(tmp_path, rows))))
    number, choice = (sample.truth for sample in task.load())
    found = score(task, number, "about 1,200 m").values
    assert found["score"] == 1.0
    assert found["score_reference_lmms"] == found["score_reference_official"] == 0.0
    found = score(task, choice, "(B)").values
    assert (found["score"], found["score_reference_lmms"]) == (1.0, 0.0)


def test_boxes_of_an_oracle_are_only_a_reference(tmp_path):
    root = write_set(tmp_path, [row("box", reference="refcoco")])
    task = Spatial(SpatialOptions(data=str(root)))
    [sample] = task.load()
    found = score(task, sample.truth, "[0,0,9,9] [50, 20, 120, 60]", convention="relative_1000")
    assert (found.values["acc@0.5"], found.values["miou"]) == (0.0, 0.0)
    assert found.values["acc@0.5_reference_lmms"] == found.values["miou_reference_lmms"] == 1.0


def test_the_floor_is_what_never_looking_earns(tmp_path):
    """The middle (100, 50) is in the mask; the box has 0.14 of the image; 4 of 3, 4, 8, 9 is the
    lower median."""
    numbers = [row("number", id=str(n), answer=str(n), group="n") for n in (9, 3, 8, 4)]
    rows = [row("first_point"), row("count"), row("box"), row("choice"), *numbers]
    task = Spatial(SpatialOptions(data=str(write_set(tmp_path, rows))))
    floors = {
        s.question.id: score(task, s.truth, "", convention="unit").values["content_free_score"]
        for s in task.load()
    }
    assert [floors[name] for name in ("first_point", "count", "box", "choice")] == [1, 0, 0, 0.25]
    assert (floors["4"], floors["8"]) == (1.0, 0.1)
    assert next(m for m in task.metrics if m.name == "content_free_score").better is None


# --- bad input ---


def fitting(rule: str) -> list[str]:
    return ["", *(name for name, rules in FITTING.items() if rule in rules)]


HOSTILE = [
    "(nan, nan)",
    "(inf, -inf)",
    "(-5, -5)",
    "(1e308, 1e308)",
    "(1e999, 0.5)",
    f"({'9' * 400}, 1)",
    "[0.1, 0.2, 1e308, 1e308]",
    "[-1e308, -1e308, 1e308, 1e308]",
    "[nan, 0, 1, 1]",
    "-1e308",
    "1e999",
    "9" * 5000,
    '{"point_2d": [0.5, null]}',
    '```json\n[{"point_2d": [1e400, 1]}]\n```',
    "```\n[[[[[[[[",
    "answer: " * 500,
    "\x00\ud800(0.5, 0.5)",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: ascii(text)[:20])
@pytest.mark.parametrize("stated", ["unit", "relative_1000", "pixel"])
def test_numbers_of_any_size_are_a_status(truths, everything, text, stated):
    for rule, truth in truths.items():
        for reference in fitting(rule):
            found = score(everything, replace(truth, reference=reference), text, convention=stated)
            assert 0.0 <= found.values["score"] <= 1.0, rule
            # What is stored is JSON that others read: no NaN, no Infinity.
            json.loads(json.dumps(asdict(found)), parse_constant=pytest.fail)


@settings(max_examples=150, deadline=None)
@given(
    text=st.one_of(
        st.text(max_size=200),
        st.lists(
            st.sampled_from(
                ["(", ")", "[", "]", "0.3", ",", " ", "-", "1e9", "x=", "y:", "A", "B.", "answer",
                 " is ", "yes", "no", "{", '"point_2d":', "}", "```", "\n", "nan", "<think>",
                 "1,200", "three", "</think>", "\\boxed{", "°", "٣"]
            ),
            max_size=30,
        ).map("".join),
    ),
    stated=st.sampled_from(["unit", "relative_1000", "pixel", None]),
    size=st.sampled_from([None, (1, 1), (4000, 3)]),
    cut=st.booleans(),
    which=st.integers(0, 5),
)  # fmt: skip
def test_any_text_has_a_score_under_any_rule(everything, truths, text, stated, size, cut, which):
    response = Response(
        "a",
        text,
        convention=stated,
        image_size=size,
        finish_reason="length" if cut else "stop",
    )
    for rule, truth in truths.items():
        reference = fitting(rule)[which % len(fitting(rule))]
        found = everything.score(replace(truth, reference=reference), response)
        assert found.status in ("ok", "empty", "partial", "unparseable", "error")
        assert (found.status == "error") == (not found.values)
        assert all(0 <= value <= 1 for value in found.values.values())


def test_ten_thousand_points_take_no_time_and_a_little_room(everything, truths):
    text = "[" + ", ".join(["(0.3, 0.4)", "(0.9, 5)"] * 5000) + "]"
    before = time.perf_counter()
    found = score(everything, truths["points"], text, convention="unit")
    assert time.perf_counter() - before < 1
    assert found.values["score"] == 0.5
    assert found.details["points_found"] == 10_000
    assert found.notes["points outside of the image"] == 5000
    assert len(json.dumps(found.details)) < 5000


@pytest.mark.parametrize(
    "piece",
    ["(", "9", "[0.1,", "```\n", "<answer>", "<think>", "answer: ", "x: 1 ", "- ", "(1, ", "two "],
)
def test_long_texts_of_anything_are_read_in_linear_time(everything, truths, piece):
    text = "(" + piece * (100_000 // len(piece))
    for rule, truth in truths.items():
        for reference in fitting(rule):
            before = time.perf_counter()
            score(everything, replace(truth, reference=reference), text, convention="unit")
            assert time.perf_counter() - before < 2, (rule, reference)


def write_bad_png(root: Path, name: str, content: bytes) -> str:
    (root / "masks").mkdir(parents=True, exist_ok=True)
    (root / "masks" / name).write_bytes(content)
    return f"masks/{name}"


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"rule": "points", "mask": "masks/small.png"}, "has 100x100 pixels, the image 200x100"),
        ({"rule": "points", "mask": "masks/cut.png"}, "cannot be read as a PNG mask"),
        ({"rule": "points", "mask": "masks/text.png"}, "cannot be read as a PNG mask"),
        ({"rule": "points", "mask": "masks/flipped.png"}, "cannot be read as a PNG mask"),
        ({"rule": "points", "mask": "masks/gone.png"}, "cannot be read as a PNG mask"),
        ({"rule": "points", "mask": ""}, "mask is empty, which rule points needs"),
        ({"rule": "points", "mask": "../secret.png"}, "leaves the data set's folder"),
        ({"rule": "count", "answer": "2.5"}, "answer '2.5' must be a whole number"),
        ({"rule": "count", "answer": "0"}, "must be how many points are asked for"),
        ({"rule": "box", "answer": "[1, 2, 3]"}, r"must be [left, top, right, bottom]"),
        ({"rule": "box", "answer": "[9, 2, 3, 4]"}, "left < right and top < bottom"),
        ({"rule": "box", "answer": "[300, 2, 400, 4]"}, "lies outside of 200x100 pixels"),
        ({"rule": "box", "answer": "[NaN, 2, 3, 4]"}, r"must be [left, top, right, bottom]"),
        ({"rule": "box", "images": ("images/gone.png",)}, "cannot be read as an image"),
        ({"rule": "box", "about": 3}, "about 3 must be the place of one of 1 images"),
        ({"rule": "number", "answer": "many"}, "answer 'many' is no JSON"),
        ({"rule": "number", "answer": "1e999"}, "answer '1e999' must be a number"),
        ({"rule": "number", "answer": "true"}, "must be a number"),
        ({"rule": "choice", "answer": '"E"'}, "must be one of the letters A, B, C, D"),
        ({"rule": "choice", "answer": "[]"}, "must be one of the letters A, B, C, D"),
        ({"rule": "choice", "options": ()}, "options: 0 are given; a choice has 2 to 26"),
        ({"rule": "word", "options": ("", "no")}, "rule word needs the words of every option"),
        ({"rule": "smell"}, "rule 'smell' is not one of points, first_point"),
        ({"rule": "points", "convention": "feet"}, "convention 'feet' is not one of"),
        ({"rule": "number", "reference": "x"}, "reference 'x' does not read rule number; vsibench"),
        ({"rule": "box", "reference": "revsi"}, "does not read rule box; refcoco would"),
        ({"rule": "number", "images": ()}, "needs images or a video"),
    ],
)  # fmt: skip
def test_a_broken_truth_is_its_samples_problem_and_no_other(tmp_path, bad, said):
    flipped = bytearray(png(mask()))
    flipped[40] ^= 0xFF
    write_bad_png(tmp_path, "small.png", png(mask()[:, :100]))
    write_bad_png(tmp_path, "cut.png", png(mask())[:-20])
    write_bad_png(tmp_path, "text.png", b"no picture")
    write_bad_png(tmp_path, "flipped.png", bytes(flipped))
    known = bad["rule"] if bad["rule"] in RULES else "points"
    broken = replace(row(known, id="bad"), **bad)
    root = write_set(tmp_path, [broken, row("points", id="good")])
    found, good = Spatial(SpatialOptions(data=str(root))).load()
    assert good.problem is None
    assert f"{root}, id bad: " in found.problem
    assert said in found.problem


def test_a_mask_whose_pixels_are_no_mask_is_said_when_it_is_scored():
    with pytest.raises(DataError, match="marks no pixel"):
        mask_pixels(png(np.zeros((4, 4), dtype=np.uint8)))
    colour = np.zeros((2, 3, 4), dtype=np.uint8)
    colour[..., 3] = 255  # opaque, and black
    colour[0, 1, 2] = 7
    assert mask_pixels(png(colour)).tolist() == [[False, True, False], [False] * 3]
    palette = Image.fromarray(np.array([[0, 2]], dtype=np.uint8))
    palette.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 0])
    out = io.BytesIO()
    palette.save(out, "PNG")
    assert mask_pixels(out.getvalue()).tolist() == [[False, True]]


def test_a_turned_photograph_has_the_size_that_models_see(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 30)).save(tmp_path / "a.jpg", exif=exif)
    assert image_size(tmp_path / "a.jpg") == (30, 40)


def test_a_run_from_answers_to_the_comparison_and_the_page(tmp_path):
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
    from jumpscore.harness import compare_runs, read_run
    from jumpscore.report.html import write_report

    again = [read_run(stored.folder) for stored in (good, bad)]
    found = compare_runs(*again)["overall"]
    assert (found.mean_a, found.mean_b) == (pytest.approx(0.875), pytest.approx(0.5))
    assert found.difference == pytest.approx(0.375)
    assert "overall/counting" in write_report(again[0]).read_text()


def test_grouped_metrics_are_read_from_stored_scores():
    """JSON has no tuples: groups come back as lists."""
    from evaluators.base import ratios

    scores = [
        SampleScore("a", "ok", {"m": 1.0}, group=["x"]),
        SampleScore("b", "ok", {"m": 0.0}, group=["y"]),
    ]
    ratio = ratios([Metric("m", "", grouped=True)], scores)["m"]
    assert ratio.denominator.tolist() == [0.5, 0.5]

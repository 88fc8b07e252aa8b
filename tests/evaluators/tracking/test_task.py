from __future__ import annotations

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import jumpscore
from evaluators.tracking import parse_tracks
from evaluators.tracking.queries import Query
from evaluators.tracking.task import CRASH, PROMPT, Tracking, TrackingOptions
from jumpscore.data.layout import read_rows
from jumpscore.errors import UsageError
from jumpscore.harness.factory import make_task
from jumpscore.records import Response
from jumpscore.report.html import write_report
from tests.evaluators.tracking.drawn import LABEL, TARGET, answered, score, square, task
from tests.support import lmms_eval_scorer


def test_prompt_equals_the_public_task():
    scorer = lmms_eval_scorer("rvos")
    if scorer is None:
        pytest.skip("lmms-eval is not installed")
    from pathlib import Path

    import yaml

    file = Path(scorer.__file__).parent / "_default_template_yaml"
    lines = [line for line in file.read_text().splitlines(True) if "!function" not in line]
    settings = yaml.safe_load("".join(lines))["lmms_eval_specific_kwargs"]["default"]
    document = {"expression": "dog {1} in [0]"}
    public = scorer.rvos_doc_to_text(document, settings)
    assert PROMPT.format(expression=document["expression"]) == public


def test_score_of_a_perfect_answer():
    text = TARGET.answer("relative_1000")
    assert text.startswith('<tracks coords="0.000 0 140 233; 0.167 0 240 233 1 740 733; ')
    result = score(text)
    assert result.status == "ok"
    assert result.values["point_f1"] == result.values["point_hota"] == 1.0
    # In the first frame the reference asks for both objects: 2 * 1 * 0.5 / 1.5.
    assert result.values["point_f1_reference"] == pytest.approx((2 / 3 + 1 + 1) / 3, abs=1e-9)
    assert "j_and_f" not in result.values
    assert result.cluster == "v"


@pytest.mark.parametrize("convention", ["unit", "relative_1000", "pixel"])
def test_score_convention_precedence(convention):
    text = TARGET.answer(convention)
    assert score(text, convention=convention).values["point_f1"] == 1.0
    assert score(text, options={"convention": convention}).values["point_f1"] == 1.0
    # The option overrides the wrapper.
    other = "pixel" if convention == "unit" else "unit"
    result = score(text, convention=other, options={"convention": convention})
    assert result.values["point_f1"] == 1.0
    if convention != "relative_1000":
        assert score(text).values["point_f1"] < 1.0


def test_score_by_hand():
    # Frame 0: its object is hit; frame 1: no answer; frame 2: one of two is hit, one point misses.
    result = score(f'<tracks coords="0 5 140 233; 0.333 5 340 233 6 10 10">{LABEL}')
    assert result.values["point_f1"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert result.values["point_precision"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert result.values["point_recall"] == pytest.approx((1 + 0 + 0.5) / 3)
    assert result.details["points"] == 3
    # The centre, (50, 30), is on no object.
    assert result.values["content_free_point_f1"] == 0.0


@pytest.mark.parametrize(
    ("text", "status", "note"),
    [
        ("The dog runs to the left.", "unparseable", None),
        ("", "unparseable", None),
        ("I'm sorry, I cannot help with that.", "refused", None),
        ('<tracks coords="">dog</tracks>', "empty", None),
        ('<tracks coords="0 0 nan 5">dog</tracks>', "unparseable", "not a number"),
        ('<tracks coords="0 0 1e400 5">dog</tracks>', "unparseable", "not a number"),
        ('<tracks coords="0 0 99999999999999999999 5">d</tracks>', "unparseable", "not a number"),
        ('<tracks coords="0 0 5000 5">d</tracks>', "unparseable", "outside the frame"),
        ('<tracks coords="0 0 -5 5">d</tracks>', "unparseable", "outside the frame"),
        ('<tracks coords="0 0 140 233; 0.167 0 24', "partial", "cut off"),
    ],
)
def test_score_status_and_notes(text, status, note):
    result = score(text)
    assert result.status == status
    assert result.values["point_f1"] == (1 / 3 if status == "partial" else 0)
    assert result.notes == ({f"points left out: {note}": 1} if note else {})


def test_score_of_an_unreadable_answer_without_objects():
    absent = replace(TARGET, points={0: {}}, masks={})
    cut = [("<think>let me look", "length"), ('<tracks coords="', None)]
    for text, reason in [("no", None), *cut]:
        result = score(text, absent, finish_reason=reason).values
        assert (result["point_f1"], result["point_hota"]) == (0.0, 0.0)
    assert score("no", absent).values["point_f1_reference"] == 1.0  # the public code's
    assert score('<tracks coords=""></tracks>', absent).values["point_f1"] == 1.0


def test_score_of_ten_thousand_points():
    points = " ".join(f"{n} {n % 1000} {n % 999}" for n in range(10_000))
    result = score(f'<tracks coords="0 {points}">all</tracks>')
    assert result.status == "ok"
    assert 0 < result.values["point_precision"] < 0.01
    assert result.details["points"] == 10_000


def test_score_counts_answers_that_crash_the_public_code():
    result = score('time 0.0\n{0: "ab"}')
    assert result.notes[CRASH] == 1
    assert result.values["point_f1_reference"] == 0.0


@given(st.text(max_size=300))
def test_score_of_any_text(text):
    result = score(text)
    assert all(0 <= value <= 1 for value in result.values.values())


def test_score_masks_of_an_unreadable_answer():
    late = replace(
        TARGET, points={2: {"0": (34.0, 14.0)}}, masks={"0": (None, None, square(30, 10))}
    )
    derived = {"masks": [None] * 3}
    result = task(segmenter="sam2").score(late, answered("no"), derived)
    assert result.values["j_and_f"] == result.values["mask_hota"] == 0.0
    # Two of three frames are empty on both sides.
    assert result.values["j_and_f_reference"] == pytest.approx(2 / 3)
    explicit = task(segmenter="sam2").score(late, answered('<tracks coords="">'), derived)
    assert explicit.values["j_and_f"] == pytest.approx(2 / 3)


def test_score_counts_points_after_the_end():
    text = TARGET.answer("relative_1000").replace('">', '; 9 0 100 100">')
    result = task(segmenter="sam2").score(TARGET, answered(text), {"masks": [None] * 3})
    assert result.notes == {"without a mask: points after the last frame": 1}


def test_evaluate_oracle(mini, tmp_path):
    run = jumpscore.evaluate(
        "oracle",
        "tracking",
        task_options={"data": str(mini)},
        run={"folder": str(tmp_path), "expose_truth": True},
    )
    means = {name: actual.mean for name, actual in run.result.metrics.items()}
    assert run.result.counts["ok"] == run.result.total == len(read_rows(mini, Query))
    assert means["point_f1"] == means["point_hota"] == 1.0
    assert 0.9 < means["point_f1_reference"] < 1.0
    assert "j_and_f" not in means
    assert 0.05 < means["content_free_point_f1"] < 0.4
    page = write_report(run).read_text()
    assert "point_f1_reference" in page
    assert "shapes0-0" in page


def test_score_point_reference_equals_the_public_task(mini, tmp_path):
    """The public task gives our reference scores for noisy answers."""
    scorer = lmms_eval_scorer("rvos")
    if scorer is None:
        pytest.skip("lmms-eval is not installed")
    scorer._cache_root_for = lambda doc: str(mini)
    generator = np.random.default_rng(4)
    tracking = Tracking(TrackingOptions(data=str(mini)))
    for sample, row in zip(tracking.load(), tracking.rows, strict=True):
        tracks = parse_tracks(sample.truth.answer("relative_1000"), width=160, height=120, fps=6)
        segments = [
            f"{m.time} "
            + " ".join(
                f"{name} {min(1000, p.x / 0.16 + d):.1f} {p.y / 0.12:.1f}"
                for name, p in m.points.items()
                if (d := abs(generator.normal(0, 60))) < 90
            )
            for m in tracks.moments
        ]
        text = f'<tracks coords="{"; ".join(segments)}">x</tracks>'
        ours = tracking.score(sample.truth, Response(row.id, text)).values
        public = scorer.rvos_process_results(asdict(row), [text])["rvos_f1"]
        assert ours["point_f1_reference"] == pytest.approx(public["f1"], abs=1e-9)
        assert ours["point_hota_reference"] == pytest.approx(public["HOTA"], abs=1e-9)


def test_options_refuse_an_unknown_segmenter():
    with pytest.raises(UsageError, match="none, given, sam2"):
        make_task("tracking", {"data": "x", "segmenter": "sam3"})


@pytest.mark.parametrize("place", ["-1e999", "-1e200"])
def test_score_of_points_at_infinity(place):
    result = score(f"time 0\n{{0: [{place}, 5]}}")
    assert result.notes[CRASH] == 1
    assert result.values["point_f1_reference"] == result.values["point_hota_reference"] == 0.0


def test_score_reference_removes_reasoning_tags():
    answer = '<tracks coords="0 0 140 233">x</tracks>'
    text = f'<think><tracks coords="0 0 900 900">x</tracks></think>{answer}'
    assert score(text).values["point_f1_reference"] == score(answer).values["point_f1_reference"]
    bare = Tracking(TrackingOptions(data="none", reasoning_tags="none"))
    result = bare.score(TARGET, Response("a", text)).values["point_f1_reference"]
    assert (
        result < score(answer).values["point_f1_reference"]
    )  # the first place of an object counts

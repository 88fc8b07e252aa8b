"""An ablation on the terminal, on its page and as a drawing."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from jumpscore.harness.costs import MeanTokens
from jumpscore.records import Estimate, Metric
from jumpscore.report.ablation import ablation_table, better_words, write_ablation_page
from jumpscore.report.ablation_curve import curves
from jumpscore.report.curves import BOTTOM, HEIGHT, TOP, WIDTH
from jumpscore.scoring import Comparison
from jumpscore.studies.ablation import Ablation, Budget, OtherCanvases, Outcome
from tests.jumpscore.report.runs import HOSTILE
from tests.jumpscore.report.test_html import Outline

SVG = "{http://www.w3.org/2000/svg}"
VERDICTS = ("canvases better", "tie", "frames better")
F1 = Metric("f1", "F1", "percent")
MAE = Metric("count_mae", "count error", "events", "lower")


def outcome(run, mean, visual=144.0, **more) -> Outcome:
    ends = (None, None, None) if mean is None else (0.02, mean - 0.05, mean + 0.05)
    prompt = None if visual is None else visual + 45
    return Outcome(run, Estimate(mean, *ends, 6), 0.25, MeanTokens(visual, prompt), 6, **more)


def comparison(difference, low, high) -> Comparison:
    verdict = "a" if low > 0 else "b" if high < 0 else "tied"
    return Comparison(0.6, 0.6 - difference, difference, low, high, 6, verdict)


def budget(tokens, frames, codec, difference, matching="visual", controls=True) -> Budget:
    name = f"{matching}-{tokens}"
    return Budget(
        matching,
        tokens,
        outcome(f"{name}-frames", frames, tokens),
        outcome(f"{name}-codec", codec, tokens),
        difference,
        outcome(f"{name}-codec-pixels", 0.11, tokens) if controls else None,
        outcome(f"{name}-codec-selection", 0.22, tokens) if controls else None,
        comparison(0.351, 0.2, 0.5) if controls else None,
        comparison(0.11, 0.02, 0.2) if controls else None,
    )


def ablation(**more) -> Ablation:
    budgets = (
        budget(72, 0.312, 0.571, comparison(0.259, 0.11, 0.4)),
        budget(1440, 0.633, 0.641, comparison(0.008, -0.08, 0.09)),
        budget(144, 0.7, 0.5, comparison(-0.2, -0.3, -0.1), "total", controls=False),
    )
    facts = {"task": "jumpscore", "model": "made", "data": "set", "metric": F1}
    inputs = {"frames": {"max_pixels": 7056}, "codec": {}}
    return Ablation(**{**facts, "shown": inputs, "budgets": budgets} | more)


def printed(result: Ablation, width=120) -> str:
    console = Console(width=width, file=io.StringIO())
    console.print(ablation_table(result))
    return console.file.getvalue()


def incomplete() -> Ablation:
    whole = ablation()
    failed = outcome("visual-72-codec", None, None, unscored=6, problem="a budget is too small")
    partly = outcome("visual-72-frames", 0.3, unscored=2, problem="a video is cut off")
    first = replace(whole.budgets[0], codec=failed, frames=partly, difference=None)
    return replace(whole, budgets=(first, *whole.budgets[1:]))


def of_backends() -> Ablation:
    one = budget(72, 0.312, 0.571, comparison(0.259, 0.11, 0.4))
    others = (
        OtherCanvases("bitcost", outcome("bits", 0.471, 70.0), comparison(-0.1, -0.2, -0.01)),
        OtherCanvases("lmms_video_utils", outcome("open", 0.6, 72.0, unscored=2), None),
    )
    backends = ("pyav", "bitcost", "lmms_video_utils")
    return ablation(budgets=(replace(one, others=others),), backends=backends)


class TestTheTable:
    def test_ablation_table_numbers(self):
        text = printed(ablation())
        rows = [line.split() for line in text.splitlines()]
        [row] = [words for words in rows if words[:1] == ["72"]]
        assert row == ["72", "31.2", "57.1", "+25.9", "72", "/", "117", "/", "11.0", "22.0", "25.0"]
        [below] = [words for words in rows if words[:2] == ["[26.2,", "36.2]"]]
        assert " ".join(below) == (
            "[26.2, 36.2] [52.1, 62.1] [+11.0, +40.0] 72 117 [6.0, 16.0] [17.0, 27.0]"
        )

    def test_ablation_table_of_pixel_control(self):
        rows = [" ".join(line.split()) for line in printed(ablation()).splitlines()]
        place = rows.index("canvases better seen +35.1")
        assert rows[place + 1 : place + 4] == ["[+20.0, +50.0]", "leak +11.0", "[+2.0, +20.0]"]

    def test_ablation_table_names_the_better_arm(self):
        text = printed(ablation())
        places = [text.index(f"{words} ") for words in VERDICTS]
        assert places == sorted(places)
        assert "equal sums of visual tokens and time stamps" in text

    @pytest.mark.parametrize(
        ("difference", "metric", "words"),
        [
            (comparison(0.2, 0.1, 0.3), F1, "canvases better"),
            (comparison(0.2, 0.1, 0.3), MAE, "frames better"),
            (comparison(-0.2, -0.3, -0.1), F1, "frames better"),
            (comparison(-0.2, -0.3, -0.1), MAE, "canvases better"),
            (comparison(0.2, -0.1, 0.3), F1, "tie"),
            (replace(comparison(0.2, 0.1, 0.3), verdict="too_few"), F1, "too few videos differ"),
            (None, F1, ""),
        ],
    )
    def test_verdict_follows_the_metric(self, difference, metric, words):
        assert better_words(budget(72, 0.3, 0.5, difference), metric) == words

    def test_ablation_table_counts_unscored(self):
        text = printed(incomplete())
        assert "2 of 6" in text
        assert "INCOMPLETE: visual-72-codec: 6 of 6 samples are unscored (a budget is too" in text
        assert "INCOMPLETE: visual-72-frames: 2 of 6 samples are unscored (a video is cut" in text

    def test_ablation_table_prints_caveats(self):
        result = ablation(
            caveats=("the data are synthetic",), references=(outcome("reference-fps-12.5", 0.8),)
        )
        text = printed(result)
        assert "note: the data are synthetic" in text
        assert "reference-fps-12.5: 80.0 [75.0, 85.0], 144 visual tokens" in text

    def test_ablation_table_of_backends(self):
        text = printed(of_backends())
        rows = [" ".join(line.split()) for line in text.splitlines()]
        assert "72 pyav 57.1 [52.1, 62.1] 72 117 –" in rows
        assert "bitcost 47.1 [42.1, 52.1] 70 115 −10.0 [−20.0, −1.0] worse" in rows
        assert "lmms_video_utils 60.0 [55.0, 65.0], 2 of 6 72 117 –" in rows
        assert "unscored" in rows
        assert "minus pyav: canvases of the backend minus those of pyav" in text
        assert "Canvases of several backends" not in printed(ablation())

    def test_ablation_table_on_narrow_terminal(self):
        text = printed(ablation(), width=80)
        assert "…" not in text


def test_curve_labels_an_axis_of_budgets():
    unmeasured = [
        replace(one, frames=replace(one.frames, tokens=MeanTokens(None, None)))
        for one in ablation().budgets
    ]
    assert "measured mean" in curves(ablation())
    drawing = curves(ablation(budgets=tuple(unmeasured)))
    assert "budget; tokens were not measured (matching visual" in drawing
    assert "measured mean" not in drawing


@given(st.floats(0, 0.99), st.floats(0.001, 0.99))
def test_curve_grid_stays_in_the_panel(low, width):
    ends = Estimate((low + width / 2), 0.1, low, min(1.0, low + width), 6)
    score = replace(outcome("visual-72-codec", 0.5), score=ends)
    one = replace(budget(72, 0.5, 0.5, None, controls=False), frames=score, codec=score)
    drawing = curves(ablation(budgets=(one,)))
    rows = [float(y) for y in re.findall(r'class="grid" d="M[0-9]+ ([0-9.]+)H', drawing)]
    assert len(rows) >= 2
    assert min(rows) == TOP
    assert max(rows) == HEIGHT - BOTTOM


class TestThePage:
    def test_ablation_page_contains_the_table(self, tmp_path):
        page = write_ablation_page(ablation(), tmp_path)
        text = page.read_text(encoding="utf-8")
        Outline(text)
        assert page == tmp_path / "ablation.html"
        for words in ("57.1", "[+11.0, +40.0]", "canvases better", "max_pixels 7056", "144 / 144"):
            assert words in text
        assert (tmp_path / "ablation.svg").read_text(encoding="utf-8") in text

    def test_ablation_page_of_backends(self, tmp_path):
        text = write_ablation_page(of_backends(), tmp_path).read_text(encoding="utf-8")
        Outline(text)
        drawing = ET.fromstring((tmp_path / "ablation.svg").read_text(encoding="utf-8"))
        names = {mark.text for mark in drawing.iter(f"{SVG}text")}
        assert {f"canvases ({name})" for name in of_backends().backends} <= names
        assert "−10.0 [−20.0, −1.0]" in text

    def test_ablation_page_of_equal_ablations(self, tmp_path):
        pages = [write_ablation_page(ablation(), tmp_path / name) for name in "ab"]
        assert pages[0].read_bytes() == pages[1].read_bytes()

    @pytest.mark.parametrize("hostile", HOSTILE)
    def test_ablation_page_escapes_text(self, tmp_path, hostile):
        def written(words):
            result = ablation(
                model=words,
                data=words,
                metric=replace(F1, name=words, title=words),
                caveats=(words,),
                references=(outcome(words, 0.5, unscored=1, problem=words),),
            )
            ET.fromstring(curves(result))
            return write_ablation_page(result, tmp_path).read_text(encoding="utf-8")

        text = written(hostile)
        result, plain = Outline(text).elements, Outline(written("plain")).elements
        assert [tag for tag, _ in result] == [tag for tag, _ in plain]
        assert hostile not in text


def marks(drawing, kind) -> list[tuple[float, float]]:
    """Places of the marks of an arm, in the first panel."""
    panel = ET.fromstring(drawing).find(f"{SVG}g")
    places = []
    for group in panel.findall(f"{SVG}g[@class='{kind}']/{SVG}g"):
        across, down = group.attrib["transform"].removeprefix("translate(").rstrip(")").split()
        places.append((float(across), float(down)))
    return places


class TestTheCurve:
    def test_curve_places_marks(self):
        drawing = curves(ablation())
        frames, codec = marks(drawing, "frames"), marks(drawing, "codec")
        assert len(frames) == len(codec) == 2
        assert [x for x, _ in frames] == [x for x, _ in codec]
        assert frames[0][0] < frames[1][0]
        # SVG counts downwards: 57.1 stands above 31.2, and 64.1 just above 63.3.
        assert codec[0][1] < frames[0][1]
        heights = [frames[0][1] - codec[0][1], frames[1][1] - codec[1][1]]
        assert heights[0] / heights[1] == pytest.approx(25.9 / 0.8, rel=0.1)
        assert len(marks(drawing, "pixels")) == len(marks(drawing, "selection")) == 2

    def test_curve_stays_inside(self):
        places = [
            place for kind in ("frames", "codec") for place in marks(curves(ablation()), kind)
        ]
        assert places
        for x, y in places:
            assert 0 < x < WIDTH
            assert 0 < y < HEIGHT

    def test_curve_places_marks_by_spent_tokens(self):
        result = ablation()
        spent = replace(result.budgets[0].codec, tokens=MeanTokens(600.0, 700.0))
        moved = replace(
            result, budgets=(replace(result.budgets[0], codec=spent), *result.budgets[1:])
        )
        frames, codec = marks(curves(moved), "frames"), marks(curves(moved), "codec")
        assert frames[0][0] < codec[0][0] < frames[1][0]

    @pytest.mark.parametrize("tokens", [None, 144.0])
    def test_curve_of_one_budget(self, tokens):
        alone = Outcome("a", Estimate(0.5, None, None, None, 1), None, MeanTokens(tokens, None), 1)
        result = ablation(budgets=(Budget("visual", 144, alone, alone, None),))
        assert len(marks(curves(result), "codec")) == 1

    def test_curve_of_arm_without_score(self):
        assert len(marks(curves(incomplete()), "codec")) == 1

    def test_curve_of_nothing_scored(self):
        failed = outcome("a", None, None, unscored=6)
        result = ablation(budgets=(Budget("visual", 2, failed, failed, None),))
        assert "nothing was scored" in curves(result)

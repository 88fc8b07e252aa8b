from __future__ import annotations

import re
from io import StringIO

import pytest
from rich.console import Console

from jumpscore.report.token_curves import answer, token_table, write_token_page
from jumpscore.studies.reproduction.token_curves import token_curves
from tests.jumpscore.report.browsing import IN_BROWSER, check_accessible
from tests.jumpscore.report.test_ablation import ablation


def test_token_table_prints_both_differences():
    stream = StringIO()
    Console(width=120, file=stream).print(token_table(token_curves([("mine", ablation())])))
    text = stream.getvalue()
    [row] = re.findall(r"^ +64 +39\.9.*$", text, re.MULTILINE)
    assert row.split() == ["64", "39.9", "11,520", "71.3", "23,296", "+31.4", "+25.9"]
    assert "measured: made on set" in text


def test_answer_counts_budgets_with_frames_of_equal_tokens():
    curves = token_curves()
    known = [
        pair
        for curve in curves.curves
        for pair in curve.pairs
        if pair.canvas_tokens <= 1.02 * max(p.frame_tokens for p in curve.pairs)
    ]
    ahead = sum(pair.canvases > pair.frames for pair in known)
    assert f"At {len(known)} budgets" in answer(curves)
    assert f"ahead at {ahead} budgets if N frames" in answer(curves)


@pytest.mark.parametrize("measured", [False, True])
def test_token_page_draws_every_point(tmp_path, measured):
    curves = token_curves([("mine", ablation(model="<b>"))] if measured else [])
    text = write_token_page(curves, tmp_path / "p.html").read_text(encoding="utf-8")
    pairs = sum(len(curve.pairs) for curve in curves.curves)
    assert text.count("<title>published, ") == 2 * pairs
    assert text.count("<title>&lt;b&gt;, ") == sum(len(m.points) for m in curves.curves[0].measured)
    assert "<b>," not in text


class TestInBrowser:
    pytestmark = IN_BROWSER

    def test_token_page_is_accessible(self, browser, tmp_path):
        curves = token_curves([("mine", ablation())])
        check_accessible(browser, write_token_page(curves, tmp_path / "p.html"))

from __future__ import annotations

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.records import Estimate, Metric
from jumpscore.report.summary import bar_range, interval_bar
from jumpscore.report.text import cut, escaped, number, quantity, seconds, shortened


@given(st.text())
def test_escaped_removes_markup(text: str) -> None:
    text_on_page = escaped(text)
    assert not set("<>\"'") & set(text_on_page)
    text_on_page.encode("utf-8")


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"])))
def test_escaped_keeps_plain_text(text: str) -> None:
    assert html.unescape(escaped(text)) == text


def test_escaped_shows_surrogates_and_nul() -> None:
    assert escaped("a\ud800b\x00c\u200bd") == "a⟨U+D800⟩b⟨U+0000⟩c⟨U+200B⟩d"


def test_cut_counts_the_rest() -> None:
    assert cut("x" * 10_000_000) == ("x" * 4000, 9_996_000)
    assert shortened("ab<cd", 3) == "ab&lt;…"


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_number_of_missing_value(value: float | None) -> None:
    assert number(value, "percent") == "–"
    assert quantity(value, Metric("bias", "", "seconds", "zero")) == "–"


def test_quantity_has_a_unit() -> None:
    assert quantity(0.63421, Metric("f1", "")) == "63.4%"
    assert quantity(-0.0214, Metric("bias", "", "seconds", "zero")) == "−0.021 s"
    assert quantity(1.333, Metric("mae", "", "events", "lower")) == "1.33"
    assert quantity(200016.0, Metric("mae", "", "events", "lower")) == "200,016"
    assert seconds(7) == "7.00"


@given(st.floats(min_value=0.005001, max_value=1e12))
def test_bar_range_covers_the_interval(high: float) -> None:
    estimate = Estimate(high / 2, None, 0.0, high, 5)
    low, top = bar_range(estimate, Metric("mae", "", "events", "lower"))
    assert low == 0.0
    assert high <= top * (1 + 1e-6)
    assert top <= high * 10.001


def test_bar_range_covers_the_blind_baseline() -> None:
    error = Metric("rmse", "", "number", "lower")
    noise = Estimate(3e-8, None, 2e-8, 4e-8, 5)
    assert bar_range(noise, error) == (0.0, 1.0)
    assert bar_range(noise, error, blind=Estimate(308.8, None, None, None, 5)) == (0.0, 500.0)
    assert bar_range(Estimate(0.0, None, 0.0, 0.0, 5), error) == (0.0, 1.0)


def test_interval_bar_shows_the_blind_baseline() -> None:
    estimate, blind = Estimate(0.5, 0.1, 0.25, 0.75, 9), Estimate(0.2, None, None, None, 9)
    bar = interval_bar(estimate, Metric("f1", ""), blind=blind)
    assert "--lo:25.00%;--hi:75.00%;--at:50.00%" in bar
    assert '<i class="blind" style="--at:20.00%">' in bar
    signed = interval_bar(Estimate(-1, None, -2, 0, 9), Metric("e", "", "events", "zero"))
    assert "--lo:0.00%;--hi:50.00%;--at:25.00%" in signed
    nothing = Estimate(None, None, None, None, 0)
    assert interval_bar(nothing, Metric("f1", "")) == '<div class="ci none"></div>'

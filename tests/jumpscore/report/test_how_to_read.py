"""The legend explains the metrics of every task."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evaluators import TASKS
from jumpscore.report.how_to_read import how_to_read
from jumpscore.report.summary import metric_table
from jumpscore.runs import read_run

RUNS = Path(__file__).parents[2] / "data" / "runs" / "format_2_db01f5e"


@pytest.mark.parametrize(
    ("run", "headline", "further"),
    [
        ("oracle", "mAP as the paper computes it", "Phase control"),
        ("count", "Exact count", None),
        ("spatial", "Every question scores 0 to 1 by its own rule", "Mean relative accuracy"),
        ("timelens", "How much of the answered and the true span", None),
        ("tracking", "lies in the mask of its object", "The share of the objects in a frame"),
        ("traces", "first way-point lies on the object", "Hausdorff distance"),
    ],
)
def test_how_to_read_explains_the_metrics_of_a_task(run, headline, further):
    text = how_to_read(read_run(RUNS / run).result, timelines=False)
    first, _, more = text.partition("The other metrics")
    assert headline in first
    assert further is None or further in more
    assert "95% interval" in first
    assert ("Blind baseline" in first, "*_reference*" in first) == ((run != "count",) * 2)


def test_how_to_read_leaves_out_metrics_without_a_value():
    result = read_run(RUNS / "spatial").result
    assert "First point" not in how_to_read(result, timelines=False)
    nothing = replace(result.metrics["mra"], mean=None)
    result = replace(result, metrics={**result.metrics, "mra": nothing})
    assert "Mean relative accuracy" not in how_to_read(result, timelines=False)


def test_how_to_read_of_a_task_that_is_not_installed():
    result = replace(read_run(RUNS / "spatial").result, task="somebody's")
    assert "95% interval" in how_to_read(result, timelines=False)


@pytest.mark.parametrize("name", [name for name in TASKS.names() if name != "lmms"])
def test_explanations_are_sentences(name):
    explanations = TASKS.get(name).explanations
    assert explanations
    for title, text in explanations.values():
        assert title
        assert text.endswith(".")


def test_metric_table_begins_with_the_headline():
    result = read_run(RUNS / "oracle").result
    text = metric_table(result)
    places = [text.index(f"<code>{name}</code>") for name in result.headline]
    assert places == sorted(places)
    assert places[-1] < text.index("Blind baselines and controls") < text.index("content_free_f1")
    assert text.index("content_free_f1") < text.index("Further metrics") < text.index("miss_rate")
    assert text.count("<code>") == len(result.metrics)


@pytest.mark.parametrize("name", ["spatial", "tracking", "traces"])
def test_headlines_contain_the_headline_of_a_run(name):
    assert read_run(RUNS / name).result.headline[0] in TASKS.get(name).headlines

"""What an endpoint's answers used and cost, from the dry run to the page."""

from __future__ import annotations

import json

import pytest

from jumpscore.cli.run import run_task
from jumpscore.errors import UsageError
from jumpscore.harness.factory import make_model
from model_wrappers.openai_compatible.wrapper import OpenAICompatible, OpenAICompatibleOptions
from tests.model_wrappers.openai_compatible.server import MockServer

pytest.importorskip("openai")
PRICES = ("model.price_input=3", "model.price_output=15")


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-x")
    monkeypatch.setattr("model_wrappers.openai_compatible.calls.FIRST_PAUSE", 0.01)
    with MockServer() as running:
        yield running


@pytest.fixture
def run(server, tiny_set, tmp_path, capsys):
    def run(*words, dry_run=False, report=False, as_json=True):
        arguments = ["model=openai", "model.served_model=mock", f"model.base_url={server.url}"]
        arguments += [f"task.data={tiny_set}", "input=frames", "input.count=4", *words]
        arguments += [f"run.folder={tmp_path / 'runs'}", "run.name=mine"]
        run_task(arguments, dry_run=dry_run, report=report, as_json=as_json)
        text = capsys.readouterr().out
        return json.loads(text) if as_json else text

    return run


def test_evaluate_reports_usage_and_cost(run, tmp_path):
    result = run(*PRICES, report=True)
    # The server reports 100 tokens in, 60 of them pictures, and 7 out, three times.
    assert result["tokens"] == {
        "answers": 3, "prompt": 300, "visual": 180, "output": 21,
        "prompt_untold": 0, "visual_untold": 0, "output_untold": 0,
    }  # fmt: skip
    assert result["cost_usd"] == pytest.approx((300 * 3 + 21 * 15) / 1e6)
    page = (tmp_path / "runs" / "mine" / "report.html").read_text()
    assert "<dt>Tokens</dt><dd>300 in (180 of them visual), 21 out</dd>" in page
    assert "<dt>Cost</dt><dd>$0.0012</dd>" in page


def test_prices_may_be_added_later(server, run):
    assert "cost" not in run(as_json=False)
    requests = len(server.bodies)
    text = run(*PRICES, as_json=False)
    assert "tokens: 300 in (180 of them visual), 21 out; cost: $0.0012" in text
    assert len(server.bodies) == requests


def test_cost_is_a_lower_bound_without_usage(server, run):
    server.faults = [("status", 400)]
    text = run(*PRICES, "model.concurrency=1", as_json=False)
    assert "tokens: 200 in (120 of them visual), 14 out; 1 of 3 answers without counts" in text
    assert "$0.0008 at least" in text


def test_dry_run_plans_every_repeat(server, run):
    plan = run(*PRICES, "model.max_new_tokens=100", dry_run=True)
    assert not server.bodies
    assert (plan["samples"], plan["repeats"]) == (3, 1)
    # Four frames of 64x48 become 2x2 blocks each; "<0.0 seconds>" is 8 tokens with its markers.
    assert plan["planned_visual_tokens"] == 3 * 4 * 4
    assert plan["planned_stamp_tokens"] == 3 * 4 * 8
    letters = len(plan["first_prompt"])
    assert plan["estimated_prompt_tokens"] == 3 * -(-letters // 4)
    assert plan["most_output_tokens"] == 300
    sent = 48 + 96 + plan["estimated_prompt_tokens"]
    assert plan["input_cost_usd"] == pytest.approx(sent * 3 / 1e6)
    assert plan["most_cost_usd"] == pytest.approx((sent * 3 + 300 * 15) / 1e6)
    five = run(*PRICES, "model.max_new_tokens=100", "run.repeats=5", dry_run=True)
    for key in ("planned_visual_tokens", "planned_stamp_tokens", "most_output_tokens"):
        assert five[key] == 5 * plan[key]
    assert five["most_cost_usd"] == pytest.approx(5 * plan["most_cost_usd"])
    text = run(*PRICES, dry_run=True, as_json=False)
    assert "cost with the longest answers: about $0." in text
    assert "letters / 4" in text


def test_dry_run_cost_of_a_video_is_unknown(server, tiny_set, capsys):
    words = ["model=openai", "model.served_model=mock", f"model.base_url={server.url}", *PRICES]
    words += [f"task.data={tiny_set}", "input=video"]
    run_task(words, dry_run=True, report=False, as_json=False)
    text = capsys.readouterr().out
    assert "visual tokens: not known before the run" in text
    assert "cost of what is sent: not known before the run" in text


def test_repeats_use_other_seeds_and_sum_costs(server, run):
    result = run(*PRICES, "model.temperature=1", "model.seed=10", "run.repeats=3")
    assert sorted(body["seed"] for body in server.bodies) == [10] * 3 + [11] * 3 + [12] * 3
    assert result["seeds"] == [10, 11, 12]
    assert result["tokens"]["prompt"] == 900
    assert result["cost_usd"] == pytest.approx(3 * (300 * 3 + 21 * 15) / 1e6)


def test_options_need_both_prices():
    with pytest.raises(
        UsageError, match=r"model\.price_output is not set; set both prices or neither"
    ):
        make_model("openai", {"served_model": "x", "price_input": 1.0})
    with pytest.raises(UsageError, match=r"model\.price_input=-1: .*greater than or equal to 0"):
        make_model("openai", {"served_model": "x", "price_input": -1, "price_output": 1})
    plain, priced = (
        OpenAICompatible(OpenAICompatibleOptions(served_model="x", **prices))
        for prices in ({}, {"price_input": 1.0, "price_output": 2.0})
    )
    assert plain.identity() == priced.identity()

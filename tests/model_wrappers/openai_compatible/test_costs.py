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
        given = ["model=openai", "model.served_model=mock", f"model.base_url={server.url}"]
        given += [f"task.data={tiny_set}", "input=frames", "input.count=4", *words]
        given += [f"run.folder={tmp_path / 'runs'}", "run.name=mine"]
        run_task(given, dry_run=dry_run, report=report, as_json=as_json)
        text = capsys.readouterr().out
        return json.loads(text) if as_json else text

    return run


def test_a_run_says_what_its_answers_used_and_cost(run, tmp_path):
    found = run(*PRICES, report=True)
    # The server says 100 tokens in, 60 of them pictures, and 7 out, three times.
    assert found["tokens"] == {
        "answers": 3, "prompt": 300, "visual": 180, "output": 21,
        "prompt_untold": 0, "visual_untold": 0, "output_untold": 0,
    }  # fmt: skip
    assert found["cost_usd"] == pytest.approx((300 * 3 + 21 * 15) / 1e6)
    page = (tmp_path / "runs" / "mine" / "report.html").read_text()
    assert "<dt>Tokens</dt><dd>300 in (180 of them visual), 21 out</dd>" in page
    assert "<dt>Cost</dt><dd>$0.0012</dd>" in page


def test_prices_are_no_identity_and_may_come_later(server, run):
    assert "cost" not in run(as_json=False)
    asked = len(server.bodies)
    text = run(*PRICES, as_json=False)
    assert "tokens: 300 in (180 of them visual), 21 out; cost: $0.0012" in text
    assert len(server.bodies) == asked


def test_an_answer_that_does_not_tell_makes_it_a_least(server, run):
    server.faults = [("status", 400)]
    text = run(*PRICES, "model.concurrency=1", as_json=False)
    assert "tokens: 200 in (120 of them visual), 14 out; 1 of 3 answers without counts" in text
    assert "$0.0008 at least" in text


def test_a_dry_run_plans_every_repeat_and_asks_nothing(server, run):
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


def test_what_a_video_costs_nobody_knows_before(server, tiny_set, capsys):
    words = ["model=openai", "model.served_model=mock", f"model.base_url={server.url}", *PRICES]
    words += [f"task.data={tiny_set}", "input=video"]
    run_task(words, dry_run=True, report=False, as_json=False)
    text = capsys.readouterr().out
    assert "visual tokens: not known before the run" in text
    assert "cost of what is sent: not known before the run" in text


def test_repeats_ask_with_other_seeds_and_add_up(server, run):
    found = run(*PRICES, "model.temperature=1", "model.seed=10", "run.repeats=3")
    assert sorted(body["seed"] for body in server.bodies) == [10] * 3 + [11] * 3 + [12] * 3
    assert found["seeds"] == [10, 11, 12]
    assert found["tokens"]["prompt"] == 900
    assert found["cost_usd"] == pytest.approx(3 * (300 * 3 + 21 * 15) / 1e6)


def test_prices_come_together_and_are_no_identity():
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

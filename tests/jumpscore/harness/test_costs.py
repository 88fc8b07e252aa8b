from __future__ import annotations

import pytest

from jumpscore.harness.costs import PlannedTokens, Prices, cost, planned_tokens, spending
from jumpscore.records import Question, Response, Turn, Usage

PRICES = {"price_input": 3.0, "price_output": 15.0}


def test_planned_tokens_by_hand():
    history = (Turn("user", "How many?"), Turn("assistant", "3"))
    question = Question("a", (), "When is each jump?", history)
    # 9 + 9 + 1 + 18 letters are 37, and 37 / 4 is 10 when rounded up.
    tokens = planned_tokens(question, visual=(64, 32), system="Be brief.", max_new_tokens=100)
    assert tokens == PlannedTokens(questions=1, visual=64, stamps=32, prompt=10, output=100)
    assert tokens.input == 106
    five = (tokens + tokens).times(5)
    assert five == PlannedTokens(questions=10, visual=640, stamps=320, prompt=100, output=1000)
    # 1,060 x $3 and 1,000 x $15 per million.
    prices = Prices(3.0, 15.0)
    assert cost(prices, input=five.input, output=0) == pytest.approx(0.00318)
    assert cost(prices, input=five.input, output=five.output) == pytest.approx(0.01818)


def test_planned_tokens_unknown_parts_stay_unknown():
    known = planned_tokens(Question("a", (), "When?"), visual=(64, 32), max_new_tokens=100)
    unknown = planned_tokens(Question("b", (), "When?"), visual=None)
    both = (known + unknown).times(2)
    assert (both.visual, both.stamps, both.output, both.input) == (None, None, None, None)
    assert (both.questions, both.prompt) == (4, 8)
    assert cost(Prices(3.0, 15.0), input=both.input, output=0) is None


def test_spending_by_hand():
    answers = [
        Response("a", usage=Usage(visual=60, visual_source="measured", prompt=100, output=7)),
        Response("b", usage=Usage(prompt=50, output=3)),
        Response("c", finish_reason="error", error="the server is down"),
    ]
    spent = spending(answers, PRICES)
    tokens = spent.tokens
    assert (tokens.answers, tokens.prompt, tokens.visual, tokens.output) == (3, 150, 60, 10)
    assert (tokens.prompt_untold, tokens.visual_untold, tokens.output_untold) == (1, 2, 1)
    assert tokens.missing == 1
    # 150 x $3 and 10 x $15 per million.
    assert spent.cost == pytest.approx(0.0006)


def test_spending_without_prices_or_counts():
    counted = [Response("a", usage=Usage(prompt=100, output=7))]
    assert spending(counted, {}).cost is None
    assert spending(counted, {"price_input": None, "price_output": None}).cost is None
    assert spending([Response("a", "[]")], PRICES).cost is None
    assert spending([], PRICES).cost is None
    assert spending(counted, {"price_input": 0.0, "price_output": 0.0}).cost == 0.0

from __future__ import annotations

import pytest

from jumpscore.answers import prepare

CLOSED = [
    "<think>0.1</think>",
    "<think>\n0.1\n</think>\n\n",
    "0.1</think>",
    "<thinking>0.1</thinking>",
    "<thought>0.1</thought>",
    "<reasoning>0.1</reasoning>",
    "<analysis>0.1</analysis>",
    "<reflection>0.1</reflection>",
    "<scratchpad>0.1</scratchpad>",
    "<seed:think>0.1</seed:think>",
    "<longcat_think>0.1</longcat_think>",
    "<|think|>0.1<|/think|>",
    "◁think▷0.1◁/think▷",
    "[THINK]0.1[/THINK]",
    "<|channel|>analysis<|message|>0.1<|end|><|start|>assistant<|channel|>final<|message|>",
    "analysisLet me see 0.1assistantfinal",
    "<|START_THINKING|>0.1<|END_THINKING|>",
    "<|begin_of_thought|>0.1<|end_of_thought|>",
    "<|inner_prefix|>0.1<|inner_suffix|>",
    "<unused94>thought\n0.1<unused95>",
    "<|channel>thought\n0.1<channel|>",
    "Here is my thought process: 0.1 Here is my response: ",
    "Here's my thought process:\n0.1\nHere's my response:\n",
    "<think>0.1</think> no, <think>0.2</think>",
    "＜think＞0.1＜/think＞",
]


@pytest.mark.parametrize("thought", CLOSED)
def test_prepare_removes_reasoning(thought):
    answer = prepare(thought + "0.5, 1.0")
    assert (answer.text.strip(), answer.reasoning) == ("0.5, 1.0", "closed")


@pytest.mark.parametrize(
    "text", ["<think>[0.1], or [0.2", "◁think▷0.1", "[THINK]0.1", "<|START_THINKING|>0.1"]
)
def test_prepare_unclosed_reasoning(text):
    answer = prepare(text)
    assert (answer.text.strip(), answer.reasoning) == ("", "unclosed")


@pytest.mark.parametrize(
    "text",
    ["<think/>[0.5]", "Here is my response: [0.5]", "analysis: [0.5]", "I think [0.5]", "[0.5]"],
)
def test_prepare_leaves_words_like_markers(text):
    answer = prepare(text)
    assert (answer.text, answer.reasoning) == (text, "none")

from __future__ import annotations

import pytest

from jumpscore.answers import prepare


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("<answer>0.5</answer>", "0.5"),
        ('<answer type="list">0.5</answer>', "0.5"),
        ("<final_answer>0.5</final_answer>", "0.5"),
        ("<answer>0.5", "0.5"),
        ("\\boxed{0.5}", "0.5"),
        ("$\\boxed{0.5}$", "0.5"),
        ("\\boxed{\\text{0.5}}", "0.5"),
        ("<|begin_of_box|>0.5<|end_of_box|>", "0.5"),
        ("0.5<|im_end|>", "0.5"),
        ("0.5</s>", "0.5"),
        ("0.5<｜end▁of▁sentence｜>", "0.5"),
        ("0.5<|eot_id|><|start_header_id|>user<|end_header_id|>\n7", "0.5"),
        ("<|im_start|>assistant\n0.5<|im_end|>", "0.5"),
        ("<start_of_turn>model\n0.5<end_of_turn>", "0.5"),
        ("ASSISTANT: 0.5\nUSER: and 7?", "0.5"),
        ("assistant\n0.5", "0.5"),
        ("```json\n0.5\n```", "0.5"),
        ("```json[0.5]```", "[0.5]"),
        ("[np.float64(0.5)]", "[           0.5 ]"),
        ("0.5&nbsp;s", "0.5      s"),
        ("$0.5\\,\\text{s}$", "0.5        s"),
    ],
)
def test_prepare_blanks_wrappers(text, inside):
    assert prepare(text).text.strip() == inside


@pytest.mark.parametrize(
    ("text", "aside"),
    [
        ("I saw 0.3. <answer>0.5</answer>", ["I saw 0.3. <answer>"]),
        ("0.5<|im_end|>\n<|im_start|>user\n7", ["\n<|im_start|>user\n7"]),
        ("0.5<|im_end|>", []),
        ("<answer>0.5</answer>", []),
    ],
)
def test_prepare_reports_text_set_aside(text, aside):
    assert [text[low:high] for low, high in prepare(text).aside] == aside


def test_prepare_separates_blocks_by_lines():
    answer = prepare("<answer>0.5</answer><answer>1.0</answer>")
    assert answer.text.split("\n")[0].strip() == "0.5"
    assert answer.text.split("\n")[1].strip() == "1.0"

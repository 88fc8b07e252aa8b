"""Right answers about places are read correctly, at least whenever public readers do so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from evaluators.spatial import parse_choice, parse_word
from tests.differential.public import lmms_eval
from tests.jumpscore.answers.right_places import (
    OPTIONS,
    PARSERS,
    WORDS,
    Generated,
    doubtful,
    generate,
)
from tests.test_answers_table import box, number, points, trace

READ: dict[str, Callable[[str], Any]] = {
    "points": points,
    "box": box,
    "number": number,
    "choice": lambda text: parse_choice(text, OPTIONS).letter,
    "word": lambda text: parse_word(text, WORDS).letter,
    "trace": trace,
}
COUNT = 700


@pytest.mark.parametrize("parser", PARSERS)
def test_parsers_of_places_read_right_answers(parser: str):
    for answer in generate(parser, COUNT):
        assert READ[parser](answer.text) == answer.right, answer


# The public readers of lmms-eval, each as a function from an answer to whether it is read right.


def scorer(task: str) -> Any:
    return lmms_eval(f"tasks.{task}.utils")


def tuples_right(answer: Generated) -> bool:
    read = scorer("where2place")._text2pts(answer.text, is_absolute=True)
    return [list(point) for point in read.tolist()] == answer.right


def point_2d_right(answer: Generated) -> bool:
    read = scorer("robo_spatial").json2pts(answer.text, 10**6, 10**6).tolist()
    return bool(answer.right) and _near(read, answer.right)


def lists_right(answer: Generated) -> bool:
    read = scorer("where2place").parse_point2d(answer.text, 10**6, 10**6).tolist()
    return _near(read, answer.right)


def _near(read: list[list[float]], right: list[list[float]]) -> bool:
    """Whether millionths are the right points, thousandths or fractions."""
    if len(read) != len(right):
        return False
    expected = [[v * (1000 if isinstance(v, int) else 10**6) for v in point] for point in right]
    return all(
        abs(a - b) <= 1
        for one, other in zip(read, expected, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def one_box_right(answer: Generated) -> bool:
    read = scorer("refcoco_grounding")._parse_pred_boxes(answer.text)
    return len(read) > 0 and all(one == answer.right for one in read)


def best_box_right(answer: Generated) -> bool:
    return answer.right in scorer("refcoco_grounding")._parse_pred_boxes(answer.text)


def first_number_right(answer: Generated) -> bool:
    return bool(scorer("vsibench").extract_number(answer.text) == answer.right)


def letter_right(task: str) -> Callable[[Generated], bool]:
    return lambda answer: scorer(task)._extract_answer_letter(answer.text) == answer.right


def mmsi_right(answer: Generated) -> bool:
    read = scorer("mmsi_bench").extract_single_choice_with_word_boundary(answer.text, answer.right)
    return bool(read == 1.0)


def last_line_right(answer: Generated) -> bool:
    return bool(scorer("robo_spatial").evaluate_binary_answer(WORDS[answer.right], answer.text))


PUBLIC: dict[str, tuple[str, Callable[[Generated], bool]]] = {
    "where2place": ("points", tuples_right),
    "where2place, json": ("points", lists_right),
    "robo_spatial": ("points", point_2d_right),
    "refcoco": ("box", one_box_right),
    "refcoco, best of all": ("box", best_box_right),
    "vsibench": ("number", first_number_right),
    "blink": ("choice", letter_right("blink")),
    "cv_bench": ("choice", letter_right("cv_bench")),
    "embspatial": ("choice", letter_right("embspatial")),
    "mmsi_bench": ("choice", mmsi_right),
    "robo_spatial, yes or no": ("word", last_line_right),
}
DISAGREE = {
    ("refcoco, best of all", "two boxes"),
    ("vsibench", "other numbers behind"),
    ("vsibench", "range"),
    ("blink", "two letters"),
    ("blink", "last in brackets"),
    ("cv_bench", "two letters"),
    ("embspatial", "two letters"),
    ("mmsi_bench", "two letters"),
}
"""(public reader, form of doubtful answers) where theirs may be right and ours refuses to guess."""


@pytest.mark.parametrize("name", PUBLIC)
def test_parsers_of_places_agree_with_public_readers(name: str):
    parser, right = PUBLIC[name]
    for answer in generate(parser, COUNT // 2, seed=1):
        if right(answer):
            assert READ[parser](answer.text) == answer.right, answer
    disagree = {
        (name, answer.form)
        for answer in doubtful(parser, COUNT // 2)
        if right(answer) and READ[parser](answer.text) != answer.right
    }
    assert disagree == {pair for pair in DISAGREE if pair[0] == name}


@pytest.mark.parametrize("parser", PARSERS)
def test_parsers_of_places_never_misread_doubtful_answers(parser: str):
    for answer in doubtful(parser, COUNT // 4):
        assert READ[parser](answer.text) in (None, answer.right), answer

"""Literals, against Python's own reader, and the readers of traces on hostile texts."""

from __future__ import annotations

import ast
import random
import warnings
from contextlib import suppress

import pytest

from evaluators.spatial.roborefer import roborefer_accuracy
from evaluators.traces.literals import LiteralError, read_literal
from evaluators.traces.references import (
    tracespatial_reference,
    vabench_reference,
)
from evaluators.traces.sharerobot import sharerobot_points
from jumpscore.scoring import ReferenceCrashError
from tests.differential.test_trace_readers import MASK
from tests.support import assert_linear

PIECES = (
    "[", "]", "(", ")", "{", "}", ",", ", ", ":", " ", "\n", "# c\n", "1", "0", "12", "012", "0.5",
    ".5", "1.", "1e3", "-", "+", "*", "'a'", '"b"', "''", "True", "None", "...", "x", "[1, 2]",
    "(1, 2)", "[0.1, 0.2]", "{1: 2}", "1_0", "0x1F", "\t", "'''q'''", "r'\\d'", "'\\x4'", "u'k'",
    "-1", "1 2", "--1", "-(1)", "=", "00", "\u00a0", "３", "{'point': [1, 2]}", "- 1",
)  # fmt: skip
ARITHMETIC = (
    "1", "2", "0.5", "3", "+", "-", "*", "/", "//", "%", "(", "(", ")", ")", ",", " ", "640", "0",
    "-",
)  # fmt: skip


def outcome(reader, text: str) -> str:
    try:
        return repr(reader(text))
    except (ValueError, SyntaxError, TypeError, ArithmeticError):
        return "refused"


def draw(source: random.Random, pieces: tuple[str, ...]) -> str:
    inner = "".join(source.choice(pieces) for _ in range(source.randint(1, 8)))
    return inner if source.random() < 0.5 else f"[{inner.replace(' ', ', ')}]"


def test_read_literal_equals_python():
    source = random.Random(0)
    read = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(20_000):
            text = draw(source, PIECES)
            expected = outcome(ast.literal_eval, text)
            assert outcome(read_literal, text) == expected, text
            read += expected != "refused"
    assert read > 1_500


def test_read_literal_arithmetic_equals_python():
    source = random.Random(0)
    read = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(10_000):
            text = f"[[{''.join(source.choice(ARITHMETIC) for _ in range(source.randint(1, 8)))}]]"
            if "**" in text or "()" in text.replace(" ", ""):
                continue  # powers are refused, and tuples are not operands
            expected = outcome(lambda text: eval(text, {}), text)
            assert outcome(lambda text: read_literal(text, arithmetic=True), text) == expected, text
            read += expected != "refused"
    assert read > 500


@pytest.mark.parametrize(
    "text",
    ["f'{1}'", "[1, 2", "[1)", "1 + 2", "{1: 2, 3}", "set([1])", "[i for i in (1, 2)]"],
)
def test_read_literal_refuses_other_text(text):
    with pytest.raises(LiteralError):
        read_literal(text)


@pytest.mark.parametrize("text", ["2 ** 9", "1 << 2", "int(3)", "9 " * 3, "'a' + 'b'", "[1] * 9"])
def test_read_literal_calculates_numbers_only(text):
    with pytest.raises(LiteralError):
        read_literal(text, arithmetic=True)


HOSTILE = {
    "open brackets": lambda n: "[" * n,
    "brackets and one end": lambda n: "[" * n + "1]",
    "lists without an end": lambda n: "[[1]," * (n // 5) + "x",
    "lists of lists": lambda n: "[" + "[1, 2], " * (n // 8),
    "points": lambda n: "<point>[" * (n // 8),
    "fences": lambda n: "```json\n" * (n // 8),
    "words behind fences": lambda n: "```" + "a" * n,
    "digits": lambda n: "[(" + "1" * n,
    "digits and commas": lambda n: "(" + "1, " * (n // 3),
    "spaces": lambda n: "[[1, 2]" + " " * n + "x",
    "strings": lambda n: "['a' " + "'a' " * (n // 4),
    "quotes": lambda n: "'" * n,
    "backslashes": lambda n: "'" + "\\" * n,
    "names": lambda n: "[[" + "a" * n + "]]",
    "signs": lambda n: "[[" + "-" * n + "1]]",
    "products": lambda n: "[[" + "9*" * (n // 2) + "9]]",
    "nested JSON": lambda n: "```\n" + "[" * n + "]" * n + "\n```",
    "boxes": lambda n: "(0.0, 0.0, 1.0, 1.0)" * (n // 20),
    "a box of the size of a continent": lambda n: "(0.0, 0.0, 9999999.0, 9999999.0)",
}


def test_read_literal_warns_of_nothing():
    with warnings.catch_warnings(action="error"):
        assert read_literal(r"'\(0.5\)'") == r"\(0.5\)"


@pytest.mark.parametrize("name", HOSTILE)
def test_readers_take_linear_time(name):
    def read(text):
        for reader in (
            lambda: tracespatial_reference(text, parser="text"),
            lambda: tracespatial_reference(text, parser="json"),
            lambda: vabench_reference(text),
            lambda: vabench_reference(text, reasoning=True),
            lambda: sharerobot_points(text, size=(640, 480)),
            lambda: roborefer_accuracy(text, MASK),
        ):
            with suppress(ReferenceCrashError):
                reader()

    assert_linear(read, HOSTILE[name], length=32_000)

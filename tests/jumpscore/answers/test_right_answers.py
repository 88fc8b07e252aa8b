"""Right answers about times are read correctly, at least whenever public readers do so."""

from __future__ import annotations

import ast
import importlib.util
import re
import typing
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from evaluators.temporal import parse_span
from jumpscore.scoring import parse_count, parse_times
from tests.jumpscore.answers.right_answers import right_answers

TEXTS = 4000


def same(read: Sequence[float] | None, right: Sequence[float]) -> bool:
    if read is None or len(read) != len(right):
        return False
    return all(abs(a - b) < 1e-9 for a, b in zip(read, right, strict=True))


def reads(parser: str, text: str, right: Any) -> bool:
    """Whether our parser reads a text right, with offsets that point at what it read."""
    if parser == "count":
        return parse_count(text).count == right
    if parser == "span":
        return same(parse_span(text).span, right)
    parsed = parse_times(text)
    if parsed.status != "ok" or not same(parsed.times, right):
        return False
    return all(text[a].isdigit() and text[b - 1].isdigit() for a, b in parsed.spans)


def test_parsers_of_times_read_right_answers():
    wrong = [
        (form, text, right)
        for parser, form, text, right in islice(right_answers(16), TEXTS)
        if not reads(parser, text, right)
    ]
    assert wrong == []


def public(path: str, name: str) -> Callable[[str], Any]:
    """Return one function of an installed lmms-eval, without what its module imports."""
    spec = importlib.util.find_spec("lmms_eval")
    if spec is None or spec.origin is None:
        pytest.skip("lmms-eval is not installed")
    source = (Path(spec.origin).parent / "tasks" / path).read_text(encoding="utf-8")
    tree = ast.parse(source)
    tree.body = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == name]
    scope: dict[str, Any] = {**vars(typing), "re": re, "json": importlib.import_module("json")}
    exec(compile(tree, path, "exec"), scope)
    return scope[name]


def test_parsers_of_times_agree_with_lmms_eval():
    their_times = public("jumpscore/utils.py", "extract_start_times")
    their_spans = public("timelens/utils.py", "extract_time")
    right_there = 0
    only_there = []
    for parser, form, text, right in islice(right_answers(17), TEXTS):
        if parser == "count":
            continue
        read = their_times(text) if parser == "times" else (their_spans(text) or [()])[0]
        if same(read, right):
            right_there += 1
            if not reads(parser, text, right):
                only_there.append((form, text, right))
    assert right_there > TEXTS / 10
    assert only_there == []

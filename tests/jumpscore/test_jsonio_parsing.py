"""JSON of any origin: equal keys, absurd numbers, depth, members one by one."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.jsonio import parse_json, split_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), VALUES) | st.lists(VALUES), st.sampled_from([None, 0, 2]))
def test_split_json_agrees_with_the_parser(content, indent):
    pieces = split_json(json.dumps(content, indent=indent))
    assert pieces is not None
    if isinstance(content, dict):
        assert {key: json.loads(value) for key, value in pieces} == content
    else:
        assert [json.loads(value) for _, value in pieces] == content


@given(st.text(alphabet='{}[]",:\\ a1\n', max_size=40))
def test_split_json_never_raises(text):
    pieces = split_json(text)
    try:
        content = json.loads(text)
    except ValueError:
        return
    if isinstance(content, (dict, list)):
        assert pieces is not None
        assert len(pieces) >= len(content)  # equal keys are separate pieces
    else:
        assert pieces is None


def test_split_json_of_deep_and_long_members_is_linear():
    text = '{"deep": ' + "[" * 300_000 + "]" * 300_000 + ', "digits": ' + "9" * 300_000 + "}"
    before = time.perf_counter()
    pieces = split_json(text)
    assert pieces is not None
    assert [key for key, _ in pieces] == ["deep", "digits"]
    assert split_json('{"a": ' + '"\\' * 200_000) is None
    assert time.perf_counter() - before < 5


@pytest.mark.parametrize(
    "text", ["", "1", '"a"', "{", "[1", '{"a": 1} {"b": 2}', "[1, 2}", "{1: 2}"]
)
def test_split_json_of_anything_else_is_none(text):
    assert split_json(text) is None


def test_parse_json_with_unique_keys():
    assert parse_json('{"a": 1, "b": {"a": 2}}', unique_keys=True) == {"a": 1, "b": {"a": 2}}
    assert parse_json('{"a": 1, "a": 2}') == {"a": 2}
    with pytest.raises(ValueError, match="the key 'a' occurs 2 times in one object"):
        parse_json('[{"b": {"a": 1, "a": 2}}]', unique_keys=True)

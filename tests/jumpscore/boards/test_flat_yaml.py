from __future__ import annotations

from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.boards.flat_yaml import LARGEST, parse_flat_yaml
from tests.support import assert_linear, repeated


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1\nb: *x\n", "anchors and aliases"),
        ("<<: *x\n", "anchors and aliases"),
        ("a: !!python/object/apply:os.getcwd []\n", "the tag"),
        ("a: !!str b\n", "the tag"),
        ("!!map {a: b}\n", "the tag"),
        ("a: [1, 2]\n", "nested values"),
        ("a: {b: c}\n", "nested values"),
        ("? [a]\n: b\n", "nested values"),
        ("a: " + "[" * 10_000, "nested values"),
        ("[" * 10_000, "is not a mapping"),
        ("- a\n", "is not a mapping"),
        ("", "is not a mapping"),
        ("a: 1\na: 2\n", "occurs twice"),
        ("a: 1\n---\nb: 2\n", "several documents"),
        ("a: 'b\n", "is not valid YAML"),
        ("a: b\x00\n", "is not valid YAML"),
        ("a: " + "b" * LARGEST, "more than the limit"),
    ],
)
def test_parse_flat_yaml_refuses(text, message):
    with pytest.raises(ValueError, match=message):
        parse_flat_yaml(text.encode())


def test_parse_flat_yaml_refuses_other_encodings():
    with pytest.raises(ValueError, match="utf-8"):
        parse_flat_yaml(b"a: \xff\n")


def test_parse_flat_yaml_values_are_text():
    content = b"\xef\xbb\xbfa: no\nb: 1.0\nc: 2026-01-01\nd: ~\ne: '~'\n# note\nf: |\n  x\n  y\n"
    expected = {"a": "no", "b": "1.0", "c": "2026-01-01", "e": "~", "f": "x\ny\n"}
    assert parse_flat_yaml(content) == expected


PRINTABLE = st.characters(exclude_categories=["C", "Zl", "Zp"])


@given(
    st.dictionaries(
        st.text(PRINTABLE, min_size=1, max_size=20), st.text(PRINTABLE, min_size=1, max_size=40)
    )
)
def test_parse_flat_yaml_reads_what_yaml_writes(values):
    text = yaml.safe_dump(values, allow_unicode=True)
    if values:
        assert parse_flat_yaml(text.encode()) == values


@given(st.binary(max_size=200))
def test_parse_flat_yaml_any_bytes(content):
    try:
        values = parse_flat_yaml(content)
    except ValueError:
        return
    assert all(isinstance(text, str) for pair in values.items() for text in pair)


@pytest.mark.parametrize("piece", ["[", "a: b\n", "- ", "'", "? ", "#\n", "&a "])
def test_parse_flat_yaml_linear_time(piece):
    def parse(text: str) -> None:
        with suppress(ValueError):
            parse_flat_yaml(text.encode())

    assert_linear(parse, repeated(piece, "a: 1\nb: "), length=LARGEST)

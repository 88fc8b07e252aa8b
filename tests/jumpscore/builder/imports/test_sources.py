from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jumpscore.builder.imports import sources
from jumpscore.builder.imports.formats import format_of
from jumpscore.builder.imports.sources import Source, as_number
from jumpscore.errors import DataError, UsageError
from tests.support import assert_linear, repeated


@pytest.fixture
def source(tmp_path):
    def source(content: str | bytes, name: str = "file") -> Source:
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return Source(path)

    return source


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE a [<!ENTITY e "x">]>',
        '<!DOCTYPE a SYSTEM "other.dtd">',
        '<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
    ],
)
def test_xml_document_type_is_refused(source, declaration):
    with pytest.raises(DataError, match="document type declaration"):
        _ = source(f'<?xml version="1.0"?>{declaration}<a>&e;</a>').xml


def test_xml_nesting_limit(source):
    deep = sources.DEEPEST_XML
    assert source("<a>" * deep + "</a>" * deep).xml is not None
    with pytest.raises(DataError, match="nested deeper than 64"):
        _ = source("<a>" * 100_000).xml


@pytest.mark.parametrize("text", ["<a>", "<a></b>", "<a>&other;</a>", "<a x='1' x='2'/>"])
def test_xml_malformed(source, text):
    with pytest.raises(DataError, match="not valid XML"):
        _ = source(text).xml


def test_json_nesting_and_digits(source):
    for text in ("[" * 100_000, "[" + "9" * 5000 + "]", "{"):
        with pytest.raises(DataError, match="not valid JSON"):
            _ = source(text).json


def test_content_size_limit(source, monkeypatch):
    monkeypatch.setattr(sources, "LARGEST_FILE", 10)
    with pytest.raises(DataError, match="has 11 bytes, more than the limit of 10"):
        _ = source("x" * 11).content


def test_text_other_encoding(source):
    with pytest.raises(DataError, match="is not UTF-8"):
        _ = source("é,time".encode("latin-1")).text


def test_content_missing_file(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        format_of(Source(tmp_path / "missing.eaf"))


@given(
    st.one_of(
        st.text("0123456789eE+-._infa ", max_size=50),
        st.floats(),
        st.integers(),
        st.none(),
        st.booleans(),
    )
)
def test_as_number_is_finite(value):
    number = as_number(value)
    assert number is None or abs(number) <= sources.LARGEST_NUMBER


def test_error_cuts_long_values(source):
    with pytest.raises(DataError, match=r"unknown encoding.* \.\.\. .*export it again$") as error:
        _ = source(f'<?xml version="1.0" encoding="{"a" * 5000}"?><b/>').xml
    assert len(str(error.value)) < 1000


@pytest.mark.parametrize("piece", ["<b/>", "<b>x</b>", "x"])
def test_xml_linear_time(source, piece):
    def read(text):
        return source(text).xml

    assert_linear(read, lambda length: f"<a>{repeated(piece)(length)}</a>", length=512_000)


def test_format_of_unknown(source):
    with pytest.raises(DataError, match=r"none of the supported formats .*boris"):
        format_of(source("hello"))
    with pytest.raises(UsageError, match="unknown format 'bors'; did you mean 'boris'"):
        format_of(source("hello"), "bors")

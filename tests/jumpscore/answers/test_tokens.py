from __future__ import annotations

import pytest

from jumpscore.answers import prepare, tokenize


def values(text: str) -> list[tuple[str, float]]:
    tokens = tokenize(prepare(text).text)
    return [(token.kind, token.value) for token in tokens if token.value is not None]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("0.28s", [("measure", 0.28)]),
        ("280 ms", [("measure", 0.28)]),
        ("0.28秒。0.76秒", [("measure", 0.28), ("measure", 0.76)]),
        ("1 min 2.5 s", [("measure", 62.5)]),
        ("1 minute, 2.5 seconds", [("measure", 62.5)]),
        ("1 s, 500 ms", [("measure", 1.0), ("measure", 0.5)]),
        ("2m3.5s 1'02\"", [("measure", 123.5), ("measure", 62.0)]),
        ("10-second clip", [("measure", 10.0)]),
        ("**0.28** s", [("measure", 0.28)]),
        ("First: 0.28\nSecond: 0.76", [("number", 0.28), ("number", 0.76)]),
        ("00:12,00:15", [("clock", 12.0), ("clock", 15.0)]),
        ("00:00:01,240 --> 00:01,500", [("clock", 1.24), ("clock", 1.5)]),
        ("1:0.28", [("number", 1.0), ("number", 0.28)]),
        ("12% 12 percent", [("percent", 12.0), ("percent", 12.0)]),
        ("frames 96 to 153", [("frames", 96.0), ("frames", 153.0)]),
        ("12, 15, 20 frames", [("frames", 12.0), ("frames", 15.0), ("frames", 20.0)]),
        ("_0.28_ __0.5__", [("number", 0.28), ("number", 0.5)]),
        ("v1.5 t0.28 1.2.3 3D 1/2 0:75", []),
        ("9" * 31, []),
        ("-0.5 3-4 3 -4", [("number", v) for v in (-0.5, 3.0, 4.0, 3.0, -4.0)]),
    ],
)
def test_tokenize_numbers_and_units(text, read):
    assert values(text) == read


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ('{"start time": 0.28, x1=3}', ["start time", "x1"]),
        ("时间：0.28", ["时间"]),
        ("начало: 3", ["начало"]),
        ("point_2d: [1, 2]", ["point_2d"]),
    ],
)
def test_tokenize_keys(text, keys):
    tokens = tokenize(prepare(text).text)
    assert [token.text for token in tokens if token.kind == "key"] == keys


def test_tokenize_tags():
    assert [t.kind for t in tokenize('<points coords="1 2">')] == ["tag"]
    assert [t.kind for t in tokenize('<points coords="1 2')] == ["tag"]
    assert "number" in [t.kind for t in tokenize("<time 0.28>")]
    assert "number" in [t.kind for t in tokenize("x <y 0.5, 0.7")]

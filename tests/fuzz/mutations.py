"""Seeded changes of inputs: bytes, numbers, texts, nesting, and values inside JSON."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any

LARGEST = 100_000
"""Size limit of an input in bytes."""
NUMBERS = (
    *("0", "-0", "-1", "1", "00", "1.", ".5", "1e5", "1e308", "1e999", "-1e999", "1e-400", "0x1f"),
    *("NaN", "Infinity", "-Infinity", "nan", "inf", "1_000", "1,000", "0,28", "٣", "²", "½", "1/0"),
    *("9007199254740993", "2147483648", "-9223372036854775809", "18446744073709551616", "True"),
    *(
        "1e",
        "1e+",
        "--1",
        "9" * 400,
        "9" * 4400,
        "1" + "0" * 310,
        "0." + "3" * 400,
        "00:61",
        "1:2:3",
    ),
)
WORDS = (
    *("null", "true", "[]", "{}", '""', "''", "[[]]", '{"":{}}', "[null]", "id", "times", "None"),
    *(
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "<![CDATA[",
        "]]>",
        "&lt;",
        "&#0;",
    ),
    *('"', "'", "\\", "\\u0000", "\\ud800", "\\x", "`", "```", "```json\n", "**", "#", "|", "---"),
    *(
        ",",
        ";",
        ":",
        "=",
        "\n",
        "\r\n",
        "\r",
        "\t",
        " ",
        "\0",
        "\x1b[2J",
        "\v",
        "\f",
        "\x85",
        "\u2028",
    ),
    *(
        "\ufeff",
        "\u202e",
        "\u200b",
        "\ud800",
        "\U0001f3bf",
        "ﬁ",
        "İ",
        "ß",
        "e\u0301",
        "−",
        "–",
        "，",
    ),
    *(
        "../canary.txt",
        "/etc/hostname",
        "a/../../canary.txt",
        "\\\\host\\share",
        "CON",
        "file:///",
        ".",
    ),
    *(
        "<think>",
        "</think>",
        "<answer>",
        "</answer>",
        "\\boxed{",
        "<|im_end|>",
        "Final answer:",
        "$",
    ),
    *(
        "&a",
        "*a",
        "!!python/object",
        "<<: *a",
        "%YAML 9.9",
        "?",
        "- ",
        "|-",
        "<!DOCTYPE x>",
        "=1+1",
    ),
    *(
        "seconds",
        " to ",
        "-->",
        "x",
        "y",
        "s",
        "ms",
        "min",
        "%",
        "1s",
        "00:00:01.000",
        "@",
        "~",
        "*",
    ),
)
TOKENS = tuple(text.encode("utf-8", "surrogatepass") for text in (*NUMBERS, *WORDS))
VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, -0.5, 1e308, 10**30, -(10**18), 2**63, float("nan")),
    *(
        float("inf"),
        "",
        " ",
        "a",
        "1",
        "1.0",
        "nan",
        "\0",
        "\ud800",
        "../canary.txt",
        "/etc/hostname",
    ),
    *([], {}, [[]], [None], {"": None}, [1], ["a"], {"id": "a"}, "x" * 3000, [0] * 200, 10**400),
)
_NUMBER = re.compile(rb"\d[\d.]*")
_QUOTED = re.compile(rb'"[^"\n]{0,200}"')


class Mutator:
    """Makes new inputs out of a corpus.

    Args:
        chance: Generator of random numbers.
        corpus: Inputs; may grow.
    """

    def __init__(self, chance: random.Random, corpus: Sequence[bytes]) -> None:
        self.chance, self.corpus = chance, corpus

    def next(self) -> bytes:
        """Return a new input of at most ``LARGEST`` bytes."""
        content = self.chance.choice(self.corpus)
        for _ in range(self.chance.choice((1, 1, 1, 2, 2, 3, 5, 8))):
            content = self.chance.choice(CHANGES)(self, content)[:LARGEST]
        return content

    def part(self, content: bytes) -> tuple[int, int]:
        """Return the limits of a part, mostly a short one."""
        start = self.chance.randint(0, len(content))
        length = self.chance.choice((1, 2, 4, 8, 16, 64, 256, len(content)))
        return start, min(len(content), start + self.chance.randint(0, length))

    def splice(self, content: bytes) -> bytes:
        """Put a part of another input in place of a part."""
        low, high = self.part(content)
        other = self.chance.choice(self.corpus)
        start, end = self.part(other)
        return content[:low] + other[start:end] + content[high:]

    def repeat(self, content: bytes) -> bytes:
        """Repeat a part, rarely up to the largest size."""
        low, high = self.part(content)
        most = self.chance.choice((2, 3, 8, 40, 40, 200, LARGEST))
        times = min(most, (LARGEST - len(content)) // max(1, high - low))
        return content[:low] + content[low:high] * max(0, times) + content[high:]

    def truncate(self, content: bytes) -> bytes:
        """Leave out the end or the start."""
        place = self.chance.randint(0, len(content))
        return content[:place] if self.chance.random() < 0.7 else content[place:]

    def delete(self, content: bytes) -> bytes:
        """Leave out a part."""
        low, high = self.part(content)
        return content[:low] + content[high:]

    def flip(self, content: bytes) -> bytes:
        """Change a few bits."""
        changed = bytearray(content)
        for _ in range(self.chance.choice((1, 1, 2, 8)) if content else 0):
            changed[self.chance.randrange(len(changed))] ^= 1 << self.chance.randrange(8)
        return bytes(changed)

    def insert(self, content: bytes) -> bytes:
        """Insert an odd number, character or word."""
        place = self.chance.randint(0, len(content))
        return content[:place] + self.chance.choice(TOKENS) + content[place:]

    def number(self, content: bytes) -> bytes:
        """Replace a number."""
        return self._replaced(content, _NUMBER, self.chance.choice(NUMBERS).encode())

    def quoted(self, content: bytes) -> bytes:
        """Replace a quoted text, with or without its quotes."""
        token = self.chance.choice(TOKENS)
        return self._replaced(content, _QUOTED, self.chance.choice((token, b'"%b"' % token)))

    def nest(self, content: bytes) -> bytes:
        """Nest a part deeply, or open brackets that nothing closes."""
        low, high = self.part(content)
        left, right = self.chance.choice(
            (
                (b"[", b"]"),
                (b"{", b"}"),
                (b"(", b")"),
                (b'{"a":', b"}"),
                (b"<a>", b"</a>"),
                (b"-", b""),
            )
        )
        depth = self.chance.choice((1, 3, 70, 1200, 20_000))
        end = right * depth if self.chance.random() < 0.8 else b""
        return content[:low] + left * depth + content[low:high] + end + content[high:]

    def lines(self, content: bytes) -> bytes:
        """Swap, repeat or leave out lines."""
        lines = content.split(b"\n")
        one, other = self.chance.randrange(len(lines)), self.chance.randrange(len(lines))
        if self.chance.random() < 0.5:
            lines[one], lines[other] = lines[other], lines[one]
        else:
            lines[one:other] = lines[one : one + 1] * self.chance.choice((0, 2, 3))
        return b"\n".join(lines)

    def json(self, content: bytes) -> bytes:
        """Change one value, key or length in JSON, or in one line of it."""
        lines = content.split(b"\n")
        place = self.chance.randrange(len(lines))
        whole = content[:1] in b"{[" and self.chance.random() < 0.9
        try:
            document = json.loads(content if whole else lines[place])
            lines[place] = json.dumps(self._changed(document)).encode()
        except (ValueError, RecursionError):
            return self.number(content)
        return lines[place] if whole else b"\n".join(lines)

    def _changed(self, node: Any, depth: int = 0) -> Any:
        """Return a JSON value in which one value, somewhere below, is another."""
        chance = self.chance
        if not isinstance(node, dict | list) or not node or chance.random() < 0.15:
            return chance.choice(VALUES)
        keys: list[Any] = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = chance.choice(keys)
        action = chance.random()
        if action < 0.1:
            del node[key]
        elif action < 0.17 and isinstance(node, dict):
            node[chance.choice(("", "id", "extra", "\ud800", key + "x"))] = node.pop(key)
        elif action < 0.24 and isinstance(node, list):
            node[key:key] = [node[key]] * chance.choice((1, 2, 50))
        else:
            node[key] = self._changed(node[key], depth + 1)
        return node

    def _replaced(self, content: bytes, pattern: re.Pattern[bytes], new: bytes) -> bytes:
        """Replace a match near a random place."""
        start = self.chance.randint(0, len(content))
        match = pattern.search(content, start) or pattern.search(content)
        if match is None:
            return self.insert(content)
        return content[: match.start()] + new + content[match.end() :]


CHANGES: tuple[Callable[[Mutator, bytes], bytes], ...] = (
    Mutator.splice,
    Mutator.repeat,
    Mutator.truncate,
    Mutator.delete,
    Mutator.flip,
    Mutator.insert,
    Mutator.number,
    Mutator.number,
    Mutator.quoted,
    Mutator.nest,
    Mutator.lines,
    Mutator.json,
    Mutator.json,
    Mutator.json,
)


def smallest(content: bytes, fails: Callable[[bytes], bool], *, attempts: int = 400) -> bytes:
    """Return a shorter input that still fails, by leaving out ever smaller parts."""
    size = len(content) // 2
    while size and attempts > 0:
        place = 0
        while place < len(content) and attempts > 0:
            attempts -= 1
            shorter = content[:place] + content[place + size :]
            if fails(shorter):
                content = shorter
            else:
                place += size
        size //= 2
    return content

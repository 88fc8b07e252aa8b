"""Replace HTML and XML tags with the line breaks, cells and keys that they stand for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from jumpscore.answers.keys import key_role
from jumpscore.answers.tokens import Token, tokenize
from jumpscore.answers.vocabulary import words

_NAME = re.compile(r"<(?P<shut>/?)(?P<name>[\w.:-]+)")
_LINES = frozenset(words("br li ul ol tr p div h1 h2 h3 h4 table thead tbody"))
_CELLS = frozenset(words("td th"))
_DIGIT = re.compile(r"=\s?[\"']?[\d.]")


def lay_out(tokens: Iterable[Token], text: str) -> list[Token]:
    """Return the tokens with tags replaced with line breaks, cells, keys, or their own numbers.

    >>> text = "<li>0.28 s</li><start>3.2</start>"
    >>> [token.kind for token in lay_out(tokenize(text), text)]
    ['newline', 'measure', 'newline', 'key', 'number', 'mark']
    """
    laid: list[Token] = []
    for token in tokens:
        if token.kind == "tag":
            laid += _replace(token, text)
        else:
            laid.append(token)
    return laid


def _replace(token: Token, text: str) -> Iterator[Token]:
    match = _NAME.match(token.text)
    if match is None:
        return
    name = match["name"]
    if name in _LINES:
        yield token._replace(kind="newline", text="\n")
    elif name in _CELLS:
        if not match["shut"]:
            yield token._replace(kind="pipe", text="|")
    elif not match["shut"] and _DIGIT.search(token.text):
        yield token._replace(kind="newline", text="\n")
        start = token.low + match.end()
        for inner in tokenize(text[start : token.high]):
            if inner.kind != "tag":
                yield inner._replace(low=inner.low + start, high=inner.high + start)
        yield token._replace(kind="newline", text="\n")
    elif match["shut"]:
        yield token._replace(kind="mark", text="")
    elif key_role(name) in ("start", "time", "end"):
        yield token._replace(kind="key", text=name)
    else:
        yield token._replace(kind="mark", text="")

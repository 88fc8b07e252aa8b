"""Arrange tokens into the tree of their brackets, in linear time and without recursion."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from jumpscore.answers.keys import key_role
from jumpscore.answers.tokens import TIMES, Token
from jumpscore.answers.vocabulary import AND, ANSWER_KEYS, words

_CLOSES = {"[": "]", "{": "}", "(": ")"}
_OPENS = {close: opened for opened, close in _CLOSES.items()}
_QUOTES = "\"'`"
_ANSWERS = frozenset(words("answer response output result prediction content text"))
_PROSE = frozenset(words("word key mark dash"))
_NOTHING = frozenset(words("null none nan inf infinity"))


@dataclass(slots=True)
class Node:
    """A bracket and its content.

    Attributes:
        bracket: ``[``, ``{`` or ``(``.
        low: Offset of the opening bracket.
        high: Offset after the closing bracket, or after the last token.
        place: Index of the opening bracket among the tokens.
        closed: Whether the bracket was closed.
        parts: Tokens and nodes inside.
    """

    bracket: str
    low: int
    high: int
    place: int
    closed: bool
    parts: list[Part] = field(default_factory=list)


Part = Token | Node


@dataclass(slots=True)
class Element:
    """The content between two commas of a bracket.

    Attributes:
        key: Key in lower case, or ``None``.
        parts: Tokens and nodes, without line breaks and the key.
    """

    key: str | None
    parts: list[Part]

    @property
    def low(self) -> int:
        """Offset of its first character."""
        return self.parts[0].low

    @property
    def high(self) -> int:
        """Offset after its last character."""
        return self.parts[-1].high


def arrange(tokens: list[Token]) -> list[Part]:
    """Return the tokens with every pair of brackets folded into a node.

    A bracket that is never closed stays a token unless values or keys follow it. In that case the
    answer was cut off, and the node reaches to the end.
    """
    partner = _partners(tokens)
    top: list[Part] = []
    stack: list[tuple[list[Part], int]] = [(top, len(tokens))]
    for place, token in enumerate(tokens):
        ended = False
        while len(stack) > 1 and stack[-1][1] == place:
            stack.pop()
            ended = True
        if ended:
            continue
        parts, end = stack[-1]
        close = partner.get(place)
        closed = close is not None
        if close is None and token.kind == "open" and token.text != "(" and _starts(tokens, place):
            close = end
        if close is None:
            parts.append(token)
            continue
        high = tokens[close if closed else close - 1].high
        node = Node(token.text, token.low, high, place, closed)
        parts.append(node)
        stack.append((node.parts, close))
    return top


def unquote_rows(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens with the quotes around a row of values as brackets: ``"0.28, 0.76"``.

    Only a string that is the value of a key counts as a row. It may contain words if the key names
    the answer or its times: ``{"answer": "Jump 1: 0.28 s, jump 2: 0.76 s"}``.

    >>> from jumpscore.answers.tokens import tokenize
    >>> rows = unquote_rows(tokenize('{"times": "0.28, 0.76"}'))
    >>> [token.text for token in rows]
    ['{', 'times', '[', '0.28', ',', '0.76', ']', '}']
    """
    unquoted = list(tokens)
    opened: int | None = None
    commas = 0
    for place, token in enumerate(unquoted):
        if opened is None:
            keyed = place > 0 and unquoted[place - 1].kind == "key"
            if keyed and token.kind == "mark" and token.text in _QUOTES:
                opened, commas = place, 0
        elif token.text == unquoted[opened].text:
            if commas:
                unquoted[opened] = unquoted[opened]._replace(kind="open", text="[")
                unquoted[place] = token._replace(kind="close", text="]")
            opened = None
        elif token.kind == "comma":
            commas += 1
        elif token.kind not in TIMES and token.text not in AND:
            prose = token.kind in _PROSE and _may_have_words(unquoted[opened - 1].text)
            opened = opened if prose else None
    return unquoted


def _may_have_words(key: str) -> bool:
    last = key.replace("_", " ").split()[-1:]
    named = key in ANSWER_KEYS or last[0] in _ANSWERS if last else False
    return named or key_role(key) in ("start", "time", "index")


def _partners(tokens: list[Token]) -> dict[int, int]:
    """Return the place of an opening bracket -> the place of its closing one."""
    partner: dict[int, int] = {}
    stack: list[int] = []
    waiting = dict.fromkeys(_CLOSES, 0)
    for place, token in enumerate(tokens):
        if token.kind == "open":
            stack.append(place)
            waiting[token.text] += 1
        elif token.kind == "close" and waiting[_OPENS[token.text]]:
            while (opened := stack.pop()) >= 0:
                waiting[tokens[opened].text] -= 1
                if tokens[opened].text == _OPENS[token.text]:
                    partner[opened] = place
                    break
    return partner


def _starts(tokens: list[Token], place: int) -> bool:
    """Whether a bracket opens a list or an object and not a remark."""
    for token in tokens[place + 1 : place + 8]:
        if token.kind == "newline" or (token.kind == "mark" and token.text in _QUOTES + "."):
            continue
        if token.kind == "word":
            return token.text in _NOTHING
        if token.kind == "key":
            return tokens[place].text == "{"
        return token.kind not in ("mark", "close", "comma", "tag", "label")
    return True


def elements(node: Node) -> Iterator[Element]:
    """Yield the elements between the commas of a node, without blank ones."""
    parts: list[Part] = []
    for part in node.parts:
        if isinstance(part, Token) and part.kind in ("comma", "newline"):
            if part.kind == "comma":
                if parts:
                    yield _element(parts)
                parts = []
            continue
        parts.append(part)
    if parts:
        yield _element(parts)


def _element(parts: list[Part]) -> Element:
    first = parts[0]
    if isinstance(first, Token) and first.kind == "key" and len(parts) > 1:
        return Element(first.text, parts[1:])
    # {"1": 0.28} and {1: 0.28}
    head = [part for part in parts[:4] if not (isinstance(part, Token) and part.text in _QUOTES)]
    if len(head) > 1 and len(parts) > 2 and all(isinstance(part, Token) for part in head[:2]):
        number, colon = head[0], head[1]
        if number.kind == "number" and colon.text == ":":  # type: ignore[union-attr]
            return Element(number.text, parts[parts.index(colon) + 1 :])  # type: ignore[union-attr]
    return Element(None, parts)


def plain(node: Node) -> bool:
    """Whether a node contains no other node."""
    return not any(isinstance(part, Node) for part in node.parts)


def flatten(parts: list[Part]) -> Iterator[Token]:
    """Yield the tokens of parts, in order, without the brackets of nodes."""
    stack: list[Iterator[Part]] = [iter(parts)]
    while stack:
        part = next(stack[-1], None)
        if part is None:
            stack.pop()
        elif isinstance(part, Node):
            stack.append(iter(part.parts))
        else:
            yield part

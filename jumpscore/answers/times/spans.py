"""The grammar of spans: the one span of time, from a start to an end, in an answer.

A span is written as a range (``3.2 - 5.1 s``, ``from 3.2s to 5.1s``), as a pair in brackets, or
with words or keys that name the start and the end. Two different spans are ambiguous, unless one
of them has the form that the question asks for: ``The event happens in A - B seconds``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from jumpscore.answers.answer import prepare
from jumpscore.answers.decimals import join_commas, join_in_brackets, join_thousands
from jumpscore.answers.keys import key_role, key_scale
from jumpscore.answers.markup import lay_out
from jumpscore.answers.region import behind_final_answer
from jumpscore.answers.times.list_units import fit_units
from jumpscore.answers.times.remarks import is_denied
from jumpscore.answers.times.span_tables import read_span_row
from jumpscore.answers.tokens import TIMES, VALUES, Token, tokenize
from jumpscore.answers.vocabulary import AND, AT, FRAMES, FROM, HEDGES, LASTING, TO, words

LONGEST_GAP = 16
"""Most tokens between a start and its end, and most tokens examined before a start."""
_QUIET = frozenset(("", *"\"'`*_<>$\\#"))
_HAPPENS = frozenset(words("happens happened happen occurs occurred"))
_WITHIN = frozenset(words("in from at between during within"))


@dataclass(frozen=True, slots=True)
class SpanReading:
    """The spans in an answer.

    Attributes:
        spans: Each different (start, end) in seconds, in the order of the text.
        asked: The spans in the form that the question asks for.
        places: Offsets of each span, from its first digit to after its last one.
    """

    spans: tuple[tuple[float, float], ...]
    asked: tuple[tuple[float, float], ...]
    places: tuple[tuple[int, int], ...] = ()

    @property
    def chosen(self) -> tuple[tuple[float, float], ...]:
        """The spans in the requested form if there are any, otherwise all spans."""
        return self.asked or self.spans


def read_spans(text: str, *, cut: bool = False) -> SpanReading:
    """Return the spans in an answer. Linear in the text.

    Args:
        text: The whole answer.
        cut: Whether the answer was cut off; a last number that may be incomplete is not read.

    >>> read_spans("from about 3.2s to about 5.1s").spans
    ((3.2, 5.1),)
    >>> read_spans('{"relevant_windows": [["3.2", "5.1"]]}').spans
    ((3.2, 5.1),)
    """
    answer = prepare(text)
    tokens = lay_out(tokenize(answer.text), answer.text)
    if (row := read_span_row(tokens, answer.text)) is not None and not cut:
        first, second, factor = row
        span = (_scaled(first.value or 0.0, factor), _scaled(second.value or 0.0, factor))
        return SpanReading((span,), (), ((first.low, second.high),))
    tokens = join_in_brackets(fit_units(tokens), outside=_join, tuples=False)
    if cut:
        end = answer.number_end
        tokens = [t for t in tokens if t.kind not in VALUES or t.high < end]
    tokens = [token for token in tokens if token.kind != "mark" or token.text not in _QUIET]
    tokens = _drop_others(tokens[behind_final_answer(tokens, TIMES) :])
    places = [place for place, token in enumerate(tokens) if token.kind in VALUES]
    spans: dict[tuple[float, float], tuple[int, int]] = {}
    asked: dict[tuple[float, float], None] = {}
    for pair, backwards in _pairs(tokens, places):
        span = pair.seconds()[::-1] if backwards else pair.seconds()
        if not all(map(math.isfinite, span)):
            continue
        spans.setdefault(span, (pair.first.low, pair.second.high))
        if pair.asked():
            asked[span] = None
    if not spans and len(places) == 2:
        pair = _Pair(tokens, *places)
        span = pair.seconds()
        if pair.adjacent() and all(map(math.isfinite, span)):
            spans[span] = (pair.first.low, pair.second.high)
    return SpanReading(tuple(spans), tuple(asked), tuple(spans.values()))


def _pairs(tokens: Sequence[Token], places: Sequence[int]) -> Iterator[tuple[_Pair, bool]]:
    """Yield the pairs of values that are one span, and whether the end comes first.

    In ``End of clip: 10. Start: 3.2. End: 5.1`` the start belongs to the end after it.
    """
    used, doubtful = -1, False
    for order, (a, b) in enumerate(pairwise(places)):
        pair = _Pair(tokens, a, b)
        if pair.first.kind not in TIMES or pair.second.kind not in TIMES or pair.denied():
            continue
        if pair.backwards():
            following = _Pair(tokens, b, places[order + 2]) if order + 2 < len(places) else None
            within = following is not None and following.connected() and not following.parted()
            if (a != used or doubtful) and not within:
                used = b
                yield pair, True
            doubtful = doubtful or within
        elif (a != used or not pair.parted()) and pair.connected():
            used = b
            yield pair, False


def _drop_others(tokens: list[Token]) -> list[Token]:
    """Leave out the length of the span, and frame numbers if there are at least two times."""
    others: list[Token] = []
    for token in tokens:
        last = others[-1] if others else None
        if token.kind in TIMES and last and last.kind == "key" and _is_length(last.text):
            others.pop()
        else:
            others.append(token)
    if sum(token.kind in TIMES for token in others) < 2:
        return others
    return [t for t in others if t.kind != "frames" and t.text not in FRAMES]


def _is_length(word: str) -> bool:
    return word in LASTING or word.startswith(("duration", "length", "持续", "时长"))


def _join(tokens: list[Token]) -> list[Token]:
    return join_commas(join_thousands(tokens))


class _Pair:
    """Two neighbouring values, and the tokens between and before them."""

    def __init__(self, tokens: Sequence[Token], a: int, b: int) -> None:
        self.first, self.second = tokens[a], tokens[b]
        self.gap = tokens[a + 1 : b]
        low = max(0, a - LONGEST_GAP)
        self.before = tokens[low:a]
        self.opener = tokens[a - 1] if a else None
        self.behind = tokens[b + 1] if b + 1 < len(tokens) else None

    def connected(self) -> bool:
        """Whether the two values are written as the start and the end of one span."""
        gap = [t for t in self.gap if t.kind != "newline" and t.text not in HEDGES]
        if len(gap) > 1:  # and ~5.1
            gap = [t for t in gap if t.text != "~"] or gap[:1]
        if len(gap) > LONGEST_GAP:
            return False
        if self._is_label_of_frames():
            return False
        if not gap:
            return self.second.signed
        if self._dashed(gap):
            return True
        if all(t.kind in ("comma", "close", "open") for t in gap):
            return self._bracketed(gap)
        if len(gap) == 1 and gap[0].text in AND:
            return self._between()
        return self._named(gap)

    def backwards(self) -> bool:
        """Whether the first value is called an end and the second a start."""
        return self._role(self.before) == "end" and self._role(self.gap) == "start"

    def parted(self) -> bool:
        """Whether the two values are in different objects."""
        return any(token.text in ("{", "}") for token in self.gap)

    def denied(self) -> bool:
        """Whether the answer denies the span: ``it does not happen in 1 - 2 s``."""
        texts = [token.text for token in self.before]
        while texts and (texts[-1] in _HAPPENS or texts[-1] in _WITHIN):
            texts.pop()
        return is_denied(self.before) or bool(texts and texts[-1] == "not")

    def adjacent(self) -> bool:
        """Whether the only two times of an answer are next to each other: ``3.2, 5.1``."""
        if self.first.kind not in TIMES or self.second.kind not in TIMES:
            return False
        if self.second.kind == "number" and self.behind is not None and self.behind.kind == "word":
            return False
        if self._role(self.gap) == "end":
            return True
        return not self._is_label_of_frames() and all(
            t.kind in ("comma", "newline", "pipe", "open", "close", "mark")
            or t.text in AND
            or (t.kind == "key" and key_role(t.text) == "time")
            for t in self.gap
        )

    def _is_label_of_frames(self) -> bool:
        """Whether a key such as ``start_frame`` names something other than times."""
        key = next((t for t in reversed(self.before[-3:]) if t.kind == "key"), None)
        return key is not None and key_role(key.text) == "other" and self.first.kind == "number"

    def _dashed(self, gap: Sequence[Token]) -> bool:
        links = [t for t in gap if t.kind not in ("open", "close")]
        dashes = [t for t in links if t.kind == "dash" or t.text in TO]
        others = [
            t
            for t in links
            if t.kind != "dash"
            and t.text not in TO
            and t.text not in AT
            and not (t.kind == "key" and key_role(t.text) == "time")
            and not (gap[0].text == "(" and t is gap[1] and key_role(t.text) == "start")
        ]
        return len(dashes) == 1 and not others

    def _bracketed(self, gap: Sequence[Token]) -> bool:
        """Whether a comma separates the two in one bracket."""
        commas = [t for t in gap if t.kind == "comma"]
        opened = self.opener is not None and (self.opener.kind == "open" or self.opener.text == "<")
        return len(gap) == 1 and len(commas) == 1 and opened

    def _between(self) -> bool:
        words = [t.text for t in self.before[-4:] if t.text not in HEDGES and t.text != "~"]
        return bool(words) and words[-1] in ("between", "from", "zwischen", "entre", "在")

    def _named(self, gap: Sequence[Token]) -> bool:
        """Whether words or keys name the first value a start and the second an end."""
        if self._role(gap) != "end":
            return False
        if any(t.kind == "word" and t.text in FROM and t.text != "在" for t in gap[-1:]):
            return False
        return self._role(self.before) in ("start", "from")

    def _role(self, tokens: Sequence[Token]) -> str:
        for token in reversed(tokens):
            if token.kind in VALUES:
                return "none"
            if token.kind not in ("word", "key"):
                continue
            if _is_length(token.text) and token.text not in ("in", "for", "of", "within"):
                return "length"
            role = key_role(token.text)
            if role in ("start", "end"):
                return role
            if token.text in FROM:
                return "from"
        return "none"

    def asked(self) -> bool:
        """Whether the span has the form that the question asks for."""
        words = [t.text for t in self.before if t.kind in ("word", "key") and t.text not in HEDGES]
        return len(words) > 1 and words[-2] in _HAPPENS and words[-1] in _WITHIN

    def seconds(self) -> tuple[float, float]:
        """Return the span; a unit after the second number covers both (``1.5 - 2 minutes``)."""
        first, second = self.first, self.second
        start, end = first.value or 0.0, second.value or 0.0
        if second.signed and all(t.kind == "newline" for t in self.gap):  # the sign is the dash
            end = -end
        if first.kind == "number" and second.kind == "measure":
            start = _scaled(start, second.scale)
        elif first.kind == "number" and second.kind == "number":
            scale = self._key_scale()
            start, end = _scaled(start, scale), _scaled(end, scale)
        return start, end

    def _key_scale(self) -> float:
        """Return seconds per unit that a key or a word in brackets names: ``Range (ms):``."""
        for token in reversed(self.before[-6:]):
            if token.text in HEDGES or token.text in AT or token.text in FROM:
                continue
            if token.kind in ("word", "key"):
                return key_scale(token.text)
            if token.kind not in ("mark", "open", "close"):
                break
        return 1.0


def _scaled(value: float, scale: float) -> float:
    return value / round(1 / scale) if 0 < scale < 1 else value * (scale or 1.0)

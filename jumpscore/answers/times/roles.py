"""Decide what each number on a line is: a time, the end of one, an index, a count, a length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from jumpscore.answers.keys import key_role
from jumpscore.answers.times.remarks import (
    formula_places,
    is_denied,
    is_negative_until,
    is_spacing,
    is_total,
    subtitle_places,
)
from jumpscore.answers.tokens import VALUES, Token, is_whole
from jumpscore.answers.vocabulary import (
    AND,
    AT,
    EVENTS,
    FROM,
    HEDGES,
    LASTING,
    ORDINALS,
    PLURALS,
    TIMES_COUNTED,
    TO,
    TOTALS,
    WHOLES,
    words,
)

Role = Literal[
    "time",  # with a unit, or after words that introduce a time
    "bare",  # a number without any label
    "end",  # of a span whose start is a time
    "index",  # which event it is
    "count",  # how many events there are
    "length",  # of the video, of an interval, ...
    "denied",  # explicitly not the time of an event
    "section",  # a part of the video, whose times follow
    "unknown",  # not a time, or not clearly one
]
STRUCTURE = frozenset({"end", "index"})
"""Roles of numbers that belong to a time that is read."""
_DETERMINERS = frozenset(words("the a an and or to at is are in on of with when while as for"))
_SAFE = _DETERMINERS | frozenset(words("then where respectively after before during by from"))
_BETWEEN = frozenset(words("between zwischen entre"))
_NUMBER_WORDS = frozenset(words("no nr number num"))
_LINKS = frozenset({*TO, *HEDGES, *AT, "or", "again", "then", "also", "finally", "followed", "by"})


RESTATED = 0.005
"""Largest difference in seconds between a time and its repetition in another unit."""


@dataclass(slots=True)
class Value:
    """A value on a line, its role, and the scale of a unit after its row or range (0: none)."""

    token: Token
    role: Role
    unit: float = 0.0

    @property
    def scale(self) -> float:
        """Seconds per unit of the number."""
        return self.unit or 1.0


def assign_roles(line: Sequence[Token]) -> list[Value]:
    """Return every value of a line with its role. Linear in the line.

    >>> from jumpscore.answers.tokens import tokenize
    >>> [(s.token.value, s.role) for s in assign_roles(tokenize("Jump 1: 0.5 s to 0.7 s, 3 jumps"))]
    [(1.0, 'index'), (0.5, 'time'), (0.7, 'end'), (3.0, 'count')]
    """
    places = [place for place, token in enumerate(line) if token.kind in VALUES]
    values: list[Value] = []
    last = -1
    for order, place in enumerate(places):
        after = places[order + 1] if order + 1 < len(places) else len(line)
        view = _View(line, last, place, after, values)
        values.append(Value(line[place], view.role()))
        last = place
    _cover_with_units(line, places, values)
    _mark_ranges_of_counts(line, places, values)
    _mark_sections(line, places, values)
    _mark_chains(line, places, values)
    _mark_forms(line, places, values)
    return values


class _View:
    """A value and the tokens between it and its neighbours on the line."""

    def __init__(
        self, line: Sequence[Token], last: int, place: int, after: int, values: list[Value]
    ) -> None:
        self.token = line[place]
        self.gap = line[max(last + 1, place - 12) : place]
        self.ahead = line[place + 1 : min(after, place + 6)]
        self.first = last < 0
        self.alone = self.first and after == len(line)
        self.followed = after < len(line)
        self.next = line[after] if after < len(line) else None
        self.opener = line[last - 1] if last > 0 else None
        self.before = values[-1] if values else None
        self.words = [token for token in self.gap if token.kind in ("word", "key")]

    def role(self) -> Role:
        token = self.token
        if token.kind in ("frames", "percent"):
            return "unknown"
        whole = is_whole(token)
        if self._restates():
            return "end"
        behind = self.gap[-1].text if self.gap else ""
        spread = behind == "±" or (behind == "(" and token.text.startswith("+"))
        if spread and self.before is not None:
            return "length"
        if self._is_denied():
            return "denied"
        if is_spacing(self.gap, self.ahead):
            return "length"
        if whole and self._is_index():
            return "index"
        if whole and self._is_count():
            return "count"
        if self._is_end():
            return "end"
        if token.kind != "number":
            return "length" if self._is_length() else "time"
        return self._bare(whole)

    def _restates(self) -> bool:
        """Whether the value repeats the one before it in another unit: ``0.28 s (280 ms)``."""
        before, gap = self.before, [token.text for token in self.gap]
        if before is None or before.role not in ("time", "bare") or gap not in (["("], ["="]):
            return False
        kinds = (before.token.kind, self.token.kind)
        if kinds == ("number", "number"):
            return False
        first, second = before.token.value or 0.0, self.token.value or 0.0
        coarse = kinds[1] == "clock" and "." not in self.token.text
        return int(first) == second if coarse else abs(first - second) <= RESTATED

    def _is_denied(self) -> bool:
        """Whether the value is denied, or continues a denied one (``not 1 or 2``)."""
        if self.before is not None and self.before.role == "denied":
            link = [token.text for token in self.gap if token.text not in HEDGES]
            if link[:1] in (["or"], ["nor"]) and all(text in _LINKS | {"nor"} for text in link):
                return True
            if len(link) == 1 and (link[0] in TO or link[0] in AND or self.gap[0].kind == "dash"):
                return True
        return is_denied(self.gap)

    def _is_index(self) -> bool:
        marks = [token for token in self.gap if token.text not in "#*\"'`([_"]
        if marks[-1:] and marks[-1].text == "." and marks[-2:-1] and self.followed:
            del marks[-1 if marks[-2].text in _NUMBER_WORDS else len(marks) :]  # no. 1
        previous = marks[-1] if marks else None
        if previous is not None and previous.kind == "word":
            if previous.text.rstrip(".") in EVENTS and not previous.text.endswith("ps"):
                return True
            if previous.text in _NUMBER_WORDS and self.followed:
                return True
        if self.gap and self.gap[-1].text == "#":
            return True
        if self.alone and previous is not None and previous.kind == "key":
            ordinal = any(token.text in ORDINALS for token in self.words)
            return previous.text in EVENTS and previous.text not in PLURALS and not ordinal
        behind = self.ahead[0] if self.ahead else None
        if behind is None:
            return False
        if behind.text in (".", ")", ":") and len(self.ahead) > 1:
            worded = self.ahead[1].kind in ("word", "key")
            if worded and self.first and not self.words:
                return True  # 2. unclear
            if behind.text == ":" and previous is not None and previous.kind == "word":
                return previous.text not in AT and previous.text not in AND  # Step 2: ...
        if not self.followed:
            return False
        if behind.kind == "key" and behind.text in TIMES_COUNTED:
            return not behind.text.endswith("ps")
        if behind.kind == "key" and behind.text in ORDINALS:
            return True
        if behind.text not in (".", ")", ":", "]", "=", "→", "->", "*", '"'):
            return False
        if behind.text in '*"' and not any(t.text in (".", ")", ":") for t in self.ahead[:4]):
            return False
        if self.first:
            return not any(token.kind in ("word", "key", "comma") for token in self.gap)
        before = self.before
        return (
            before is not None
            and behind.text in (")", ".", ":")
            and self._index_before(before)
            and (self.token.value or 0) >= 2
            and not any(token.kind == "dash" for token in self.gap)
        )

    def _index_before(self, before: Value) -> bool:
        """Whether this number may continue a numbered row (1. ... 2. ...)."""
        return before.role in ("time", "end", "bare") and not any(
            token.kind == "word" and token.text in AT for token in self.gap
        )

    def _is_count(self) -> bool:
        if is_total(self.gap, self.ahead):
            return True
        for token in self.ahead[:4]:
            if token.kind in ("word", "key") and token.text in TIMES_COUNTED:
                return True
            if token.kind == "mark" and token.text in "*_`\"'":
                continue
            if token.kind != "word" or token.text in _DETERMINERS:
                break
        words = {token.text for token in self.words}
        if not TOTALS.isdisjoint(words):
            return True
        last = self.gap[-1] if self.gap else None
        return bool(last and self.alone and last.kind == "key" and last.text in PLURALS)

    def _is_end(self) -> bool:
        before = self.before
        if is_negative_until(self.gap):
            return False
        if before is None:
            return bool(self.words) and self._names_end()
        if before.role not in ("time", "bare", "end"):
            return self._names_end()
        link = [t for t in self.gap if t.kind != "mark" and t.text not in HEDGES]
        dashed = any(t.kind == "dash" or t.text in TO for t in link)
        if (
            before.role != "end"
            and dashed
            and all(t.kind == "dash" or t.text in _LINKS for t in link)
        ):
            return True
        if self.token.signed and not link:
            return True
        between = self.opener is not None and self.opener.text in _BETWEEN
        if between and len(link) == 1 and link[0].text in AND:
            return True
        if len(self.gap) == 1 and self.gap[0].kind == "comma" and self.opener is not None:
            closed = bool(self.ahead) and self.ahead[0].kind == "close"
            if self.opener.kind == "open" and closed:
                return True
        return self._names_end()

    def _names_end(self) -> bool:
        """Whether the last word that names a start or an end names an end."""
        for token in reversed(self.words):
            if token.text in FROM and token.kind == "word":
                return False
            if token.text in ("final", "finally"):
                return False
            if token.text in AT and token.kind == "word":
                continue
            role = key_role(token.text)
            if role in ("start", "time"):
                return False
            if role == "end":
                return True
        return False

    def _is_length(self) -> bool:
        behind = [token for token in self.ahead if token.kind != "dash"][:1]
        if behind and behind[0].kind == "word" and behind[0].text in WHOLES:
            return True
        last = self.words[-1] if self.words else None
        if last is None or self.gap[-1] is not last:
            return False
        return last.text in LASTING or (last.kind == "key" and key_role(last.text) == "end")

    def _bare(self, whole: bool) -> Role:
        behind = self.ahead[0] if self.ahead else None
        if whole and behind is not None and behind.kind == "word":
            known = behind.text in AND or behind.text in TO or behind.text in EVENTS
            if not known and behind.text not in _SAFE:
                return "unknown"
        if self.before is not None and self._continues(self.before):
            return self.before.role if self.before.role != "end" else "time"
        if behind is not None and behind.text == "x":
            return "length"  # 1.5x speed
        for place in range(len(self.gap) - 1, -1, -1):
            token = self.gap[place]
            if token.text == "." and not any(t.kind == "word" for t in self.gap[place:]):
                return "bare"  # a sentence ends before it
            if token.kind == "key":
                before = self.before  # 3 jumps total: 0.28, ...
                if before is not None and before.role == "count" and token.text in TOTALS:
                    return "time"
                return "unknown" if key_role(token.text) == "other" else "time"
            if token.kind == "word":
                behind_letter = [t.text for t in self.gap[place + 1 :]]
                if self._introduces(token) or (len(token.text) == 1 and behind_letter == [")"]):
                    return "time"
            elif token.text in (":", "=") or (token.kind == "dash" and self.before is not None):
                return "time"
        words = any(token.kind == "word" for token in self.gap)
        return "unknown" if words else "bare"

    def _continues(self, before: Value) -> bool:
        """Whether this number is the next item of a row of times."""
        if before.role not in ("time", "bare", "end") or not self.gap:
            return bool(before.role in ("time", "bare") and not self.gap)
        return all(
            token.kind in ("comma", "mark", "close", "open", "pipe")
            or token.text in AND
            or token.text in _LINKS
            for token in self.gap
        )

    def _introduces(self, word: Token) -> bool:
        text = word.text
        return (
            text in AT
            or text in ORDINALS
            or text in EVENTS
            or key_role(text) in ("start", "time", "index")
        )


def _cover_with_units(line: Sequence[Token], places: list[int], values: list[Value]) -> None:
    """Apply a unit after a row or a range to all its numbers: 280, 760 and 1240 ms."""
    for order in range(len(values) - 2, -1, -1):
        current, following = values[order], values[order + 1]
        if current.token.kind != "number" or current.role not in ("time", "bare", "unknown"):
            continue
        covers = following.token.kind == "measure" or following.unit > 0
        if following.role == "time" or following.role == "end":
            gap = line[places[order] + 1 : places[order + 1]]
            row = all(
                t.kind in ("comma", "dash") or t.text in AND or t.text in TO or t.text in HEDGES
                for t in gap
            )
            if not (row and gap) and not following.token.signed:
                continue
            if current.role == "unknown" and following.token.kind == "measure":
                current.role = "time"
            if covers:
                current.unit = following.token.scale or following.unit
                if current.role == "bare":
                    current.role = "time"


def _mark_ranges_of_counts(line: Sequence[Token], places: list[int], values: list[Value]) -> None:
    """Mark both ends of ``27-29 jumps`` as counts."""
    for order in range(len(values) - 2, -1, -1):
        if values[order + 1].role != "count" or not is_whole(values[order].token):
            continue
        gap = line[places[order] + 1 : places[order + 1]]
        if gap and all(t.kind == "dash" or t.text in TO or t.text in ("or", "and") for t in gap):
            values[order].role = "count"


def _mark_chains(line: Sequence[Token], places: list[int], values: list[Value]) -> None:
    """Mark all of ``0.28 → 0.76 → 1.24`` as times, and all of ``1 - 2 - 3`` as unknown."""
    for order in range(len(values) - 2):
        three = values[order : order + 3]
        if three[0].role not in ("time", "bare") or three[1].role != "end":
            continue
        gaps = [line[a + 1 : b] for a, b in pairwise(places[order : order + 3])]
        if all(len(gap) == 1 and gap[0].kind == "dash" for gap in gaps):
            arrows = all(">" in gap[0].text or gap[0].text == "→" for gap in gaps)
            for one in three:
                one.role = "time" if arrows else "unknown"
            if arrows and order + 3 < len(values) and values[order + 3].role == "end":
                values[order + 3].role = "time"


def _mark_forms(line: Sequence[Token], places: list[int], values: list[Value]) -> None:
    """Mark the terms of formulas as lengths, and the start and the end of a subtitle."""
    terms = formula_places(line)
    subtitle = subtitle_places(line)
    if not terms and subtitle is None:
        return
    for place, one in zip(places, values, strict=True):
        if place in terms:
            one.role, one.unit = "length", 0.0
        elif subtitle is not None:
            roles: dict[int, Role] = {subtitle[0]: "time", subtitle[1]: "end"}
            one.role, one.unit = roles.get(place, "index"), 0.0


def _mark_sections(line: Sequence[Token], places: list[int], values: list[Value]) -> None:
    """Mark the range at the start of ``0-10 s: 1.2, 3.4`` as a section of the video."""
    if len(values) < 3 or values[0].role not in ("time", "bare") or values[1].role != "end":
        return
    behind = line[places[1] + 1 : places[1] + 3]
    colon = any(token.text == ":" for token in behind)
    if colon and any(one.role in ("time", "bare") for one in values[2:]):
        values[0].role = values[1].role = "section"

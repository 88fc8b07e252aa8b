"""The grammar of traces: a row of way-points with two or three numbers each."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from jumpscore.answers.places.depths import with_depths
from jumpscore.answers.places.groups import Group, nesting, without_other_keys
from jumpscore.answers.places.lines import read_lines
from jumpscore.answers.places.opening import open_answer
from jumpscore.answers.tokens import Token
from jumpscore.answers.vocabulary import AND, TO, words
from jumpscore.records import FinishReason

TraceStatus = Literal["ok", "partial", "unparseable"]
Form = Literal["tuples", "lists", "objects", "tags", "keys", "lines", "none"]

LONGEST_COMMENT = 120
"""Most characters in a comment before or after a way-point on its own line."""
LONGEST_LABEL = 60
"""Most characters in a label before a way-point: ``2nd waypoint (lift):``."""
_FORMS: dict[str, Form] = {
    "(": "tuples", "[": "lists", "{": "objects", "tag": "tags", "keys": "keys", "line": "lines",
}  # fmt: skip
_LINKS = (
    TO
    | AND
    | frozenset(
        words(
            "then next through via towards toward finally lastly last ending end ends at after "
            "that move moves moving go goes going pass passes passing continue continues proceed "
            "lift reach reaching arrive arriving shift slide lower travel by way of in into onto "
            "the it -> → > 移 动 到 然 后 再 接 着 最 经 过 达 终 点 前 往 途 于 在 先 第 步"
        )
    )
)
_NAMES = frozenset(
    words(
        "start end begin beginning middle mid point points waypoint waypoints position target goal "
        "first second third fourth fifth sixth seventh eighth intermediate final place step stop "
        "起点 终点 中点 起 终 中 间 点 路 径 途 经 目 标 最"
    )
)
"""Words of labels without a colon: ``start point (100, 200), end point (300, 400)``."""
_QUIET = frozenset("\"'`*.\\")
_IN_LABELS = frozenset(words("word number mark open close label dash key measure"))
"""Kinds of tokens that a label may contain."""
_ARROWS = frozenset(">≫➜➔➤▶")
_WHOLES = frozenset(words("trace trajectory path route 轨迹 路径 路线"))
"""Labels of a whole trace, which start a new row after a place in prose."""
_BULLETS = frozenset("-*•+")
_STOPS = frozenset((",", ".", ";", ":", "#", "*", "\n"))
"""Marks between a way-point and the words that lead to the next one."""


@dataclass(frozen=True, slots=True)
class ParsedTrace:
    """The trace that the strict parser read in an answer.

    Attributes:
        status: ``ok``; ``partial`` (cut off at the token limit; ``waypoints`` are those that are
            complete); ``unparseable``.
        form: How way-points are written: ``tuples`` ``(x, y, d)``, ``lists`` ``[x, y, d]``,
            ``objects``, ``tags``, ``keys``, ``lines`` or ``none``.
        waypoints: (x, y) or (x, y, d) as written: x and y in thousandths of the image, d in metres.
        rejected: Groups of numbers elsewhere in the answer, or with more than 3 numbers.
        spans: Offsets of each way-point in the original text.
    """

    status: TraceStatus
    form: Form = "none"
    waypoints: tuple[tuple[float, ...], ...] = ()
    rejected: int = 0
    spans: tuple[tuple[int, int], ...] = ()


def parse_trace(text: str, *, finish_reason: FinishReason | None = None) -> ParsedTrace:
    """Read the trace: the last row of two or more way-points, in a fenced block if present.

    Single coordinates in prose are explanations, not the trace. A label or another field after a
    way-point does not end the row.

    Args:
        text: The whole answer; its reasoning is not read.
        finish_reason: ``"length"`` if the model was stopped at its token limit.

    >>> parse_trace("From (5, 5): [(100, 200, 1.5), (300, 400, 1.2)]").waypoints
    ((100.0, 200.0, 1.5), (300.0, 400.0, 1.2))
    >>> parse_trace('[{"point_2d": [1, 2], "label": "lift"}, {"point_2d": [3, 4]}]').waypoints
    ((1.0, 2.0), (3.0, 4.0))
    >>> parse_trace("```json\\n[[100, 200]]\\n```").form
    'lists'
    """
    answer, cut, inside, outside = open_answer(text, finish_reason)
    tokens, groups = inside
    places = without_other_keys([group for group in groups if _is_place(group)])
    if not places and all(len(group.values) < 2 for group in groups):
        places = [line for line in read_lines(tokens, (2, 3)) if not cut or line.high < answer.end]
        groups = groups + places
    elsewhere = sum(map(_is_place, outside.groups))
    row = _choose_row(with_depths(places, answer.text), tokens)
    if row is None:
        status: TraceStatus = "partial" if cut else "unparseable"
        return ParsedTrace(status, rejected=len(groups) + elsewhere)
    return ParsedTrace(
        status="partial" if cut else "ok",
        form=_FORMS[row[0].form],
        waypoints=tuple(map(_waypoint, row)),
        rejected=len(groups) - len(row) + elsewhere,
        spans=tuple((place.low, place.high) for place in row),
    )


def _is_place(group: Group) -> bool:
    return not group.malformed and (group.names in ((), ("x", "y"))) and len(group.values) in (2, 3)


def _waypoint(place: Group) -> tuple[float, ...]:
    if place.depth is None or len(place.values) > 2:
        return place.values
    return (*place.values, place.depth)


def _choose_row(places: list[Group], tokens: list[Token]) -> list[Group] | None:
    """Return the last row of several places; a row in prose ("from A to B") only as a last resort.

    A single place is the trace if there are no others.
    """
    if not places:
        return None
    rows, prose = _rows(places, tokens)
    several = [row for row in rows if len(row) > 1]
    if several:
        # "A, then B, and finally C": the words continue the row.
        longer = (row for row in prose if len(row) > len(several[-1]) and several[-1][0] in row)
        longest = next(longer, None)
        interrupted = longest is None and _is_interrupted(several[-1], places, tokens)
        return None if interrupted else longest or several[-1]
    worded = [row for row in prose if len(row) > 1]
    if worded:
        return None if _shares_sentence(worded[-1], places, tokens) else worded[-1]
    # With several single places in prose, choosing the trace would be a guess.
    return rows[0] if len(rows) == 1 else None


def _is_interrupted(row: list[Group], places: list[Group], tokens: list[Token]) -> bool:
    """Whether a row outside a list continues with words: ``, avoiding (5, 5), to (3, 4)``."""
    if row[0].form not in "([" or nesting(tokens).get(row[0].low):
        return False
    starts = {token.low: number for number, token in enumerate(tokens)}
    gap = _between(row[0], row[1], tokens, starts)
    worded = any(token.text in TO for token in gap) and all(t.kind != "dash" for t in gap)
    return worded and _shares_sentence(row, places, tokens)


def _shares_sentence(row: list[Group], places: list[Group], tokens: list[Token]) -> bool:
    """Whether the sentence of a row in prose contains another place, whose role is unclear."""
    starts = {token.low: number for number, token in enumerate(tokens)}
    first, last = places.index(row[0]), places.index(row[-1])
    pairs = [(places[first - 1], row[0])] if first else []
    pairs += [(row[-1], places[last + 1])] if last + 1 < len(places) else []
    return any(
        all(
            token.text not in (".", "\n", ";", "!", "?")
            for token in _between(*pair, tokens, starts)
        )
        for pair in pairs
    )


def _rows(places: list[Group], tokens: list[Token]) -> tuple[list[list[Group]], list[list[Group]]]:
    """Return the rows by their separators, and those by words such as ``to`` and ``then``."""
    starts = {token.low: number for number, token in enumerate(tokens)}
    rows, prose = [places[:1]], [places[:1]]
    depths = nesting(tokens)
    for first, second in pairwise(places):
        gap = _between(first, second, tokens, starts)
        inward = depths.get(second.low) or any(token.text in _WHOLES for token in gap)
        if depths.get(first.low) == 0 and inward and first.form in "([":
            rows.append([second])  # a list begins after a place in prose
            prose.append([second])
            continue
        linked = first.form == second.form == "line" or _separates(gap)
        linked = linked or _lines_apart(first, gap, tokens, starts)
        if linked:
            rows[-1].append(second)
        else:
            rows.append([second])
        if linked or _leads_on(gap):
            prose[-1].append(second)
        else:
            prose.append([second])
    return rows, prose


def _between(
    first: Group, second: Group, tokens: list[Token], starts: dict[int, int]
) -> list[Token]:
    """Return the tokens between two places, or between the objects that contain them."""
    low = max(first.high, first.outer[1])
    high = second.outer[0] if low <= second.outer[0] < second.low else second.low
    place = starts.get(high, starts.get(second.low, 0)) - 1
    gap: list[Token] = []
    while place >= 0 and tokens[place].low >= low:
        gap.append(tokens[place])
        place -= 1
    gap.reverse()
    if first.form == "tag" == second.form:  # <point x="1" y="2">the cup</point>
        words = next((place for place, token in enumerate(gap) if token.kind != "word"), 0)
        if words and gap[words].kind == "tag" and gap[words].low - low <= LONGEST_LABEL:
            return gap[words:]
    return gap


def _separates(gap: list[Token]) -> bool:
    """Whether a gap consists of brackets, a separator and a label."""
    place = 0
    while place < len(gap) and (gap[place].kind == "close" or _is_quiet(gap[place])):
        place += 1
    start = place
    while place < len(gap) and (
        gap[place].kind in ("comma", "newline", "pipe", "dash", "tag")
        or gap[place].text in _ARROWS
        or _is_quiet(gap[place])
    ):
        place += 1
    rest = gap[place:]
    while rest and (rest[-1].kind in ("open", "pipe", "newline", "dash") or _is_quiet(rest[-1])):
        rest.pop()
    if not rest:
        return place > start or not gap or all(token.kind in ("open", "close") for token in gap)
    if len(rest) == 2 and rest[0].text.isdecimal() and rest[1].text in (":", ".", ")"):
        return True  # 1: (100, 200) 2: (300, 400)
    return place > start and (_is_label(rest) or _is_number(rest) or _is_name(rest))


def _leads_on(gap: list[Token]) -> bool:
    """Whether words such as ``, then move to`` and ``Step 2:`` lead to the next place."""
    rest = [token for token in gap if token.kind not in ("close", "comma")]
    if rest and rest[0].text == "to" and len(rest) <= 4:  # "(1, 2) to the plate (3, 4)"
        return all(token.kind == "word" for token in rest)
    named = False
    for token in gap:
        number = token.kind == "number" and token.text.isdecimal() and named
        named = token.kind in ("word", "key") and set(token.text.split()) <= _LINKS | _NAMES
        key = token.kind == "key" and all(  # "step 2:"
            word in _LINKS | _NAMES or word.isdecimal() for word in token.text.split()
        )
        if not (named or number or key or token.text in _STOPS or token.kind in ("tag", "close")):
            return False
    return True


def _is_quiet(token: Token) -> bool:
    return token.kind == "mark" and token.text in _QUIET


def _is_label(tokens: list[Token]) -> bool:
    """Whether tokens are ``waypoint 2:`` or ``2. end (place) =``."""
    last = tokens[-1]
    if last.kind != "key" and last.text not in (":", "="):
        return False
    inside = all(token.kind in _IN_LABELS for token in tokens)
    return inside and last.high - tokens[0].low <= LONGEST_LABEL


def _is_name(tokens: list[Token]) -> bool:
    return len(tokens) <= 4 and all(token.text in _NAMES | _LINKS for token in tokens)


def _is_number(tokens: list[Token]) -> bool:
    """Whether tokens are a list number, a bullet or one word: ``2.``, ``3)``, ``then``."""
    texts = [token.text for token in tokens]
    while len(texts) > 1 and texts[0] == "#":
        texts = texts[1:]  # a heading: "### Step 2"
    if len(texts) == 2 and texts[0] in _NAMES and texts[1].isdecimal():
        return True
    if len(texts) == 1:
        if tokens[-1].kind == "measure":  # 0.5s (300, 400)
            return True
        named = tokens[0].kind == "word" and texts[0][-1].isdecimal()  # P2(300, 400)
        return texts[0] in _BULLETS or texts[0] in _LINKS or texts[0].isdecimal() or named
    if len(texts) == 2 and len(texts[0]) == 1 and texts[1] == ")":  # a)
        return True
    return len(texts) <= 3 and texts[-1] in (".", ")", "]") and texts[-2].isdecimal()


def _lines_apart(
    first: Group, gap: list[Token], tokens: list[Token], starts: dict[int, int]
) -> bool:
    """Whether both places start their own lines, possibly followed by a comment."""
    breaks = [place for place, token in enumerate(gap) if token.kind == "newline"]
    if not breaks or breaks[-1] - breaks[0] != len(breaks) - 1:
        return False
    comment, lead = gap[: breaks[0]], gap[breaks[-1] + 1 :]
    if comment and comment[-1].high - comment[0].low > LONGEST_COMMENT:
        return False
    before: list[Token] = []
    place = starts.get(first.low, 0) - 1
    while place >= 0 and tokens[place].kind != "newline" and len(before) < 40:
        before.append(tokens[place])
        place -= 1
    return _leads(before[::-1]) and _leads(lead)


def _leads(tokens: list[Token]) -> bool:
    """Whether the start of a line is bare, a label, or numbered or bulleted text."""
    pipes = 1 if tokens and tokens[0].kind == "pipe" else 0
    rest = tokens[pipes:]
    while rest and (rest[-1].kind in ("open", "pipe", "dash") or _is_quiet(rest[-1])):
        rest.pop()
    if not rest or _is_name(rest) or _is_label(rest) or _is_number(rest):
        return True
    if rest[-1].high - rest[0].low > LONGEST_COMMENT:
        return False
    step = 1 if rest[0].kind == "word" and len(rest) > 2 else 0  # "Step 2. Lift it to"
    numbered = len(rest) > step + 1 and rest[step].text.isdecimal()
    return rest[0].text in _BULLETS or (numbered and rest[step + 1].text in (".", ")", ":"))

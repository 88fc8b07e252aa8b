"""Choose the part of an answer to read: a fenced block, or the text after ``Answer:``."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from jumpscore.answers.answer import Answer
from jumpscore.answers.characters import normalise
from jumpscore.answers.tokens import Token, tokenize
from jumpscore.answers.vocabulary import ANSWER_KEYS, UNITS, words
from jumpscore.records import FinishReason

_OPEN_LIST = re.compile(r"[(\[][\s\d.,:;eE+\-\"'(\[]*+\Z|\{[\s\w.,:;+\-\"']{0,200}+\Z")
_HANZI = "案"
"""Second character of the Chinese word for answer; each character is a token."""
_OPEN_TAG = re.compile(
    r"<(?:point|box|bbox|track|coord|trace)[a-z]{0,9}(?:>[\s\d.,;+\-]*+|\s[^<>]*+)\Z"
)

_ANSWERS = frozenset(
    words("answer answers solution result 答案 结果 回答 antwort respuesta réponse")
)
_LEADS = frozenset(words("final the my so overall 最终 最后 therefore thus"))
_FINAL = frozenset(words("final 最终"))
_SENTENCE_ENDS = frozenset(".!?。")


def choose(answer: Answer) -> tuple[list[Token], list[Token]]:
    """Return the tokens to read, and the other tokens of the answer.

    The last fenced block with a digit is read instead of the prose around it; otherwise the text
    after the first ``Answer:`` is read instead of the text before it. Text around ``<answer>`` or
    ``\\\\boxed`` is never read.

    >>> from jumpscore.answers.answer import prepare
    >>> inside, outside = choose(prepare("Between 1 and 9. Answer: 5"))
    >>> [[t.text for t in tokens if t.value] for tokens in (inside, outside)]
    [['5'], ['1', '9']]
    """
    tokens = tokenize(answer.text)
    aside = _aside(answer)
    blocks = [
        (low, high) for low, high in answer.fences if any(map(str.isdigit, answer.text[low:high]))
    ]
    inside, outside = tokens, aside
    if blocks:
        low, high = blocks[-1]
        inside = [token for token in tokens if low <= token.low and token.high <= high]
        outside = [t for t in tokens if not (low <= t.low and t.high <= high)] + aside
    start = behind_answer(inside)
    if start is not None and any(t.value is not None or t.text in UNITS for t in inside[start:]):
        return inside[start:], inside[:start] + outside
    return inside, outside


def behind_answer(tokens: Sequence[Token]) -> int | None:
    """Return the place after the first ``Answer:``, ``"answer":`` or ``the answer is``."""
    for place, token in enumerate(tokens):
        if token.kind == "key" and token.text.replace("_", " ") in ANSWER_KEYS:
            return place + 1
        if token.text == _HANZI and place and tokens[place - 1].text == "答":
            behind = place + 1 < len(tokens) and tokens[place + 1].text in ("是", "为")
            if token.kind == "key" or behind:
                return place + 1 + behind
        following = tokens[place + 1].text if place + 1 < len(tokens) else ""
        if token.kind == "word" and token.text == "answer" and following == "is":
            return place + 2
    return None


def behind_final_answer(tokens: Sequence[Token], kinds: Collection[str]) -> int:
    """Return the place after the last ``Final answer:`` that a token of the kinds follows.

    Only labels at the start of a line count, and labels with ``final`` at the start of a sentence.
    The place is 0 if there are none.

    >>> from jumpscore.answers.tokens import tokenize
    >>> tokens = tokenize("I first saw 0.3.\\nFinal answer: 0.28")
    >>> [token.text for token in tokens[behind_final_answer(tokens, {"number"}) :]]
    ['0.28']
    """
    start, pending, head, inside = 0, -1, True, False
    for place, token in enumerate(tokens):
        if token.kind == "newline":
            head, inside = True, False
        elif token.text in _SENTENCE_ENDS and not head:
            head, inside = True, True
        elif head and token.kind == "key" and token.text.split()[-1:][0] in _ANSWERS:
            if not inside or tokens[place - 1].text in _FINAL:
                pending = place + 1
        elif pending >= 0 and token.kind in kinds:
            start, pending = pending, -1
        if token.kind not in ("newline", "mark") and token.text not in _LEADS:
            head = False
    return start


def _aside(answer: Answer) -> list[Token]:
    tokens: list[Token] = []
    for low, high in answer.aside:
        tokens += tokenize(normalise(answer.original[low:high]))
    return tokens


def is_cut(text: str, finish_reason: FinishReason | None) -> bool:
    """Whether the model was stopped at its token limit, or the answer ends inside a list.

    >>> is_cut("[(0.3, 0.4), (0.5", None), is_cut("(0.3, 0.4)", None)
    (True, False)
    >>> is_cut('<points coords="1 1 53', None), is_cut("<point>5 6</point>", None)
    (True, False)
    """
    if finish_reason == "length":
        return True
    opened = max(text.rfind(mark) for mark in "([{")
    closed = max(text.rfind(mark) for mark in ")]}")
    if opened > closed and _OPEN_LIST.match(text, opened):
        return True
    return _OPEN_TAG.match(text, max(text.rfind("<"), 0)) is not None

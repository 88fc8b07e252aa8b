"""Find where an answer says that its answer begins: ``Final answer: ...``."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from jumpscore.answers.tokens import Token
from jumpscore.answers.vocabulary import words

_ANSWER = frozenset(
    words("answer answers solution result 答案 结果 回答 antwort respuesta réponse")
)
_BEFORE = frozenset(words("final the my so overall 最终 最后 therefore thus"))

_FINAL = frozenset(words("final 最终"))
_SENTENCE_ENDS = frozenset(".!?。")


def answer_start(tokens: Sequence[Token], kinds: Collection[str]) -> int:
    """Return the place behind the last ``Final answer:`` that has a token of the kinds behind it.

    It counts at the head of a line, or with ``final`` in front at the head of a sentence; 0
    without one.

    >>> from jumpscore.answers.tokens import tokenize
    >>> tokens = tokenize("I first saw 0.3.\\nFinal answer: 0.28")
    >>> [token.text for token in tokens[answer_start(tokens, {"number"}) :]]
    ['0.28']
    """
    start, pending, head, inside = 0, -1, True, False
    for place, token in enumerate(tokens):
        if token.kind == "newline":
            head, inside = True, False
        elif token.text in _SENTENCE_ENDS and not head:
            head, inside = True, True
        elif head and token.kind == "key" and token.text.split()[-1:][0] in _ANSWER:
            if not inside or tokens[place - 1].text in _FINAL:
                pending = place + 1
        elif pending >= 0 and token.kind in kinds:
            start, pending = pending, -1
        if token.kind not in ("newline", "mark") and token.text not in _BEFORE:
            head = False
    return start

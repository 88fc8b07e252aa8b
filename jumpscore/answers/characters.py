"""Replace typographic characters with ASCII ones, one for one, so that offsets stay valid.

Models write full-width digits, Chinese punctuation, typographic dashes and minus signs, and every
kind of space. Each is replaced with exactly one character, so an offset in the normalised text is
an offset in the original.
"""

from __future__ import annotations

import re
from functools import cache

_FULL_WIDTH = range(0xFF01, 0xFF5F)
"""Full-width forms of the printable ASCII characters, in the same order."""
_ZEROS = (
    *(0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6),
    *(0x0D66, 0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x17E0, 0x1810),
    *(0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6),
)
"""Code points of the digit zero in other scripts and in mathematical alphabets; 1 to 9 follow."""
_BLANKS = re.compile(r"[\t\r\v\f]")
_TWINS = {
    "-": "‐‑‒–—―−⁃﹘﹣➖",
    "~": "〜∼⁓",
    "→": "⇒➔➜⟶⟹➝⇨↦",
    "<": "〈《⟨‹",
    ">": "〉》⟩›",
    "[": "【〔〖",
    "]": "】〕〗",
    '"': "“”„‟″〝〞〃«»「」『』",
    "'": "‘’‚‛′´",
    ",": "、،﹐﹑٬",
    ".": "。．｡﹒٫।۔",
    ";": "؛﹔",
    ":": "∶﹕",
    "|": "￨∣❘",
    "*": "∗＊",
    "•": "●▪◦‣∙■◆▶►·・✓✔✅👉"
    + "".join(map(chr, (*range(0x2460, 0x2474), *range(0x2776, 0x2794), 0x24EA))),  # ① ❶ ➀
    "/": "⁄∕",
    "%": "٪﹪",
    "x": "×✕✖⨯",
    ")": "\u20e3",  # the box of a keycap: 1️⃣ is 1, U+FE0F, U+20E3
    " ": "\u00a0\u1680\u202f\u205f\u3000\ufeff\u00ad\ufe0e\ufe0f\t"
    + "".join(map(chr, (*range(0x2000, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)))),
    "\n": "\r\v\f\u0085\u2028\u2029",
}
"""ASCII character -> the characters that it replaces."""


def normalise(text: str) -> str:
    """Return the text with every typographic character replaced with its ASCII equivalent.

    The length does not change.

    >>> normalise("（−0.35，０.62）")
    '(-0.35,0.62)'
    >>> normalise("3.2～5.1 秒。")
    '3.2~5.1 秒.'
    """
    if text.isascii() and not _BLANKS.search(text):
        return text
    return text.translate(_table())


@cache
def _table() -> dict[int, str]:
    table = {code: chr(code - 0xFEE0) for code in _FULL_WIDTH}
    for zero in _ZEROS:
        table |= {zero + digit: str(digit) for digit in range(10)}
    for twin, characters in _TWINS.items():
        table |= {ord(character): twin for character in characters}
    return table

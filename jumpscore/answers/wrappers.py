"""Remove what models and servers put around an answer, without moving a character.

Wrappers are replaced with spaces, so offsets still point into the original text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

Region = tuple[int, int]
"""(start, end) offsets in a text."""

_I = re.IGNORECASE
_TURN_END = re.compile(
    r"<\|(?:im_end|endoftext|end_of_text|eot_id|eot|eom_id|eom|end|return|call|eos|end_of_sentence"
    r"|end▁of▁sentence|endofturn|end_of_turn|END_OF_TURN_TOKEN|im_start|start|start_header_id|user"
    r"|observation|tool|endofprompt)\|>"
    r"|</s>|<eos>|<end_of_turn>|<turn\|>|<\|turn>|\[/?INST\]|\[\|endofturn\|\]|\[EOS\]"
    # the next question, when a model goes on without a token
    r"|\n\s{0,3}(?-i:#{1,4} ?)?(?-i:USER|User|HUMAN|Human) ?:",
    _I,
)
_TURN_HINTS = ("<", "inst]", "[|endofturn", "[eos", "user", "human")
"""Every text with an end of a turn contains one of these, in any case."""
_ROLE = re.compile(
    r"\s{0,9}(?:<\|im_start\|>\s{0,3}assistant\b|<\|start_header_id\|>assistant<\|end_header_id\|>"
    r"|<start_of_turn>model\b|<\|turn>model\b|<\|assistant\|>|<\|start\|>assistant(?=<\|)"
    r"|\[\|assistant\|\]|#{0,4} ?assistant ?:|assistant\n"
    r"|<\|channel\|>\s?final<\|message\|>)\s{0,9}",
    _I,
)
_SPECIAL = re.compile(r"<\|[\w▁/ ]{1,40}\|>|</?s>|<(?:eos|bos|pad|unk)>|<end_of_turn>")
_NAMES = (
    r"(?:final[_ ]?)?(?:answer|response|output|result)|final|ans|conclusion|solution|prediction"
)
_BLOCK = re.compile(
    rf"<(?P<tag>{_NAMES})(?:\s[^<>\n/]{{0,80}})?>"
    r"|<\|(?P<token>begin_of_box|begin_of_solution|START_RESPONSE|START_TEXT)\|>"
    rf"|(?P<close></(?:{_NAMES})>"
    r"|<\|(?:end_of_box|end_of_solution|END_RESPONSE|END_TEXT)\|>)",
    _I,
)
_COMMAND = re.compile(
    r"\\(?:(?P<box>boxed|fbox)|text|textbf|textrm|mathrm|mathbf|mathsf|mbox|rm|bf)\s{0,3}\{"
    r"|(?P<open>\{)|(?P<shut>\})"
)
_MARKS = re.compile(rf"{_SPECIAL.pattern}|</?[a-z_]{{1,20}}>|\\[a-z]{{1,12}}\s{{0,3}}\{{", _I)
"""Markup around an answer; text with nothing else is not counted as set aside."""
_LATEX = re.compile(
    r"\\[\[\]()]|\\[,;:! ]|\\(?:quad|qquad|left|right|displaystyle)\b|\\(?=[{}%$#&_~*\[\]-])|\$"
    r"|\\(?=(?:sim|approx|to|rightarrow|ldots|dots|cdots|times|cdot)\b)"
)
_REPR = re.compile(
    r"\b(?:(?:np|numpy|torch|jnp|tf)\.)?(?:(?:float|int|uint|bfloat)(?:8|16|32|64|128)?_?|Decimal"
    r"|array|tensor|Tensor|ndarray)\((?=[\s\[('\"+\-.\d])"
    r"|(?P<open>\()|(?P<shut>\))"
)
_DTYPE = re.compile(r",\s{0,9}(?:dtype|device|requires_grad)\s?=\s?['\"]?[\w.:]{1,30}['\"]?")
_FENCE = re.compile(r"(?P<marks>`{3,}|~{3,})(?:[ ]?(?P<language>\w[\w+.-]{0,20})(?=\s|\Z|[\[{]))?")
_STRUCK = re.compile(
    r"(?<!~)~~(?=[^\s~])[^~\n]{1,200}(?<=\S)~~(?!~)"
    r"|<(?P<name>del|strike)>[^<>\n]{1,200}</(?P=name)>",
    _I,
)
"""Text that the model struck out."""
_ENTITIES = {
    "nbsp": " ",
    "lt": "<",
    "gt": ">",
    "quot": '"',
    "apos": "'",
    "#39": "'",
    "#34": '"',
    "amp": "&",
}
_ENTITIES |= {"ndash": "-", "mdash": "-", "minus": "-", "rarr": "→", "thinsp": " "}
_ENTITY = re.compile(rf"&(?P<name>{'|'.join(_ENTITIES)});")


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """A text with its wrappers replaced with spaces.

    Attributes:
        text: The text, as long as the input.
        aside: Regions with words or numbers that are excluded from the answer: prose around
            ``<answer>`` or ``\\\\boxed``, struck-out text, or text after the model's turn.
        marked: Whether the answer was in ``<answer>``, ``\\\\boxed{}`` or a similar wrapper.
        fences: Contents of fenced blocks, in order; the last block may be unclosed.
    """

    text: str
    aside: tuple[Region, ...] = ()
    marked: bool = False
    fences: tuple[Region, ...] = ()


def unwrap(text: str, low: int, high: int) -> Unwrapped:
    """Replace everything outside [low, high) and every wrapper inside it with spaces.

    Args:
        text: Normalised text.
        low: Start of the answer (see ``answer_window``).
        high: Its end.

    >>> unwrap("so \\\\boxed{0.28, 0.76}<|im_end|>", 0, 33).text.strip()
    '0.28, 0.76'
    >>> unwrap("[np.float64(0.28), 1]", 0, 21).text
    '[           0.28 , 1]'
    """
    low, high, aside = _turn(text, low, high)
    body = " " * low + text[low:high] + " " * (len(text) - high)
    if "&" in body:
        body = _ENTITY.sub(lambda entity: _ENTITIES[entity["name"]].ljust(len(entity[0])), body)
    struck = _spans(_STRUCK, body, "~~", "<")
    aside += struck
    body = _blank(body, struck)
    marked: list[Region] = []
    blanks: list[Region] = []
    blocks = _blocks(body)
    if blocks:
        aside += _complement(body, blocks, low, high)
        marked, body = blocks, _keep(body, blocks)
    commands, boxes = _commands(body)
    if boxes:
        aside += _complement(body, boxes, low, high)
        marked, body = boxes, _keep(body, boxes)
    blanks += commands
    blanks += _spans(_SPECIAL, body, "<")
    blanks += _spans(_LATEX, body, "\\", "$")
    blanks += _reprs(body)
    fences, marks = _fences(body)
    return Unwrapped(_blank(body, blanks + marks), tuple(aside), bool(marked), tuple(fences))


def _spans(pattern: re.Pattern[str], text: str, *hints: str) -> list[Region]:
    """Return where a pattern matches; a text without any of the hints is not searched."""
    if not any(hint in text for hint in hints):
        return []
    return [match.span() for match in pattern.finditer(text)]


def _turn(text: str, low: int, high: int) -> tuple[int, int, list[Region]]:
    """Return the model's own turn: from the end of its role to the first end-of-turn token.

    A raw completion endpoint lets a model continue with the next question.
    """
    while (role := _ROLE.match(text, low, high)) is not None:
        low = role.end()
    folded = text.casefold()
    if not any(hint in folded for hint in _TURN_HINTS):
        return low, high, []
    for end in _TURN_END.finditer(text, low, high):
        if text[low : end.start()].strip():
            rest = _SPECIAL.sub("", text[end.end() : high])
            return low, end.start(), [(end.end(), high)] if rest.strip() else []
    return low, high, []


def _blocks(text: str) -> list[Region]:
    """Return the contents of ``<answer>`` and similar blocks that are not blank.

    A block that is never closed reaches to the end; of nested blocks only the innermost counts.
    """
    if "<" not in text:
        return []
    blocks: list[Region] = []
    start = None
    for mark in _BLOCK.finditer(text):
        if mark["close"] is None:
            start = mark.end()
        elif start is not None:
            if text[start : mark.start()].strip():
                blocks.append((start, mark.start()))
            start = None
    if start is not None and text[start:].strip():
        blocks.append((start, len(text)))
    return blocks


def _commands(text: str) -> tuple[list[Region], list[Region]]:
    """Return the LaTeX commands to blank, with their closing braces, and the contents of boxes."""
    if "\\" not in text:
        return [], []
    blanks: list[Region] = []
    boxes: list[Region] = []
    stack: list[re.Match[str]] = []
    for mark in _COMMAND.finditer(text):
        if not mark["shut"]:
            stack.append(mark)
        elif stack:
            opened = stack.pop()
            if opened["open"] is None:
                blanks += [opened.span(), mark.span()]
                if opened["box"] and text[opened.end() : mark.start()].strip():
                    boxes.append((opened.end(), mark.start()))
    for opened in stack:  # cut off
        if opened["open"] is None:
            blanks.append(opened.span())
            if opened["box"] and text[opened.end() :].strip():
                boxes.append((opened.end(), len(text)))
    return blanks, _outermost(boxes)


def _outermost(regions: list[Region]) -> list[Region]:
    outer: list[Region] = []
    for region in sorted(regions, key=lambda region: (region[0], -region[1])):
        if not outer or region[0] >= outer[-1][1]:
            outer.append(region)
    return outer


def _reprs(text: str) -> list[Region]:
    """Return the parts of numpy, torch and Decimal reprs that are not the value."""
    if "(" not in text:
        return []
    blanks: list[Region] = []
    stack: list[re.Match[str]] = []
    for mark in _REPR.finditer(text):
        if not mark["shut"]:
            stack.append(mark)
        elif stack and (opened := stack.pop())["open"] is None:
            blanks += [opened.span(), mark.span()]
    blanks += [opened.span() for opened in stack if opened["open"] is None]
    if blanks:
        blanks += [match.span() for match in _DTYPE.finditer(text)]
    return blanks


def _fences(text: str) -> tuple[list[Region], list[Region]]:
    """Return the contents of fenced blocks and the fences themselves."""
    marks = list(_FENCE.finditer(text)) if "```" in text or "~~~" in text else []
    fences: list[Region] = []
    spans: list[Region] = []
    opened: re.Match[str] | None = None
    for mark in marks:
        if opened is None:
            opened = mark
            spans.append(mark.span())
        else:
            fences.append((opened.end(), mark.start()))
            spans.append(mark.span("marks"))
            opened = None
    if opened is not None:
        fences.append((opened.end(), len(text)))
    return fences, spans


def _complement(text: str, regions: list[Region], low: int, high: int) -> list[Region]:
    """Return the gaps between the regions that contain a word or a number."""
    edges = [low, *(edge for region in regions for edge in region), high]
    gaps = zip(edges[::2], edges[1::2], strict=True)
    return [(a, b) for a, b in gaps if any(map(str.isalnum, _MARKS.sub("", text[a:b])))]


def _keep(text: str, regions: list[Region]) -> str:
    """Return the text with everything outside the regions blank; each region is its own line."""
    return "".join(_pieces(text, regions))


def _pieces(text: str, regions: list[Region]) -> Iterator[str]:
    place = 0
    for low, high in regions:
        yield "\n" if place and low > place else " " * min(1, low - place)
        yield " " * (low - place - 1)
        yield text[low:high]
        place = high
    yield " " * (len(text) - place)


def _blank(text: str, regions: list[Region]) -> str:
    """Return the text with the regions blank; they may overlap."""
    if not regions:
        return text
    parts: list[str] = []
    place = 0
    for low, high in sorted(regions):
        if high > place:
            parts += [text[place : max(low, place)], " " * (high - max(low, place))]
            place = high
    return "".join([*parts, text[place:]])

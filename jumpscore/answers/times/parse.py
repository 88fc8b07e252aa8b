"""The strict parser of times: reads an answer as a careful person would and never guesses.

It tries these forms in order; the first that yields a time wins:

``list``   lists, tuples and objects: one value per event; the start of a pair; the start or the
           time of an object, under any common key;
``table``  the column with the heading of a start or a time, or the column after row numbers;
``lines``  one labelled, numbered or bare time per line or comma; subtitles;
``units``  prose: every time with a unit or in clock format;
``prose``  prose without units, if every number is clearly a time, an index or a count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from jumpscore.answers.answer import Answer, prepare
from jumpscore.answers.decimals import join_commas, join_in_brackets
from jumpscore.answers.markup import lay_out
from jumpscore.answers.region import behind_final_answer
from jumpscore.answers.times.brackets import arrange, unquote_rows
from jumpscore.answers.times.lines import read_lines, split_lines
from jumpscore.answers.times.list_units import fit_units
from jumpscore.answers.times.plain import read_plain
from jumpscore.answers.times.reading import Reading
from jumpscore.answers.times.roles import assign_roles
from jumpscore.answers.times.structures import drop_marks, read_structures
from jumpscore.answers.times.tables import read_table
from jumpscore.answers.tokens import TIMES, Token, tokenize
from jumpscore.records import FinishReason, ParseResult


def parse_times(text: str, *, finish_reason: FinishReason | None = None) -> ParseResult:
    """Read event times (seconds) in an answer. Linear in the text.

    Args:
        text: The whole answer.
        finish_reason: ``"length"`` if the model was stopped at its token limit.

    Returns:
        Times in the order of the text. A cut-off answer is ``partial``; its last number is not used
        unless a separator follows it, since it may be incomplete.

    >>> parse_times("There are 3 jumps, at 1.2 seconds, 2.4 seconds and 3.6 seconds.").times
    (1.2, 2.4, 3.6)
    >>> parse_times("[[0.5, 0.7], [1.0, 1.2]]").times
    (0.5, 1.0)
    >>> parse_times("[0.5, 1.0, 1.").times
    (0.5, 1.0)
    """
    cut = finish_reason == "length"
    if (plain := read_plain(text, text, cut=cut)) is not None:
        reading, form = plain
        return replace(reading.result("partial" if cut else "ok", form), text=text)
    answer = prepare(text, finish_reason=finish_reason)
    parsed = replace(_parse(answer), reasoning=answer.reasoning, text=text)
    if cut and parsed.status in ("ok", "empty", "unparseable", "refused"):
        parsed = replace(parsed, status="partial")
    return parsed


def _parse(answer: Answer) -> ParseResult:
    aside = Reading(answer.original)
    for low, high in answer.aside:
        if any(map(str.isdigit, answer.original[low:high])):
            aside.reject(low, high)
    if (plain := read_plain(answer.text, answer.original, cut=answer.cut)) is not None:
        reading, form = plain
        reading.refuse(aside)
        return reading.result("ok", form)
    tokens = lay_out(tokenize(answer.text), answer.text)
    start = behind_final_answer(tokens, TIMES)
    parsed = _parse_tokens(tokens[start:], answer, aside, tokens[:start])
    if parsed is None:
        refused = not aside.rejected_count and answer.declines
        parsed = aside.result("refused" if refused else "unparseable", "none")
    return parsed


def _parse_tokens(
    tokens: list[Token], answer: Answer, aside: Reading, before: Sequence[Token]
) -> ParseResult | None:
    """Try the forms in order; if none applies, return ``None`` and add rejections to ``aside``."""
    text = answer.original
    for line in split_lines(before):
        for one in assign_roles(line):
            if one.role != "index":
                aside.reject(one.token.low, one.token.high)
    structured = None
    if any(token.kind == "open" for token in tokens):
        tokens = fit_units(tokens)
        parts = arrange(unquote_rows(join_in_brackets(tokens)))
        structured = read_structures(parts, answer)
    if structured is not None:
        reading, form, status = structured
        if reading.times or status != "ok":
            reading.refuse(aside)
            return reading.result(status, form)
        aside.refuse(reading)
    lines = split_lines(drop_marks(join_commas(tokens)))
    table = read_table(lines, text)
    read = (table, "table") if table is not None else read_lines(lines, text)
    if read is None:
        return None
    reading, form = read
    if answer.cut and reading.spans[-1][1] >= answer.number_end:
        reading.drop_last()
    reading.refuse(aside)
    return reading.result("ok", form)

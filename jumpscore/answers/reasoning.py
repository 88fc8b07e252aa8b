"""Find the reasoning in an answer by the markers of many models."""

from __future__ import annotations

import re
from typing import Literal

Reasoning = Literal["none", "closed", "unclosed"]

_NAMES = (
    r"(?:\w{1,10}[:_])?(?:think|thinking|thought|thoughts|reasoning|reason|rationale|cot"
    r"|analysis|reflection|reflect|scratchpad|inner_thoughts|inner_monologue)"
)
_MARKER = re.compile(
    # pairs of special tokens, before the tags that they look like: OpenThinker, Command A,
    # Apertus, MedGemma, Gemma
    r"(?P<close_token><\|(?:end_of_thought|END_THINKING|inner_suffix|thought_end)\|>"
    r"|<unused95>|<channel\|>)"
    r"|(?P<open_token><\|(?:begin_of_thought|START_THINKING|inner_prefix|thought_start)\|>"
    r"|<unused94>thought\b|<\|channel>\s?thought\b)"
    # XML-like tags, <think>, <seed:think>, </analysis>, with the special tokens <|think|>
    rf"|<\|?(?P<close_tag>/?){_NAMES}(?:\s[^<>\n/]{{0,80}})?\|?>"
    # Kimi-VL: triangles for brackets
    r"|◁(?P<close_kimi>/?)think▷"
    # Magistral
    r"|\[(?P<close_square>/?)(?:THINK|REASONING)\]"
    # harmony: channels of one message after another
    r"|(?P<open_channel><\|channel\|>\s?(?:analysis|commentary)\b[^<\n]{0,80}<\|message\|>)"
    r"|(?P<close_channel><\|channel\|>\s?final\b[^<\n]{0,80}<\|message\|>)"
    # harmony without its special tokens
    r"|(?P<open_bare>\A\s{0,9}analysis(?=[A-Z]))"
    r"|(?P<close_bare>assistantfinal)"
    # Granite
    r"|(?P<open_granite>\bhere(?: is|'s) my thought process:)"
    r"|(?P<close_granite>\bhere(?: is|'s) my response:)"
    # Ollama's command line
    r"|(?P<open_ollama>\A\s{0,9}Thinking\.\.\.\s?\n)"
    r"|(?P<close_ollama>\n\.\.\.done thinking\.)",
    re.IGNORECASE,
)

_HINTS = ("<", "◁", "think]", "reasoning]", "analysis", "thought process:", "thinking...")
"""Every answer with reasoning contains one of these, in any case."""


def answer_window(text: str) -> tuple[int, int, Reasoning]:
    """Return (start, end) of the answer without its reasoning, and whether reasoning was closed.

    The answer starts after the last closing marker. A closing marker without an opening one counts,
    since chat templates often put the opening marker into the prompt. An opening marker that is
    never closed ends the answer.

    >>> answer_window("<think>[0.1]</think> [0.5]")
    (20, 26, 'closed')
    >>> answer_window("<think>[0.1], or [0.2")
    (0, 0, 'unclosed')
    """
    folded = text.casefold()
    if not any(hint in folded for hint in _HINTS):
        return 0, len(text), "none"
    start, open_at, closed = 0, None, False
    seen: set[str] = set()
    for marker in _MARKER.finditer(text):
        kind = marker.lastgroup or ""
        seen.add(kind)
        if kind in _PROSE and _PROSE[kind] not in seen:
            continue
        if marker[kind] == "/" if kind in _SLASHED else kind.startswith("close"):
            start, open_at, closed = marker.end(), None, True
        elif open_at is None:
            open_at = marker.start()
    if open_at is not None:
        return start, open_at, "unclosed"
    return start, len(text), "closed" if closed else "none"


_PROSE = {"close_bare": "open_bare", "close_granite": "open_granite", "close_ollama": "open_ollama"}
"""Closing marker -> the opening marker without which it is ordinary text."""
_SLASHED = ("close_tag", "close_kimi", "close_square")
"""Groups that contain a slash in closing markers and nothing in opening ones."""

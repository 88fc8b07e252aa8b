"""Read which option an answer chooses; the grammar is in ``jumpscore.answers.choices``."""

from __future__ import annotations

from jumpscore.answers.choices import ChoiceStatus, ParsedChoice, parse_choice, parse_word

__all__ = ["ChoiceStatus", "ParsedChoice", "parse_choice", "parse_word"]

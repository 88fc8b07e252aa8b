"""Read the chosen option of an answer; see ``jumpscore.answers.choices`` for the grammar."""

from __future__ import annotations

from jumpscore.answers.choices import ChoiceStatus, ParsedChoice, parse_choice, parse_word

__all__ = ["ChoiceStatus", "ParsedChoice", "parse_choice", "parse_word"]

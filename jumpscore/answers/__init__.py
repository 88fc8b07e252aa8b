"""Reading answers: normalise, take off reasoning and wrappers, split into typed tokens."""

from jumpscore.answers.answer import Answer, prepare
from jumpscore.answers.reasoning import answer_window
from jumpscore.answers.tokens import Token, tokenize

__all__ = ["Answer", "Token", "answer_window", "prepare", "tokenize"]

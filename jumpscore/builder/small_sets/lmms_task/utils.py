"""Functions of the task in ``mini_lmms.yaml``; lmms-eval imports this file directly."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

LETTERS = "ABCD"


def visual(doc: dict[str, Any]) -> list[Any]:
    """Return the document's picture."""
    from PIL import Image

    with Image.open(Path(__file__).parent / doc["picture"]) as picture:
        return [picture.convert("RGB")]


def text(doc: dict[str, Any], lmms_eval_specific_kwargs: dict[str, str]) -> str:
    """Return question and choices."""
    choices = [
        f"{letter}. {choice}" for letter, choice in zip(LETTERS, doc["choices"], strict=True)
    ]
    return "\n".join([doc["question"], *choices]) + lmms_eval_specific_kwargs["post_prompt"]


def results(doc: dict[str, Any], answers: list[str]) -> dict[str, Any]:
    """Return whether the first single letter is right, and the error of a number."""
    match = re.search(r"\b[A-D]\b", answers[0])
    letter = match[0] if match else ""
    numbers = doc["choices"] if all(choice.isdigit() for choice in doc["choices"]) else None
    values: dict[str, Any] = {
        "accuracy": {
            "picture": doc["picture"],
            "category": doc["category"],
            "answered": letter,
            "score": float(letter == doc["answer"]),
        }
    }
    if numbers and letter:
        right = int(numbers[LETTERS.index(doc["answer"])])
        values["number_error"] = abs(int(numbers[LETTERS.index(letter)]) - right)
    return values


def accuracy(values: list[dict[str, Any]]) -> float:
    """Return the percentage of right answers."""
    return float(100 * sum(value["score"] for value in values) / len(values))

"""Functions of the task in ``pictures.yaml``; lmms-eval imports this file by itself."""

from __future__ import annotations

from PIL import Image


def messages(doc, lmms_eval_specific_kwargs=None):
    """Two pictures with text between them; then a conversation with a system message."""
    first, second = doc["pictures"]
    content = [
        {"type": "text", "text": "Before:"},
        {"type": "image", "url": Image.open(first)},
        {"type": "text", "text": "After:"},
        {"type": "image", "url": second},
        {"type": "text", "text": doc["question"]},
    ]
    if not doc["talk"]:
        return [{"role": "user", "content": content}]
    return [
        {"role": "system", "content": [{"type": "text", "text": "Be brief."}]},
        {"role": "user", "content": content},
        {"role": "assistant", "content": [{"type": "text", "text": "Two."}]},
        {"role": "user", "content": [{"type": "text", "text": "Sure?"}]},
    ]


def text(doc, lmms_eval_specific_kwargs=None):
    return doc["question"]


def visual(doc, lmms_eval_specific_kwargs=None):
    return doc["pictures"]


def results(doc, answers):
    return {"exact": float(answers[0] == doc["answer"])}


def mean(values):
    return sum(values) / len(values)

"""Functions of a task that prints to standard output, raises, exits and dies."""

from __future__ import annotations

import os
import sys

print('{"id": 1, "value": "noise at import"}')
os.write(1, b'{"id": 1, "value": "noise below Python"}\n')
sys.__stdout__.write('{"id": 1, "value": "noise on the first stdout"}\n')
sys.__stdout__.flush()


def visual(doc):
    print("noise of a question")
    if doc["kind"] == "exits":
        sys.exit("video path:/nowhere/gone.mp4 does not exist")
    return []


def text(doc, lmms_eval_specific_kwargs=None):
    return doc["kind"]


def results(doc, answers):
    print("noise of a score")
    if doc["kind"] == "raises":
        raise ValueError("no such answer")
    if doc["kind"] == "dies":
        os._exit(3)
    if doc["kind"] == "strange":
        return {"score": {"neither", "nor"}}
    return {"score": float(answers[0] == doc["kind"]), "whole": {"n": 1}}


def broken(values):
    return 1 / 0


def several(values):
    return {"count": len(values), "deep": {"share": 0.5}, "word": "text"}

"""A rendered benchmark for lmms-eval: pictures of coloured discs, questions with four choices.

The folder is an external task, as ``lmms-eval --include_path`` reads it.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from jumpscore.data.layout import MANIFEST, rendered_manifest
from jumpscore.jsonio import write_json, write_text

PICTURES = 6
WIDTH, HEIGHT = 320, 240
LETTERS = "ABCD"
COLOURS = {"red": (214, 39, 40), "green": (44, 160, 44), "blue": (31, 119, 180),
           "yellow": (240, 200, 30)}  # fmt: skip
"""RGB colours by name."""
SIDES = ("upper left", "upper right", "lower left", "lower right")


def render(out: Path, *, seed: int) -> None:
    """Write the task, its documents and its pictures."""
    generator = np.random.default_rng(seed)
    pictures = out / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    documents: list[dict[str, Any]] = []
    for number in range(PICTURES):
        colour = list(COLOURS)[generator.integers(len(COLOURS))]
        side, count = int(generator.integers(4)), int(generator.integers(1, 5))
        path = f"pictures/{number}.png"
        cv2.imwrite(str(out / path), _picture(colour, side, count, generator)[..., ::-1])
        documents += [
            _document(path, "colour", "Which colour do the discs have?", list(COLOURS), colour),
            _document(path, "place", "In which corner are the discs?", list(SIDES), SIDES[side]),
            _document(path, "count", "How many discs are there?", list("1234"), str(count)),
        ]
    write_text(out / "documents.jsonl", "".join(json.dumps(row) + "\n" for row in documents))
    source = files("jumpscore.builder.small_sets").joinpath("lmms_task")
    for name in ("mini_lmms.yaml", "utils.py"):
        write_text(out / name, source.joinpath(name).read_text(encoding="utf-8"))
    manifest = rendered_manifest("mini_lmms", "rendered by jumpscore")
    write_json(out / MANIFEST, manifest.content())


def _document(
    path: str, category: str, question: str, choices: list[str], right: str
) -> dict[str, Any]:
    return {
        "picture": path,
        "category": category,
        "question": question,
        "choices": choices,
        "answer": LETTERS[choices.index(right)],
    }


def _picture(colour: str, side: int, count: int, generator: np.random.Generator) -> Any:
    """Return a picture, uint8 [height, width, 3] in RGB, with discs in one of its quarters."""
    grey = int(generator.integers(190, 230))
    picture = np.full((HEIGHT, WIDTH, 3), grey, dtype=np.uint8)
    left, top = (side % 2) * WIDTH // 2, (side // 2) * HEIGHT // 2
    for place in range(count):
        x = left + 40 + (place % 2) * 75 + int(generator.integers(-8, 9))
        y = top + 30 + (place // 2) * 55 + int(generator.integers(-4, 5))
        cv2.circle(picture, (x, y), 20, COLOURS[colour], thickness=-1, lineType=cv2.LINE_AA)
    return picture

"""A drawn spatial set with one row of every rule."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
from PIL import Image

from evaluators.spatial.rows import Rule, SpatialRow, SpatialTruth
from evaluators.spatial.task import Spatial
from jumpscore.data.layout import Manifest, write_rows
from jumpscore.records import Response, SampleScore

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "spatial_golden.json").read_text())
WIDE, HIGH = 200, 100
WORDS = {"A": "yes", "B": "no"}


def png(values: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(values).save(out, "PNG")
    return out.getvalue()


def mask() -> np.ndarray:
    """Rows 20-59 and columns 50-119 of 200x100, as in the golden values."""
    values = np.zeros((HIGH, WIDE), dtype=np.uint8)
    values[20:60, 50:120] = 255
    return values


def write_set(root: Path, rows: list[SpatialRow], name: str = "drawn") -> Path:
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (WIDE, HIGH)).save(root / "images" / "a.png")
    (root / "masks" / "a.png").write_bytes(png(mask()))
    write_rows(root, rows, Manifest(name, synthetic=True))
    return root


def row(rule: Rule, **more) -> SpatialRow:
    fields = {
        "points": {"mask": "masks/a.png"},
        "first_point": {"mask": "masks/a.png"},
        "count": {"mask": "masks/a.png", "answer": "2"},
        "box": {"answer": "[50, 20, 120, 60]"},
        "number": {"answer": "4"},
        "choice": {"answer": '"B"', "options": ("chair", "table", "lamp", "sofa")},
        "word": {"answer": '"A"', "options": ("yes", "no")},
    }[rule]
    shared = {"id": rule, "prompt": "?", "rule": rule, "images": ("images/a.png",)}
    return SpatialRow(**shared | fields | more)


def score(task: Spatial, truth: SpatialTruth, text: str, **facts) -> SampleScore:
    return task.score(truth, Response("a", text, **facts))

"""Submissions for tests: answers to the 12 samples of the bundled set ``mini``."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

from jumpscore.boards.board import task_for
from jumpscore.builder.bundled import bundled_folder
from jumpscore.data.catalogue import BUNDLED
from jumpscore.data.layout import read_rows, rows_checksum

FACTS: dict[str, str] = {
    "model": "Aurora-VL",
    "wrapper": "llava_ov2",
    "task": "jumpscore",
    "data": "synthetic-mini",
    "protocol": "v2",
    "input": "frames",
    "budget": "16 frames",
    "contact": "Zoë Doe <zoe@example.org>",
    "licence": "CC-BY-4.0",
}


@cache
def checksum(name: str = BUNDLED[0].name) -> str:
    return rows_checksum(read_rows(str(bundled_folder(name))))


@cache
def truths() -> dict[str, tuple[float, ...]]:
    samples = task_for("jumpscore", checksum()).load()
    return {sample.question.id: sample.truth.times for sample in samples}


def answers(seed: int = 0, *, jitter: float = 0.1) -> list[dict[str, Any]]:
    chance = random.Random(seed)
    return [
        {"id": name, "text": str([round(max(0.0, t + chance.gauss(0, jitter)), 2) for t in times])}
        for name, times in truths().items()
    ]


def write(folder: Path, lines: list[dict[str, Any]] | None = None, **facts: str) -> Path:
    """Write a submission; facts replace those of ``FACTS``, an empty one removes a key."""
    values = {"checksum": checksum(), **FACTS, **facts}
    folder.mkdir(parents=True)
    text = "".join(f"{key}: {json.dumps(value)}\n" for key, value in values.items() if value)
    (folder / "submission.yaml").write_text(text, encoding="utf-8")
    content = "".join(json.dumps(line) + "\n" for line in (answers() if lines is None else lines))
    (folder / "responses.jsonl").write_text(content, encoding="utf-8")
    return folder

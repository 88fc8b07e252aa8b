"""Scoring many replayed samples, from reading answers to the last file on disk, with its page."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from jumpscore.scoring import parse_reference, reference_map
from tests.benchmarks.answers import make_answers
from tests.benchmarks.process_cost import cost_of
from tests.benchmarks.row import Bound, Row, Setting

EVENTS = 60


def rows(setting: Setting) -> Iterator[Row]:
    """Measure both commands; the alternative is the bare scoring of the same answers."""
    samples = 1_000 if setting.quick else 10_000
    with tempfile.TemporaryDirectory() as folder:
        data, answers = make_answers(Path(folder), samples, EVENTS)
        command = [str(Path(sys.executable).with_name("jumpscore")), "score", str(answers)]
        command += ["--data", str(data), "--out"]
        costs = {
            "run": cost_of([*command, f"{folder}/a", "--no-report"]),
            "run with page": cost_of([*command, f"{folder}/b"]),
        }
        bare = min(_bare(data, answers) for _ in range(3))
    for name, cost in costs.items():
        yield Row(
            f"replay, {name}", f"{samples:,} samples of {EVENTS} events", "CPU ms each",
            1000 * cost.cpu / samples, "parse_reference + reference_map", 1000 * bare / samples,
            cost.memory, Bound(ours=0.5, memory=250.0),
        )  # fmt: skip


def _bare(data: Path, answers: Path) -> float:
    from jumpscore.data.layout import read_rows

    truths = [json.loads(row.answer) for row in read_rows(data)]
    texts = [json.loads(line)["text"] for line in answers.read_text().splitlines()]
    before = time.process_time()
    for text, truth in zip(texts, truths, strict=True):
        reference_map(parse_reference(text), truth)
    return time.process_time() - before

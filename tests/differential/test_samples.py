"""Answers whose public reading was once missed, each through the public functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluators.spatial import reference_box_iou
from evaluators.spatial.references import LMMS, REFERENCES, ScoredQuestion
from evaluators.spatial.rows import SpatialTruth
from evaluators.temporal import parse_span
from jumpscore.scoring import ReferenceCrashError, parse_reference
from jumpscore.scoring.reasoning_tags import scored_text

SAMPLES = json.loads((Path(__file__).parents[1] / "data" / "reference_samples.json").read_text())
TAGGED = ", with its default --reasoning_tags"
OPTIONS = dict.fromkeys("ABCD", "")
WORDS = {"A": "yes", "B": "no"}


def mask() -> np.ndarray:
    values = np.zeros((100, 200), dtype=bool)
    values[20:60, 50:120] = True
    return values


def high_mask() -> np.ndarray:
    values = np.zeros((720, 8), dtype=bool)
    values[126:] = True
    return values


def span(text: str, policy: Any) -> list[float] | None:
    result = parse_span(text, policy=policy).span
    return None if result is None else list(result)


def iou(text: str) -> float:
    return reference_box_iou(text, (100, 120, 300, 280), size=(640, 480))


def spatial(name: str, rule: Any, mask: Any = None, **facts: Any) -> Any:
    question = ScoredQuestion(SpatialTruth(rule, **facts), mask)
    return lambda text: REFERENCES[name].scores[LMMS](text, question)


READERS = {
    "timelens: first span": lambda text: span(text, "reference_lmms"),
    "first span, rounded": lambda text: span(text, "reference_official"),
    "refcoco_grounding": iou,
    "robo_spatial: score (mask 200": spatial("robospatial", rule="points", mask=mask()),
    "robo_spatial: score (mask 8": spatial("robospatial", rule="points", mask=high_mask()),
    "robo_spatial: score (answer yes)": spatial(
        "robospatial", rule="word", letter="A", options=WORDS
    ),
    "vsibench: accuracy": spatial("vsibench", rule="choice", letter="B", options=OPTIONS),
    "vsibench: MRA": spatial("vsibench", rule="number", number=5.0),
    "revsi: acc": spatial("revsi", rule="choice", letter="B", options=OPTIONS),
    "where2place: accuracy": spatial("points_in_mask", rule="points", mask=mask()),
    "pointbench: binary": spatial("pointbench", rule="first_point", mask=mask()),
    "jumpscore: start times": parse_reference,
}


@pytest.mark.parametrize(
    "sample", SAMPLES, ids=lambda sample: f"{sample['reader'][:30]} {sample['text'][:30]!r}"
)
def test_sample_reads_as_the_public_code_reads_it(sample):
    [reader] = [read for part, read in READERS.items() if part in sample["reader"]]
    text = sample["text"]
    if sample["reader"].endswith(TAGGED):
        text = scored_text(text)
    if str(sample["theirs"]).startswith("raises"):
        with pytest.raises(ReferenceCrashError):
            reader(text)
    else:
        assert reader(text) == sample["theirs"]

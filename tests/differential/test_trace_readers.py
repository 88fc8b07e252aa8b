"""Readers of traces and of RefSpatial's points, against what the public code made of the same.

The public code is not a package. It was run elsewhere on these texts; ``tests/data/README.md`` says
how. Most results are kept as digests of blocks of texts, so that tens of thousands fit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evaluators.spatial import roborefer
from evaluators.spatial.roborefer import ROBOREFER
from evaluators.traces.reference_scores import sharerobot_scores, vabench_scores
from evaluators.traces.references import (
    TRACESPATIAL_JSON,
    TRACESPATIAL_TEXT,
    VABENCH,
    VABENCH_REASONING,
    TraceReading,
    vabench_reference,
)
from evaluators.traces.sharerobot import SHAREROBOT, sharerobot_points
from jumpscore.scoring.readers import Reader, ReferenceCrashError
from tests.differential.trace_texts import texts

PUBLIC = json.loads((Path(__file__).parents[1] / "data" / "trace_readers.json").read_text())
SIZE = tuple(PUBLIC["size"])
TRUTH = np.array(PUBLIC["truth"])
BLOCK = PUBLIC["block"]
MEMORY = frozenset(PUBLIC["memory"])
BLOCKS_OF_A_THOUSAND = 1000 // BLOCK
READERS: dict[str, Reader[Any]] = {
    "tracespatial_text": TRACESPATIAL_TEXT,
    "tracespatial_json": TRACESPATIAL_JSON,
    "vabench": VABENCH,
    "vabench_reasoning": VABENCH_REASONING,
    "sharerobot": SHAREROBOT,
    "roborefer": ROBOREFER,
}


def mask() -> np.ndarray:
    width, height = PUBLIC["mask"]["size"]
    pixels = np.zeros((height, width), dtype=bool)
    (left, right), (above, below) = PUBLIC["mask"]["columns"], PUBLIC["mask"]["rows"]
    pixels[above : below + 1, left : right + 1] = True
    return pixels


MASK = mask()


def read(name: str, text: str, reader: Reader[Any]) -> Any:
    """What a reader makes of a text, in the form of the golden file."""
    if name == "roborefer":
        return reader.read(roborefer.PointReading(text, MASK.shape[::-1]), MASK)
    points = [list(map(float, point)) for point in reader.read(TraceReading(text, SIZE)) or ()]
    if name.startswith("vabench"):
        # The script's points exist only scaled.
        points = [[x / SIZE[0] * 999, y / SIZE[1] * 999] for x, y in points]
    return points


def outcome(name: str, text: str, reader: Reader[Any]) -> Any:
    try:
        return read(name, text, reader)
    except (ReferenceCrashError, OverflowError):
        return "error"


def digest(reader: str, place: int, block: Sequence[str], outcome_of: Callable[[str], Any]) -> str:
    """The digest of what ``made`` makes of the texts of block ``place``."""
    results = [json.dumps(outcome_of(text)) for text in block]
    if reader == "roborefer":
        # The script wrote a list of every pixel of a box, for which there was not enough memory.
        for number in range(BLOCK):
            if place * BLOCK + number in MEMORY:
                results[number] = '"memory"'
    return hashlib.sha256("".join(f"{line}\n" for line in results).encode()).hexdigest()[:16]


def blocks() -> Iterator[list[str]]:
    source = texts(0, BLOCK * len(PUBLIC["texts"]))
    while block := list(islice(source, BLOCK)):
        yield block


@pytest.fixture(scope="module")
def all_blocks() -> list[list[str]]:
    return list(blocks())


def test_texts_equal_those_of_the_recording(all_blocks):
    digests = [hashlib.sha256("\0".join(block).encode()).hexdigest()[:16] for block in all_blocks]
    assert digests == PUBLIC["texts"], "the grammar has changed: run the public code again"
    assert BLOCK * len(digests) >= 20_000


@pytest.mark.parametrize("reader", READERS)
def test_reader_equals_the_public_code(reader, all_blocks):
    for place, (block, expected) in enumerate(
        zip(all_blocks, PUBLIC["readers"][reader], strict=True)
    ):
        result = digest(reader, place, block, lambda text: outcome(reader, text, READERS[reader]))
        assert result == expected, f"{reader}, texts {place * BLOCK} to {(place + 1) * BLOCK - 1}"


@pytest.mark.parametrize(
    ("reader", "rule"),
    [
        pytest.param(name, rule, id=f"{name}-{rule.__name__}")
        for name, reader in READERS.items()
        for rule in reader.rules
    ],
)
def test_reader_without_a_rule_is_noticed(reader, rule, all_blocks):
    rest = Reader(tuple(other for other in READERS[reader].rules if other is not rule))

    def made(text: str) -> Any:
        try:
            return outcome(reader, text, rest)
        except (TypeError, ValueError):  # a rule lacks what the one before it prepares
            return "broken"

    expected = PUBLIC["readers"][reader][:BLOCKS_OF_A_THOUSAND]
    result = [
        digest(reader, place, block, made)
        for place, block in enumerate(all_blocks[:BLOCKS_OF_A_THOUSAND])
    ]
    assert result != expected


@pytest.mark.parametrize("case", PUBLIC["cases"], ids=lambda case: case["text"][:30])
def test_readers_and_scores_of_single_texts(case):
    text = case["text"]
    for name, reader in READERS.items():
        assert json.dumps(outcome(name, text, reader)) == json.dumps(case[name]), name
    for name, reasoning in (("vabench_scores", False), ("vabench_reasoning_scores", True)):
        try:
            points = vabench_reference(text, reasoning=reasoning)
            result = vabench_scores(points, TRUTH, size=SIZE)
        except ReferenceCrashError:
            result = "error"
        assert_close(result, case[name])
    try:
        assert_close(
            sharerobot_scores(sharerobot_points(text, size=SIZE), TRUTH), case["sharerobot_scores"]
        )
    except ReferenceCrashError:
        scores = case["sharerobot_scores"]
        assert scores == "error" or not np.isfinite(scores).all()


def assert_close(result: Any, expected: Any) -> None:
    if expected is None or isinstance(expected, str):
        assert result == expected
    elif not np.isfinite(expected).all():
        assert result == "error"
    else:
        assert result == pytest.approx(expected, rel=1e-12, abs=1e-12)

"""Scoring many replayed samples, from reading answers to the last file on disk, with its page."""

from __future__ import annotations

import json
import math
import random
import sys
import tempfile
import time
from pathlib import Path

from jumpscore.data.layout import QUESTION, Manifest, Row, write_set
from jumpscore.scoring import parse_reference, reference_map
from tests.benchmarks.process_cost import Cost, cost_of

SIZES = (1_000, 10_000)
EVENTS = 60


def main() -> None:
    print(f"input: samples of {EVENTS} events, answers with jitter, misses and extras")
    print("bare: parse_reference + reference_map of the same answers, without start or files")
    costs: dict[str, list[Cost]] = {"run": [], "run with page": []}
    for samples in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            data, answers = make_answers(Path(folder), samples)
            command = [str(Path(sys.executable).with_name("jumpscore")), "score", str(answers)]
            command += ["--data", str(data), "--out"]
            costs["run"].append(cost_of([*command, f"{folder}/a", "--no-report"]))
            costs["run with page"].append(cost_of([*command, f"{folder}/b"]))
            bare = _bare(data, answers)
        for name, cost in costs.items():
            each, ratio = 1000 * cost[-1].seconds / samples, cost[-1].seconds / bare
            print(f"{samples} samples, {name}: {each:.2f} CPU ms each, ", end="")
            print(f"ratio to bare {ratio:.1f}, {cost[-1].memory:.0f} MB")
    for name, (few, many) in costs.items():
        exponent = math.log(many.seconds / few.seconds) / math.log(SIZES[1] / SIZES[0])
        print(f"growth, {name}: CPU time with the samples to the power of {exponent:.2f}")


def make_answers(folder: Path, samples: int, events: int = EVENTS) -> tuple[Path, Path]:
    """Write a data set without videos and answers to it; return both."""
    generator = random.Random(0)
    rows, videos, lines = [], {}, []
    for number in range(samples):
        truth, moment = [], generator.uniform(0, 2)
        for _ in range(events):
            truth.append(round(moment, 2))
            moment += generator.uniform(0.32, 0.5) if generator.random() < 0.9 else 4.0
        answer = [round(t + generator.gauss(0, 0.08), 2) for t in truth if generator.random() < 0.9]
        answer += [round(generator.uniform(0, moment), 2) for _ in range(4)]
        row = Row(f"s{number}", f"videos/s{number}.mp4", QUESTION, json.dumps(truth))
        rows.append(row)
        videos[row.id] = {"duration": moment + 1}
        lines.append(json.dumps({"id": row.id, "text": json.dumps(sorted(answer))}))
    write_set(folder / "set", rows, Manifest("many", synthetic=True, videos=videos))
    answers = folder / "answers.jsonl"
    answers.write_text("\n".join(lines))
    return folder / "set", answers


def _bare(data: Path, answers: Path) -> float:
    from jumpscore.data.layout import read_rows

    truths = [json.loads(row.answer) for row in read_rows(data)]
    texts = [json.loads(line)["text"] for line in answers.read_text().splitlines()]
    before = time.process_time()
    for text, truth in zip(texts, truths, strict=True):
        reference_map(parse_reference(text), truth)
    return time.process_time() - before

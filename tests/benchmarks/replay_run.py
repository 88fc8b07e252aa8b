"""A run of many replayed samples, from reading answers to the last file on disk."""

from __future__ import annotations

import json
import random
import tempfile
import time
from pathlib import Path

import jumpscore
from jumpscore.data.layout import QUESTION, Manifest, Row, write_set
from jumpscore.scoring import parse_reference, reference_map

SAMPLES = 10_000
EVENTS = 60


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data, answers = make_answers(Path(folder), SAMPLES)
        before, cpu = time.perf_counter(), time.process_time()
        run = jumpscore.evaluate(
            "replay",
            "jumpscore",
            model_options={"answers": answers},
            task_options={"data": str(data)},
            run={"folder": Path(folder) / "runs"},
        )
        whole, cpu = time.perf_counter() - before, time.process_time() - cpu
        bare = _bare(data, answers)
    print(f"input: {SAMPLES} samples of {EVENTS} events, answers with jitter, misses and extras")
    print("excluded: creation of the input, the report page")
    print(f"a whole run: {whole:.2f} s, {SAMPLES / whole:.0f} samples/s; CPU {cpu:.2f} s")
    print(f"  of which asking {run.timing['wall_seconds']:.2f} s, scoring", end=" ")
    print(f"{run.timing['score_seconds']:.2f} s (all metrics, controls, intervals)")
    print(f"bare parse_reference + reference_map on the same answers: {bare:.2f} s")
    print(f"ratio whole / bare: {whole / bare:.1f}")


def make_answers(folder: Path, samples: int) -> tuple[Path, Path]:
    """Write a data set without videos and answers to it; return both."""
    generator = random.Random(0)
    rows, videos, lines = [], {}, []
    for number in range(samples):
        truth, moment = [], generator.uniform(0, 2)
        for _ in range(EVENTS):
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
    before = time.perf_counter()
    for text, truth in zip(texts, truths, strict=True):
        reference_map(parse_reference(text), truth)
    return time.perf_counter() - before
